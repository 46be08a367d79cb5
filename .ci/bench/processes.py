"""Processes of the bench: started, watched and ended."""

import contextlib
import os
import signal
import subprocess
import time
import uuid

TICKS = os.sysconf("SC_CLK_TCK")


class Process:
    """A process with all its descendants, known by a mark in their environment."""

    def __init__(self, argv, log, **more):
        self.mark = uuid.uuid4().hex
        self.argv = argv
        self.log = log
        env = dict(more.pop("env", os.environ), BENCH_MARK=self.mark)
        with open(log, "ab") as out:
            out.write((" ".join(argv) + "\n").encode())
            out.flush()
            self.popen = subprocess.Popen(
                argv, env=env, stdin=more.pop("stdin", subprocess.DEVNULL), stdout=more.pop("stdout", out), stderr=out,
                start_new_session=True, text=True, **more)

    def line(self):
        """The next line that the process prints."""
        line = self.popen.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.argv[0]} ended: {self.tail()}")
        return line.strip()

    def tail(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()[-2000:]

    def pids(self):
        mark = f"BENCH_MARK={self.mark}".encode()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/environ", "rb") as f:
                    if mark in f.read().split(b"\0"):
                        yield int(pid)

    def cpu(self):
        """Seconds of processor time, of the living."""
        ticks = 0
        for pid in self.pids():
            with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8") as f:
                fields = f.read().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS

    def peak(self):
        """The largest resident memory in MiB, of the living, added up."""
        sum_kib = 0
        for pid in self.pids():
            with contextlib.suppress(OSError), open(f"/proc/{pid}/status", encoding="utf-8") as f:
                for line in f:
                    if line.startswith("VmHWM:"):
                        sum_kib += int(line.split()[1])
        return sum_kib / 1024

    def wait(self, seconds):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(seconds)
        return self.popen.returncode is not None

    def end(self):
        for sent in (signal.SIGTERM, signal.SIGKILL):
            for pid in list(self.pids()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, sent)
            if self.wait(10):
                break
        for stream in (self.popen.stdin, self.popen.stdout):
            if stream:
                stream.close()


def until(true, seconds, what):
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(0.005)


def run(argv, **more):
    """Runs a program to its end and returns the seconds that it took and what it printed."""
    begun = time.monotonic()
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **more)
    took = time.monotonic() - begun
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)[:300]}: status {done.returncode}: {done.stderr.strip()[-500:]}")
    return took, done.stdout
