"""What one attempt costs the host of decoys, beside a bare asyncio server, in one run.

Usage: python -m benchmarks.decoys [--attempts 4000] [--connections 50] [--repeats 3]

Prints CPU microseconds of the server's process for each whole attempt: connect, AUTH with a wrong password, read the
answer, close. The clients run in a process of their own. ``journal`` is the cheapest there can be: it counts.
"""

import argparse
import asyncio
import multiprocessing
import random
import socket
import statistics
import time
from collections.abc import Callable
from typing import Any

import uvloop

from decnet_actors.conformance.fakes import FakeArtifacts, FakeTime, fake_deps
from decnet_actors.contracts.fleet import Limits
from decnet_actors.decoys.doorkeeper import Doorkeeper, Identity
from decnet_actors.decoys.tarpit import Tarpits
from decnet_actors.domain.ids import Ids
from decnet_actors.domain.records import Record
from plugins.decoy.redis import PLUGIN, RedisConfig
from supervisors.clock import SystemClock

AUTH = b"*2\r\n$4\r\nAUTH\r\n$12\r\nhunter-12345\r\n"


class Counting:
    """A journal that keeps nothing."""

    crowded = False

    def __init__(self) -> None:
        self.count = 0

    def put(self, record: Record) -> int:  # noqa: ARG002  the port's signature
        self.count += 1
        return self.count

    async def room(self) -> None:
        pass

    async def durable(self, number: int) -> None:
        pass


class Echo(asyncio.Protocol):
    """The least a server can do: an answer, and the end."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:  # noqa: ARG002  asyncio's signature
        self.transport.write(b"-ERR no\r\n")


def listener() -> socket.socket:
    made = socket.create_server(("127.0.0.1", 0), backlog=1024)
    made.settimeout(0)
    return made


async def serve_echo(door: socket.socket) -> Any:
    return await asyncio.get_running_loop().create_server(Echo, sock=door)


async def _nothing(port: int) -> socket.socket:
    raise OSError(port)


async def serve_redis(door: socket.socket) -> Any:
    loop = asyncio.get_running_loop()
    clock = SystemClock()
    service = PLUGIN.create(RedisConfig(), fake_deps(now=FakeTime(clock.now())))
    keeper = Doorkeeper(
        identity=Identity(host="bench", decky="bench", service="redis"),
        service=service,
        journal=Counting(),
        artifacts=FakeArtifacts(),
        limits=Limits(),
        clock=clock,
        ids=Ids(clock.now, random.Random(1)),
        spawn=lambda work, /, *, name: loop.create_task(work, name=name),
        arm=lambda seconds: loop.call_later(seconds, keeper.tick),
        tarpits=Tarpits(),
        listen=_nothing,
    )
    await keeper.open([door])
    return keeper


def clients(address: tuple[str, int], attempts: int, connections: int, started: Any) -> None:
    async def one(count: int) -> None:
        for _ in range(count):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(AUTH)
            await reader.readline()
            writer.close()

    async def everybody() -> None:
        await asyncio.gather(*(one(attempts // connections) for _ in range(connections)))

    started.set()
    asyncio.run(everybody())


async def measure(serve: Callable[[socket.socket], Any], attempts: int, connections: int) -> float:
    door = listener()
    server = await serve(door)
    context = multiprocessing.get_context("spawn")
    started = context.Event()
    child = context.Process(target=clients, args=(door.getsockname(), attempts, connections, started))
    child.start()
    while not started.is_set():
        await asyncio.sleep(0.01)
    before = time.process_time()
    while child.is_alive():
        await asyncio.sleep(0.05)
    spent = time.process_time() - before
    server.close()
    await asyncio.sleep(0.05)
    return spent / attempts * 1e6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--attempts", type=int, default=4000)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    runs: dict[str, list[float]] = {}
    for _ in range(options.repeats):
        for loop_name, factory in (("asyncio", asyncio.new_event_loop), ("uvloop", uvloop.new_event_loop)):
            for name, serve in (("echo", serve_echo), ("redis AUTH", serve_redis)):
                with asyncio.Runner(loop_factory=factory) as runner:
                    cost = runner.run(measure(serve, options.attempts, options.connections))
                runs.setdefault(f"{name}, {loop_name}", []).append(cost)
    for name, costs in runs.items():
        print(f"{name:22} {statistics.median(costs):7.1f} us CPU an attempt  ({min(costs):.1f}-{max(costs):.1f})")


if __name__ == "__main__":
    main()
