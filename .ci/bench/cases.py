"""The cases of the table of goals."""

import os
import shutil
import subprocess
import sys
import time

from data import MIB
from mounts import PEERS, OpenBISFS, Mount
from processes import run
from results import ratio
from servers import Line

READERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "readers.py")


def readers(*args, **more):
    return float(run([sys.executable, READERS, *map(str, args)], **more)[1])


def dd(path, count=None):
    return run(["dd", "if=" + path, "of=/dev/null", "bs=1M", "status=none"] + ([f"count={count}"] if count else []))[0]


class Bench:
    """What all cases need."""

    def __init__(self, servers, ours, results, runs, share):
        self.servers, self.data, self.ours, self.results = servers, servers.data, ours, results
        self.runs, self.share = runs, share

    def rounds(self, case, contenders, once, seconds):
        """Runs the contenders in turn until all have had their runs, or the time is up; everybody runs once."""
        end = time.monotonic() + seconds * self.share
        for n in range(self.runs):
            for name in list(contenders):
                if n > 0 and time.monotonic() > end:
                    return
                try:
                    once(name, contenders[name])
                except (RuntimeError, OSError, subprocess.SubprocessError) as e:
                    case.fail(name, e)
                    del contenders[name]  # it would fail again

    def item(self, path):
        return f"{self.dataset}/original/{os.path.basename(self.data.root)}/{path}"

    def find_dataset(self):
        with Mount(self.servers, self.ours[0]) as m:
            self.dataset = m.files.split("/")[-3]

    def contenders(self, peers):
        return {c.name: c for c in self.ours + [PEERS[name] for name in peers]}

    def curl(self, path, tls=False):
        """Downloads a file and returns the seconds."""
        s = self.servers
        base, token, flags = (s.openbis_tls, s.tls_token, ["--cacert", s.cert]) if tls else (s.openbis, s.token, [])
        took, size = run(["curl", "-s", "-S", "-f", "--http1.1", *flags, "-o", "/dev/null", "-w", "%{size_download}",
                          f"{base}/datastore_server/{self.item(path)}?sessionID={token}"])
        if int(size) != os.path.getsize(os.path.join(self.data.root, path)):
            raise RuntimeError(f"curl got {size} bytes of {path}")
        return took


def sequential(b):
    case = b.results.case(f"sequential, {b.data.large_size // MIB} MiB",
                          "dd bs=1M of one file, cold; again; again without the kernel's pages of it. Seconds.")
    gb = b.data.large_size / 1e9

    def once(name, kind):
        if name == "curl to /dev/null":
            case.add(name, cold=b.curl("large.bin"))
            return
        if name == "local file":
            case.add(name, cold=dd(kind))
            return
        with Mount(b.servers, kind) as m:
            path = os.path.join(m.files, "large.bin")
            cpu0 = m.process.cpu()
            cold = dd(path)
            cpu1 = m.process.cpu()
            again = dd(path)
            readers("forget", path)
            cpu2 = m.process.cpu()
            forgotten = dd(path)
            cpu3 = m.process.cpu()
            case.add(name, cold=cold, again=again, again_without_pages=forgotten, CPU_s_per_GB_cold=(cpu1 - cpu0) / gb,
                     CPU_s_per_GB_again=(cpu3 - cpu2) / gb, peak_MiB=m.process.peak())

    contenders = {"local file": os.path.join(b.data.root, "large.bin"), "curl to /dev/null": None}
    contenders.update(b.contenders(PEERS))
    b.rounds(case, contenders, once, 330)
    me = b.ours[0].name
    rclones = [n for n in PEERS if n.startswith("rclone")]
    case.goal(1, "cold / curl", ratio(case.median(me, "cold"), case.median("curl to /dev/null", "cold")), 1.5)
    case.goal(1, "best rclone cold / ours", ratio(case.best(rclones, "cold"), case.median(me, "cold")), 2.5, most=False)
    case.goal(3, "local / again", ratio(case.median("local file", "cold"), case.median(me, "again")), 0.95, most=False)
    case.goal(4, "local / again without pages", ratio(case.median("local file", "cold"), case.median(me, "again_without_pages")), 0.30, most=False)
    case.goal(4, "best rclone / ours, again without pages",
              ratio(case.best(rclones, "again_without_pages"), case.median(me, "again_without_pages")), 2, most=False)
    case.goal(12, "CPU cold / best rclone's", ratio(case.median(me, "CPU_s_per_GB_cold"), case.best(rclones, "CPU_s_per_GB_cold")), 0.5)
    case.goal(12, "CPU s/GB, again without pages", case.median(me, "CPU_s_per_GB_again"), 0.8)
    case.goal(11, "peak memory beyond the cache's 256 MiB, MiB", over(case.median(me, "peak_MiB"), 256), 64)
    return case


def over(value, base):
    return None if value is None else max(value - base, 0)


def narrow(b):
    case = b.results.case("sequential over a line of 1 Gbit/s, 256 MiB", "Seconds.")
    line_time = b.data.medium_size / 125e6

    def once(name, kind):
        with Line(b.servers, kind.target(b.servers), rate=125_000_000) as line, Mount(b.servers, kind, line) as m:
            took = dd(os.path.join(m.files, "medium.bin"))
            case.add(name, cold=took, share_of_the_line=line_time / took)

    b.rounds(case, b.contenders(["rclone mount2 http, full cache"]), once, 40)
    case.goal(2, "share of the line", case.median(b.ours[0].name, "share_of_the_line"), 0.97, most=False)
    return case


def random_reads(b, count, threads):
    case = b.results.case(f"random 64 KiB, {count} reads of {b.data.large_size // MIB} MiB, {threads} thread{'s' * (threads > 1)}",
                          "Cold, then the same places again without the kernel's pages. Seconds; MB from the server. The floor is a minimal client that "
                          "makes the same chunk calls one after the other, two for each block touched.")
    floor = "floor"

    def once(name, kind):
        offsets = "\n".join(map(str, b.data.offsets(count, 7)))
        if name == floor:
            out = run([os.path.join(b.servers.tools, "floor"), "chunks", b.servers.openbis + "/datastore_server", b.item("large.bin"), "0"],
                      input=offsets, env=dict(os.environ, TOKEN=b.servers.token))[1]
            case.add(name, cold=float(out))
            return
        with Line(b.servers, kind.target(b.servers)) as line, Mount(b.servers, kind, line) as m:
            path = os.path.join(m.files, "large.bin")
            before = line.received()
            cold = readers("random", path, threads, input=offsets)
            received = line.received() - before
            readers("forget", path)
            again = readers("random", path, threads, input=offsets)
            case.add(name, cold=cold, MB_from_the_server=received / 1e6, again=again, peak_MiB=m.process.peak())

    contenders = {floor: None} if threads == 1 else {}
    contenders.update(b.contenders(PEERS))
    b.rounds(case, contenders, once, 130 if threads == 1 else 60)
    me, rclones = b.ours[0].name, [n for n in PEERS if n.startswith("rclone")]
    blocks = len({off >> 20 for off in b.data.offsets(count, 7)})
    case.goal(6, "bytes / blocks touched", ratio(case.median(me, "MB_from_the_server"), blocks * MIB / 1e6), 1.01)
    if threads == 1:
        case.goal(6, "cold / floor", ratio(case.median(me, "cold"), case.median(floor, "cold")), 1.5)
    case.goal(6, "best rclone / ours, cold", ratio(case.best(rclones, "cold"), case.median(me, "cold")), 3, most=False)
    case.goal(11, "peak memory beyond the cache's 256 MiB, MiB", over(case.median(me, "peak_MiB"), 256), 64)
    return case


def first_byte(b, delay):
    case = b.results.case(f"first byte of a file of 8 GiB, {2 * delay} ms round trip",
                          "Open, read 16 KiB, close, on a fresh mount after listing its folder. Milliseconds; KiB from the server.")

    def once(name, kind):
        with Line(b.servers, kind.target(b.servers), delay_ms=delay) as line, Mount(b.servers, kind, line) as m:
            run(["ls", "-l", m.files])
            before = line.received()
            took = readers("head", os.path.join(m.files, "huge.bin"))
            case.add(name, ms=took * 1000)
            time.sleep(0.2)  # what it fetches needlessly
            case.add(name, KiB_from_the_server=(line.received() - before) / 1024)

    b.rounds(case, b.contenders(PEERS), once, 40)
    me = b.ours[0].name
    case.goal(7, "ms beyond two round trips", over(case.median(me, "ms"), 4 * delay), 5)
    case.goal(7, "KiB fetched", case.median(me, "KiB_from_the_server"), 1024 + 128)
    return case


def together(b):
    case = b.results.case("8 readers of one file of 256 MiB", "All read all of it at the same time, cold. Seconds; MB from the server.")

    def once(name, kind):
        with Line(b.servers, kind.target(b.servers)) as line, Mount(b.servers, kind, line) as m:
            path = os.path.join(m.files, "medium.bin")
            before, begun = line.received(), time.monotonic()
            all_of_them = [subprocess.Popen(["dd", "if=" + path, "of=/dev/null", "bs=1M", "status=none"]) for _ in range(8)]
            codes = [p.wait() for p in all_of_them]
            took = time.monotonic() - begun
            if any(codes):
                raise RuntimeError(f"dd ended with {codes}")
            case.add(name, cold=took, MB_from_the_server=(line.received() - before) / 1e6, peak_MiB=m.process.peak())

    b.rounds(case, b.contenders(["rclone mount2 http, full cache", "sshfs"]), once, 40)
    case.goal(8, "bytes / size of the file", ratio(case.median(b.ours[0].name, "MB_from_the_server"), b.data.medium_size / 1e6), 1.01)
    return case


def small_files(b, folder, count, delay, peers, seconds):
    case = b.results.case(f"{count} files of 10 KiB, cp -r, {2 * delay} ms round trip",
                          "Cold, and again with everything in caches. Seconds. The server time is that of a minimal client with four connections.")

    def once(name, kind):
        to = os.path.join(b.servers.scratch, "copy")
        if name == "server time":
            out = run([os.path.join(b.servers.tools, "floor"), "files", b.servers.openbis + "/datastore_server", b.item(folder), str(count)],
                      env=dict(os.environ, TOKEN=b.servers.token))[1]
            case.add(name, cold=float(out))
            return
        with Line(b.servers, kind.target(b.servers), delay_ms=delay) as line, Mount(b.servers, kind, line if delay else None) as m:
            try:
                source = os.path.join(m.files, folder)
                cold = run(["cp", "-r", source, to])[0]
                shutil.rmtree(to)
                again = run(["cp", "-r", source, to])[0]
                case.add(name, cold=cold, again=again, peak_MiB=m.process.peak())
            finally:
                shutil.rmtree(to, ignore_errors=True)

    contenders = {} if delay else {"server time": None}
    contenders.update(b.contenders(peers))
    b.rounds(case, contenders, once, seconds)
    me = b.ours[0].name
    if delay:
        case.goal(9, "best peer / ours", ratio(case.best(peers, "cold"), case.median(me, "cold")), 5, most=False)
    else:
        again, server = case.median(me, "again"), case.median("server time", "cold")
        case.goal(9, "cold / (again + server time)", ratio(case.median(me, "cold"), again + server if again and server else None), 1.5)
    return case


def far(b):
    case = b.results.case("sequential at 20 ms round trip, 256 MiB", "Seconds.")

    def once(name, kind):
        with Line(b.servers, kind.target(b.servers), delay_ms=10) as line, Mount(b.servers, kind, line) as m:
            case.add(name, cold=dd(os.path.join(m.files, "medium.bin")))

    b.rounds(case, b.contenders(["rclone mount2 http, full cache", "sshfs"]), once, 50)
    return case


def tls(b):
    case = b.results.case(f"sequential over TLS, {b.data.large_size // MIB} MiB", "Seconds.")

    def once(name, kind):
        if name == "curl to /dev/null":
            case.add(name, cold=b.curl("large.bin", tls=True))
            return
        with Mount(b.servers, kind) as m:
            cpu = m.process.cpu()
            case.add(name, cold=dd(os.path.join(m.files, "large.bin")))
            case.add(name, CPU_s_per_GB=(m.process.cpu() - cpu) / (b.data.large_size / 1e9))

    contenders = {"curl to /dev/null": None}
    contenders.update({kind.name: OpenBISFS(kind.name, *kind.flags, tls=True) for kind in b.ours})
    b.rounds(case, contenders, once, 60)
    case.goal(13, "cold / curl", ratio(case.median(b.ours[0].name, "cold"), case.median("curl to /dev/null", "cold")), 1.3)
    return case
