"""What has to hold for each way of saving into an Object, on every way of registration.

A save leaves exactly one Dataset with exactly the right files. The program runs twice, on a local directory and on the mount; what pyBIS
then downloads has to be what is in the local directory.
"""

import dataclasses
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile

from pybis import Openbis

import lab

ROUTES = ("dataset-uploader-api", "createUploadedDataSet", "jupyter-uploader-api")
OBJECT = "/MICROSCOPY/MITOSIS/DISH-01"
PLACE = "MICROSCOPY/MITOSIS/LIVE_IMAGING/DISH-01"
PYTHON = sys.executable


@dataclasses.dataclass
class Way:
    """One way of saving."""
    name: str | None  # of the file or directory that it leaves in the directory it runs in; None: nothing
    command: str  # for the shell; $IN is the directory of the inputs
    saves: int = 1  # Datasets that it makes, each with the one before as parent
    junk: tuple = ()  # names that it leaves beside or in the result, and that are never registered


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


def content(path, without=()):
    """All files at or below a path, by their path relative to its parent."""
    found = {}
    for folder, _, names in os.walk(path):
        for name in set(names).difference(without):
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


def comparable(files):
    """Files as two runs of one program can agree on: documents of office suites have the time in them."""
    found = dict(files)
    for path, data in files.items():
        if path.endswith((".ods", ".odt")):
            with zipfile.ZipFile(io.BytesIO(data)) as document:
                found[path] = document.testzip() or document.read("content.xml")
    return found


def chained(new):
    """The Datasets from the first to the last, each a child of the one before; None if they are not."""
    left, chain = dict(new), []
    while left:
        parents = [chain[-1].permId] if chain else []
        following = [d for d in left.values() if sorted(d.parents) == parents]
        if len(following) != 1:
            return None
        chain.append(left.pop(following[0].permId))
    return chain


def save(what, way, bis, binary, staging, mountpoint, local, environment):
    """Runs one way of saving, and checks what has become of it."""
    shell = ["bash", "-ec", way.command]
    done = subprocess.run(shell, cwd=local, env=environment, capture_output=True, text=True)
    check(what + ", locally", done.returncode == 0, f"exit {done.returncode}: {done.stderr[-800:]}")
    before = datasets(bis)
    done = subprocess.run(shell, cwd=os.path.join(mountpoint, PLACE), env=environment, capture_output=True, text=True)
    check(what, done.returncode == 0, f"exit {done.returncode}: {done.stderr[-800:]}")
    left = settle(binary, staging, mountpoint, way.name)
    check(what + " is registered", all(u["name"] in way.junk and u["state"] == "open" for u in left), left)
    new = {permid: bis.get_dataset(permid) for permid in datasets(bis) if permid not in before}
    wanted = way.saves if way.name else 0
    check(f"{what} makes {wanted} Datasets", len(new) == wanted, list(new))
    if len(new) == wanted and way.name:
        compare(what, way, chained(new), os.path.join(mountpoint, PLACE, way.name), os.path.join(local, way.name))
    for name in way.junk:
        if os.path.exists(os.path.join(mountpoint, PLACE, name)):
            os.remove(os.path.join(mountpoint, PLACE, name))


def compare(what, way, chain, saved, local):
    check(what + " makes each Dataset the parent of the next", chain is not None)
    if chain is None:
        return
    for dataset in chain:
        check(what + " has the type", dataset.type.code == "RAW_DATA", dataset.type.code)
        check(what + " has the owner", dataset.sample.identifier == OBJECT, dataset.sample.identifier)
    expected, got, shown = content(local, way.junk), downloaded(chain[-1], way.name), content(saved, (".meta.json", *way.junk))
    check(what + " has the files", got.keys() == expected.keys(), sorted(got.keys() ^ expected.keys())[:10])
    check(what + " has the bytes", comparable(got) == comparable(expected), [p for p in expected if got.get(p) != expected[p]][:5])
    check(what + " stays under its name", shown == got, sorted(shown.keys() ^ got.keys())[:10])


def run(binary, route, ways):
    with tempfile.TemporaryDirectory() as work, lab.server(binary, "small") as url:
        given, local, home, staging = (os.path.join(work, d) for d in ("in", "local", "home", "staging"))
        os.mkdir(given), os.mkdir(local), os.mkdir(home)
        inputs(given)
        environment = {**os.environ, "IN": given, "HOME": home, "LC_ALL": "C.UTF-8", "HDF5_USE_FILE_LOCKING": "FALSE"}
        bis = Openbis(url, allow_http_but_do_not_use_this_in_production_and_only_within_safe_networks=True)
        bis.login("demo", "demo")
        options = ("--rw", "--dropbox", route, "--staging-dir", staging, "--commit-after", "0", "--dataset-type", "RAW_DATA")
        with lab.mounted(binary, url, options=options) as mountpoint:
            for title, way in ways.items():
                save(f"{route}: {title}", way, bis, binary, staging, mountpoint, local, environment)
        check(f"{route}: nothing is left", not uploads(binary, staging), uploads(binary, staging))


def main(what, ways):
    for route in ROUTES:
        run(sys.argv[1], route, ways)
    print(f"{what}: {len(ways)} ways of saving on {len(ROUTES)} ways of registration, {failures} failures")
    sys.exit(1 if failures else 0)
