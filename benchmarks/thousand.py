"""Measures a whole daemon with a large fleet: ``python -m benchmarks.thousand`` prints a markdown table.

``decnetctl fleet apply`` of a thousand deckies with all their services on the namespace driver, in the lab of the
tests, until an attacker at the cable's end has had an answer from every service; then an edit, and the end. As root:
the kernel's neighbour table is raised for the run, as doctor says, and put back.
"""

import argparse
import os
import platform
import re
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.fleet import TICK, kernel_memory
from tests.daemon import Daemon, decnetd
from tests.netlab import NETWORKS, PARENT, NetLab, netlab

SERVICES = {"ssh": 22, "telnet": 23, "http": 80, "redis": 6379, "ftp": 21}
SAYS = {"http": b"GET / HTTP/1.0\r\n\r\n", "redis": b"PING\r\n"}  # of those that do not speak first
NEIGHBOURS = Path("/proc/sys/net/ipv4/neigh/default/gc_thresh3")
FLEET = f"""
[fleet]
driver = "namespace"
[fleet.namespace]
parent = "{PARENT}"
networks = {list(NETWORKS)}
socket = "{{socket}}"
"""


def used(pid: int) -> tuple[float, float, float]:
    """Return seconds of CPU: of the daemon's loop, of its other threads, of its helper."""
    threads = {int(path.name): _seconds(path) for path in Path(f"/proc/{pid}/task").iterdir()}
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    helper = sum(_seconds(Path(f"/proc/{child}")) for child in children)
    return threads[pid], sum(threads.values()) - threads[pid], helper


def _seconds(process: Path) -> float:
    return sum(int(word) for word in (process / "stat").read_text().rpartition(")")[2].split()[11:13]) / TICK


def resident(pid: int) -> float:
    """Return MiB a process has in memory."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


@contextmanager
def many_neighbours() -> Iterator[None]:
    """Let the kernel keep as many neighbours as a thousand deckies and one attacker have of one another."""
    before = NEIGHBOURS.read_text()
    NEIGHBOURS.write_text("16384")
    try:
        yield
    finally:
        NEIGHBOURS.write_text(before)


def written(count: int, *, weak: int = 1) -> str:
    names = ", ".join(f'"{name}"' for name in SERVICES)
    return "".join(
        f'[[decky]]\nname = "d-{index:04}"\nservices = [{names}]\nweak_credentials = {weak}\n' for index in range(count)
    )


def answer(lab: NetLab, address: str, service: str) -> bytes:
    """Return the first bytes of a service's answer."""
    with lab.connect(address, SERVICES[service], timeout=30.0) as client:
        client.sendall(SAYS.get(service, b""))
        return client.recv(100)


class Run:
    def __init__(self, lab: NetLab, daemon: Daemon, count: int) -> None:
        self.lab, self.daemon, self.count = lab, daemon, count
        self.rows: list[tuple[str, str]] = []

    def row(self, name: str, value: str) -> None:
        self.rows.append((name, value))

    def apply(self) -> None:
        fleet = self.daemon.home / "fleet.toml"
        fleet.write_text(written(self.count))
        kernel, cpu, rss = kernel_memory(), used(self.daemon.pid), resident(self.daemon.pid)
        began = time.monotonic()
        self.daemon.ctl("fleet", "apply", str(fleet), "--yes", timeout=600.0)
        applied = time.monotonic() - began
        loop, threads, helper = (after - before for after, before in zip(used(self.daemon.pid), cpu, strict=True))
        addresses = {row["name"]: row["address"] for row in self.daemon.ask("decky", "list", "--limit", "1000")}
        asked = time.monotonic()
        silent = sum(not answer(self.lab, address, service) for address in addresses.values() for service in SERVICES)
        self.row(f"`fleet apply` of {self.count} deckies x {len(SERVICES)} services", f"{applied:.2f} s")
        self.row("CPU until then: loop, helper", f"{loop:.2f} s, {helper:.2f} s")
        self.row("CPU of the daemon's other threads: database, host keys made beside", f"{threads:.2f} s")
        self.row("all services asked, one after the other", f"{time.monotonic() - asked:.2f} s, {silent} silent")
        self.row("daemon's RSS", f"{resident(self.daemon.pid):.0f} MiB, before {rss:.0f}")
        self.row("kernel memory (Slab + Percpu)", f"{(kernel_memory() - kernel) / self.count / 1024:.0f} kB a decky")

    def edit(self) -> None:
        began = time.monotonic()
        self.daemon.ctl("decky", "edit", "d-0007", "--weak-credentials", "3", "--yes", timeout=60.0)
        self.row("one decky edited, the command included", f"{(time.monotonic() - began) * 1000:.0f} ms")

    def down(self) -> None:
        began = time.monotonic()
        self.daemon.ctl("fleet", "teardown", "--yes", timeout=600.0)
        ended = time.monotonic() - began
        while self.lab.deckies():
            time.sleep(0.02)
        swept = time.monotonic() - began
        self.row("`fleet teardown`, until the last MAC is gone", f"{ended:.2f} s, {swept:.2f} s")


def measure(count: int, within: list[str]) -> list[tuple[str, str]]:
    with many_neighbours(), netlab() as lab:
        fleet = FLEET.replace("{socket}", f"/tmp/dn-{os.getpid()}.sock")
        with decnetd(fleet, within=[*lab.command(lab.host), *within]) as daemon:
            run = Run(lab, daemon, count)
            for step in (run.apply, run.edit, run.down):
                step()
            return run.rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deckies", type=int, default=1000)
    arguments = parser.parse_args()
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    rows = measure(arguments.deckies, [])
    print(f"{platform.platform()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}")
    print(f"\n| {arguments.deckies} deckies | |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
