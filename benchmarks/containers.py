"""Measures a fleet of containers: ``python -m benchmarks.containers`` prints a markdown table.

On the engine and the LAN of the tests. Memory is what MemAvailable of /proc/meminfo falls by: nothing else should run.
"""

import argparse
import asyncio
import platform
import resource
import socket
import time
from pathlib import Path

from decnet_actors.contracts.fleet_driver import Wanted
from plugins.fleet_driver.docker.config import DockerConfig
from plugins.fleet_driver.docker.driver import DockerDriver
from tests.plugins.fleet_driver.docker.lan import IMAGE, NETWORK, POOL, Lan, ask, lan

PORTS = (21, 22, 80, 443, 6379)
ADOPTIONS = 20


def available() -> int:
    """Return bytes that could still be had without swapping."""
    rows = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return int(rows["MemAvailable"].split()[0]) * 1024


async def measured(made: Lan, count: int) -> list[tuple[str, str]]:
    """Make a fleet, look at it, remove it; return rows of names and values."""
    driver = DockerDriver(DockerConfig(socket=made.socket, image=IMAGE, network=NETWORK, pool=POOL))
    await driver.open()
    await driver.create(Wanted(decky="first", index=count))  # the engine loads what it needs once
    await driver.remove("first")
    wanted = [Wanted(decky=f"decky-{number}", index=number) for number in range(count)]
    listeners: list[socket.socket] = []
    rows = []
    before, start = available(), time.perf_counter()
    for one in wanted:
        place = await driver.create(one)
        for port in PORTS:
            listeners += (await driver.listen(place, port))[0]
    elapsed = time.perf_counter() - start
    rows.append((f"{count} deckies x {len(PORTS)} services, until all listen", f"{elapsed:.2f} s"))
    rows.append(("a decky", f"{elapsed / count * 1000:.0f} ms, {(before - available()) / count / 1e6:.1f} MB"))
    start = time.perf_counter()
    assert len(await driver.observe()) == count
    rows.append(("a look at all", f"{(time.perf_counter() - start) * 1000:.0f} ms"))
    start = time.perf_counter()
    for _ in range(ADOPTIONS):
        await driver.create(wanted[0])
    rows.append(("adopting one that is there", f"{(time.perf_counter() - start) / ADOPTIONS * 1000:.1f} ms"))
    start = time.perf_counter()
    for one in wanted:
        await driver.remove(one.decky)
    rows.append(("until all are gone", f"{time.perf_counter() - start:.2f} s"))
    for listener in listeners:
        listener.close()
    await driver.aclose()
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return [*rows, ("this process at its largest", f"{resident / 1e6:.0f} MB")]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.containers", description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="deckies")
    arguments = parser.parse_args()
    with lan() as made:
        engine = ask(made.socket, "GET", "/version").decode().partition('"Version":"')[2].partition('"')[0]
        rows = asyncio.run(measured(made, arguments.count))
    print(f"Docker Engine {engine}, Python {platform.python_version()}, Linux {platform.release()}\n")
    print("| what | value |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
