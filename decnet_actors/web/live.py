"""This module fans committed facts and snapshots out to browsers, each with a bounded queue of its own."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import msgspec
from attrs import define, field

from decnet_actors.contracts.journal import JournalReader
from decnet_actors.domain.codec import plain
from decnet_actors.domain.facts import TerminalSeen
from decnet_actors.domain.records import Entry
from decnet_actors.domain.registry import TOPIC_TAILS

EVENTS = "events"  # the topic of committed facts
MAX_QUEUED = 500  # facts that wait for one browser; at more than 2,500 a second it is told of a gap instead
MAX_ENCODED = 2 * MAX_QUEUED  # frames kept, because several browsers want the same ones
SNAPSHOT_EVERY = 2.0  # seconds

Snapshot = Callable[[], Awaitable[object]]


def event_row(entry: Entry) -> Mapping[str, Any]:  # Any: JSON
    """Return a committed fact as JSON-ready values."""
    record = entry.record
    return {
        "seq": entry.seq,
        "id": record.id,
        "time": record.time,
        "host": record.host,
        "decky": record.decky,
        "service": record.service,
        "session": record.session,
        "source": record.source,
        "source_port": record.source_port,
        "kind": record.kind,
        "topic": record.topic,
        "fact": plain(record.fact),
    }


def frame(event: str, data: object, *, seq: int | None = None) -> bytes:
    """Return one server-sent event; JSON has no raw newline, so one data line is enough."""
    head = b"" if seq is None else f"id: {seq}\n".encode()
    return head + b"event: " + event.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"


def is_shown(entry: Entry) -> bool:
    """Return whether a fact goes to the live stream; terminal bytes are for the replay."""
    return not isinstance(entry.record.fact, TerminalSeen)


@define(eq=False)
class Browser:
    """One open stream.

    ``joined_at`` is the seq up to which a replay has to come from the journal; everything after it is queued.
    """

    topics: frozenset[str]
    joined_at: int = 0
    dropped: int = 0
    closed: bool = False
    queue: deque[Entry] = field(factory=deque)
    snapshots: dict[str, bytes] = field(factory=dict)
    ready: asyncio.Event = field(factory=asyncio.Event)

    def offer(self, entry: Entry) -> None:
        """Queue a fact; the oldest makes room and is counted."""
        if len(self.queue) >= MAX_QUEUED:
            self.queue.popleft()
            self.dropped += 1
        self.queue.append(entry)
        self.ready.set()

    def show(self, topic: str, data: bytes) -> None:
        """Replace the snapshot of a topic; only the newest matters."""
        self.snapshots[topic] = data
        self.ready.set()

    def take(self, *, after: int, encode: Callable[[Entry], bytes]) -> bytes:
        """Return everything to send now, without facts up to ``after``; empty when there is nothing.

        Facts become frames only here, so that what is dropped in a flood costs nothing.
        """
        parts: list[bytes] = []
        if self.dropped:
            parts.append(frame("gap", {"dropped": self.dropped}))
            self.dropped = 0
        parts.extend(encode(entry) for entry in self.queue if entry.seq > after)
        parts.extend(self.snapshots.values())
        self.queue.clear()
        self.snapshots.clear()
        self.ready.clear()
        return b"".join(parts)


class LiveHub:
    """Follows the journal once for all browsers, and not at all while there is none.

    Args:
        journal: where facts come from.
        snapshots: topic -> how to get its present state; asked only while somebody looks.
        row: makes the JSON of a fact.

    """

    def __init__(
        self,
        journal: JournalReader,
        snapshots: Mapping[str, Snapshot],
        row: Callable[[Entry], object] = event_row,
    ) -> None:
        self.journal = journal
        self._snapshots = snapshots
        self._row = row
        self._browsers: set[Browser] = set()
        self._wanted = asyncio.Event()
        self._started = asyncio.Event()
        self._encoded: OrderedDict[int, bytes] = OrderedDict()
        self.position = 0

    @property
    def topics(self) -> frozenset[str]:
        """What a stream may ask for."""
        return frozenset({EVENTS, *self._snapshots})

    def __len__(self) -> int:
        return len(self._browsers)

    def close(self) -> None:
        """End every stream; browsers come back by themselves."""
        for browser in self._browsers:
            browser.closed = True
            browser.ready.set()

    @asynccontextmanager
    async def join(self, topics: frozenset[str]) -> AsyncIterator[Browser]:
        """Add a browser until the block ends; it begins once the journal is followed."""
        browser = Browser(topics=topics)
        self._browsers.add(browser)
        try:
            self._wanted.set()
            await self._started.wait()
            browser.joined_at = self.position
            yield browser
        finally:
            self._browsers.discard(browser)
            if not self._browsers:
                self._wanted.clear()

    def encode(self, entry: Entry) -> bytes:
        """Return the frame of a fact."""
        data = self._encoded.get(entry.seq)
        if data is None:
            data = frame(TOPIC_TAILS[type(entry.record.fact)], self._row(entry), seq=entry.seq)
            self._encoded[entry.seq] = data
            if len(self._encoded) > MAX_ENCODED:
                self._encoded.popitem(last=False)
        return data

    async def follow(self) -> None:
        """Hand every newly committed fact to every browser, until cancelled."""
        while True:
            await self._wanted.wait()
            self.position = await self.journal.head()
            self._started.set()
            async with aclosing(self.journal.follow(after=self.position)) as entries:
                async for entry in entries:
                    if not self._browsers:
                        self._started.clear()
                        break
                    self._hand_out(entry)

    def _hand_out(self, entry: Entry) -> None:
        self.position = entry.seq
        if is_shown(entry):
            for browser in self._browsers:
                if EVENTS in browser.topics:
                    browser.offer(entry)

    async def watch(self, every: float = SNAPSHOT_EVERY) -> None:
        """Hand snapshots to whoever looks at them, until cancelled."""
        while True:
            for topic, ask in self._snapshots.items():
                listeners = [browser for browser in self._browsers if topic in browser.topics]
                if listeners:
                    data = frame(topic, await ask())
                    for browser in listeners:
                        browser.show(topic, data)
            await asyncio.sleep(every)

    async def replay(self, *, after: int, until: int, limit: int = 500) -> Sequence[Entry]:
        """Return stored facts with ``after < seq <= until``, at most ``limit``."""
        return [entry for entry in await self.journal.read(after=after, limit=limit) if entry.seq <= until]
