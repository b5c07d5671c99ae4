"""This module keeps lifecycle operations (``contracts.lifecycle.Lifecycles``)."""

import zlib
from collections.abc import Sequence
from typing import Any

import attrs
import msgspec
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from decnet_actors.contracts.lifecycle import DeckyOutcome, Lifecycle, State
from decnet_actors.store.tables import lifecycle as table
from decnet_actors.store.texts import storable

MAX_KEPT = 1000  # that have ended
_OPEN = [state.value for state in State if not state.is_end]
_NOTHING = zlib.compress(b"[]")


class LifecycleTable:
    """Keeps lifecycle operations in the database.

    Args:
        engine: of the store.
        kept: how many that have ended.

    """

    def __init__(self, engine: AsyncEngine, kept: int = MAX_KEPT) -> None:
        self._engine = engine
        self._kept = kept

    async def add(self, lifecycle: Lifecycle) -> None:
        async with self._engine.begin() as connection:
            await add_lifecycle(connection, lifecycle, self._kept)

    async def change(self, lifecycle: Lifecycle) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(update(table).where(table.c.id == lifecycle.id).values(_values(lifecycle)))

    async def get(self, id: str) -> Lifecycle | None:  # noqa: A002  the port's own word
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(table).where(table.c.id == id))).first()
        return None if row is None else _lifecycle(row, bytes(row.outcomes))

    async def next(self) -> Lifecycle | None:
        query = select(table).where(table.c.state.in_(_OPEN)).order_by(table.c.id).limit(1)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _lifecycle(row, bytes(row.outcomes))

    async def list(self, *, before: str | None = None, limit: int = 100) -> Sequence[Lifecycle]:
        shown = (column for column in table.c if column.name != "outcomes")
        query = select(*shown).order_by(table.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(table.c.id < before)
        async with self._engine.connect() as connection:
            return tuple(_lifecycle(row, _NOTHING) for row in await connection.execute(query))


async def add_lifecycle(connection: AsyncConnection, lifecycle: Lifecycle, kept: int = MAX_KEPT) -> None:
    """Keep one more in the connection's transaction, and forget those that ended long ago."""
    await connection.execute(insert(table).values(_values(lifecycle)))
    ended = table.c.state.not_in(_OPEN)
    oldest = select(table.c.id).where(ended).order_by(table.c.id.desc()).offset(kept).limit(1)
    if (newest_forgotten := (await connection.execute(oldest)).scalar()) is not None:
        await connection.execute(delete(table).where(ended, table.c.id <= newest_forgotten))


def _values(lifecycle: Lifecycle) -> dict[str, object]:
    values = {field.name: getattr(lifecycle, field.name) for field in attrs.fields(Lifecycle)}
    return {
        **values,
        "author": storable(lifecycle.author),
        "via": storable(lifecycle.via, 32),
        "reason": storable(lifecycle.reason),
        "state": lifecycle.state.value,
        "error": storable(lifecycle.error),
        "outcomes": zlib.compress(msgspec.json.encode(lifecycle.outcomes)),
    }


def _lifecycle(row: Row[*tuple[Any, ...]], outcomes: bytes) -> Lifecycle:  # Any: columns of many types
    values = {name: getattr(row, name) for name in attrs.fields_dict(Lifecycle) if name != "outcomes"}
    found = msgspec.json.decode(zlib.decompress(outcomes), type=tuple[DeckyOutcome, ...])
    return Lifecycle(**{**values, "state": State(row.state), "outcomes": found})
