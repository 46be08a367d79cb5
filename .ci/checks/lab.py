"""Starts the built-in server and mounts it, each in a process of its own, and puts everything away again."""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import time


def wait_for_line(process, pattern, log):
    """Reads the process's output up to the line that matches; the process ending first is an error."""
    for line in process.stdout:
        log.write(line)
        match = re.search(pattern, line)
        if match:
            return match
    raise RuntimeError(f"{process.args} ended with {process.wait()} before it printed {pattern!r}")


@contextlib.contextmanager
def server(binary, lab, extra=()):
    """Yields the URL of `openbisfs demo --serve` with that lab."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen([binary, "demo", "--serve", "--listen", "127.0.0.1:0", "--lab", lab, *extra],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            yield wait_for_line(process, r"https?://127\.0\.0\.1:\d+", log).group(0)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
            process.stdout.close()


@contextlib.contextmanager
def mounted(binary, url, user="demo", password=None, options=()):
    """Yields the directory where `openbisfs mount` (a daemon, as users run it) shows the server."""
    with tempfile.TemporaryDirectory(prefix="openbisfs-check-") as directory:
        mountpoint = os.path.join(directory, "mnt")
        os.mkdir(mountpoint)
        secret = os.path.join(directory, "password")
        with open(os.open(secret, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write((password or user) + "\n")
        subprocess.run([binary, "mount", url, mountpoint, "--user", user, "--password-file", secret,
                        "--log-file", os.path.join(directory, "log"), *options], check=True, stdin=subprocess.DEVNULL)
        try:
            yield mountpoint
        except BaseException:
            with open(os.path.join(directory, "log"), errors="replace") as log:
                print("--- log of the mount ---\n" + log.read()[-8000:])
            raise
        finally:
            unmount(binary, mountpoint)


def unmount(binary, mountpoint):
    """Unmounts; programs that just ended may hold the mount for a moment, so it is tried a few times."""
    for attempt in range(20):
        done = subprocess.run([binary, "umount", mountpoint], capture_output=True, text=True)
        if done.returncode == 0:
            return
        time.sleep(0.25)
    subprocess.run(["fusermount3", "-uz", mountpoint])
    raise RuntimeError("umount: " + done.stderr)
