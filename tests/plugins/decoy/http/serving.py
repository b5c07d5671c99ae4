"""This module serves the HTTP decoy on a loopback port for one test, with fakes around it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from attrs import define, field

from decnet_actors.conformance.fakes import fake_deps
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.peer import Peer
from plugins.decoy.http import PLUGIN, HttpConfig

PEER = Peer(address="198.51.100.7", port=40_000, local_address="192.0.2.10", local_port=80)
TIMEOUT = 5.0


@define
class Log:
    """The SessionLog of a test; ``durable`` is an event so that a test can hold the journal back."""

    facts: list[Fact] = field(factory=list)
    durable: asyncio.Event = field(factory=asyncio.Event)
    clock: Callable[[], float] = field(default=lambda: 1_700_000_000.0)
    id: str = "0" * 32
    peer: Peer = PEER
    hung_up: bool = False

    def now(self) -> float:
        return self.clock()

    def note(self, fact: Fact) -> None:
        self.facts.append(fact)

    async def settled(self) -> None:
        await self.durable.wait()

    def hang_up(self, *, reset: bool = False) -> None:
        self.hung_up = True


@define
class Served:
    port: int
    log: Log
    deps: Any

    async def ask(self, request: bytes, *, until_closed: bool = True) -> bytes:
        """Send bytes and return the answer: up to the end, or what came first."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            if until_closed:
                writer.write_eof()
            async with asyncio.timeout(TIMEOUT):
                return await (reader.read(-1) if until_closed else reader.read(65536))
        finally:
            writer.close()
            await writer.wait_closed()

    def of(self, *kinds: type[Fact]) -> list[Any]:
        return [fact for fact in self.log.facts if isinstance(fact, kinds)]


@asynccontextmanager
async def served(config: HttpConfig | None = None, *, hold: bool = False, **deps: Any) -> AsyncIterator[Served]:
    """Serve the decoy; ``hold`` keeps facts from becoming durable until ``log.durable.set()``."""
    given = fake_deps(service="http", **deps)
    service = PLUGIN.create(config or HttpConfig(), given)
    await service.open()
    log = Log()
    if not hold:
        log.durable.set()
    listener = socket.create_server(("127.0.0.1", 0))
    server = await asyncio.get_running_loop().create_server(lambda: service.connect(log), sock=listener)
    try:
        yield Served(port=listener.getsockname()[1], log=log, deps=given)
    finally:
        server.close()
        await service.aclose()
        await server.wait_closed()
