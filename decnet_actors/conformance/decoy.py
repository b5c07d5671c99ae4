"""This module checks what every decoy plugin promises. Authors of plugins call ``check_decoy`` in their own tests.

Sans-io services are checked in full; services that host a library are fed the same bytes over a transport in memory.
"""

import asyncio
import contextlib
import gc
import logging
import math
import random
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import attrs

from decnet_actors.conformance.fakes import FakeTime
from decnet_actors.conformance.memory_transport import FakeLog, MemoryTransport
from decnet_actors.conformance.openings import OPENINGS
from decnet_actors.contracts.decoy import (
    DataSession,
    DecoyDeps,
    DecoyService,
    HangUp,
    ListenData,
    Note,
    Send,
    Session,
    SessionEffect,
    WakeAt,
)
from decnet_actors.contracts.plugin import Plugin

MakeDeps = Callable[[FakeTime], DecoyDeps]

MAX_GROWTH = 4 * 1024 * 1024  # bytes one session may hold after any input
FLOOD = 5 * 1024 * 1024  # bytes fed to find out; less where each byte means work
DATA_PORT = 40_000  # where the host waits, whatever was asked for
MAX_TICKS = 2_000  # of one silent session in a day
STREAMS = 60  # of garbage
_CHUNK = 16 * 1024
_DAY = 86_400.0
_TURNS = 20  # of the loop for a library to react

# What must never be seen on the wire (compared in lower case): it would name what is behind the decoy.
GIVE_AWAYS = (b"decnet", b"python", b"traceback", b"asyncssh", b"aiohttp", b"honeypot", b"cowrie", b"twisted")


class ConformanceError(AssertionError):
    """A plugin does not keep a promise of its kind."""


async def check_decoy(
    plugin: Plugin[Any],  # Any: its own config class
    make_deps: MakeDeps,
    *,
    config: Any = None,  # Any: as above
    samples: Sequence[bytes] = (),
    seed: int = 1,
) -> None:
    """Raise ``ConformanceError`` for the first promise that is not kept.

    Args:
        plugin: what is checked.
        make_deps: returns fresh deps for a clock; equal ones every time.
        config: of the plugin; its defaults if ``None``.
        samples: bytes a real client sends, so that more than the openings is reached.
        seed: of the garbage.

    """
    _check_form(plugin)
    bench = _Bench(plugin, make_deps, plugin.config() if config is None else config)
    streams = [*OPENINGS, *samples, *_garbage(random.Random(seed), [*OPENINGS, *samples])]  # noqa: S311  test data
    with _quiet(plugin.id):
        await bench.check_life()
        if await bench.is_sans_io():
            await bench.check_streams(streams)
            await bench.check_silence()
            await bench.check_memory()
        else:
            await bench.check_library(streams)


def _check_form(plugin: Plugin[Any]) -> None:  # Any: its own config class
    _promise(plugin.kind == "decoy", f"{plugin.id}: the id of a decoy begins with 'decoy.'")
    _promise(bool(plugin.summary), f"{plugin.id}: no summary")
    fields = {field.name: field for field in attrs.fields(plugin.config)}
    _promise("port" in fields, f"{plugin.id}: its config has no port")
    for field in fields.values():
        _promise(bool(field.metadata.get("help")), f"{plugin.id}: option {field.name} has no help")
        _promise(field.default is not attrs.NOTHING, f"{plugin.id}: option {field.name} has no default")


class _Bench:
    def __init__(self, plugin: Plugin[Any], make_deps: MakeDeps, config: Any) -> None:  # Any: its own config class
        self._plugin = plugin
        self._make_deps = make_deps
        self._config = config

    @contextlib.asynccontextmanager
    async def _service(self) -> "Any":  # an async iterator of (DecoyService, FakeTime)
        time = FakeTime()
        service: DecoyService = self._plugin.create(self._config, self._make_deps(time))
        await service.open()
        try:
            yield service, time
        finally:
            await service.aclose()

    async def is_sans_io(self) -> bool:
        """Return which shape the service has."""
        async with self._service() as (service, time):
            return not isinstance(service.connect(FakeLog(time)), asyncio.Protocol)

    async def check_life(self) -> None:
        """``aclose`` works without, and after a failed, ``open``."""
        time = FakeTime()
        never_opened: DecoyService = self._plugin.create(self._config, self._make_deps(time))
        await never_opened.aclose()
        broken: DecoyService = self._plugin.create(
            self._config, attrs.evolve(self._make_deps(time), vault=_BrokenVault(), offload=_broken_offload)
        )
        with contextlib.suppress(OSError):
            await broken.open()
        await broken.aclose()

    async def check_streams(self, streams: Sequence[bytes]) -> None:
        """Any split gives the same effects, equal chance gives equal effects, nothing crashes or names us."""
        chance = random.Random(2)  # noqa: S311  test data
        for stream in streams:
            whole = await self._transcript([stream])
            again = await self._transcript([stream])
            _promise(whole == again, f"{self._plugin.id}: not the same effects for the same chance: {stream[:80]!r}")
            for chunks in (_bytes(stream), _cut(stream, chance)):
                split = await self._transcript(chunks)
                _promise(
                    whole == split,
                    f"{self._plugin.id}: effects depend on how the stream is cut: {stream[:80]!r}\n"
                    f"whole: {_short(whole)}\nsplit: {_short(split)}",
                )

    async def _transcript(self, chunks: Sequence[bytes]) -> list[object]:
        """Return what follows the chunks, replies joined, and then half an hour of silence."""
        async with self._service() as (service, time):
            session: Session = service.connect(FakeLog(time))
            stage = _Stage(self._plugin.id, session, time)
            stage.take(session.opened(time()))
            for chunk in filter(None, chunks):
                if stage.over:
                    break
                stage.take(session.received(chunk, time()))
            stage.mark("silence")
            stage.pass_time(1800.0)
            if not stage.over:
                stage.take(session.ended(time()))
            stage.mark("gone")
            stage.over = True
            for effect in session.closed(time()):
                stage.say(effect)
            return stage.joined()

    async def check_silence(self) -> None:
        """A silent session costs little, and may be dropped at any time."""
        async with self._service() as (service, time):
            session: Session = service.connect(FakeLog(time))
            stage = _Stage(self._plugin.id, session, time)
            stage.take(session.opened(time()))
            stage.pass_time(_DAY)
            session.closed(time())
            dropped: Session = service.connect(FakeLog(time, "session-2"))
            dropped.closed(time())

    async def check_memory(self) -> None:
        """No input makes a session hold more than ``MAX_GROWTH``."""
        chance = random.Random(3)  # noqa: S311  test data
        floods = (
            (b"a" * _CHUNK, FLOOD),
            (b"\xff\xfa" * (_CHUNK // 2), FLOOD // 16),
            (chance.randbytes(_CHUNK), FLOOD // 16),
            (b"*65536\r\n$9\r\n123456789\r\n" * 500, FLOOD // 16),
        )
        for flood, size in floods:
            async with self._service() as (service, time):
                shared = _reachable([service], set())[1]
                session: Session = service.connect(FakeLog(time))
                over = _is_over(session.opened(time()))
                for _ in range(size // len(flood)):
                    if over:
                        break
                    over = _is_over(session.received(flood, time()))
                held = _reachable([session], shared)[0]
                session.closed(time())
            _promise(held < MAX_GROWTH, f"{self._plugin.id}: holds {held} bytes after a flood of {flood[:4]!r}")

    async def check_library(self, streams: Sequence[bytes]) -> None:
        """A hosted library survives anything and names nobody."""
        failures: list[dict[str, Any]] = []  # Any: asyncio's context
        loop = asyncio.get_running_loop()
        before = loop.get_exception_handler()
        loop.set_exception_handler(lambda _loop, context: failures.append(context))
        try:
            async with self._service() as (service, time):
                for number, stream in enumerate(streams):
                    await self._fed(service, FakeLog(time, f"session-{number}"), [stream])
                    await self._fed(service, FakeLog(time, f"bytes-{number}"), _bytes(stream[:400]))
                    _promise(not failures, f"{self._plugin.id}: {stream[:80]!r} ended in {failures[:1]}")
        finally:
            loop.set_exception_handler(before)

    async def _fed(self, service: DecoyService, log: FakeLog, chunks: Sequence[bytes]) -> None:
        protocol = service.connect(log)
        if not isinstance(protocol, asyncio.Protocol):
            raise ConformanceError(f"{self._plugin.id}: one service gives sessions of two shapes")
        transport = log.transport = MemoryTransport(protocol)
        protocol.connection_made(transport)
        await _turns(_TURNS)
        for chunk in chunks:
            if transport.closed:
                break
            if chunk:
                protocol.data_received(chunk)
            await asyncio.sleep(0)
        await _turns(_TURNS)
        if not transport.closed and not protocol.eof_received():
            transport.close()
        await _turns(_TURNS)
        transport.close()
        await _turns(_TURNS)
        _anonymous(self._plugin.id, bytes(transport.written))


class _Stage:
    """Plays the host for one sans-io session."""

    def __init__(self, plugin: str, session: Session, time: FakeTime) -> None:
        self._plugin = plugin
        self._session = session
        self._time = time
        self._wake = math.inf
        self._said: list[object] = []
        self.over = False

    def take(self, effects: Sequence[SessionEffect]) -> None:
        for effect in effects:
            _promise(not self.over, f"{self._plugin}: effects after HangUp: {effect}")
            if isinstance(effect, WakeAt):
                self._wake = effect.when
            else:
                self.say(effect)
            if isinstance(effect, ListenData):
                self.take(cast("DataSession", self._session).data_listening(DATA_PORT, self._time()))
            if isinstance(effect, HangUp):
                self.over = True

    def say(self, effect: SessionEffect) -> None:
        if isinstance(effect, Send):
            _promise(isinstance(effect.data, bytes), f"{self._plugin}: Send of {type(effect.data).__name__}")
            self._said.append(effect.data)
        elif isinstance(effect, Note):
            self._said.append(effect.fact)
        elif isinstance(effect, HangUp):
            self._said.append(effect)

    def mark(self, text: str) -> None:
        self._said.append(text)

    def pass_time(self, seconds: float) -> None:
        end, ticks = self._time() + seconds, 0
        while self._wake <= end and not self.over:
            ticks += 1
            _promise(ticks <= MAX_TICKS, f"{self._plugin}: more than {MAX_TICKS} wake-ups of a silent session")
            self._time.seconds = max(self._time(), self._wake)
            self._wake = math.inf
            self.take(self._session.tick(self._time()))
        self._time.seconds = end

    def joined(self) -> list[object]:
        found: list[object] = []
        for item in self._said:
            if isinstance(item, bytes) and found and isinstance(found[-1], bytes):
                found[-1] = found[-1] + item
            else:
                found.append(item)
        for item in found:
            if isinstance(item, bytes):
                _anonymous(self._plugin, item)
        return found


class _BrokenVault:
    async def get(self, name: str, make: Callable[[], bytes]) -> bytes:  # noqa: ARG002  the port's signature
        raise OSError(28, "No space left on device")

    async def get_all(self, makes: Mapping[str, Callable[[], bytes]]) -> Mapping[str, bytes]:  # noqa: ARG002  likewise
        raise OSError(28, "No space left on device")

    prepared = get


async def _broken_offload(work: Callable[[], bytes]) -> bytes:  # noqa: ARG001  the port's signature
    raise OSError(28, "No space left on device")


class _Loud(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG + 1)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextlib.contextmanager
def _quiet(plugin: str) -> Iterator[None]:
    """Peers must not be able to write to the operator's log."""
    loud = _Loud()
    logging.getLogger().addHandler(loud)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(loud)
    found = [record for record in loud.records if record.name != "asyncio"]
    _promise(not found, f"{plugin}: logs above DEBUG: {[record.getMessage()[:120] for record in found[:3]]}")


def _reachable(roots: Sequence[object], known: set[int]) -> tuple[int, set[int]]:
    """Return how many bytes the objects reachable from the roots take, but for those known, and all their ids."""
    seen, size, waiting = set(known), 0, list(roots)
    while waiting:
        item = waiting.pop()
        if id(item) in seen or isinstance(item, type | types.ModuleType | types.FunctionType | types.CodeType):
            continue
        seen.add(id(item))
        size += sys.getsizeof(item)
        waiting += gc.get_referents(item)
    return size, seen


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def _garbage(chance: random.Random, seeds: Sequence[bytes]) -> Iterator[bytes]:
    """Yield mutated and shuffled openings, and noise."""
    for number in range(STREAMS):
        data = bytearray(b"".join(chance.choices(seeds, k=chance.randrange(1, 4)))[:6000])
        for _ in range(chance.randrange(8) if data else 0):
            place = chance.randrange(len(data))
            data[place : place + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
            if not data:
                break
        yield bytes(data) if number % 4 else chance.randbytes(chance.randrange(300))


def _bytes(stream: bytes) -> list[bytes]:
    return [stream[at : at + 1] for at in range(len(stream))]


def _cut(stream: bytes, chance: random.Random) -> list[bytes]:
    chunks, at = [], 0
    while at < len(stream):
        size = chance.randrange(1, 64)
        chunks.append(stream[at : at + size])
        at += size
    return chunks


def _is_over(effects: Sequence[SessionEffect]) -> bool:
    return any(isinstance(effect, HangUp) for effect in effects)


def _anonymous(plugin: str, sent: bytes) -> None:
    lowered = sent.lower()
    for word in GIVE_AWAYS:
        _promise(word not in lowered, f"{plugin}: {word.decode()!r} on the wire: {sent[:200]!r}")


def _short(transcript: Sequence[object]) -> str:
    return "; ".join(repr(item)[:160] for item in transcript[:12])


def _promise(kept: bool, text: str) -> None:  # noqa: FBT001  an assertion
    if not kept:
        raise ConformanceError(text)
