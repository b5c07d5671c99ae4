"""This module keeps what providers of intelligence said (``contracts.intel.IntelStore``), and finds it again."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.intel import Known, Value
from decnet_actors.contracts.intel_operations import IntelListArgs
from decnet_actors.domain.intel import Verdict
from decnet_actors.store.statements import CURSOR_COLUMNS, MERGE_CURSOR, compiled, upsert
from decnet_actors.store.tables import cursor, intel, intel_verdict
from decnet_actors.store.texts import storable
from decnet_actors.store.transaction import Work

CONSUMER = "enrich.read"  # the name of the position among the cursors
COLUMNS = ("address", "provider", "asked", "answered", "expires", "wanted", "verdict", "fields", "error")
VERDICT_COLUMNS = ("address", "verdict", "time")
MERGE = dict.fromkeys(COLUMNS[2:], "new")
MERGE_VERDICT = dict.fromkeys(VERDICT_COLUMNS[1:], "new")

_fields = msgspec.json.Decoder(dict[str, bool | int | str | tuple[str, ...]])


class IntelTable:
    """Keeps opinions in the database; the work it returns is for the one connection that writes facts."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        dialect = engine.dialect
        self._row = compiled(upsert(intel, MERGE, dialect), COLUMNS, dialect)
        self._verdict = compiled(upsert(intel_verdict, MERGE_VERDICT, dialect), VERDICT_COLUMNS, dialect)
        self._cursor = compiled(upsert(cursor, MERGE_CURSOR, dialect), CURSOR_COLUMNS, dialect)

    async def known(self, addresses: Sequence[str]) -> Mapping[str, Mapping[str, Known]]:
        found: dict[str, dict[str, Known]] = {address: {} for address in addresses}
        query = select(intel).where(intel.c.address.in_(addresses)).order_by(intel.c.provider)
        async with self._engine.connect() as connection:
            for row in await connection.execute(query):
                found[row.address][row.provider] = _known(row)
        return found

    async def waiting(self, since: float, limit: int) -> Sequence[tuple[float, str]]:
        query = (
            select(intel.c.expires, intel.c.address)
            .where(intel.c.error != "", intel.c.wanted >= since)
            .order_by(intel.c.expires, intel.c.address)
            .limit(limit)
        )
        async with self._engine.connect() as connection:
            return tuple((row.expires, row.address) for row in await connection.execute(query))

    async def asked_since(self, provider: str, time: float) -> int:
        query = select(func.count()).where(intel.c.provider == provider, intel.c.asked >= time)
        async with self._engine.connect() as connection:
            return int((await connection.execute(query)).scalar() or 0)

    async def position(self) -> int | None:
        query = select(cursor.c.seq).where(cursor.c.consumer == CONSUMER)
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalar()

    def work(self, rows: Sequence[Known], verdicts: Mapping[str, tuple[Verdict, float]], position: int) -> Work:
        work: list[tuple[str, Sequence[tuple[object, ...]]]] = [(self._cursor, [(CONSUMER, position)])]
        if rows:
            work.append((self._row, [_columns(row) for row in rows]))
        if verdicts:
            work.append(
                (self._verdict, [(address, verdict.value, time) for address, (verdict, time) in verdicts.items()])
            )
        return work

    async def verdict(self, address: str) -> tuple[Verdict, float] | None:
        """Return what is thought of an address, and when the newest answer came."""
        query = select(intel_verdict).where(intel_verdict.c.address == address)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else (Verdict(row.verdict), row.time)

    async def page(
        self, args: IntelListArgs, *, after: tuple[float, str] | None
    ) -> Sequence[tuple[str, Verdict, float]]:
        """Return address, verdict and time of those that match, the last answered first."""
        key = intel_verdict.c
        query = select(intel_verdict).order_by(key.time.desc(), key.address.desc()).limit(args.limit)
        if after is not None:
            query = query.where(or_(key.time < after[0], and_(key.time == after[0], key.address < after[1])))
        if args.verdict is not None:
            query = query.where(key.verdict == args.verdict.value)
        if args.q:
            query = query.where(key.address.startswith(args.q, autoescape=True))
        if args.since is not None:
            query = query.where(key.time >= args.since)
        async with self._engine.connect() as connection:
            return tuple((row.address, Verdict(row.verdict), row.time) for row in await connection.execute(query))


def _columns(row: Known) -> tuple[object, ...]:
    fields = msgspec.json.encode(row.fields).decode()
    values: Iterable[object] = (row.address, row.provider, row.asked, row.answered, row.expires, row.wanted)
    return (*values, row.verdict.value, fields, storable(row.error))


def _known(row: Row[*tuple[Any, ...]]) -> Known:  # Any: columns of many types
    fields: dict[str, Value] = _fields.decode(row.fields)
    return Known(
        address=row.address,
        provider=row.provider,
        asked=row.asked,
        answered=row.answered,
        expires=row.expires,
        wanted=row.wanted,
        verdict=Verdict(row.verdict),
        fields=fields,
        error=row.error,
    )
