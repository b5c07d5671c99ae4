"""This module commits records: one transaction a batch, with the small tables, in the order they came.

Exactly one ``Committer`` writes a journal. It numbers the facts itself, so a commit whose answer was lost can be told
from one that never happened by looking at the newest row.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from attrs import define, frozen
from msgspec import Struct
from msgspec.structs import astuple
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from decnet_actors.domain.records import Entry
from decnet_actors.domain.text import escaped
from decnet_actors.store import tables
from decnet_actors.store.errors import OtherWriterError
from decnet_actors.store.faults import FAILURES, Fault, describe, fault_of
from decnet_actors.store.intake import Pending
from decnet_actors.store.projection import Row, fold
from decnet_actors.store.statements import statements_for
from decnet_actors.store.transaction import run_transaction

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
    work: list[tuple[str, list[Row]]]


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

    async def known(self, producer: str, first: int) -> Sequence[tuple[int, int | None]]:
        """Return (number, seq) of the producer's records from ``first`` on that are durable, in order."""
        connection = self._connected()
        facts = select(tables.fact.c.number, tables.fact.c.seq).where(
            tables.fact.c.producer == producer, tables.fact.c.number >= first
        )
        dead = select(tables.dead_letter.c.number).where(
            tables.dead_letter.c.producer == producer, tables.dead_letter.c.number >= first
        )
        async with asyncio.timeout(self._timeout), connection.begin():
            rows: list[tuple[int, int | None]] = [(row.number, row.seq) for row in await connection.execute(facts)]
            rows += [(row.number, None) for row in await connection.execute(dead)]
        return sorted(rows)

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

    def _prepare(self, batch: Sequence[Pending]) -> _Prepared:
        head = self.head
        entries = [Entry(seq=seq, record=item.record) for seq, item in enumerate(batch, head + 1)]
        rows: list[Row] = []
        for seq, (producer, number, record, payload) in enumerate(batch, head + 1):
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
        deltas = fold(entries)
        work = [(self._sql.fact, rows)]
        _add(work, self._sql.minute, deltas.minutes)
        _add(work, self._sql.source, deltas.sources)
        _add(work, self._sql.session, deltas.sessions)
        _add(work, self._sql.credential, deltas.credentials)
        _add(work, self._sql.use, deltas.uses)
        return _Prepared(batch, entries, work)

    async def _store(self, prepared: _Prepared) -> None:
        connection = self._connected()
        self._uncertain = prepared
        async with asyncio.timeout(self._timeout):
            await run_transaction(connection, prepared.work)
        self._uncertain = None

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
        dead, connection = tables.dead_letter, self._connected()
        here = select(dead.c.id).where(dead.c.producer == item.producer, dead.c.number == item.number)
        async with asyncio.timeout(self._timeout), connection.begin():
            if (await connection.execute(here)).first() is None:  # it is, when the answer to an earlier try was lost
                await connection.execute(dead.insert(), values)

    def _connected(self) -> AsyncConnection:
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


def _add(work: list[tuple[str, list[Row]]], sql: str, deltas: Mapping[Any, Struct]) -> None:  # Any: keys of one kind
    """Add a table's rows in the order of their keys, so that PostgreSQL and MySQL lock rows in one order."""
    if deltas:
        work.append((sql, [astuple(deltas[key]) for key in sorted(deltas)]))


def _storable(value: object) -> object:
    return escaped(value) if isinstance(value, str) else value
