"""This module follows entries with the analysis of reuse, on real tables."""

from collections.abc import Iterable, Sequence

from attrs import define
from sqlalchemy import Table, delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.analysis.reuse import ReuseStudy
from decnet_actors.contracts.analysis import Found
from decnet_actors.contracts.reuse import Planted
from decnet_actors.domain.findings import Finding
from decnet_actors.domain.records import Entry, Record
from decnet_actors.store import tables
from decnet_actors.store.reuse import ReuseTable
from decnet_actors.store.transaction import run_transaction

TABLES = (
    tables.reuse_attempt,
    tables.reuse_guesser,
    tables.bait_use,
    tables.reuse_target,
    tables.reuse_source,
    tables.reuse_secret,
)


@define
class Laid:
    """Baits that a test lays out."""

    baits: Sequence[Planted] = ()

    async def planted(self) -> Sequence[Planted]:
        return self.baits


async def follow(
    engine: AsyncEngine, batches: Iterable[Sequence[Record]], baits: Sequence[Planted] = ()
) -> list[Finding]:
    """Study each batch with a study that knows nothing but the tables, keep what it says, return what it found."""
    found: list[Found] = []
    seq = 0
    for batch in batches:
        entries = []
        for item in batch:
            seq += 1
            entries.append(Entry(seq=seq, record=item))
        findings = await ReuseStudy(ReuseTable(engine), Laid(baits)).study(entries)
        async with engine.connect() as connection:
            await run_transaction(connection, findings.work)
        found += findings.found
    return [one.finding for one in found]


async def contents(engine: AsyncEngine) -> dict[str, list[tuple[object, ...]]]:
    """Return every row; without what was told of a secret, which follows from what was known when."""
    async with engine.connect() as connection:
        return {table.name: [tuple(row) for row in await connection.execute(_sorted(table))] for table in TABLES}


async def clear(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        for table in TABLES:
            await connection.execute(delete(table))


def _sorted(table: Table):
    return select(*(column for column in table.c if column.name != "told")).order_by(*table.primary_key.columns)
