"""This module keeps the small tables up with the journal: folds of many commits in one transaction, with its cursor.

Facts are committed at once, because replies wait for them; nothing waits for the tables that are folded from them. One
transaction for hundreds of facts writes a page once that hundreds of commits would write again and again.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import MsgspecError, Struct
from msgspec.structs import astuple
from sqlalchemy import Row as Stored
from sqlalchemy import select
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from decnet_actors.domain.records import Entry
from decnet_actors.store.faults import FAILURES, Fault, describe, fault_of
from decnet_actors.store.projection import Row, fold
from decnet_actors.store.reader import COLUMNS, entry_of
from decnet_actors.store.statements import statements_for
from decnet_actors.store.tables import cursor, fact
from decnet_actors.store.transaction import Work
from supervisors.log import get_logger

CONSUMER = "projection"  # the name of its cursor
PAGE = 4000  # facts folded into one transaction, at most
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
            await self._project(self._backlog[:PAGE])
            self._backlog = self._unfolded()

    async def _resume(self, connection: AsyncConnection) -> None:
        """Find out where the tables are, and fold what is not at hand from the journal."""
        async with connection.begin():
            self.cursor = await projected(connection)
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
                await self._project(entries)
                entries = [entry for entry in entries if entry.seq > self.cursor]
        self._lost = False

    def _unfolded(self) -> list[Entry]:
        return [entry for entry in self._backlog if entry.seq > self.cursor]

    async def _project(self, entries: Sequence[Entry]) -> None:
        """Fold entries, or the front of them that the tables take."""
        size = len(entries)
        while True:
            part = entries[:size]
            try:
                await self._transact(self._work(part))
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
                return

    async def _leave_out(self, entry: Entry, error: BaseException) -> None:
        """Go on behind a fact that cannot be folded; the journal has it all the same."""
        log.error("journal.not_projected", seq=entry.seq, error=describe(error))
        await self._transact([self._moved(entry.seq)])
        self.cursor = entry.seq

    def _work(self, entries: Sequence[Entry]) -> Work:
        sql, deltas = self._sql, fold(entries)
        work: list[tuple[str, Sequence[Row]]] = []
        _add(work, sql.minute, deltas.minutes)
        _add(work, sql.source, deltas.sources)
        _add(work, sql.session, deltas.sessions)
        _add(work, sql.credential, deltas.credentials)
        _add(work, sql.use, deltas.uses)
        work.append(self._moved(entries[-1].seq))
        return work

    def _moved(self, seq: int) -> tuple[str, Sequence[Row]]:
        return self._sql.cursor, [(CONSUMER, seq)]


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
