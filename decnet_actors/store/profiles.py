"""This module keeps profiles of attackers (``contracts.profiles.Profiles``)."""

from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256
from itertools import islice
from typing import Any, TypeVar

from msgspec import msgpack
from msgspec.structs import astuple
from sqlalchemy import ColumnElement, Row, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.profiles import Changed
from decnet_actors.domain.profile import Mark, Mutation, Profile, Visit
from decnet_actors.store.statements import compiled, upsert
from decnet_actors.store.tables import attacker, attacker_mark, attacker_visit, decky_mutation
from decnet_actors.store.transaction import Work

T = TypeVar("T")
ASKED = 200  # keys of one question: SQLite takes so many parameters of two columns in every build

ATTACKER_COLUMNS = tuple(column.name for column in attacker.columns)
VISIT_COLUMNS = Visit.__struct_fields__
MARK_COLUMNS = ("digest", "address", "kind", "first_seen")
MUTATION_COLUMNS = ("decky", "mutations")

_profile = msgpack.Decoder(Profile)
_mutations = msgpack.Decoder(list[Mutation])


class ProfileTable:
    """Keeps profiles in the database; what it makes of changes is run by the journal.

    Args:
        engine: of the store.

    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        dialect = engine.dialect
        self._attacker = compiled(upsert(attacker, _replace(ATTACKER_COLUMNS, 1), dialect), ATTACKER_COLUMNS, dialect)
        self._visit = compiled(upsert(attacker_visit, _replace(VISIT_COLUMNS, 2), dialect), VISIT_COLUMNS, dialect)
        self._mark = compiled(upsert(attacker_mark, {"first_seen": "least"}, dialect), MARK_COLUMNS, dialect)
        self._mutation = compiled(upsert(decky_mutation, {"mutations": "new"}, dialect), MUTATION_COLUMNS, dialect)

    async def profiles(self, addresses: Collection[str]) -> dict[str, Profile]:
        """Return those of addresses that are known."""
        rows = await self._rows(select(attacker.c.address, attacker.c.profile), attacker.c.address, addresses)
        return {row.address: decoded(row.profile) for row in rows}

    async def visits(self, places: Collection[tuple[str, str]]) -> dict[tuple[str, str], Visit]:
        """Return those of addresses and deckies that are known."""
        key = tuple_(attacker_visit.c.address, attacker_visit.c.decky)
        rows = await self._rows(select(*visit_columns()), key, places)
        return {(row.address, row.decky): visit_of(row) for row in rows}

    async def mutations(self, deckies: Collection[str]) -> dict[str, list[Mutation]]:
        """Return what is known of deckies, in no order."""
        rows = await self._rows(select(decky_mutation), decky_mutation.c.decky, deckies)
        return {row.decky: _mutations.decode(bytes(row.mutations)) for row in rows}

    def work(self, changed: Changed) -> Work:
        """Return the work of keeping it, in one order of rows: PostgreSQL and MySQL lock them."""
        marks = sorted({_mark_row(mark) for mark in changed.marks})
        parts: tuple[tuple[str, Sequence[tuple[object, ...]]], ...] = (
            (self._attacker, [_attacker_row(one) for _, one in sorted(changed.profiles.items())]),
            (self._visit, [_visit_row(one) for _, one in sorted(changed.visits.items())]),
            (self._mark, marks),
            (self._mutation, [(name, msgpack.encode(known)) for name, known in sorted(changed.mutations.items())]),
        )
        return [(sql, rows) for sql, rows in parts if rows]

    async def _rows(
        self,
        query: Select[Any],  # Any: of columns of many types
        key: ColumnElement[Any],  # Any: of one column, or of two
        wanted: Collection[T],
    ) -> list[Row[Any]]:  # Any: as above
        found: list[Row[Any]] = []  # Any: as above
        if wanted:
            async with self._engine.connect() as connection:
                for some in _parts(wanted):
                    found += await connection.execute(query.where(key.in_(some)))
        return found


def decoded(data: bytes) -> Profile:
    """Return the profile of a row."""
    return _profile.decode(bytes(data))


def mark_digest(kind: str, value: str) -> str:
    """Return what a mark is found by."""
    return sha256(f"{kind}:{value}".encode()).hexdigest()


def joined(names: Sequence[str]) -> str:
    """Return names so that one can be looked for."""
    return f",{','.join(names)}," if names else ""


def parted(text: str) -> tuple[str, ...]:
    """Return the names again."""
    return tuple(name for name in text.split(",") if name)


def visit_columns() -> list[ColumnElement[Any]]:  # Any: columns of many types
    """Return what ``visit_of`` needs."""
    return [attacker_visit.c[name] for name in VISIT_COLUMNS]


def visit_of(row: Row[Any]) -> Visit:  # Any: columns of many types
    """Return the visit of a row."""
    fields: dict[str, Any] = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's documented name; Any: columns of many types
    return Visit(**fields | {"services": list(parted(row.services))})


def _replace(columns: Sequence[str], keys: int) -> dict[str, str]:
    return dict.fromkeys(columns[keys:], "new")


def _attacker_row(profile: Profile) -> tuple[object, ...]:
    plain = ATTACKER_COLUMNS[:-3]
    return (
        *(getattr(profile, name) for name in plain),
        joined(profile.services),
        joined(profile.tools),
        msgpack.encode(profile),
    )


def _visit_row(visit: Visit) -> tuple[object, ...]:
    return (*astuple(visit)[:-1], joined(visit.services))


def _mark_row(mark: Mark) -> tuple[str, str, str, float]:
    return mark_digest(mark.kind, mark.value), mark.address, mark.kind, mark.first_seen


def _parts(wanted: Collection[T]) -> Iterator[list[T]]:
    left = iter(wanted)
    while some := list(islice(left, ASKED)):
        yield some
