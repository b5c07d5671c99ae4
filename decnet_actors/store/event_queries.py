"""This module answers questions about events."""

import math
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from attrs import frozen
from sqlalchemy import BigInteger, ColumnElement, Integer, cast, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.domain.codec import plain
from decnet_actors.domain.records import Entry
from decnet_actors.store.event_operations import Bucket, EventRow, Histogram
from decnet_actors.store.ranges import Filter, SeqRange, conditions, seq_range
from decnet_actors.store.reader import COLUMNS, entry_of
from decnet_actors.store.summaries import summary
from decnet_actors.store.tables import fact, minute

WINDOW = 50_000  # seqs one statement looks at: short statements let SQLite's log be checkpointed
MAX_SCAN = 1_000_000  # seqs one page looks at before it hands out a cursor instead
DAY = 86_400.0
MINUTE = 60


@frozen
class Found:
    """A page of events, newest first; the next page is ``seq < before``."""

    entries: Sequence[Entry]
    before: int | None


@frozen(kw_only=True)
class Span:
    """A span of time in whole steps."""

    since: float
    until: float
    step: int  # minutes

    @property
    def starts(self) -> Sequence[float]:
        """When each step begins."""
        seconds = self.step * MINUTE
        return [self.since + seconds * index for index in range(round((self.until - self.since) / seconds))]


def span(since: float | None, until: float | None, buckets: int, now: float) -> Span:
    """Return the span in about ``buckets`` steps of whole minutes, widened to whole steps; a day until now at first."""
    end = now if until is None else until
    begin = end - DAY if since is None else min(since, end)
    step = max(1, math.ceil((end - begin) / MINUTE / buckets))
    seconds = step * MINUTE
    low, high = math.floor(begin / seconds) * seconds, math.ceil(end / seconds) * seconds
    return Span(since=float(low), until=float(max(high, low + seconds)), step=step)


class EventQueries:
    """Reads facts.

    Args:
        engine: of the store.
        now: Unix seconds.

    """

    def __init__(self, engine: AsyncEngine, now: Callable[[], float]) -> None:
        self._engine = engine
        self._now = now
        self._dialect = engine.dialect.name

    async def page(self, wanted: Filter, *, limit: int, before: int | None = None) -> Found:
        """Return the newest matching events before ``before``; a page may be short and still have a next one."""
        async with self._engine.connect() as connection:
            found = await seq_range(connection, wanted)
        position = found.high + 1 if before is None else min(before, found.high + 1)
        stop = max(found.low, position - MAX_SCAN)
        where = conditions(wanted, self._dialect)
        entries: list[Entry] = []
        while position > stop and len(entries) < limit:
            bottom = max(stop, position - WINDOW)
            query = (
                select(*COLUMNS)
                .where(fact.c.seq < position, fact.c.seq >= bottom, *where)
                .order_by(fact.c.seq.desc())
                .limit(limit - len(entries))
            )
            async with self._engine.connect() as connection:
                entries += [entry_of(row) for row in await connection.execute(query)]
            position = entries[-1].seq if len(entries) == limit else bottom
        return Found(entries, position if position > found.low else None)

    async def get(self, ident: str) -> Entry | None:
        """Return the event with this seq (decimal digits) or id."""
        if ident.isascii() and ident.isdigit() and len(ident) < 19:  # noqa: PLR2004  digits that fit 64 bits
            where, found = fact.c.seq == int(ident), SeqRange(int(ident), int(ident))
        else:
            try:
                # the first 48 bits of an id are its milliseconds, which give the minute
                moment = int(ident[:12], 16) / 1000
            except ValueError:
                return None
            async with self._engine.connect() as connection:
                found = await seq_range(connection, Filter(since=moment - MINUTE, until=moment + MINUTE))
            where = fact.c.id == ident
        query = select(*COLUMNS).where(fact.c.seq >= found.low, fact.c.seq <= found.high, where)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else entry_of(row)

    async def forward(self, wanted: Filter) -> AsyncIterator[Entry]:
        """Yield all matching events, oldest first."""
        async with self._engine.connect() as connection:
            found = await seq_range(connection, wanted)
        where = conditions(wanted, self._dialect)
        position = found.low
        while position <= found.high:
            query = (
                select(*COLUMNS)
                .where(fact.c.seq >= position, fact.c.seq < position + WINDOW, fact.c.seq <= found.high, *where)
                .order_by(fact.c.seq)
                .limit(1000)
            )
            async with self._engine.connect() as connection:
                rows = (await connection.execute(query)).all()
            for row in rows:
                yield entry_of(row)
            position = rows[-1].seq + 1 if len(rows) == 1000 else position + WINDOW  # noqa: PLR2004  the limit above

    async def kinds(self, wanted: Filter) -> dict[str, int]:
        """Count matching events of each class."""
        counts: dict[str, int] = {}
        async for kind, number in self._grouped(wanted, fact.c.kind):
            counts[str(kind)] = counts.get(str(kind), 0) + number
        return counts

    async def histogram(self, wanted: Filter, buckets: int) -> Histogram:
        """Count matching events over time."""
        wide = span(wanted.since, wanted.until, buckets, self._now())
        counts: dict[int, int] = {}
        whole = Filter(
            decky=wanted.decky,
            service=wanted.service,
            source=wanted.source,
            session=wanted.session,
            kinds=wanted.kinds,
            since=wide.since,
            until=wide.until,
        )
        if whole.narrow:
            bucket = self._whole(fact.c.time / (wide.step * MINUTE))
            async for key, number in self._grouped(whole, bucket):
                counts[int(str(key))] = counts.get(int(str(key)), 0) + number
        else:
            bucket = minute.c.minute // wide.step
            query = (
                select(bucket, func.sum(minute.c.events))
                .where(minute.c.minute >= int(wide.since) // MINUTE, minute.c.minute < int(wide.until) // MINUTE)
                .group_by(bucket)
            )
            async with self._engine.connect() as connection:
                counts = {int(key): int(number) for key, number in await connection.execute(query)}
        seconds = wide.step * MINUTE
        return Histogram(
            since=wide.since,
            until=wide.until,
            step=float(seconds),
            items=tuple(Bucket(time=at, count=counts.get(round(at / seconds), 0)) for at in wide.starts),
        )

    async def _grouped(
        self, wanted: Filter, key: ColumnElement[Any]
    ) -> AsyncIterator[tuple[object, int]]:  # Any: what is grouped by
        async with self._engine.connect() as connection:
            found = await seq_range(connection, wanted)
        where = conditions(wanted, self._dialect)
        for position in range(found.low, found.high + 1, WINDOW):
            last = min(position + WINDOW - 1, found.high)
            query = select(key, func.count()).where(fact.c.seq >= position, fact.c.seq <= last, *where).group_by(key)
            async with self._engine.connect() as connection:
                for row in await connection.execute(query):
                    yield row[0], row[1]

    def _whole(self, value: ColumnElement[Any]) -> ColumnElement[int]:  # Any: a number
        """Round down. Times are positive, so cutting, which is what SQLite can do, is the same."""
        if self._dialect == "sqlite":
            return cast(value, Integer)
        return cast(func.floor(value), Integer if self._dialect == "mysql" else BigInteger)


def event_row(entry: Entry) -> EventRow:
    """Return an event as operators see it."""
    record = entry.record
    return EventRow(
        seq=entry.seq,
        id=record.id,
        time=record.time,
        host=record.host,
        decky=record.decky,
        service=record.service,
        session=record.session,
        source=record.source,
        source_port=record.source_port,
        kind=record.kind,
        topic=record.topic,
        summary=summary(record.fact),
        fact=plain(record.fact),
    )
