import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.journal import JournalReader
from decnet_actors.domain.records import Entry
from decnet_actors.store import reader as reader_module
from decnet_actors.store.reader import Reader, Subscribe
from supervisors.testing import settle
from tests.decnet_actors.store.journals import Harness
from tests.decnet_actors.store.samples import login, record


class Bus:
    """A bus that loses what it is told to lose."""

    def __init__(self) -> None:
        self.sinks: list[Callable[[Entry], None]] = []
        self.lost: set[int] = set()

    def subscribe(self, sink: Callable[[Entry], None]) -> Callable[[], None]:
        self.sinks.append(sink)
        return lambda: self.sinks.remove(sink)

    def publish(self, entries) -> None:
        for entry in entries:
            for sink in self.sinks:
                if entry.seq not in self.lost:
                    sink(entry)


class LiveHarness(Harness):
    """A journal that publishes on a bus."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.bus = Bus()

    def publish(self, entries) -> None:
        super().publish(entries)
        self.bus.publish(entries)


def as_port(reader: Reader) -> JournalReader:
    return reader


@pytest.fixture
async def harness(engine: AsyncEngine):
    harness = LiveHarness(engine)
    await harness.start()
    yield harness
    await harness.aclose()


async def collect(reader: Reader, count: int, after: int | None, got: list[int]) -> None:
    entries = reader.follow(after=after)
    async for entry in entries:
        got.append(entry.seq)
        if len(got) == count:
            break
    await entries.aclose()


async def test_stored_entries_are_read_in_order_and_in_pages(harness: LiveHarness) -> None:
    reader = as_port(Reader(harness.engine))
    assert await reader.head() == 0
    assert await reader.read(after=0) == ()
    await harness.keep(*(record(n, login(secret=bytes([n]))) for n in range(5)))

    first = await reader.read(after=0, limit=3)
    rest = await reader.read(after=3, limit=3)
    assert await reader.head() == 5
    assert [*first, *rest] == harness.published


async def test_following_without_a_bus_ends_with_what_is_stored(harness: LiveHarness) -> None:
    await harness.keep(record(1), record(2))

    assert [entry.seq async for entry in Reader(harness.engine).follow(after=1)] == [2]


async def test_a_follower_gets_stored_and_then_live_entries(harness: LiveHarness) -> None:
    reader = Reader(harness.engine, harness.bus.subscribe)
    await harness.keep(record(1), record(2))
    got: list[int] = []
    async with asyncio.TaskGroup() as group:
        group.create_task(collect(reader, 5, 0, got))
        while len(got) < 2:
            await settle()
        await harness.keep(record(3))
        await harness.keep(record(4), record(5))

    assert got == [1, 2, 3, 4, 5]
    assert harness.bus.sinks == []


class ObservedReader(Reader):
    """Tells when it was asked for the head."""

    def __init__(self, engine: AsyncEngine, subscribe: Subscribe) -> None:
        super().__init__(engine, subscribe)
        self.asked = asyncio.Event()

    async def head(self) -> int:
        head = await super().head()
        self.asked.set()
        return head


async def test_from_now_on_means_what_comes_after(harness: LiveHarness) -> None:
    reader = ObservedReader(harness.engine, harness.bus.subscribe)
    await harness.keep(record(1))
    got: list[int] = []
    async with asyncio.TaskGroup() as group:
        task = group.create_task(collect(reader, 1, None, got))
        await reader.asked.wait()
        await harness.keep(record(2))
        await task

    assert got == [2]


async def test_what_the_bus_loses_is_read_from_the_table(harness: LiveHarness) -> None:
    harness.bus.lost = {2, 3, 5}
    reader = Reader(harness.engine, harness.bus.subscribe)
    got: list[int] = []
    async with asyncio.TaskGroup() as group:
        group.create_task(collect(reader, 6, 0, got))
        while not harness.bus.sinks:
            await settle()
        for n in range(1, 7):
            await harness.keep(record(n))

    assert got == [1, 2, 3, 4, 5, 6]


async def test_a_follower_that_is_too_slow_misses_nothing(sqlite_engine: AsyncEngine, monkeypatch) -> None:
    monkeypatch.setattr(reader_module, "MAX_QUEUED", 2)
    monkeypatch.setattr(reader_module, "PAGE", 3)
    harness = LiveHarness(sqlite_engine)
    await harness.start()
    entries = Reader(harness.engine, harness.bus.subscribe).follow(after=0)
    await harness.keep(record(0))
    got = [(await anext(entries)).seq]
    for n in range(1, 10):
        await harness.keep(record(n))
    got += [(await anext(entries)).seq for _ in range(9)]
    await entries.aclose()

    assert got == list(range(1, 11))
    await harness.aclose()
