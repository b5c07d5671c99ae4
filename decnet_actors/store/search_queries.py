"""This module searches the lines of sessions.

Every line is looked at, newest first, a window of numbers a statement: no index for parts of words is the same in
SQLite, PostgreSQL and MariaDB, and reading a million lines takes a second or two (docs/benchmarks/search.md). A page
looks at a bounded number of lines and then hands out where to go on.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from attrs import frozen
from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from decnet_actors.domain.facts import TerminalResized, TerminalSeen
from decnet_actors.domain.text import escaped
from decnet_actors.store.reader import COLUMNS, entry_of
from decnet_actors.store.search_operations import FoundLine, LineKind, SessionSearchArgs
from decnet_actors.store.tables import fact, line, session

WINDOW = 50_000  # lines one statement looks at
MAX_SCAN = 2_000_000  # lines one page looks at
TERMINAL_KINDS = ("TerminalSeen", "TerminalResized")
LINE = tuple(line.c[name] for name in ("number", "time", "session", "channel", "kind", "text", "keys"))
SESSION = tuple(
    session.c[name] for name in ("decky", "service", "source", "opened", "terminal", "first_seq", "last_seq")
)
Rows: TypeAlias = Sequence[Row[*tuple[Any, ...]]]  # Any: columns of many types


@frozen
class FoundLines:
    """A page, newest first; the next one is ``number < before``."""

    lines: Sequence[FoundLine]
    before: int | None


@frozen(kw_only=True)
class _Start:
    """Where the replay of a session begins."""

    time: float
    channel: int


class SearchQueries:
    """Searches lines."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(self, args: SessionSearchArgs, *, before: int | None = None) -> FoundLines:
        """Return the newest lines below ``before`` that have the text; a page may be short and have a next one."""
        needle = escaped(args.text).lower()
        async with self._engine.connect() as connection:
            low, high = (await connection.execute(select(func.min(line.c.number), func.max(line.c.number)))).one()
        if low is None:
            return FoundLines((), None)
        position = high + 1 if before is None else min(before, high + 1)
        stop = max(low, position - MAX_SCAN)
        found: list[Row[*tuple[Any, ...]]] = []  # Any: columns of many types
        while position > stop and len(found) < args.limit:
            bottom = max(stop, position - WINDOW)
            query = self._query(args, needle, position, bottom, args.limit - len(found))
            async with self._engine.connect() as connection:
                found += (await connection.execute(query)).all()
            position = found[-1].number if len(found) == args.limit else bottom
        async with self._engine.connect() as connection:
            starts = await _starts(connection, found)
        lines = tuple(_line(row, needle, starts.get(row.session)) for row in found)
        return FoundLines(lines, position if position > low else None)

    def _query(
        self, args: SessionSearchArgs, needle: str, position: int, bottom: int, limit: int
    ) -> Select[*tuple[Any, ...]]:  # Any: columns of many types
        """Return the query for at most ``limit`` lines from ``bottom`` to below ``position``, newest first."""
        of, its = line.c, session.c
        hits = select(*LINE).where(of.number < position, of.number >= bottom, self._has(needle))
        if not args.shown:
            hits = hits.where(of.kind != LineKind.SHOWN.value)
        if args.session is not None:
            hits = hits.where(of.session == args.session)
        if args.since is not None:
            hits = hits.where(of.time >= args.since)
        if args.until is not None:
            hits = hits.where(of.time < args.until)
        wanted = [
            column == value
            for column, value in ((its.decky, args.decky), (its.service, args.service), (its.source, args.source))
            if value is not None
        ]
        # A limit keeps engines from looking at the sessions first, which MariaDB does (forty times slower).
        hit = hits.order_by(of.number.desc()).limit(WINDOW if wanted else limit).subquery()
        query: Select[*tuple[Any, ...]] = (  # Any: as above
            select(*hit.c, *SESSION)
            .join_from(hit, session, its.id == hit.c.session, isouter=True)  # retention may have removed it
            .where(*wanted)
            .order_by(hit.c.number.desc())
            .limit(limit)
        )
        return query

    def _has(self, needle: str) -> ColumnElement[bool]:
        if self._engine.dialect.name == "postgresql":
            return func.strpos(line.c.folded, needle) > 0
        return func.instr(line.c.folded, needle) > 0


async def _starts(
    connection: AsyncConnection, rows: Sequence[Row[*tuple[Any, ...]]]
) -> Mapping[str, _Start]:  # Any: as above
    """Return where the replays of these lines' sessions begin: with their first fact of a terminal."""
    starts: dict[str, _Start] = {}
    for row in {row.session: row for row in rows if row.terminal}.values():
        query = (
            select(*COLUMNS)
            .where(fact.c.seq >= row.first_seq, fact.c.seq <= row.last_seq, fact.c.session == row.session)
            .where(fact.c.kind.in_(TERMINAL_KINDS))
            .order_by(fact.c.seq)
            .limit(1)
        )
        first = (await connection.execute(query)).first()
        if first is not None:
            record = entry_of(first).record
            if isinstance(record.fact, TerminalSeen | TerminalResized):
                starts[row.session] = _Start(time=record.time, channel=record.fact.channel)
    return starts


def _line(row: Row[*tuple[Any, ...]], needle: str, start: _Start | None) -> FoundLine:  # Any: as above
    place = row.text.lower().find(needle)
    erased = place < 0
    text = row.keys if erased else row.text
    if erased:
        place = max(0, text.lower().find(needle))  # not found, where a letter has no lower case of one character
    shown = start is not None and row.channel == start.channel
    return FoundLine(
        time=row.time,
        session=row.session,
        decky=row.decky or "",
        service=row.service or "",
        source=row.source or "",
        kind=LineKind(row.kind),
        before=text[:place],
        hit=text[place : place + len(needle)],
        after=text[place + len(needle) :],
        erased=erased,
        at=round(max(0.0, row.time - (row.opened or row.time)), 3),
        replay=round(max(0.0, row.time - start.time), 3) if start is not None and shown else None,
    )
