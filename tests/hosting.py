"""This module serves a decoy service on a real loopback socket, for tests of hosts and plugins."""

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from attrs import define, field

from decnet_actors.conformance.fakes import F, FakeArtifacts, FakeJournal, FakeTime
from decnet_actors.contracts.decoy import DecoyService
from decnet_actors.contracts.fleet import Limits
from decnet_actors.decoys.doorkeeper import Doorkeeper, Identity
from decnet_actors.decoys.tarpit import Tarpits
from decnet_actors.domain.ids import Ids


@define(kw_only=True)
class Hosted:
    """A service that listens on ``address``."""

    address: tuple[str, int]
    journal: FakeJournal
    time: FakeTime
    door: Doorkeeper
    artifacts: FakeArtifacts
    armed: list[float] = field(factory=list)
    background: list[BaseException] = field(factory=list)  # failures of the door's own tasks

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a stream to the service."""
        return await asyncio.open_connection(*self.address)

    async def exchange(self, data: bytes, *, until: bytes | None = None) -> bytes:
        """Send, then read until a mark, or to the end if there is none; close."""
        reader, writer = await self.connect()
        writer.write(data)
        try:
            async with asyncio.timeout(5):
                return await reader.readuntil(until) if until is not None else await reader.read()
        finally:
            writer.close()

    async def pass_time(self, seconds: float) -> None:
        """Let time pass for the service, and have it look at the clock."""
        self.time.advance(seconds)
        self.door.tick()
        await asyncio.sleep(0)

    async def until(self, true: Callable[[], object]) -> None:
        """Turn the loop until something is true."""
        async with asyncio.timeout(5):
            while not true():
                await asyncio.sleep(0.001)

    async def until_facts(self, kind: type[F], count: int = 1) -> list[F]:
        """Return the facts of a class once there are ``count``."""
        await self.until(lambda: len(self.journal.of(kind)) >= count)
        return self.journal.of(kind)


async def _listen(port: int) -> socket.socket:
    made = socket.create_server(("127.0.0.1", port))
    made.setblocking(False)
    return made


@contextlib.asynccontextmanager
async def hosted(
    service: DecoyService,
    *,
    limits: Limits | None = None,
    journal: FakeJournal | None = None,
    name: str = "redis",
    listener: socket.socket | None = None,
    tarpits: Tarpits | None = None,
) -> AsyncIterator[Hosted]:
    """Serve until the block ends; the service is opened before and closed after."""
    journal = journal or FakeJournal()
    time = FakeTime()
    artifacts = FakeArtifacts()
    tasks: list[asyncio.Task[None]] = []
    armed: list[float] = []

    def spawn(coro: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(coro, name=name)
        tasks.append(task)
        return task

    await service.open()
    if listener is None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    listener.setblocking(False)
    door = Doorkeeper(
        identity=Identity(host="host-1", decky="web-01", service=name),
        service=service,
        journal=journal,
        artifacts=artifacts,
        limits=limits or Limits(),
        clock=time,
        ids=Ids(time, random.Random(1)),
        spawn=spawn,
        arm=armed.append,
        tarpits=tarpits or Tarpits(),
        listen=_listen,
    )
    found = Hosted(
        address=listener.getsockname()[:2],
        journal=journal,
        time=time,
        door=door,
        artifacts=artifacts,
        armed=armed,
    )
    await door.open([listener])
    try:
        yield found
    finally:
        door.close(at_once=True)
        await door.emptied(2)
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                found.background.append(outcome)
        await service.aclose()
    assert found.background == []
