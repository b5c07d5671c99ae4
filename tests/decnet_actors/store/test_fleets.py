"""Revisions of the fleet's desired state, on every engine."""

import pytest
from attrs import evolve
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.fleet_revisions import FleetRevision
from decnet_actors.store.fleets import FleetTable

FIRST = FleetRevision(
    number=1,
    time=1_767_225_600.25,
    author="ana",
    via="control",
    reason="for the office, größer",
    summary="2 created",
    digest="a" * 64,
    configured="b" * 64,
    document='{"deckies":[{"name":"web-01","services":{"ssh":{}}}],"größe":"\\u0000"}',
)


@pytest.fixture
def table(engine: AsyncEngine) -> FleetTable:
    return FleetTable(engine)


async def test_there_is_none_at_first(table: FleetTable) -> None:
    assert await table.newest() is None
    assert await table.get(1) is None
    assert await table.list() == ()


async def test_a_revision_comes_back_as_it_was(table: FleetTable) -> None:
    await table.add(FIRST)

    assert await table.newest() == FIRST
    assert await table.get(1) == FIRST


async def test_a_document_of_ten_thousand_deckies_fits(table: FleetTable) -> None:
    large = evolve(FIRST, document="x" * 4_000_000)
    await table.add(large)

    assert await table.get(1) == large


async def test_the_list_is_newest_first_without_documents(table: FleetTable) -> None:
    for number in range(1, 6):
        await table.add(evolve(FIRST, number=number))

    rows = await table.list(limit=2)
    more = await table.list(before=rows[-1].number, limit=10)

    assert [5, 4] == [row.number for row in rows]
    assert [3, 2, 1] == [row.number for row in more]
    assert {""} == {row.document for row in (*rows, *more)}
    newest = await table.newest()
    assert newest is not None
    assert newest.number == 5


async def test_a_number_is_given_once(table: FleetTable) -> None:
    await table.add(FIRST)

    with pytest.raises(ValueError, match="revision 1"):
        await table.add(evolve(FIRST, author="bo"))
    assert await table.newest() == FIRST


async def test_text_that_a_database_refuses_is_kept_escaped(table: FleetTable) -> None:
    await table.add(evolve(FIRST, author="a\x00b", reason="\ud800"))

    kept = await table.newest()

    assert kept is not None
    assert (kept.author, kept.reason) == ("a\\x00b", "\\u{d800}")
