"""This module keeps what observers recorded until it is durable: the unacknowledged window of every writer.

It outlives the journal actor. An incarnation that was killed leaves the window as it was, the next one takes it up
from the front, and numbers the database has already are recognised, so nothing is lost and nothing kept twice.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from attrs import define, field
from msgspec.structs import replace

from decnet_actors.contracts.analysis import Findings
from decnet_actors.domain.codec import encode_fact
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.records import Record

HIGH_WATER = 0.8  # of a cap; above it observers must stop reading from their peers
IDLE = 1  # pending records that wake a journal with nothing to do
NEVER = 1 << 62


class Pending(NamedTuple):
    """A record that is not durable yet."""

    producer: str
    number: int
    record: Record
    payload: bytes


@define(eq=False)
class Explanation:
    """What an analysis wants kept: how far it has read, its tables, and its findings as records."""

    name: str
    before: int  # seq it had read up to
    seq: int
    findings: Findings
    records: tuple[Pending, ...]
    done: "asyncio.Future[None]" = field(repr=False)
    over: asyncio.Event = field(repr=False, factory=asyncio.Event)  # whether somebody waits or not


class Intake:
    """Takes records from writers and hands them out in the order they came.

    Args:
        producer: unique to this start of the daemon, at most 24 characters.
        max_records: the cap; writers are ``crowded`` from 80 % of it on.
        max_bytes: likewise, of encoded facts.

    """

    def __init__(self, producer: str, *, max_records: int = 50_000, max_bytes: int = 64 * 2**20) -> None:
        self.pending: deque[Pending] = deque()
        self.explanations: deque[Explanation] = deque()
        self.pending_bytes = 0
        self.stalled = False
        self.crowded = False  # observers must stop reading: little room is left, or nothing can be committed
        self.urgent = False  # somebody waits for durability
        self.waiters = 0  # how many do
        self.head: int | None = None  # seq of the newest record that left it durable; None until the journal is open
        self._producer = producer
        self._high_records = int(max_records * HIGH_WATER)
        self._high_bytes = int(max_bytes * HIGH_WATER)
        self._mark = NEVER
        self._signal = asyncio.Event()
        self._writers: dict[str, Writer] = {}
        self._rooms: list[asyncio.Future[None]] = []

    def writer(self) -> "Writer":
        """Return a handle for one more observer."""
        handle = Writer(self, f"{self._producer}.{len(self._writers)}")
        self._writers[handle.producer] = handle
        return handle

    def set_stalled(self, *, stalled: bool) -> None:
        """Note that commits have begun to fail, or work again."""
        self.stalled = stalled
        self._judge_room()

    async def room(self) -> None:
        """Return once there is room."""
        while self.crowded:
            future = asyncio.get_running_loop().create_future()
            self._rooms.append(future)
            await future

    async def wait(self, count: int) -> None:
        """Return when ``count`` records are pending, one is that somebody waits for, or there are explanations."""
        while len(self.pending) < count and not (self.urgent and self.pending) and not self.explanations:
            await self._wait_for_signal(count)

    async def wait_for_count(self, count: int) -> None:
        """Return when ``count`` records are pending, whoever waits."""
        while len(self.pending) < count:
            await self._wait_for_signal(count)

    async def _wait_for_signal(self, count: int) -> None:
        self._signal.clear()
        self._mark = count
        try:
            await self._signal.wait()
        finally:
            self._mark = NEVER

    def front(self, limit: int, max_bytes: int) -> Sequence[Pending]:
        """Return the oldest records, at least one, within both limits; they stay until ``acknowledge``."""
        batch = tuple(islice(self.pending, limit))
        if self.pending_bytes <= max_bytes:
            return batch
        total = 0
        for count, item in enumerate(batch):
            total += len(item.payload)
            if total > max_bytes:
                return batch[: max(count, 1)]
        return batch

    def acknowledge(self, count: int) -> None:
        """Forget the oldest ``count`` records, which are durable now, and tell who waits for them."""
        pending = self.pending
        done: dict[str, int] = {}
        for _ in range(count):
            producer, number, _record, payload = pending.popleft()
            done[producer] = number
            self.pending_bytes -= len(payload)
        for producer, number in done.items():
            self._writers[producer].settled(number)
        self.urgent = self.waiters > 0
        self._judge_room()

    def windows(self) -> Iterator[tuple[str, int]]:
        """Yield each producer that has pending records, with the first of their numbers."""
        seen: set[str] = set()
        for item in self.pending:
            if item.producer not in seen:
                seen.add(item.producer)
                yield item.producer, item.number

    def hurry(self) -> None:
        """Note that somebody waits for durability."""
        self.urgent = True
        self._signal.set()

    def explain(self, explanation: Explanation) -> None:
        """Add what an analysis wants kept at the end."""
        self.explanations.append(explanation)
        self._signal.set()

    def take(self, item: Pending) -> None:
        """Add a record at the end."""
        pending = self.pending
        pending.append(item)
        self.pending_bytes += len(item[3])
        if len(pending) >= self._high_records or self.pending_bytes >= self._high_bytes:
            self.crowded = True
        if len(pending) >= self._mark:
            self._mark = NEVER
            self._signal.set()

    def _judge_room(self) -> None:
        self.crowded = self.stalled or len(self.pending) >= self._high_records or self.pending_bytes >= self._high_bytes
        if self._rooms and not self.crowded:
            rooms, self._rooms = self._rooms, []
            for future in rooms:
                if not future.done():
                    future.set_result(None)


class Writer:
    """The journal as one observer sees it (``contracts.journal.JournalWriter``). Not shared between event loops."""

    def __init__(self, intake: Intake, producer: str) -> None:
        self.producer = producer
        self._intake = intake
        self._number = 0
        self._durable = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []  # a heap; the second number only breaks ties

    def put(self, record: Record) -> int:
        """Take a record without blocking and return its number."""
        self._number = number = self._number + 1
        self._intake.take(pending(self.producer, number, record))
        return number

    @property
    def crowded(self) -> bool:
        """Whether observers must stop reading from their peers."""
        return self._intake.crowded

    async def room(self) -> None:
        """Return once there is room again."""
        await self._intake.room()

    async def durable(self, number: int) -> None:
        """Return once the record with this number, and all before it, are committed."""
        if number <= self._durable:
            return
        if number > self._number:
            raise ValueError(f"number {number} was never put")
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (number, id(future), future))
        self._intake.waiters += 1
        self._intake.hurry()
        await future

    def settled(self, number: int) -> None:
        """Note that everything up to ``number`` is durable."""
        self._durable = number
        waiting = self._waiting
        while waiting and waiting[0][0] <= number:
            future = heapq.heappop(waiting)[2]
            self._intake.waiters -= 1
            if not future.done():
                future.set_result(None)


def pending(producer: str, number: int, record: Record) -> Pending:
    """Return a record on its way; text that is not Unicode (lone surrogates) is recorded escaped."""
    try:
        payload = encode_fact(record.fact)
    except UnicodeEncodeError:
        record = replace(record, fact=_without_surrogates(record.fact))
        payload = encode_fact(record.fact)
    return Pending(producer, number, record, payload)


def _without_surrogates(value: Any) -> Any:  # Any: a fact, or a field of one
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass").decode("utf-8", "backslashreplace")
    if isinstance(value, tuple):
        return tuple(_without_surrogates(item) for item in value)
    if isinstance(value, Fact):
        return replace(value, **{name: _without_surrogates(getattr(value, name)) for name in value.__struct_fields__})
    return value
