"""This module keeps the tables of the analysis of reuse (``contracts.reuse.ReuseTables``)."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Column, RowMapping, Table, func, select, tuple_
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from decnet_actors.contracts.reuse import Changes, Known, Secret, Touched, UseRow, Whereabouts
from decnet_actors.store.projection import Row
from decnet_actors.store.statements import compiled, upsert
from decnet_actors.store.tables import (
    bait_use,
    reuse_attempt,
    reuse_guesser,
    reuse_secret,
    reuse_source,
    reuse_target,
)
from decnet_actors.store.transaction import Work

AT_ONCE = 500  # keys a query

K = TypeVar("K")

_SUMS = {"attempts": "sum", "accepted": "sum", "first_seen": "least", "last_seen": "greatest"}
_MERGES: Mapping[Table, Mapping[str, str]] = {  # in the order in which they are written
    reuse_attempt: {"time": "keep"},
    reuse_secret: _SUMS | {"sources": "sum", "targets": "sum", "planted": "new", "told": "new"},
    reuse_source: _SUMS,
    reuse_target: _SUMS,
    bait_use: _SUMS,
    reuse_guesser: {"secrets": "sum", "last_seen": "greatest"},
}


class ReuseTable:
    """Keeps secrets, who tried them and where."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._sql = {table: _statement(table, engine.dialect) for table in _MERGES}

    async def known(self, touched: Touched) -> Known:
        """Return what of it is in the tables."""
        attempt, secret, guesser = reuse_attempt.c, reuse_secret.c, reuse_guesser.c
        pair, place, use = reuse_source.c, reuse_target.c, bait_use.c
        async with self._engine.connect() as connection:
            return Known(
                ids=frozenset(row["id"] for row in await _rows(connection, touched.ids, attempt.id)),
                secrets={
                    row["digest"]: Secret(
                        sources=row["sources"],
                        targets=row["targets"],
                        planted=frozenset(planted_of(row["planted"])),
                        told=row["told"],
                    )
                    for row in await _rows(
                        connection,
                        touched.secrets,
                        secret.digest,
                        secret.sources,
                        secret.targets,
                        secret.planted,
                        secret.told,
                    )
                },
                pairs=await _keys(connection, touched.pairs, pair.secret, pair.source),
                places=await _keys(connection, touched.places, place.secret, place.decky, place.service),
                uses=await _keys(connection, touched.uses, use.secret, use.source, use.decky, use.service),
                guessers={
                    row["address"]: row["secrets"]
                    for row in await _rows(connection, touched.sources, guesser.address, guesser.secrets)
                },
            )

    async def population(self) -> int:
        """Return how many sources tried any credential."""
        async with self._engine.connect() as connection:
            return await population(connection)

    async def fewest(self, secrets: Collection[str], *, besides: Collection[str]) -> Mapping[str, int]:
        """Return of each secret how many secrets its choosiest source tried, other sources than ``besides``."""
        async with self._engine.connect() as connection:
            return await fewest(connection, secrets, besides)

    async def whereabouts(self, secrets: Collection[str], limit: int) -> Mapping[str, Whereabouts]:
        """Return who tried each secret, and where."""
        source, target = reuse_source.c, reuse_target.c
        found = {}
        async with self._engine.connect() as connection:
            for digest in secrets:
                who = select(source.source).where(source.secret == digest).order_by(source.source).limit(limit)
                where = select(target.decky, target.service).where(target.secret == digest)
                places = where.order_by(target.decky, target.service).limit(limit)
                found[digest] = Whereabouts(
                    sources=tuple((await connection.execute(who)).scalars()),
                    targets=tuple((row.decky, row.service) for row in await connection.execute(places)),
                )
        return found

    def work(self, changes: Changes) -> Work:
        """Return what keeps the changes; secrets come before what names them."""
        rows: dict[Table, list[Row]] = {
            reuse_attempt: list(changes.attempts),
            reuse_secret: [
                (
                    one.digest,
                    one.secret,
                    one.kind,
                    " ".join(sorted(one.planted)),
                    one.attempts,
                    one.accepted,
                    one.sources,
                    one.targets,
                    one.first_seen,
                    one.last_seen,
                    one.told,
                )
                for one in changes.secrets
            ],
            reuse_source: _use_rows(changes.pairs),
            reuse_target: _use_rows(changes.places),
            bait_use: _use_rows(changes.uses),
            reuse_guesser: [(one.address, one.secrets, one.last_seen) for one in changes.guessers],
        }
        return [(self._sql[table], rows[table]) for table in _MERGES if rows[table]]


def planted_of(text: str) -> tuple[str, ...]:
    """Return the deckies that a column ``planted`` names."""
    return tuple(text.split())


async def population(connection: AsyncConnection) -> int:
    """Return how many sources tried any credential."""
    return (await connection.execute(select(func.count()).select_from(reuse_guesser))).scalar() or 0


async def fewest(
    connection: AsyncConnection, secrets: Collection[str], besides: Collection[str] = ()
) -> dict[str, int]:
    """Return of each secret how many secrets its choosiest source tried, other sources than ``besides``."""
    source, guesser = reuse_source.c, reuse_guesser.c
    found: dict[str, int] = {}
    for some in _some(secrets):
        query = (
            select(source.secret, func.min(guesser.secrets))
            .join_from(reuse_source, reuse_guesser, guesser.address == source.source)
            .where(source.secret.in_(some))
            .group_by(source.secret)
        )
        if besides:
            query = query.where(source.source.not_in(besides))
        found |= {row[0]: row[1] for row in await connection.execute(query)}
    return found


def _statement(table: Table, dialect: Dialect) -> str:
    return compiled(upsert(table, _MERGES[table], dialect), [column.name for column in table.columns], dialect)


def _use_rows(uses: Iterable[UseRow]) -> list[Row]:
    return [(*one.key, one.attempts, one.accepted, one.first_seen, one.last_seen) for one in uses]


async def _rows(
    connection: AsyncConnection, keys: Collection[str], key: Column[str], *columns: Column[Any]
) -> list[RowMapping]:
    """Return the rows of some keys."""
    found: list[RowMapping] = []
    for some in _some(keys):
        found += (await connection.execute(select(key, *columns).where(key.in_(some)))).mappings()
    return found


async def _keys(
    connection: AsyncConnection, keys: Collection[tuple[str, ...]], *columns: Column[str]
) -> frozenset[Any]:
    """Return which of some keys there are."""
    found: set[Any] = set()  # Any: tuples of as many texts as there are columns
    for some in _some(keys):
        rows = await connection.execute(select(*columns).where(tuple_(*columns).in_(some)))
        found.update(tuple(row) for row in rows)
    return frozenset(found)


def _some(keys: Collection[K]) -> Iterator[list[K]]:
    """Yield keys, as many at a time as one query takes."""
    rest = iter(keys)
    while some := list(islice(rest, AT_ONCE)):
        yield some
