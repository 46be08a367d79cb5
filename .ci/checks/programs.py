"""Real programs give on the mount what they give on a local copy.

The copy is made by `cp -a`; that its bytes are the server's is the oracle's business. Files whose content is not in the store (archived,
linked) cannot be copied: `cp` must name exactly those, and nothing else.
"""

import hashlib
import mmap
import os
import re
import subprocess
import sys
import tempfile
import zipfile

import h5py
import numpy
import pandas
from PIL import Image

import lab
from openbis import Client
from tree import Tree

BIG = 1 << 30  # not copied
failures = []
passes = 0


def check(what, good, detail=""):
    global passes
    if good:
        passes += 1
    else:
        failures.append(what)
        print(f"FAILED {what} {detail}", flush=True)


def output(command, cwd, expect=0):
    """Standard output of a program; LC_ALL=C makes runs comparable."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, shell=isinstance(command, str), env={**os.environ, "LC_ALL": "C.UTF-8"})
    if expect is not None and done.returncode != expect:
        check(f"{command}", False, f"exit {done.returncode}: {done.stderr.decode(errors='replace')[-600:]}")
    return done.stdout


def same(what, command, mount, copy):
    """Runs a program on the mount and on the copy and compares what it prints."""
    mine, theirs = output(command, mount), output(command, copy)
    check(what, mine == theirs and len(mine) > 0, f"\n  mount: {mine[-300:]!r}\n  copy:  {theirs[-300:]!r}")


def copied(mountpoint, target, tree):
    """cp -a of everything but the very large files, and what cp said of it."""
    unreadable = sorted(path for path, e in tree.entries.items() if e.kind == "file" and not e.readable)
    big = sorted(path for path, e in tree.entries.items() if e.kind == "file" and e.readable and e.size >= BIG)
    check("the lab has files that cannot be read, and a very large one", bool(unreadable) and bool(big))
    large_homes = {os.path.dirname(path) for path in big}

    complaints = []

    def copy(relative):
        if relative in large_homes:
            os.makedirs(os.path.join(target, relative))
            for name in os.listdir(os.path.join(mountpoint, relative)):
                if os.path.join(relative, name) not in big:
                    copy(os.path.join(relative, name))
        elif any(home.startswith(relative + "/") for home in large_homes) or relative == "":
            os.makedirs(os.path.join(target, relative), exist_ok=True)
            for name in os.listdir(os.path.join(mountpoint, relative)):
                copy(os.path.join(relative, name))
        else:
            done = subprocess.run(["cp", "-a", os.path.join(mountpoint, relative), os.path.join(target, relative)],
                                  capture_output=True, env={**os.environ, "LC_ALL": "C"}, text=True)
            complaints.extend(done.stderr.splitlines())

    copy("")
    said = "\n".join(complaints)
    check("cp -a complains of exactly the files without content", len(complaints) == len(unreadable) and all(os.path.basename(p) in said for p in unreadable),
          f"\n  {len(unreadable)} unreadable: {unreadable}\n  said: {said[-800:]}")
    return unreadable, big


def run(binary, url, mountpoint, scratch):
    tree = Tree(Client(url, "demo", "demo"))
    copy = os.path.join(scratch, "copy")
    unreadable, big = copied(mountpoint, copy, tree)
    done = subprocess.run(["diff", "-r", "--no-dereference", mountpoint, copy], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    # diff names the unreadable files and the ones left out, one line each
    lines = (done.stdout + done.stderr).splitlines()
    check("diff -r after cp -a", len(lines) == len(unreadable) + len(big) and all(re.match(r"Only in |diff: ", line) for line in lines), "\n" + "\n".join(lines[:20]))

    left_out = [argument for path in unreadable + big for argument in ("--exclude", "/" + re.sub(r"([\[\]?*\\])", r"\\\1", path))]
    mirror = os.path.join(scratch, "mirror")
    output(["rsync", "-a", *left_out, mountpoint + "/", mirror + "/"], scratch)
    output(["diff", "-r", "--no-dereference", copy, mirror], scratch)
    again = output(["rsync", "-a", "--itemize-changes", *left_out, mountpoint + "/", mirror + "/"], scratch)
    check("rsync -a finds nothing to do the second time", again == b"", again[-300:])

    names = os.path.join(scratch, "names")
    with open(names, "wb") as file:
        file.write(b"\0".join(p.encode() for p, e in sorted(tree.entries.items()) if p and e.kind in ("document", "file") and p not in unreadable + big) + b"\0")
    same("tar", f"tar --null -T {names} --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=a=r --no-recursion -cf - | sha256sum", mountpoint, copy)
    same("find", f"find . -type f -size -{BIG // 1024}k -printf '%P\\t%s\\n' | grep -vFf {excluded(scratch, unreadable)} | sort", mountpoint, copy)
    same("find -type l", "find . -type l -printf '%P -> %l\\n' | sort", mountpoint, copy)
    same("sha256sum", f"xargs -0 sha256sum < {names}", mountpoint, copy)
    same("file", f"xargs -0 file < {names}", mountpoint, copy)
    same("grep -r", f"xargs -0 grep -c -a 'e' < {names}; true", mountpoint, copy)
    check("du counts blocks", int(output("du -s --exclude=%s . | cut -f1" % "big.raw", mountpoint)) > 1000)

    kinds = {}
    for path, entry in tree.entries.items():
        if entry.kind == "file" and entry.readable:
            kinds.setdefault(os.path.splitext(path)[1].lower(), []).append(path)
    for suffix, reader in READERS.items():
        check(f"the lab has {suffix} files", bool(kinds.get(suffix)))
        for path in kinds.get(suffix, []):
            try:
                mine, theirs = reader(os.path.join(mountpoint, path)), reader(os.path.join(copy, path))
                check(f"{reader.__name__} {path}", mine == theirs and mine is not None)
            except Exception as failure:  # whatever a library raises is a failure of this file
                check(f"{reader.__name__} {path}", False, repr(failure))
    for path, entry in tree.entries.items():
        if entry.kind == "file" and entry.readable and 0 < entry.size < BIG:
            check("mmap " + path, mapped(os.path.join(mountpoint, path)) == mapped(os.path.join(copy, path)))


def excluded(scratch, paths):
    name = os.path.join(scratch, "excluded")
    with open(name, "w") as file:
        file.write("\n".join(paths) + "\n")
    return name


def digest(data):
    return hashlib.sha256(data).hexdigest()


def mapped(path):
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as view:
        return digest(view), bool((numpy.memmap(path, dtype=numpy.uint8, mode="r")[::4099] == numpy.frombuffer(view, dtype=numpy.uint8)[::4099].copy()).all())


def hdf5(path):
    with h5py.File(path, "r") as file:
        found = {}
        file.visititems(lambda name, node: found.__setitem__(name, digest(numpy.asarray(node).tobytes()) if isinstance(node, h5py.Dataset) else sorted(node.attrs)))
        return found or None


def image(path):
    with Image.open(path) as picture:
        pages = []
        for page in range(getattr(picture, "n_frames", 1)):
            picture.seek(page)
            pages.append((picture.mode, picture.size, digest(picture.tobytes())))
        return pages


def table(path):
    frame = pandas.read_csv(path)
    return frame.to_json() if len(frame) else None


def archive(path):
    listing = subprocess.run(["unzip", "-l", path], capture_output=True, check=True).stdout.replace(os.path.dirname(path).encode(), b"")
    with zipfile.ZipFile(path) as file:
        return listing, file.testzip(), [(i.filename, digest(file.read(i))) for i in file.infolist()]


READERS = {".h5": hdf5, ".png": image, ".tif": image, ".csv": table, ".zip": archive}


def main(binary):
    with lab.server(binary, "small") as url, lab.mounted(binary, url) as mountpoint, tempfile.TemporaryDirectory(prefix="openbisfs-programs-") as scratch:
        run(binary, url, mountpoint, scratch)
        del binary
    print(f"programs: {passes} passed, {len(failures)} failed", flush=True)
    return passes > 50 and not failures


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1]) else 1)
