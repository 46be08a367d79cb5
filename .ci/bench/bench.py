#!/usr/bin/env python3
"""Measures openbisfs beside rclone and sshfs: see README.md of this folder.

It prints tables and writes only below $TMPDIR, which it cleans up, and to the file that BENCH_OUT names.
"""

import argparse
import contextlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import cases
from data import Data
from mounts import ours
from results import Results
from servers import Servers


def all_cases(quick):
    few = ["rclone mount2 http, full cache", "sshfs"]
    reads = 200 if quick else 1000
    return {
        "sequential": cases.sequential,
        "narrow": cases.narrow,
        "random": lambda b: cases.random_reads(b, reads, 1),
        "random8": lambda b: cases.random_reads(b, reads, 8),
        "first": lambda b: cases.first_byte(b, 0),
        "first-far": lambda b: cases.first_byte(b, 10),
        "together": cases.together,
        "small": lambda b: cases.small_files(b, "small", b.data.small_count, 0, few, 60),
        "small-far": lambda b: cases.small_files(b, "few", b.data.few_count, 10, few, 90),
        "far": cases.far,
        "tls": cases.tls,
    }


def version_of(argv):
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.stdout.splitlines()[0]
    except (OSError, IndexError):
        return argv[0] + ": unknown"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("openbisfs")
    parser.add_argument("tools", help="directory with rclone, fileserver, proxy and floor")
    args = parser.parse_args()
    quick = os.environ.get("BENCH") == "quick"
    every = all_cases(quick)
    wanted = os.environ.get("BENCH_CASES", "").split() or list(every)
    if unknown := set(wanted) - set(every):
        sys.exit(f"bench: no case {' '.join(unknown)}; there are {' '.join(every)}")
    for sent in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sent, lambda *_: sys.exit(1))

    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        scratch = tempfile.mkdtemp(prefix="openbisfs-bench-")
        stack.callback(shutil.rmtree, scratch, True)
        data = Data(os.path.join(scratch, "data"), 512 if quick else 2048, 1000 if quick else 10000)
        servers = Servers(stack, scratch, data, os.path.abspath(args.openbisfs), os.path.abspath(args.tools))
        results = Results(os.environ.get("BENCH_OUT"))
        about = results.case("machine", "\n".join([
            f"{platform.system()} {platform.release()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before; everything on loopback.",
            "Medians (least…most, runs), contenders in turn. Other work on the machine shows in all of them: compare ratios only.",
            version_of([servers.openbisfs, "version"]), version_of([os.path.join(servers.tools, "rclone"), "version"]), version_of(["sshfs", "-V"])]))
        results.show(about)
        bench = cases.Bench(servers, ours(servers), results, int(os.environ.get("BENCH_RUNS", "1" if quick else "5")), 0.3 if quick else 1)
        bench.find_dataset()
        for name in wanted:
            results.show(every[name](bench))
        results.summary()
    print(f"\n{time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
