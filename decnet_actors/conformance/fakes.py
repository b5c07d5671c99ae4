"""This module gives plugin tests everything a decoy is given, without disk, network or chance of failure."""

import asyncio
import hashlib
import heapq
import random
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from typing import TypeVar

from attrs import evolve

from decnet_actors.conformance.fake_machine import FakeMachine, fake_persona
from decnet_actors.contracts.decoy import DecoyDeps
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.persona import Persona
from decnet_actors.domain.records import Record

F = TypeVar("F", bound=Fact)

NOW = 1_700_000_000.0  # 2023-11-14 22:13:20 UTC; any fixed moment will do


class FakeTime:
    """Seconds that pass only when told. Call it to read it."""

    def __init__(self, now: float = NOW) -> None:
        self.seconds = now

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> float:
        """Return Unix seconds."""
        return self.seconds

    def monotonic(self) -> float:
        """Return the same seconds: nothing steps this clock."""
        return self.seconds

    def advance(self, seconds: float) -> float:
        """Let time pass and return the new time."""
        self.seconds += seconds
        return self.seconds


class FakeJournal:
    """A journal in a list. With ``held`` nothing is durable until ``commit``; set ``crowded`` to stop the readers."""

    def __init__(self, *, held: bool = False) -> None:
        self.records: list[Record] = []
        self.held = held
        self.committed = 0
        self._crowded = False
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._wanting_room: list[asyncio.Future[None]] = []

    @property
    def facts(self) -> list[Fact]:
        """What was recorded, in order."""
        return [record.fact for record in self.records]

    def of(self, kind: type[F]) -> list[F]:
        """Return the recorded facts of a class, in order."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def put(self, record: Record) -> int:
        """Take a record and return its number."""
        self.records.append(record)
        if not self.held:
            self.committed = len(self.records)
        return len(self.records)

    def commit(self, number: int | None = None) -> None:
        """Make everything durable, or everything up to ``number``."""
        self.committed = len(self.records) if number is None else number
        while self._waiting and self._waiting[0][0] <= self.committed:
            future = heapq.heappop(self._waiting)[2]
            if not future.done():
                future.set_result(None)

    @property
    def crowded(self) -> bool:
        """Whether observers must stop reading from their peers."""
        return self._crowded

    @crowded.setter
    def crowded(self, value: bool) -> None:
        self._crowded = value
        if not value:
            for future in self._wanting_room:
                if not future.done():
                    future.set_result(None)
            self._wanting_room.clear()

    async def room(self) -> None:
        """Return once there is room again."""
        if self._crowded:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._wanting_room.append(future)
            await future

    async def durable(self, number: int) -> None:
        """Return once the record with this number is committed."""
        if number > self.committed:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (number, id(future), future))
            await future


class FakePolicy:
    """Accepts exactly the pairs it was given."""

    def __init__(self, pairs: Collection[tuple[str, bytes]] = ()) -> None:
        self.pairs = frozenset(pairs)

    def accepts(self, user: str, secret: bytes, *, service: str) -> bool:  # noqa: ARG002  the port's signature
        """Return whether the pair logs in."""
        return (user, secret) in self.pairs


class FakeArtifacts:
    """Keeps artifacts in a dict, by SHA-256."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def keep(self, data: bytes) -> str:
        """Store the bytes and return their SHA-256."""
        digest = hashlib.sha256(data).hexdigest()
        self.kept[digest] = data
        return digest


class FakeVault:
    """Keeps secrets in a dict; give it to two services to play a restart."""

    def __init__(self, kept: Mapping[str, bytes] = {}) -> None:
        self.kept = dict(kept)

    async def get(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the bytes under ``name``, made once."""
        if name not in self.kept:
            self.kept[name] = make()
        return self.kept[name]

    async def get_all(self, makes: Mapping[str, Callable[[], bytes]]) -> Mapping[str, bytes]:
        """Return the same for several."""
        return {name: await self.get(name, make) for name, make in makes.items()}

    async def prepared(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the same."""
        return await self.get(name, make)


_running: set[asyncio.Task[None]] = set()


def _spawn(work: Coroutine[object, object, None]) -> asyncio.Task[None]:
    task = asyncio.get_running_loop().create_task(work)
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task


async def _at_once(work: Callable[[], bytes]) -> bytes:
    return work()


def fake_deps(
    *,
    decky: str = "web-01",
    service: str = "redis",
    seed: int = 1,
    accepts: Sequence[tuple[str, bytes]] = (),
    persona: Persona | None = None,
    packages: Mapping[str, str] | None = None,
    now: Callable[[], float] | None = None,
    artifacts: FakeArtifacts | None = None,
    vault: FakeVault | None = None,
    offload: Callable[[Callable[[], bytes]], Awaitable[bytes]] = _at_once,
) -> DecoyDeps:
    """Return deps of fakes; equal arguments give services that behave equally.

    ``accepts`` are the (user, secret) pairs the policy lets in; ``packages`` replaces versions of the persona's.
    """
    who = persona or fake_persona(decky)
    if packages is not None:
        who = evolve(who, packages={**who.packages, **packages})
    return DecoyDeps(
        decky=decky,
        service=service,
        persona=who,
        machine=FakeMachine(who),
        policy=FakePolicy(accepts),
        artifacts=artifacts or FakeArtifacts(),
        vault=vault or FakeVault(),
        rng=random.Random(seed),  # noqa: S311  a persona, not a secret
        now=now or FakeTime(),
        offload=offload,
        spawn=_spawn,
    )
