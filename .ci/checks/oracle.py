"""Compares a mount with what the server says, entry by entry and byte by byte.

    oracle.py BINARY            every lab, as every user
    oracle.py --url URL --user NAME --password-file FILE MOUNTPOINT

Every difference is printed; the exit status is 1 when there is one, or when nothing was compared.
"""

import argparse
import binascii
import errno
import os
import random
import stat
import sys

import lab
from documents import dump, load
from openbis import BLOCK, Client
from tree import Tree

WHOLE = 64 << 20  # larger files are compared by samples
RUNS = [("small", "demo"), ("small", "observer"), ("small,wide:300", "demo"), ("small,deep:2,2,3,4", "demo")]


class Comparison:
    """Counts what was compared and collects what differs."""

    def __init__(self, mountpoint, tree):
        self.mountpoint, self.tree = mountpoint, tree
        self.differences = []
        self.counts = {}

    def differ(self, path, text):
        self.differences.append(f"{path or '.'}: {text}")

    def run(self):
        found = set()
        self.walk("", found)
        for path in sorted(set(self.tree.entries) - found):
            self.differ(path, f"is missing ({self.tree.entries[path].kind})")
        return self

    def walk(self, path, found):
        found.add(path)
        absolute = os.path.join(self.mountpoint, path)
        expected = self.tree.entries.get(path)
        info = os.lstat(absolute)
        if expected is None:
            self.differ(path, f"is in the mount ({stat.filemode(info.st_mode)}), the server knows nothing of it")
            return
        self.counts[expected.kind] = self.counts.get(expected.kind, 0) + 1
        kind = {stat.S_IFDIR: "dir", stat.S_IFLNK: "link", stat.S_IFREG: "file"}[stat.S_IFMT(info.st_mode)]
        if kind != {"document": "file"}.get(expected.kind, expected.kind):
            self.differ(path, f"is a {kind}, expected a {expected.kind}")
            return
        if expected.mtime is not None and int(info.st_mtime) != expected.mtime:
            self.differ(path, f"mtime {int(info.st_mtime)}, expected {expected.mtime}")
        if info.st_size and kind == "file" and info.st_blocks == 0:
            self.differ(path, "has a size but no blocks")
        if kind == "dir":
            names = [entry.name for entry in os.scandir(absolute)]
            if len(names) != len(set(names)):
                self.differ(path, "lists a name twice")
            for name in sorted(names):
                self.walk(os.path.join(path, name) if path else name, found)
        elif kind == "link":
            self.compare_link(path, absolute, info, expected)
        elif expected.kind == "document":
            self.compare_document(path, absolute, info, expected)
        else:
            self.compare_file(path, absolute, info, expected)

    def compare_link(self, path, absolute, info, expected):
        target = os.readlink(absolute)
        if target != expected.target or info.st_size != expected.size:
            self.differ(path, f"leads to {target!r} (size {info.st_size}), expected {expected.target!r}")
        elif not os.path.isdir(absolute):
            self.differ(path, f"dangles: {target!r}")

    def compare_document(self, path, absolute, info, expected):
        with open(absolute, "rb") as file:
            text = file.read()
        if len(text) != info.st_size:
            self.differ(path, f"stat says {info.st_size} bytes, {len(text)} were read")
        if text != dump(expected.document):
            try:
                got = load(text)
            except ValueError as failure:
                self.differ(path, f"is not JSON: {failure}")
                return
            if list(got) != list(expected.document):
                self.differ(path, f"has the keys {list(got)}, expected {list(expected.document)}")
            for key in got.keys() & expected.document.keys():
                if got[key] != expected.document[key]:
                    self.differ(path, f"{key} is {got[key]!r}, expected {expected.document[key]!r}")
            if got == expected.document:
                self.differ(path, "has the right values in another layout")

    def compare_file(self, path, absolute, info, expected):
        if info.st_size != expected.size:
            self.differ(path, f"size {info.st_size}, expected {expected.size}")
            return
        try:
            with open(absolute, "rb", buffering=0) as file:
                if not expected.readable:
                    self.differ(path, "could be opened, though its content is not in the store")
                elif expected.size > WHOLE:
                    self.compare_samples(path, file, expected)
                else:
                    self.compare_whole(path, file, expected)
        except OSError as failure:
            if expected.readable or failure.errno != errno.EIO:
                self.differ(path, f"reading failed: {failure}")

    def compare_whole(self, path, file, expected):
        content = b"".join(iter(lambda: file.read(1 << 20), b""))
        if content != self.tree.client.download(expected.data_set, expected.path):
            self.differ(path, "has other bytes than the server sends")
        if expected.crc32 is not None and binascii.crc32(content) != expected.crc32:
            self.differ(path, f"CRC {binascii.crc32(content):08x}, listed as {expected.crc32:08x}")
        self.counts["bytes"] = self.counts.get("bytes", 0) + len(content)

    def compare_samples(self, path, file, expected):
        last = (expected.size - 1) // BLOCK
        numbers = sorted({0, 1, last, *random.Random(path).sample(range(last + 1), 12)})
        for number, block in self.tree.client.blocks(expected.data_set, expected.path, numbers).items():
            start = number * BLOCK
            if os.pread(file.fileno(), BLOCK, start) != block:
                self.differ(path, f"has other bytes than the server at block {number}")
            self.counts["bytes"] = self.counts.get("bytes", 0) + len(block)


def report(title, comparison):
    """Prints the outcome; true when something was compared and nothing differs."""
    for line in comparison.differences[:60]:
        print("DIFFERS", line)
    if len(comparison.differences) > 60:
        print(f"… and {len(comparison.differences) - 60} more")
    counts = ", ".join(f"{number} {name}" for name, number in sorted(comparison.counts.items()))
    print(f"oracle {title}: {len(comparison.differences)} differences; compared {counts}", flush=True)
    return not comparison.differences and comparison.counts.get("document", 0) > 0 and comparison.counts.get("file", 0) > 0


def compare_labs(binary):
    good = True
    for name, user in RUNS:
        with lab.server(binary, name) as url, lab.mounted(binary, url, user) as mountpoint:
            good &= report(f"{name} as {user}", Comparison(mountpoint, Tree(Client(url, user, user))).run())
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url")
    parser.add_argument("--user", default="demo")
    parser.add_argument("--password-file")
    parser.add_argument("what", help="the openbisfs binary or, with --url, a mount point")
    arguments = parser.parse_args()
    if not arguments.url:
        return compare_labs(arguments.what)
    password = arguments.user
    if arguments.password_file:
        with open(arguments.password_file) as file:
            password = file.read().strip()
    return report(arguments.url, Comparison(arguments.what, Tree(Client(arguments.url, arguments.user, password))).run())


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
