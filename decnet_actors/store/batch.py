"""This module commits records: one transaction a batch, in the order they came.

Exactly one ``Committer`` writes a journal. It numbers the facts itself, so a commit whose answer was lost can be told
from one that never happened by looking at the newest row.
"""

import asyncio
import math
from collections.abc import Iterable, Sequence

import msgspec
from attrs import define, frozen
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from decnet_actors.contracts.analysis import MovedError
from decnet_actors.domain.records import Entry
from decnet_actors.domain.text import escaped
from decnet_actors.store import tables
from decnet_actors.store.errors import OtherWriterError
from decnet_actors.store.faults import FAILURES, Fault, describe, fault_of
from decnet_actors.store.intake import Explanation, Pending
from decnet_actors.store.projection import Row
from decnet_actors.store.statements import statements_for
from decnet_actors.store.transaction import Work, run_transaction

COMMIT_TIMEOUT = 60.0  # seconds


@frozen(kw_only=True)
class Committed:
    """What became of the first ``count`` records of a batch."""

    count: int
    entries: Sequence[Entry]  # fewer when a record went to the dead letters
    error: str | None = None  # why it did


@define
class _Prepared:
    batch: Sequence[Pending]
    entries: list[Entry]
    rows: Sequence[Row]


class Committer:
    """Writes batches. After one of ``faults.FAILURES`` call ``reopen`` before the next ``commit``."""

    def __init__(self, engine: AsyncEngine, *, timeout: float = COMMIT_TIMEOUT) -> None:
        self.head = -1  # highest committed seq; -1 until the first ``reopen``
        self._engine = engine
        self._timeout = timeout
        self._sql = statements_for(engine.dialect)
        self._connection: AsyncConnection | None = None
        self._uncertain: _Prepared | None = None  # its commit may have happened

    async def reopen(self) -> Committed | None:
        """Connect (again) and find out where the journal is; return a commit that had gone unnoticed.

        Raises:
            OtherWriterError: somebody else wrote to this journal.

        """
        async with asyncio.timeout(self._timeout):
            await self._drop()
            self._connection = await self._engine.connect()
            newest = await self._newest(self._connection)
        head = newest[0] if newest else 0
        uncertain, self._uncertain = self._uncertain, None
        if head == self.head:
            return None
        if self.head < 0:
            self.head = head
            return None
        if uncertain is not None:
            last = uncertain.batch[-1]
            if newest == (uncertain.entries[-1].seq, last.producer, last.number):
                self.head = head
                return Committed(count=len(uncertain.batch), entries=uncertain.entries)
        raise OtherWriterError(self.head, head)

    async def close(self) -> None:
        """Let go of the connection; may be called twice."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.invalidate()
            await connection.close()

    async def known(self, windows: Iterable[tuple[str, int]], after: int) -> dict[tuple[str, int], int | None]:
        """Return the seq of what is durable by producer and number; ``None`` for a dead letter.

        Args:
            windows: each producer with the first number to look for, among the dead letters.
            after: the seq above which to look, among the facts.

        """
        fact, dead = tables.fact.c, tables.dead_letter.c
        connection = self.connection
        async with asyncio.timeout(self._timeout), connection.begin():
            first_of = dict(windows)
            facts = await connection.execute(select(fact.producer, fact.number, fact.seq).where(fact.seq > after))
            found: dict[tuple[str, int], int | None] = {
                (row.producer, row.number): row.seq
                for row in facts
                if row.producer in first_of  # not of analyses
            }
            for producer, first in first_of.items():
                query = select(dead.number).where(dead.producer == producer, dead.number >= first)
                found |= {(producer, number): None for number in (await connection.execute(query)).scalars()}
        return found

    async def commit(self, batch: Sequence[Pending]) -> Committed:
        """Make records durable; a batch with a record that cannot be stored is halved until it stands alone.

        So the answer may be about the front of ``batch`` only. Order is kept, and ``seq`` has no holes.
        """
        size = len(batch)
        while True:
            try:
                prepared = self._prepare(batch[:size])
                await self._store(prepared)
            except FAILURES as error:
                if fault_of(error) is not Fault.ROW:
                    raise
                # A unique violation is also what the resend of a commit looks like whose answer was lost.
                noticed = await self.reopen()
                if noticed is not None:
                    return noticed
                if size == 1:
                    await self._bury(batch[0], describe(error))
                    return Committed(count=1, entries=(), error=describe(error))
                size //= 2
            else:
                self.head += size
                return Committed(count=size, entries=prepared.entries)

    async def explain(self, wanted: Explanation) -> Sequence[Entry]:
        """Keep what an analysis wants kept; return its findings with their seqs, none when it was kept before.

        Raises:
            MovedError: the analysis has not read up to where it says.

        """
        connection, cursor = self.connection, tables.cursor.c
        async with asyncio.timeout(self._timeout), connection.begin():
            where = await connection.execute(select(cursor.seq).where(cursor.consumer == wanted.name))
            position = where.scalar() or 0
        if position == wanted.seq:
            return ()
        if position != wanted.before:
            raise MovedError(f"{wanted.name} is at {position}, not at {wanted.before}")
        prepared = self._prepare(wanted.records)
        work = [*wanted.findings.work, (self._sql.cursor, [(wanted.name, wanted.seq)])]
        if prepared.rows:
            self._uncertain = prepared
            work.append((self._sql.fact, prepared.rows))
        await self.transact(work)
        self._uncertain = None
        self.head += len(prepared.rows)
        return prepared.entries

    def _prepare(self, batch: Sequence[Pending]) -> _Prepared:
        head = self.head
        entries = [Entry(seq=seq, record=item.record) for seq, item in enumerate(batch, head + 1)]
        rows: list[Row] = []
        for seq, (producer, number, record, payload) in enumerate(batch, head + 1):
            if not math.isfinite(record.time):
                raise ValueError("the time of a fact must be a number")  # PostgreSQL would keep it, the others not
            rows.append(
                (
                    seq,
                    record.id,
                    producer,
                    number,
                    record.time,
                    type(record.fact).__name__,
                    record.host,
                    record.decky,
                    record.service,
                    record.session,
                    record.source,
                    record.source_port,
                    payload,
                )
            )
        return _Prepared(batch, entries, rows)

    async def _store(self, prepared: _Prepared) -> None:
        self._uncertain = prepared
        await self.transact([(self._sql.fact, prepared.rows)])
        self._uncertain = None

    async def transact(self, work: Work) -> None:
        """Run statements as one transaction, on the connection that writes facts."""
        connection = self.connection
        async with asyncio.timeout(self._timeout):
            await run_transaction(connection, work)

    async def _bury(self, item: Pending, error: str) -> None:
        record = {name: _storable(getattr(item.record, name)) for name in ("id", "time", "host", "decky", "service")}
        record |= {name: _storable(getattr(item.record, name)) for name in ("session", "source", "source_port")}
        record |= {"kind": item.record.kind, "payload": item.payload}
        values = {
            "time": item.record.time if math.isfinite(item.record.time) else 0.0,
            "producer": item.producer,
            "number": item.number,
            "record": msgspec.msgpack.encode(record),
            "error": escaped(error),
        }
        dead, connection = tables.dead_letter, self.connection
        here = select(dead.c.id).where(dead.c.producer == item.producer, dead.c.number == item.number)
        async with asyncio.timeout(self._timeout), connection.begin():
            if (await connection.execute(here)).first() is None:  # it is, when the answer to an earlier try was lost
                await connection.execute(dead.insert(), values)

    @property
    def connection(self) -> AsyncConnection:
        """The connection that writes facts.

        Raises:
            ConnectionError: there is none now.

        """
        if self._connection is None:
            raise ConnectionError("not connected")
        return self._connection

    async def _newest(self, connection: AsyncConnection) -> tuple[int, str, int] | None:
        fact = tables.fact.c
        async with connection.begin():
            head = (await connection.execute(select(func.max(fact.seq)))).scalar()
            if head is None:
                return None
            row = (await connection.execute(select(fact.producer, fact.number).where(fact.seq == head))).one()
        return head, row.producer, row.number


def _storable(value: object) -> object:
    return escaped(value) if isinstance(value, str) else value
