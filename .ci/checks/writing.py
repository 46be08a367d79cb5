"""Each program that saves into an Object leaves exactly one Dataset with exactly the right files, on every way of registration.

The programs run twice, on a local directory and on the mount; what pyBIS then downloads has to be what is in the local directory.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from pybis import Openbis

import lab

ROUTES = ("dataset-uploader-api", "createUploadedDataSet", "jupyter-uploader-api")
OBJECT = "/MICROSCOPY/MITOSIS/DISH-01"
PLACE = "MICROSCOPY/MITOSIS/LIVE_IMAGING/DISH-01"
PYTHON = sys.executable

# What is run in the directory, with $IN as the directory of the inputs: name of the result, and a shell command.
PROGRAMS = {
    "cp": ("data.csv", "cp $IN/data.csv ."),
    "cp -p": ("preserved.csv", "cp -p $IN/data.csv preserved.csv"),
    "mv": ("moved.csv", "cp $IN/data.csv $IN/moved.csv && mv $IN/moved.csv ."),
    "cat >": ("cat.csv", "cat $IN/data.csv > cat.csv"),
    "two cats": ("cats.csv", "(cat $IN/data.csv; cat $IN/large.bin) > cats.csv"),
    "exec 3>": ("descriptor.txt", "exec 3>descriptor.txt; echo one >&3; (echo two >&3); echo three >&3; exec 3>&-"),
    "tee": ("tee.csv", "tee tee.csv < $IN/data.csv > /dev/null"),
    "dd": ("dd.bin", "dd if=$IN/large.bin of=dd.bin bs=64k status=none"),
    "dd conv=fsync": ("synced.bin", "dd if=$IN/large.bin of=synced.bin bs=1M conv=fsync status=none"),
    "empty": ("empty.txt", ": > empty.txt"),
    "truncate": ("truncated.bin", "cp $IN/large.bin truncated.part && mv truncated.part truncated.bin"),
    "sparse": ("sparse.bin", "truncate -s 300000 sparse.part && printf x | dd of=sparse.part bs=1 seek=123456 conv=notrunc status=none && mv sparse.part sparse.bin"),
    "python": ("python.txt", f"{PYTHON} -c 'open(\"python.txt\", \"w\").write(\"Grüezi\\n\" * 1000)'"),
    "python mmap": ("mapped.bin", f"""{PYTHON} -c '
import mmap
with open("mapped.bin", "w+b") as f:
    f.truncate(100000)
    with mmap.mmap(f.fileno(), 100000) as m:
        m[500:505] = b"hello"
        m[99990:99995] = b"world"
        m.flush()
'"""),
    "pandas": ("frame.csv", f"{PYTHON} -c 'import pandas; pandas.DataFrame({{\"a\": range(1000)}}).to_csv(\"frame.csv\")'"),
    "h5py": ("array.hdf5", f"{PYTHON} -c 'import h5py, numpy; h5py.File(\"array.hdf5\", \"w\").create_dataset(\"x\", data=numpy.arange(100000))'"),
    "rsync": ("rsynced.bin", "rsync -a $IN/large.bin rsynced.bin"),
    "rsync -r": ("tree", "rsync -a $IN/tree ."),
    "cp -r": ("copied", "cp -r $IN/tree copied"),
    "tar": ("unpacked", "mkdir unpacked && tar -C unpacked -xf $IN/tree.tar"),
    "unzip": ("unzipped", "unzip -q $IN/tree.zip -d unzipped"),
    "git": ("clone", "git clone -q --no-hardlinks $IN/repository clone && rm -rf clone/.git"),
    "many": ("many", "cp -r $IN/many ."),
    "sed -i": ("edited", "mkdir edited && cp $IN/data.csv edited/ && sed -i s/1/9/ edited/data.csv"),
    "vim": ("vimmed", "mkdir vimmed && cp $IN/data.csv vimmed/ && vim -u NONE -i NONE -es -c '1s/a/z/' -c 'wq' vimmed/data.csv"),
    "unlink": (None, f"{PYTHON} -c 'import os; f = open(\"gone.txt\", \"w\"); f.write(\"x\"); os.unlink(\"gone.txt\"); f.close()'"),
    "temporary": (None, "cp $IN/data.csv .~lock.data.csv# && rm .~lock.data.csv#"),
}

failures = 0


def check(what, good, detail=""):
    global failures
    if not good:
        failures += 1
        print(f"FAILED {what}: {detail}", flush=True)


def inputs(directory):
    with open(os.path.join(directory, "data.csv"), "w") as file:
        file.write("a,b\n" + "1,2\n" * 5000)
    with open(os.path.join(directory, "large.bin"), "wb") as file:
        file.write(bytes(i * i % 251 for i in range(3_000_000)))
    for folder in range(50):
        os.makedirs(os.path.join(directory, "many", f"folder-{folder:02}"))
        for n in range(40):
            with open(os.path.join(directory, "many", f"folder-{folder:02}", f"file {n}.txt"), "w") as file:
                file.write(f"{folder} {n}\n")
    os.makedirs(os.path.join(directory, "tree", "deep", "deeper"))
    for path in ("top.txt", "deep/ümlaut.txt", "deep/deeper/empty"):
        with open(os.path.join(directory, "tree", path), "w") as file:
            file.write("" if path.endswith("empty") else path)
    subprocess.run(["tar", "-C", directory + "/tree", "-cf", directory + "/tree.tar", "."], check=True)
    shutil.make_archive(directory + "/tree", "zip", directory + "/tree")
    git = ["git", "-C", directory + "/repository", "-c", "user.name=x", "-c", "user.email=x@lab.example"]
    shutil.copytree(directory + "/tree", directory + "/repository")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run(git + arguments, check=True)


def content(path):
    """All files at or below a path, by their path relative to its parent."""
    found = {}
    for folder, _, names in os.walk(path):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                found[os.path.relpath(file.name, os.path.dirname(path))] = file.read()
    if os.path.isfile(path):
        with open(path, "rb") as file:
            found[os.path.basename(path)] = file.read()
    return found


def uploads(binary, staging):
    done = subprocess.run([binary, "uploads", "--json", "--staging-dir", staging], capture_output=True, text=True, check=True)
    return json.loads(done.stdout) or []


def settle(binary, staging, mountpoint, name):
    """Registers a directory, and waits until nothing is on its way."""
    if name and os.path.isdir(os.path.join(mountpoint, PLACE, name)):
        done = subprocess.run([binary, "commit", "--staging-dir", staging, os.path.join(mountpoint, PLACE, name)], capture_output=True, text=True)
        check(f"commit {name}", done.returncode == 0, done.stderr)
    for _ in range(300):
        left = uploads(binary, staging)
        if all(u["state"] in ("open", "failed", "held") for u in left):
            return left
        time.sleep(0.1)
    return left


def datasets(bis):
    return {d.permId: d for d in bis.get_sample(OBJECT).get_datasets()}


def downloaded(dataset, name):
    """The Dataset's files, without the folders that the way of registration has added."""
    with tempfile.TemporaryDirectory() as directory:
        dataset.download(destination=directory, create_default_folders=False, wait_until_finished=True)
        files = content(directory)
    result = {}
    for path, data in files.items():
        parts = path.split("/")
        result["/".join(parts[parts.index(name):]) if name in parts else path] = data
    return result


def run(binary, route):
    with tempfile.TemporaryDirectory() as work, lab.server(binary, "small") as url:
        given, local, staging = (os.path.join(work, d) for d in ("in", "local", "staging"))
        os.mkdir(given), os.mkdir(local)
        inputs(given)
        bis = Openbis(url, allow_http_but_do_not_use_this_in_production_and_only_within_safe_networks=True)
        bis.login("demo", "demo")
        options = ("--rw", "--dropbox", route, "--staging-dir", staging, "--commit-after", "0", "--dataset-type", "RAW_DATA")
        with lab.mounted(binary, url, options=options) as mountpoint:
            for title, (name, command) in PROGRAMS.items():
                what = f"{route}: {title}"
                environment = {**os.environ, "IN": given, "LC_ALL": "C.UTF-8", "HDF5_USE_FILE_LOCKING": "FALSE"}
                subprocess.run(["bash", "-ec", command], cwd=local, env=environment, check=True)
                before = datasets(bis)
                done = subprocess.run(["bash", "-ec", command], cwd=os.path.join(mountpoint, PLACE), env=environment, capture_output=True, text=True)
                check(what, done.returncode == 0, f"exit {done.returncode}: {done.stderr[-400:]}")
                left = settle(binary, staging, mountpoint, name)
                check(what + " is registered", not left, left)
                new = [d for permid, d in datasets(bis).items() if permid not in before]
                check(what + " makes one Dataset", len(new) == (1 if name else 0), [d.permId for d in new])
                if len(new) != 1 or not name:
                    continue
                check(what + " has the type", new[0].type.code == "RAW_DATA", new[0].type.code)
                expected, got = content(os.path.join(local, name)), downloaded(new[0], name)
                check(what + " has the files", got.keys() == expected.keys(), sorted(got.keys() ^ expected.keys())[:10])
                check(what + " has the bytes", got == expected, [p for p in expected if got.get(p) != expected[p]][:5])
                shown = content(os.path.join(mountpoint, PLACE, name))
                shown.pop(name + "/.meta.json", None)
                check(what + " stays under its name", shown == expected, sorted(shown.keys() ^ expected.keys())[:10])
        check(f"{route}: nothing is left", not uploads(binary, staging), uploads(binary, staging))


def main():
    for route in ROUTES:
        run(sys.argv[1], route)
    print(f"writing: {len(PROGRAMS)} programs on {len(ROUTES)} ways of registration, {failures} failures")
    sys.exit(1 if failures else 0)


main()
