"""This module keeps what services of attackers were told by (``contracts.fingerprints``)."""

from collections.abc import Collection, Mapping, Sequence

from attrs import astuple
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.analysis import Work
from decnet_actors.contracts.fingerprints import Service, Told
from decnet_actors.store.statements import compiled, upsert
from decnet_actors.store.tables import attacker_fingerprint as table

_COLUMNS = ("address", "port", "probe", "value", "rotations", "first_seen", "last_seen")
_MERGE = dict.fromkeys(("value", "rotations", "first_seen", "last_seen"), "new")


class FingerprintTable:
    """The table of the study of rotations.

    Args:
        engine: of the store.

    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._sql = compiled(upsert(table, _MERGE, engine.dialect), _COLUMNS, engine.dialect)

    async def last(self, services: Collection[Service]) -> Mapping[Service, Told]:
        """Return what is kept of services."""
        query = select(*table.columns).where(table.c.address.in_({service.address for service in services}))
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        found = {
            Service(row.address, row.port, row.probe): Told(
                value=row.value, rotations=row.rotations, first_seen=row.first_seen, last_seen=row.last_seen
            )
            for row in rows
        }
        return {service: told for service, told in found.items() if service in services}

    def kept(self, told: Mapping[Service, Told]) -> Sequence[Work]:
        """Return the work of keeping what services are told by now."""
        return [(self._sql, [(*service, *astuple(one)) for service, one in told.items()])]
