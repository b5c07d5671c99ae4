"""Measures a fleet of namespaces: ``python -m benchmarks.fleet`` prints a markdown table.

In the lab of the tests (a veth cable, an attacker at its end), with the driver and its real helper. Makes nothing that
is left behind. Kernel memory is what Slab and Percpu of /proc/meminfo grow by: nothing else should run, and a run
soon after another finds caches that are still large.
"""

import argparse
import asyncio
import gc
import os
import platform
import resource
import socket
import tempfile
import time
from pathlib import Path

from decnet_actors.contracts.fleet_driver import Place, PlaceState, Tier, Wanted
from decnet_actors.kernel import netns
from plugins.fleet_driver.namespace import NamespaceConfig
from plugins.fleet_driver.namespace.driver import NamespaceDriver
from tests.netlab import NETWORKS, PARENT, NetLab, netlab

PORTS = (21, 22, 80, 445, 3389)
ANSWERING = 400  # deckies the attacker talks to: two neighbours each, of the 1,024 a kernel keeps by default
PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")


def kernel_memory() -> int:
    """Return bytes of Slab and Percpu."""
    rows = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return sum(int(rows[name].split()[0]) for name in ("Slab", "Percpu")) * 1024


def cpu(pid: int) -> float:
    """Return seconds a process has used, in and for it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(pid: int) -> int:
    """Return bytes a process has in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


class Run:
    """One fleet, from nothing to nothing."""

    def __init__(self, lab: NetLab, driver: NamespaceDriver, count: int, stack: str) -> None:
        self.lab, self.driver, self.count, self.stack = lab, driver, count, stack
        self.rows: list[tuple[str, str]] = []
        self.places: dict[str, Place] = {}
        self.listeners: dict[str, list[socket.socket]] = {}

    def row(self, name: str, value: str) -> None:
        self.rows.append((name, value))

    @property
    def helper(self) -> int:
        assert self.driver._process is not None
        return self.driver._process.pid

    async def decky(self, index: int) -> None:
        place = await self.driver.create(Wanted(decky=f"d-{index}", index=index, stack=self.stack))
        assert place.tier is Tier.EXACT
        self.places[place.decky] = place
        self.listeners[place.decky] = [(await self.driver.listen(place, port))[0][0] for port in PORTS]

    async def up(self) -> None:
        await self.decky(0)  # what is tried out once, is
        gc.collect()
        kernel, ours = kernel_memory(), memory(os.getpid())
        theirs, used = memory(self.helper), (cpu(os.getpid()), cpu(self.helper))
        began = time.monotonic()
        for index in range(1, self.count):
            await self.decky(index)
        seconds = time.monotonic() - began
        made = self.count - 1
        self.row(f"{made} deckies x {len(PORTS)} listeners", f"{seconds:.2f} s, {seconds / made * 1000:.2f} ms each")
        self.row("CPU, daemon's side", f"{cpu(os.getpid()) - used[0]:.2f} s")
        self.row("CPU, helper", f"{cpu(self.helper) - used[1]:.2f} s")
        self.row("memory, daemon's side", f"+{(memory(os.getpid()) - ours) / made / 1024:.1f} kB each")
        self.row("memory, helper", f"{memory(self.helper) / 2**20:.1f} MB (+{(memory(self.helper) - theirs) >> 10} kB)")
        self.row("kernel memory (Slab + Percpu)", f"{(kernel_memory() - kernel) / made / 1024:.0f} kB each")

    async def answering(self) -> None:
        began = time.monotonic()
        for name, place in list(self.places.items())[:ANSWERING]:
            with self.lab.connect(place.address, 22):
                self.listeners[name][1].settimeout(5)
                self.listeners[name][1].accept()[0].close()
        self.row(
            f"first {min(self.count, ANSWERING)} answer the attacker, one by one", f"{time.monotonic() - began:.2f} s"
        )

    async def edited(self) -> None:
        before = {name: [netns.cookie(one) for one in many] for name, many in self.listeners.items()}
        began = time.monotonic()
        await self.driver.remove("d-7")
        for listener in self.listeners["d-7"]:
            listener.close()
        await self.decky(7)
        self.row("one decky removed and made again", f"{(time.monotonic() - began) * 1000:.1f} ms")
        after = {name: [netns.cookie(one) for one in many] for name, many in self.listeners.items()}
        changed = sum(after[name] != cookies for name, cookies in before.items())
        self.row("deckies whose sockets changed by that", str(changed))

    async def observed(self) -> None:
        began = time.monotonic()
        seen = await self.driver.observe()
        assert {PlaceState.UP} == {one.state for one in seen.values()}
        self.row(f"{len(seen)} observed", f"{(time.monotonic() - began) * 1000:.0f} ms")

    async def taken_over(self) -> None:
        assert self.driver._process is not None
        self.driver._process.kill()
        await self.driver._process.wait()
        began = time.monotonic()
        seen = await self.driver.observe()
        assert self.count == len(seen)
        self.row("helper killed; the next one has them all", f"{time.monotonic() - began:.2f} s")

    async def down(self) -> None:
        for many in self.listeners.values():
            for listener in many:
                listener.close()
        began = time.monotonic()
        await self.driver.aclose()
        while self.lab.deckies():
            await asyncio.sleep(0.01)
        self.row("teardown, until the last MAC is gone", f"{time.monotonic() - began:.2f} s")


async def measure(count: int, stack: str) -> list[tuple[str, str]]:
    with netlab() as lab, tempfile.TemporaryDirectory(prefix="dn-") as folder:
        config = NamespaceConfig(parent=PARENT, networks=NETWORKS, socket=f"{folder}/netd.sock")
        driver = NamespaceDriver(config)
        with netns.inside(lab.host):
            began = time.monotonic()
            await driver.open()
            run = Run(lab, driver, count, stack)
            run.row("helper started and greeted", f"{(time.monotonic() - began) * 1000:.0f} ms")
            for step in (run.up, run.answering, run.edited, run.observed, run.taken_over, run.down):
                await step()
            return run.rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deckies", type=int, default=1000)
    parser.add_argument("--stack", default="windows-10", help="stack personality")
    arguments = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    rows = asyncio.run(measure(arguments.deckies, arguments.stack))
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores", end=", ")
    print(f"load {os.getloadavg()[0]:.1f}\n")
    print(f"| {arguments.deckies} deckies | {arguments.stack} |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
