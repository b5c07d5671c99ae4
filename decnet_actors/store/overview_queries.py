"""This module answers what happened in numbers, and how the database is doing."""

from collections.abc import Callable, Sequence
from typing import Any

from attrs import frozen
from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from decnet_actors.domain.text import MAX_SHOWN, escaped
from decnet_actors.store.event_queries import MINUTE, span
from decnet_actors.store.overview_operations import Figure, Overview, OverviewArgs, Point, Ranked
from decnet_actors.store.ranges import Filter, seq_range
from decnet_actors.store.tables import credential, dead_letter, fact, minute, session

SIZES = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
    "mysql": "SELECT sum(data_length + index_length) FROM information_schema.tables WHERE table_schema = database()",
}


@frozen(kw_only=True)
class DatabaseFigures:
    """What the database knows of itself."""

    size: int  # bytes
    events: int
    oldest: float | None
    newest: float | None
    dead_letters: int


@frozen(kw_only=True)
class _Totals:
    events: int = 0
    sessions: int = 0
    credentials: int = 0
    accepted: int = 0
    sources: int = 0
    commands: int = 0
    files: int = 0


class OverviewQueries:
    """Reads numbers. Totals come from whole minutes, so no fact is looked at."""

    def __init__(self, engine: AsyncEngine, now: Callable[[], float]) -> None:
        self._engine = engine
        self._now = now

    async def overview(self, args: OverviewArgs) -> Overview:
        """Return what happened in a span, and in the one before it."""
        wide = span(args.since, args.until, args.buckets, self._now())
        length = wide.until - wide.since
        async with self._engine.connect() as connection:
            now = await _totals(connection, wide.since, wide.until)
            before = await _totals(connection, wide.since - length, wide.since)
            series = await _series(connection, wide.since, wide.until, wide.step)
            opened = await _opened(connection, wide.since, wide.until)
            still = select(func.count()).select_from(session).where(session.c.closed.is_(None))
            seen = credential.c.last_seen >= wide.since
            return Overview(
                since=wide.since,
                until=wide.until,
                step=float(wide.step * MINUTE),
                events=Figure(value=now.events, previous=before.events),
                sessions=Figure(value=now.sessions, previous=before.sessions),
                credentials=Figure(value=now.credentials, previous=before.credentials),
                accepted=Figure(value=now.accepted, previous=before.accepted),
                sources=Figure(value=now.sources, previous=before.sources),
                commands=Figure(value=now.commands, previous=before.commands),
                files=Figure(value=now.files, previous=before.files),
                open_sessions=(await connection.execute(still)).scalar() or 0,
                last_event=await _last_event(connection),
                series=tuple(
                    series.get(round(at / (wide.step * MINUTE)), Point(**dict.fromkeys(_COUNTS, 0), time=at))
                    for at in wide.starts
                ),
                deckies=await _ranking(connection, session.c.decky, func.count(), opened, args.top),
                services=await _ranking(connection, session.c.service, func.count(), opened, args.top),
                top_sources=await _ranking(connection, session.c.source, func.count(), opened, args.top),
                users=await _ranking(
                    connection,
                    credential.c.user,
                    func.sum(credential.c.count),
                    [seen, credential.c.user.is_not(None)],
                    args.top,
                ),
                secrets=await _ranking(
                    connection,
                    credential.c.secret,
                    func.sum(credential.c.count),
                    [seen, credential.c.kind == "plaintext"],
                    args.top,
                ),
            )

    async def database(self) -> DatabaseFigures:
        """Return how large the database is and what it holds."""
        async with self._engine.connect() as connection:
            size = (await connection.execute(text(SIZES[self._engine.dialect.name]))).scalar()
            events = (await connection.execute(select(func.sum(minute.c.events)))).scalar()
            oldest = select(fact.c.time).order_by(fact.c.seq).limit(1)
            dead = select(func.count()).select_from(dead_letter)
            return DatabaseFigures(
                size=int(size or 0),
                events=int(events or 0),
                oldest=(await connection.execute(oldest)).scalar(),
                newest=await _last_event(connection),
                dead_letters=(await connection.execute(dead)).scalar() or 0,
            )


_COUNTS = ("events", "sessions", "credentials", "accepted")


def _sums() -> list[ColumnElement[Any]]:  # Any: each engine sums to another type
    return [func.sum(minute.c[name]) for name in _COUNTS]


async def _last_event(connection: AsyncConnection) -> float | None:
    newest = select(fact.c.time).order_by(fact.c.seq.desc()).limit(1)
    time: float | None = (await connection.execute(newest)).scalar()
    return time


async def _opened(connection: AsyncConnection, since: float, until: float) -> list[ColumnElement[bool]]:
    """Return what sessions that were opened in the span fulfil."""
    found = await seq_range(connection, Filter(since=since, until=until))
    return [
        session.c.first_seq >= found.low,
        session.c.first_seq <= found.high,
        session.c.opened >= since,
        session.c.opened < until,
    ]


async def _totals(connection: AsyncConnection, since: float, until: float) -> _Totals:
    query = select(*_sums()).where(minute.c.minute >= int(since) // MINUTE, minute.c.minute < int(until) // MINUTE)
    counts = [int(value or 0) for value in (await connection.execute(query)).one()]
    sessions = select(
        func.count(session.c.source.distinct()), func.sum(session.c.commands), func.sum(session.c.files)
    ).where(*await _opened(connection, since, until))
    sources, commands, files = [int(value or 0) for value in (await connection.execute(sessions)).one()]
    return _Totals(**dict(zip(_COUNTS, counts, strict=True)), sources=sources, commands=commands, files=files)


async def _series(connection: AsyncConnection, since: float, until: float, step: int) -> dict[int, Point]:
    bucket = minute.c.minute // step
    query = (
        select(bucket, *_sums())
        .where(minute.c.minute >= int(since) // MINUTE, minute.c.minute < int(until) // MINUTE)
        .group_by(bucket)
    )
    return {
        int(key): Point(
            time=float(int(key) * step * MINUTE), **dict(zip(_COUNTS, (int(value) for value in values), strict=True))
        )
        for key, *values in await connection.execute(query)
    }


async def _ranking(
    connection: AsyncConnection,
    name: ColumnElement[Any],  # Any: text or bytes
    count: ColumnElement[Any],  # Any: each engine sums to another type
    where: Sequence[ColumnElement[bool]],
    top: int,
) -> tuple[Ranked, ...]:
    query = select(name, count).where(*where).group_by(name).order_by(count.desc(), name).limit(top)
    return tuple(Ranked(name=_shown(value), count=int(number)) for value, number in await connection.execute(query))


def _shown(value: str | bytes) -> str:
    # text is escaped already where it is stored
    return value[:MAX_SHOWN] if isinstance(value, str) else escaped(bytes(value), MAX_SHOWN)
