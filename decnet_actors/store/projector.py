"""This module keeps the small tables up with the journal: folds of many commits in one transaction, with its cursor.

Facts are committed at once, because replies wait for them; nothing waits for the tables that are folded from them. One
transaction for hundreds of facts writes a page once that hundreds of commits would write again and again.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import MsgspecError, Struct
from msgspec.structs import astuple
from sqlalchemy import Row as Stored
from sqlalchemy import func, select
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from decnet_actors.domain.records import Entry
from decnet_actors.store.faults import FAILURES, Fault, describe, fault_of
from decnet_actors.store.projection import Row, fold
from decnet_actors.store.reader import COLUMNS, entry_of
from decnet_actors.store.search_operations import LineKind
from decnet_actors.store.statements import statements_for
from decnet_actors.store.tables import cursor, fact, line
from decnet_actors.store.transaction import Work
from decnet_actors.store.transcript import Hand, OpenLine, Written, sessions_of, write
from supervisors.log import get_logger

CONSUMER = "projection"  # the name of its cursor
PAGE = 4000  # facts folded into one transaction, at most
MAX_HANDS = 20_000  # sessions whose open lines are at hand; those of others are read again
log = get_logger(__name__)

Transact: TypeAlias = Callable[[Work], Awaitable[None]]


async def projected(connection: AsyncConnection) -> int:
    """Return the highest seq that the small tables know of."""
    query = select(cursor.c.seq).where(cursor.c.consumer == CONSUMER)
    return (await connection.execute(query)).scalar() or 0


class Projector:
    """Folds what the journal committed into the small tables.

    Args:
        transact: runs statements as one transaction, on the connection that wrote the facts.

    """

    def __init__(self, dialect: Dialect, transact: Transact) -> None:
        self.cursor = 0  # highest seq in the tables
        self._sql = statements_for(dialect)
        self._transact = transact
        self._backlog: list[Entry] = []
        self._lost = True  # where the tables are is not known
        self._hands: dict[str, Hand] = {}  # the last used at the end
        self._number = 0  # of the next line

    @property
    def backlog(self) -> int:
        """Facts committed but not folded yet, of those at hand."""
        return len(self._backlog)

    @property
    def behind(self) -> bool:
        """Whether ``run`` has something to do."""
        return self._lost or bool(self._backlog)

    def add(self, entries: Sequence[Entry]) -> None:
        """Take note of facts that were committed, in their order."""
        self._backlog += entries

    async def run(self, connection: AsyncConnection) -> None:
        """Fold what the tables do not know yet, in as many transactions as it takes.

        After a failure it asks the tables where they are, for a transaction whose answer was lost may have happened.
        """
        if self._lost:
            await self._resume(connection)
        while self._backlog:
            await self._project(connection, self._backlog[:PAGE])
            self._backlog = self._unfolded()

    async def _resume(self, connection: AsyncConnection) -> None:
        """Find out where the tables are, and fold what is not at hand from the journal."""
        async with connection.begin():
            self.cursor = await projected(connection)
            newest = (await connection.execute(select(func.max(line.c.number)))).scalar()
        self._number, self._hands = (newest or 0) + 1, {}
        self._backlog = self._unfolded()
        query = select(*COLUMNS).order_by(fact.c.seq).limit(PAGE)
        if self._backlog:
            query = query.where(fact.c.seq < self._backlog[0].seq)
        position = self.cursor
        while True:
            async with connection.begin():
                rows = (await connection.execute(query.where(fact.c.seq > position))).all()
            if not rows:
                break
            position = rows[-1].seq
            entries = list(_readable(rows))
            while entries:
                await self._project(connection, entries)
                entries = [entry for entry in entries if entry.seq > self.cursor]
        self._lost = False

    def _unfolded(self) -> list[Entry]:
        return [entry for entry in self._backlog if entry.seq > self.cursor]

    async def _project(self, connection: AsyncConnection, entries: Sequence[Entry]) -> None:
        """Fold entries, or the front of them that the tables take."""
        size = len(entries)
        hands = await self._hands_of(connection, entries)
        while True:
            part = entries[:size]
            written = write(part, hands, self._number)
            try:
                await self._transact(self._work(part, written))
            except FAILURES as error:
                self._lost = True
                if fault_of(error) is not Fault.ROW:
                    raise
                if size == 1:
                    await self._leave_out(part[0], error)
                    return
                size //= 2
            else:
                self.cursor = part[-1].seq
                self._take(written)
                return

    async def _leave_out(self, entry: Entry, error: BaseException) -> None:
        """Go on behind a fact that cannot be folded; the journal has it all the same."""
        log.error("journal.not_projected", seq=entry.seq, error=describe(error))
        await self._transact([self._moved(entry.seq)])
        self.cursor = entry.seq

    async def _hands_of(self, connection: AsyncConnection, entries: Sequence[Entry]) -> dict[str, Hand]:
        """Return what is known of the sessions' lines; only of those from before a restart it has to be read."""
        sessions, opened = sessions_of(entries)
        self._hands |= dict.fromkeys(opened, Hand())
        unknown = sorted(sessions - self._hands.keys())
        if unknown:
            async with connection.begin():
                self._hands |= await _stored_hands(connection, unknown)
        return {session: self._hands[session] for session in sessions}

    def _take(self, written: Written) -> None:
        """Remember where the lines are after a batch that is stored."""
        self._number = written.number
        for session, hand in written.hands.items():
            self._hands.pop(session, None)
            if hand is not None:
                self._hands[session] = hand
        while len(self._hands) > MAX_HANDS:
            del self._hands[next(iter(self._hands))]

    def _work(self, entries: Sequence[Entry], written: Written) -> Work:
        sql, deltas = self._sql, fold(entries)
        work: list[tuple[str, Sequence[Row]]] = []
        _add(work, sql.minute, deltas.minutes)
        _add(work, sql.source, deltas.sources)
        _add(work, sql.session, deltas.sessions)
        _add(work, sql.credential, deltas.credentials)
        _add(work, sql.use, deltas.uses)
        _add(work, sql.line, written.rows)
        work.append(self._moved(entries[-1].seq))
        return work

    def _moved(self, seq: int) -> tuple[str, Sequence[Row]]:
        return self._sql.cursor, [(CONSUMER, seq)]


async def _stored_hands(connection: AsyncConnection, sessions: Sequence[str]) -> dict[str, Hand]:
    """Return the hands of sessions as the tables have them."""
    of = line.c
    counts = select(of.session, func.count()).where(of.session.in_(sessions)).group_by(of.session)
    lines = {row[0]: row[1] for row in await connection.execute(counts)}
    going = select(of.session, of.channel, of.kind, of.number, of.seq, of.time, of.open).where(
        of.session.in_(tuple(lines)), of.open.is_not(None)
    )
    found: dict[str, dict[tuple[int, LineKind], OpenLine]] = {}
    for row in await connection.execute(going) if lines else ():
        places = found.setdefault(row.session, {})
        places[row.channel, LineKind(row.kind)] = OpenLine(row.number, row.seq, row.time, bytes(row.open))
    return {session: Hand(lines.get(session, 0), found.get(session, {})) for session in sessions}


def _readable(rows: Iterable[Stored[*tuple[Any, ...]]]) -> Iterator[Entry]:  # Any: columns of many types
    """Yield the entries of rows; what is damaged on the disk is told and left out."""
    for row in rows:
        try:
            yield entry_of(row)
        except (MsgspecError, KeyError) as error:
            log.error("journal.not_readable", seq=row.seq, error=type(error).__name__)  # noqa: TRY400  no trace needed


def _add(
    work: list[tuple[str, Sequence[Row]]], sql: str, deltas: Mapping[Any, Struct]
) -> None:  # Any: keys of one kind
    """Add a table's rows in the order of their keys, so that PostgreSQL and MySQL lock rows in one order."""
    if deltas:
        work.append((sql, [astuple(deltas[key]) for key in sorted(deltas)]))
