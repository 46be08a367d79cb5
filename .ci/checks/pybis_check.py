"""The unmodified pyBIS from PyPI against the built-in server; what it downloads must be what the mount shows.

Both of its download routes are taken: the simple one (servers up to API 3.5) and the fast one (API 3.6 and later).
"""

import contextlib
import io
import os
import sys
import tempfile

from pybis import Openbis

import lab

# What pyBIS itself gets wrong, whatever the server: its simple route does not quote "?"; its fast route sends lists that the server splits
# at commas and trims, and turns ' into ".
SIMPLE_CANNOT = "?"
FAST_CANNOT = ",'"
LARGE = 64 << 20


class Check:
    """Runs steps, prints each, and remembers the failures."""

    def __init__(self, title):
        self.title, self.passed, self.failed = title, 0, 0

    def equal(self, what, got, expected):
        if got == expected:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {self.title}: {what}: {got!r}, expected {expected!r}")


def connect(url, user):
    bis = Openbis(url, allow_http_but_do_not_use_this_in_production_and_only_within_safe_networks=True)
    bis.login(user, user)
    return bis


def directories(path):
    return sorted(name for name in os.listdir(path) if not name.startswith(".") and os.path.isdir(os.path.join(path, name)))


def compare_entities(check, bis, mountpoint):
    """Spaces, Projects, Collections and Objects by path, by permId and in lists, against the directories of the mount."""
    check.equal("session", bis.is_session_active(), True)
    check.equal("server information", bis.get_server_information().project_samples_enabled in (True, "true"), True)
    spaces = sorted(bis.get_spaces().df["code"])
    check.equal("spaces", spaces, directories(mountpoint))
    for space in spaces:
        projects = bis.get_projects(space=space)
        for project in projects:
            identifier = project.identifier
            check.equal("project by path " + identifier, bis.get_project(identifier).permId, project.permId)
            collections = [c for c in bis.get_collections(project=identifier)]
            for collection in collections:
                check.equal("collection by path", bis.get_collection(collection.identifier).permId, collection.permId)
                check.equal("collection by permId", bis.get_collection(collection.permId).identifier, collection.identifier)
                here = mountpoint + collection.identifier
                if not os.path.isdir(here):
                    here += f" [{collection.permId}]"  # an Object beside it has the same code
                objects = {o.identifier.rsplit("/", 1)[1]: o for o in bis.get_objects(collection=collection.identifier)}
                own = {d.permId for d in bis.get_datasets(collection=collection.identifier) if not d.sample}
                check.equal("objects and datasets of " + collection.identifier, directories(here), sorted([*objects, *own]))
                for name, thing in objects.items():
                    check.equal("object by permId", bis.get_object(thing.permId).identifier, thing.identifier)
                    if ":" not in name:
                        check.equal("object by path", bis.get_object(collection.identifier + "/" + name).permId, thing.permId)
                    check.equal("datasets of " + name, sorted(d.permId for d in bis.get_datasets(sample=thing.permId)), directories(here + "/" + name))


def places(mountpoint):
    """permId -> directory of every Dataset in the mount."""
    found = {}
    for directory, names, files in os.walk(mountpoint):
        names[:] = [n for n in names if not n.startswith(".") and not os.path.islink(os.path.join(directory, n))]
        for name in list(names):
            first, _, second = name.partition("-")
            if first.isdigit() and len(first) == 17 and second.isdigit():
                found[name] = os.path.join(directory, name)
                names.remove(name)
    return found


def mounted_files(directory):
    """path -> size of a Dataset's own files in the mount."""
    found = {}
    for where, names, files in os.walk(directory):
        if where == directory:
            names[:] = [n for n in names if n not in (".parents", ".children")]
        for name in files:
            path = os.path.join(where, name)
            found[os.path.relpath(path, directory)] = os.lstat(path).st_size
    return found


def compare_downloads(check, bis, mountpoint, cannot):
    """file_list and download() of every Dataset whose content is there."""
    downloaded = 0
    for perm_id, directory in sorted(places(mountpoint).items()):
        data_set = bis.get_dataset(perm_id)
        if data_set.kind != "PHYSICAL" or data_set.physicalData.status in ("ARCHIVED", "UNARCHIVE_PENDING"):
            continue
        present = mounted_files(directory)
        listed = data_set.file_list
        if ".meta.json" not in listed:
            present.pop(".meta.json", None)
        check.equal("file_list of " + perm_id, sorted(listed), sorted(present))
        wanted = [path for path in listed if not any(char in path for char in cannot) and present.get(path, 0) <= LARGE
                  and ".h5ar/" not in path and path == path.strip() and not any(part != part.strip() for part in path.split("/"))]
        if not wanted:
            continue
        with tempfile.TemporaryDirectory() as target, contextlib.redirect_stdout(io.StringIO()):
            data_set.download(files=wanted, destination=target)
            for path in wanted:
                with open(os.path.join(target, perm_id, path), "rb") as mine, open(os.path.join(directory, path), "rb") as theirs:
                    check.equal("bytes of " + path, mine.read() == theirs.read(), True)
                    downloaded += 1
    check.equal("some files were downloaded", downloaded > 20, True)
    return downloaded


def main(binary):
    good = True
    for version, route, cannot in (("3.5", "simple", SIMPLE_CANNOT), ("3.6", "fast", FAST_CANNOT)):
        with lab.server(binary, "small", ["--api-version", version]) as url, lab.mounted(binary, url) as mountpoint:
            for user in ("demo", "observer"):
                check = Check(f"pyBIS, API {version}, {user}")
                bis = connect(url, user)
                if user == "demo":
                    compare_entities(check, bis, mountpoint)
                    files = compare_downloads(check, bis, mountpoint, cannot)
                else:
                    check.equal("spaces of observer", len(bis.get_spaces().df), 1)
                    files = 0
                bis.logout()
                print(f"{check.title}: {check.passed} passed, {check.failed} failed; {files} files downloaded by the {route} route", flush=True)
                good &= check.failed == 0 and check.passed > 0
    return good


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1]) else 1)
