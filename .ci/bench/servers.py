"""The servers: openBIS, and for the peers HTTP with Range and SFTP, all on the same files."""

import json
import os
import socket
import ssl
import subprocess
import urllib.request

from processes import Process, run, until


class Servers:
    """Everything that is served. Entered, it runs; left, it is gone."""

    def __init__(self, stack, scratch, data, openbisfs, tools):
        self.stack, self.scratch, self.data, self.tools = stack, scratch, data, tools
        self.openbisfs = openbisfs
        self.cert = os.path.join(scratch, "cert.pem")
        self.openbis = self.simulator("openbis", data.root)
        self.openbis_tls = self.simulator("openbis-tls", data.tls_root, "--tls-cert", self.cert)
        self.http = self.start("http", [os.path.join(tools, "fileserver"), data.root]).line()
        self.sftp_port = self.sshd()
        self.token, self.tls_token = self.login(self.openbis), self.login(self.openbis_tls)

    def log(self, name):
        return os.path.join(self.scratch, name + ".log")

    def start(self, name, argv, **more):
        p = Process(argv, self.log(name), stdout=subprocess.PIPE, **more)
        self.stack.callback(p.end)
        return p

    def simulator(self, name, root, *flags):
        env = dict(os.environ, HOME=self.scratch)
        p = self.start(name, [self.openbisfs, "demo", "--serve", *flags, "--lab", "files:" + root], env=env)
        return p.line().rpartition(" ")[2]

    def sshd(self):
        """OpenSSH with a key and settings of its own."""
        etc = os.path.join(self.scratch, "ssh")
        os.mkdir(etc, 0o700)
        for key in ("host", "user"):
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(etc, key)])
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        with open(os.path.join(etc, "sshd_config"), "w", encoding="utf-8") as f:
            f.write(f"""Port {port}
ListenAddress 127.0.0.1
HostKey {etc}/host
AuthorizedKeysFile {etc}/user.pub
PidFile none
StrictModes no
UsePAM no
MaxStartups 100
PasswordAuthentication no
Subsystem sftp internal-sftp
""")
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        self.user_key = os.path.join(etc, "user")
        self.start("sshd", ["/usr/sbin/sshd", "-D", "-e", "-f", os.path.join(etc, "sshd_config")])
        until(lambda: reachable(port), 10, "sshd")
        return port

    def login(self, url):
        call = {"jsonrpc": "2.0", "id": 1, "method": "login", "params": ["demo", "demo"]}
        request = urllib.request.Request(url + "/openbis/openbis/rmi-application-server-v3.json",
                                         json.dumps(call).encode(), {"Content-Type": "application/json"})
        trust = ssl.create_default_context(cafile=self.cert) if url.startswith("https") else None
        with urllib.request.urlopen(request, context=trust) as answer:
            return json.load(answer)["result"]


def reachable(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Line:
    """A proxy in front of a server."""

    def __init__(self, servers, address, delay_ms=0, rate=0):
        self.process = Process(
            [os.path.join(servers.tools, "proxy"), "-delay", f"{delay_ms}ms", "-rate", str(rate), address],
            servers.log("proxy"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.address = self.process.line()

    def received(self):
        """Bytes that came from the server."""
        self.process.popen.stdin.write("\n")
        self.process.popen.stdin.flush()
        return int(self.process.line())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.end()
