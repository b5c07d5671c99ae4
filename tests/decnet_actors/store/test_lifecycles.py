"""Lifecycle operations, on every engine."""

import pytest
from attrs import evolve
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.fleet_revisions import FleetRevision
from decnet_actors.contracts.lifecycle import DeckyOutcome, Lifecycle, Outcome, State
from decnet_actors.store.fleets import FleetTable
from decnet_actors.store.lifecycles import LifecycleTable

FIRST = Lifecycle(
    id="01" * 16,
    kind="fleet.apply",
    author="ana",
    via="web",
    reason="for the office, größer",
    revision=2,
    requested=1_767_225_600.25,
)
REVISION = FleetRevision(
    number=2,
    time=1_767_225_600.25,
    author="ana",
    via="web",
    reason="",
    summary="1 created",
    digest="a" * 64,
    configured="",
    document="{}",
)


@pytest.fixture
def table(engine: AsyncEngine) -> LifecycleTable:
    return LifecycleTable(engine)


def numbered(number: int, state: State = State.QUEUED) -> Lifecycle:
    return evolve(FIRST, id=f"{number:032x}", state=state)


async def test_it_comes_back_as_it_was_and_as_it_became(table: LifecycleTable) -> None:
    await table.add(FIRST)
    assert await table.get(FIRST.id) == FIRST
    ended = evolve(
        FIRST,
        state=State.FAILED,
        started=1.5,
        ended=2.5,
        attempts=2,
        done=1,
        total=2,
        error="\x00 is taken",
        outcomes=(DeckyOutcome(name="web-01", state=Outcome.DOWN, error="größer"),),
    )
    await table.change(ended)

    assert await table.get(FIRST.id) == evolve(ended, error="\\x00 is taken")
    assert await table.get("no such") is None


async def test_the_next_is_the_oldest_that_has_not_ended(table: LifecycleTable) -> None:
    assert await table.next() is None
    states = (State.SUCCEEDED, State.FAILED, State.RUNNING, State.QUEUED)
    for number, state in enumerate(states):
        await table.add(numbered(number, state))

    assert await table.next() == numbered(2, State.RUNNING)
    await table.change(numbered(2, State.SUCCEEDED))
    assert await table.next() == numbered(3)
    await table.change(numbered(3, State.FAILED))
    assert await table.next() is None


async def test_the_list_is_newest_first_and_paged(table: LifecycleTable) -> None:
    outcomes = (DeckyOutcome(name="web-01", state=Outcome.UP),)
    for number in range(5):
        await table.add(evolve(numbered(number), outcomes=outcomes))
    rows = await table.list(limit=2)
    rest = await table.list(before=rows[-1].id)

    assert [numbered(number) for number in (4, 3, 2, 1, 0)] == [*rows, *rest]


async def test_it_is_kept_together_with_its_revision_or_neither_is(engine: AsyncEngine, table: LifecycleTable) -> None:
    revisions = FleetTable(engine)
    await revisions.add(REVISION, FIRST)
    with pytest.raises(ValueError, match="revision 2"):
        await revisions.add(REVISION, numbered(7))

    assert [FIRST] == [*await table.list()]


async def test_what_ended_long_ago_is_forgotten_and_what_has_not_ended_never(engine: AsyncEngine) -> None:
    table = LifecycleTable(engine, kept=3)
    await table.add(numbered(0))
    for number in range(1, 7):
        await table.add(numbered(number, State.SUCCEEDED))
    await table.add(numbered(7))

    assert [7, 6, 5, 4, 0] == [int(row.id, 16) for row in await table.list()]
