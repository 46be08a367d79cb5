#!/usr/bin/env python3
"""Reads as programs do, in a process of its own; prints seconds.

readers.py random FILE THREADS < offsets    64 KiB at each offset
readers.py head FILE                        open, the first 16 KiB, close
readers.py forget PATH...                   drops the pages that the kernel keeps of files
"""

import os
import sys
import threading
import time


def read_random(path, threads):
    offsets = [int(line) for line in sys.stdin]
    fd = os.open(path, os.O_RDONLY)
    wrong = []

    def work(mine):
        for off in mine:
            if len(os.pread(fd, 65536, off)) != 65536:
                wrong.append(off)

    begun = time.monotonic()
    workers = [threading.Thread(target=work, args=(offsets[i::threads],)) for i in range(threads)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    took = time.monotonic() - begun
    os.close(fd)
    if wrong:
        sys.exit(f"{len(wrong)} short reads")
    return took


def read_head(path):
    begun = time.monotonic()
    fd = os.open(path, os.O_RDONLY)
    data = os.pread(fd, 16384, 0)
    os.close(fd)
    took = time.monotonic() - begun
    if len(data) != 16384:
        sys.exit("short read")
    return took


def forget(paths):
    for top in paths:
        for folder, _, names in os.walk(top) if os.path.isdir(top) else [("", [], [top])]:
            for name in names:
                fd = os.open(os.path.join(folder, name), os.O_RDONLY)
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(fd)
    return 0


def main():
    what, *args = sys.argv[1:]
    if what == "random":
        took = read_random(args[0], int(args[1]))
    elif what == "head":
        took = read_head(args[0])
    else:
        took = forget(args)
    print(f"{took:.6f}")


if __name__ == "__main__":
    main()
