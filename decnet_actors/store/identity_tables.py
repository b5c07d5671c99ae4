"""This module keeps identities and campaigns (``contracts.identities``).

What is written is handed out as statements: only the ledger runs them, with the findings they explain.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import Delete, Row, Select, Table, bindparam, delete, select, update
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.identities import (
    CampaignChanges,
    CampaignMemberRow,
    DecisionRow,
    EdgeRow,
    GroupRow,
    IdentityChanges,
    ObservationRow,
    TraceRow,
)
from decnet_actors.store import tables
from decnet_actors.store.statements import compiled, upsert
from decnet_actors.store.transaction import Work

PAGE = 500  # rows read at a time
ASKED = 200  # keys in a question

_GROUP = dict.fromkeys(("merged_into", "first_seen", "last_seen", "members", "weakest"), "new")
_EDGE = dict.fromkeys(("weight", "reasons"), "new")


class IdentityTables:
    """Keeps identities (``contracts.identities.IdentityTable``)."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        dialect = engine.dialect
        seen = dict.fromkeys(("source", "client", "first_seen", "last_seen", "identity", "state"), "new")
        self._trace = _put(tables.trace, TraceRow, {"observation": "new", "state": "new"}, dialect)
        self._observation = _put(tables.observation, ObservationRow, seen, dialect)
        self._identity = _put(tables.identity, GroupRow, _GROUP, dialect)
        self._edge = _put(tables.identity_edge, EdgeRow, _EDGE, dialect)
        self._decision = _put(tables.identity_decision, DecisionRow, {"side": "new"}, dialect)
        self._gone = _remove(tables.observation, ("id",), dialect)
        self._cut = _remove(tables.identity_edge, ("one", "other"), dialect)
        self._withdrawn = _remove(tables.identity_decision, ("id",), dialect)
        self._assign = _assign(tables.observation, "identity", "id", dialect)

    async def observations(self) -> AsyncIterator[Sequence[ObservationRow]]:
        async for rows in _pages(self._engine, tables.observation, tables.observation.c.id):
            yield [_observation(row) for row in rows]

    async def merged_into(self) -> Mapping[str, str]:
        return await _merged_into(self._engine, tables.identity)

    async def decisions(self) -> Sequence[DecisionRow]:
        table = tables.identity_decision
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(table).order_by(table.c.id, table.c.observation))
            return [DecisionRow(**row) for row in _plain(rows)]

    async def traces(self, sessions: Sequence[str]) -> Sequence[TraceRow]:
        table = tables.trace
        found: list[TraceRow] = []
        async with self._engine.connect() as connection:
            for some in _some(sessions):
                rows = await connection.execute(select(table).where(table.c.session.in_(some)))
                found += [TraceRow(**row) for row in _plain(rows)]
        return found

    async def traces_of(self, observation: str) -> Sequence[TraceRow]:
        table = tables.trace
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(table).where(table.c.observation == observation))
            return [TraceRow(**row) for row in _plain(rows)]

    def work(self, changes: IdentityChanges) -> Work:
        """Return the statements that keep changes."""
        return _some_work(
            (self._trace, _rows(changes.traces)),
            (self._gone, [(ident,) for ident in changes.gone]),
            (self._observation, _rows(changes.observations)),
            (self._assign, [(name, ident) for ident, name in changes.assigned.items()]),
            (self._identity, _rows(changes.identities)),
            (self._cut, list(changes.cut)),
            (self._edge, _rows(changes.edges)),
            (self._withdrawn, [(ident,) for ident in changes.withdrawn]),
            (self._decision, _rows(changes.decisions)),
        )


class CampaignTables:
    """Keeps campaigns (``contracts.identities.CampaignTable``)."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        dialect = engine.dialect
        self._member = _put(tables.campaign_member, CampaignMemberRow, {"campaign": "new", "state": "new"}, dialect)
        self._campaign = _put(tables.campaign, GroupRow, _GROUP, dialect)
        self._edge = _put(tables.campaign_edge, EdgeRow, _EDGE, dialect)
        self._gone = _remove(tables.campaign_member, ("identity",), dialect)
        self._cut = _remove(tables.campaign_edge, ("one", "other"), dialect)
        self._assign = _assign(tables.campaign_member, "campaign", "identity", dialect)

    async def members(self) -> AsyncIterator[Sequence[CampaignMemberRow]]:
        async for rows in _pages(self._engine, tables.campaign_member, tables.campaign_member.c.identity):
            yield [
                CampaignMemberRow(identity=row.identity, campaign=row.campaign, state=bytes(row.state)) for row in rows
            ]

    async def merged_into(self) -> Mapping[str, str]:
        return await _merged_into(self._engine, tables.campaign)

    async def observations_of(self, identities: Sequence[str]) -> Sequence[ObservationRow]:
        table = tables.observation
        found: list[ObservationRow] = []
        async with self._engine.connect() as connection:
            for some in _some(identities):
                rows = await connection.execute(select(table).where(table.c.identity.in_(some)))
                found += [_observation(row) for row in rows]
        return found

    def work(self, changes: CampaignChanges) -> Work:
        """Return the statements that keep changes."""
        return _some_work(
            (self._gone, [(ident,) for ident in changes.gone]),
            (self._member, _rows(changes.members)),
            (self._assign, [(name, ident) for ident, name in changes.assigned.items()]),
            (self._campaign, _rows(changes.campaigns)),
            (self._cut, list(changes.cut)),
            (self._edge, _rows(changes.edges)),
        )


def _put(table: Table, row: type, merge: Mapping[str, str], dialect: Dialect) -> str:
    return compiled(upsert(table, merge, dialect), tuple(attrs.fields_dict(row)), dialect)


def _remove(table: Table, columns: Sequence[str], dialect: Dialect) -> str:
    statement: Delete = delete(table)
    for name in columns:
        statement = statement.where(table.c[name] == bindparam(f"_{name}"))
    return compiled(statement, tuple(f"_{name}" for name in columns), dialect)


def _assign(table: Table, column: str, key: str, dialect: Dialect) -> str:
    statement = update(table).values({column: bindparam("_value")}).where(table.c[key] == bindparam("_key"))
    return compiled(statement, ("_value", "_key"), dialect)


def _rows(rows: Iterable[Any]) -> list[tuple[object, ...]]:  # Any: attrs classes
    return [attrs.astuple(row, recurse=False) for row in rows]


def _some_work(*work: tuple[str, Sequence[tuple[object, ...]]]) -> Work:
    return [(sql, rows) for sql, rows in work if rows]


def _some(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), ASKED):
        yield keys[start : start + ASKED]


def _plain(rows: Iterable[Row[*tuple[Any, ...]]]) -> Iterator[dict[str, Any]]:  # Any: columns of many types
    for row in rows:
        values = row._mapping  # noqa: SLF001  SQLAlchemy's documented name of it
        yield {str(name): bytes(value) if isinstance(value, memoryview) else value for name, value in values.items()}


def _observation(row: Row[*tuple[Any, ...]]) -> ObservationRow:  # Any: columns of many types
    return ObservationRow(
        id=row.id,
        source=row.source,
        client=row.client,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        identity=row.identity,
        state=bytes(row.state),
    )


async def _pages(
    engine: AsyncEngine,
    table: Table,
    key: Any,  # Any: a column of the table
) -> AsyncIterator[Sequence[Row[*tuple[Any, ...]]]]:  # Any: columns of many types
    after = ""
    query: Select[*tuple[Any, ...]] = select(table).order_by(key).limit(PAGE)  # Any: as above
    while True:
        async with engine.connect() as connection:
            rows = (await connection.execute(query.where(key > after))).all()
        if rows:
            yield rows
            after = str(getattr(rows[-1], key.name))
        if len(rows) < PAGE:
            return


async def _merged_into(engine: AsyncEngine, table: Table) -> Mapping[str, str]:
    async with engine.connect() as connection:
        rows = await connection.execute(select(table.c.id, table.c.merged_into))
        return {row.id: row.merged_into for row in rows}
