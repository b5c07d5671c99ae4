"""This module keeps the revisions of the fleet's desired state (``contracts.fleet_revisions.FleetRevisions``)."""

import zlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.fleet_revisions import FleetRevision
from decnet_actors.contracts.lifecycle import Lifecycle
from decnet_actors.store.lifecycles import add_lifecycle
from decnet_actors.store.tables import NAME, fleet_revision
from decnet_actors.store.texts import storable

_SHOWN = tuple(column for column in fleet_revision.c if column.name != "document")


class FleetTable:
    """Keeps revisions in the database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def newest(self) -> FleetRevision | None:
        query = select(fleet_revision).order_by(fleet_revision.c.number.desc()).limit(1)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _revision(row, _inflated(row.document))

    async def get(self, number: int) -> FleetRevision | None:
        query = select(fleet_revision).where(fleet_revision.c.number == number)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _revision(row, _inflated(row.document))

    async def list(self, *, before: int | None = None, limit: int = 100) -> Sequence[FleetRevision]:
        query = select(*_SHOWN).order_by(fleet_revision.c.number.desc()).limit(limit)
        if before is not None:
            query = query.where(fleet_revision.c.number < before)
        async with self._engine.connect() as connection:
            return tuple(_revision(row, "") for row in await connection.execute(query))

    async def add(self, revision: FleetRevision, lifecycle: Lifecycle | None = None) -> None:
        values = {
            "number": revision.number,
            "time": revision.time,
            "author": storable(revision.author),
            "via": storable(revision.via, 32),
            "reason": storable(revision.reason),
            "summary": storable(revision.summary, NAME),
            "digest": revision.digest,
            "configured": revision.configured,
            "document": zlib.compress(revision.document.encode()),  # a thousand like deckies are one in ten
        }
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(fleet_revision).values(values))
                if lifecycle is not None:
                    await add_lifecycle(connection, lifecycle)
        except IntegrityError as error:
            raise ValueError(f"there is a revision {revision.number} already") from error


def _revision(row: Row[*tuple[Any, ...]], document: str) -> FleetRevision:  # Any: columns of many types
    return FleetRevision(
        number=row.number,
        time=row.time,
        author=row.author,
        via=row.via,
        reason=row.reason,
        summary=row.summary,
        digest=row.digest,
        configured=row.configured,
        document=document,
    )


def _inflated(stored: bytes) -> str:
    return zlib.decompress(bytes(stored)).decode()
