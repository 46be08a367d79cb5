"""The file systems that are compared. Each run has a fresh mount with an empty cache."""

import contextlib
import os
import shutil
import subprocess
import urllib.parse

from processes import Process, until

HERE = os.path.dirname(os.path.abspath(__file__))


class Mount:
    """A file system on a directory, with the bench's files below `files`."""

    def __init__(self, servers, kind, line=None):
        self.servers, self.kind = servers, kind
        self.home = os.path.join(servers.scratch, "home")
        self.dir = os.path.join(servers.scratch, "mnt")
        self.line = line

    def __enter__(self):
        for path in (self.home, self.dir):
            os.makedirs(path, 0o700)
        env = {k: v for k, v in os.environ.items() if not k.startswith(("OPENBISFS_", "RCLONE_", "XDG_", "BENCH"))}
        self.process = Process(self.kind.argv(self), self.servers.log(self.kind.name), env=dict(env, HOME=self.home))
        try:
            until(lambda: os.path.ismount(self.dir) or self.process.wait(0), 60, f"mount of {self.kind.name}")
            if not os.path.ismount(self.dir):
                raise RuntimeError(f"{self.kind.name} does not mount: {self.process.tail()}")
            self.files = self.kind.files(self)
            os.listdir(self.files)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for lazily in ("-u", "-u", "-uz"):
            if not os.path.ismount(self.dir):
                break
            subprocess.run(["fusermount3", lazily, self.dir], stderr=subprocess.DEVNULL, check=False)
            self.process.wait(5)
        self.process.wait(5)
        self.process.end()
        with contextlib.suppress(OSError):
            os.rmdir(self.dir)
        shutil.rmtree(self.home, ignore_errors=True)


class OpenBISFS:
    """This project."""

    def __init__(self, name, *flags, tls=False):
        self.name, self.flags, self.tls = name, flags, tls

    def argv(self, m):
        password = os.path.join(m.home, "password")
        with open(os.open(password, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as f:
            f.write("demo\n")
        s = m.servers
        url = s.openbis_tls if self.tls else s.openbis
        flags = [flag.format(home=m.home) for flag in self.flags]
        if self.tls:
            flags += ["--ca-cert", s.cert]
        if m.line:
            url = "http://" + m.line.address
            flags += ["--data-store-url", url]
        return [s.openbisfs, "mount", url, m.dir, "--foreground", "-u", "demo", "--password-file", password, *flags]

    def files(self, m):
        sets = os.path.join(m.dir, "FILES", "LOCAL", "DIRECTORY")
        dataset, = [name for name in os.listdir(sets) if not name.startswith(".")]
        return os.path.join(sets, dataset, "original", os.path.basename(m.servers.data.root))

    def target(self, servers):
        return urllib.parse.urlsplit(servers.openbis).netloc


class Rclone:
    """rclone, by HTTP with Range or by SFTP."""

    def __init__(self, name, command, backend, *flags):
        self.name, self.command, self.backend, self.flags = name, command, backend, flags

    def argv(self, m):
        s = m.servers
        address = m.line.address if m.line else self.target(s)
        if self.backend == "http":
            remote = [":http:", "--http-url", "http://" + address]
        else:
            host, _, port = address.partition(":")
            remote = [":sftp:" + s.data.root, "--sftp-host", host, "--sftp-port", port, "--sftp-user", "root" if os.geteuid() == 0 else os.environ["USER"],
                      "--sftp-key-file", s.user_key, "--sftp-disable-hashcheck", "--sftp-shell-type", "none"]
        return [os.path.join(s.tools, "rclone"), self.command, *remote, m.dir, "--read-only", "--config", "/dev/null",
                "--cache-dir", os.path.join(m.home, "cache"), "--dir-cache-time", "1h", "--attr-timeout", "1h", *self.flags]

    def files(self, m):
        return m.dir

    def target(self, servers):
        return servers.http.removeprefix("http://") if self.backend == "http" else f"127.0.0.1:{servers.sftp_port}"


class SSHFS:
    """sshfs with a cheap cipher, several connections and the kernel's cache."""

    name = "sshfs"

    def argv(self, m):
        s = m.servers
        host, _, port = (m.line.address if m.line else self.target(s)).partition(":")
        options = ["kernel_cache", "max_conns=4", "ro", f"Port={port}", f"IdentityFile={s.user_key}", "StrictHostKeyChecking=no",
                   "UserKnownHostsFile=/dev/null", "Ciphers=aes128-gcm@openssh.com", "Compression=no", "dcache_timeout=3600"]
        return ["sshfs", "-f", f"{host}:{s.data.root}", m.dir, *(word for o in options for word in ("-o", o))]

    def files(self, m):
        return m.dir

    def target(self, servers):
        return f"127.0.0.1:{servers.sftp_port}"


FULL = ("--vfs-cache-mode", "full")
TUNED = ("--buffer-size", "64M", "--vfs-read-ahead", "128M", "--max-read-ahead", "1M")
PEERS = {p.name: p for p in (
    Rclone("rclone http, no cache", "mount", "http"),
    Rclone("rclone http, full cache", "mount", "http", *FULL, *TUNED),
    Rclone("rclone mount2 http, full cache", "mount2", "http", *FULL),
    Rclone("rclone mount2 sftp, full cache", "mount2", "sftp", *FULL),
    SSHFS(),
)}


def ours(servers):
    """This project as it comes and, where it is there, with its disk cache."""
    help_text = subprocess.run([servers.openbisfs, "mount", "--help"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout
    if "--cache-dir" in help_text:
        return [OpenBISFS("openbisfs", "--cache-dir", "{home}/cache")]
    return [OpenBISFS("openbisfs")]
