"""What analyses find is kept with their tables and their cursor, together or not at all, once."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.analysis.follower import Follower
from decnet_actors.contracts.analysis import Findings, Found, MovedError
from decnet_actors.domain.findings import AttackerObserved
from decnet_actors.domain.records import Entry
from decnet_actors.store import tables
from decnet_actors.store.batch import Committer
from decnet_actors.store.intake import Intake
from decnet_actors.store.ledger import JournalLedger
from decnet_actors.store.reader import Reader
from decnet_actors.store.statements import compiled
from supervisors.testing import launch, settle
from tests.decnet_actors.store.journals import Harness, cancelled_everywhere
from tests.decnet_actors.store.samples import NOW, login, record

SEEN = Table("seen", MetaData(), Column("address", String(64), primary_key=True), Column("seq", Integer))


@pytest.fixture
async def seen(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    async with engine.begin() as connection:
        await connection.run_sync(SEEN.create)
    yield engine
    async with engine.begin() as connection:
        await connection.run_sync(SEEN.drop)


def ledger(engine: AsyncEngine, intake: Intake) -> JournalLedger:
    numbers = itertools.count(1)
    return JournalLedger(engine, intake, host="manager", new_id=lambda: f"{next(numbers):032x}")


def found(engine: AsyncEngine, *addresses: str, seq: int = 0) -> Findings:
    rows = [(address, seq) for address in addresses]
    findings = [AttackerObserved(address=one, decky="web-01", service="ssh", first_seen=NOW) for one in addresses]
    return Findings(
        work=[(compiled(insert(SEEN), ("address", "seq"), engine.dialect), rows)] if rows else (),
        found=[Found(finding=one, time=NOW) for one in findings],
    )


async def rows(engine: AsyncEngine) -> list[tuple[str, int]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(select(SEEN).order_by(SEEN.c.address))]


class FirstSight:
    """A study: tells of each source the first time it is seen, and keeps its address in a table."""

    name = "sight"

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def study(self, entries: Sequence[Entry]) -> Findings:
        known = {address for address, _ in await rows(self._engine)}
        new: dict[str, int] = {}
        for entry in entries:
            if entry.record.source and entry.record.source not in known:
                new.setdefault(entry.record.source, entry.seq)
        return found(self._engine, *new)


async def test_findings_tables_and_cursor_are_kept_and_told_together(seen: AsyncEngine) -> None:
    harness = Harness(seen)
    await harness.start()
    await harness.keep(record(1, login()), record(2, login()))
    kept = ledger(seen, harness.intake)
    await kept.keep("sight", found(seen, "203.0.113.7", seq=2), before=0, seq=2)
    await harness.keep(record(3, login()))

    assert await rows(seen) == [("203.0.113.7", 2)]
    assert await kept.position("sight") == 2
    told = harness.published
    assert [entry.seq for entry in told] == [1, 2, 3, 4]
    assert told[2].record.topic == "attacker.observed"
    assert [entry async for entry in Reader(seen).follow(after=0)] == told
    await harness.stop()


async def test_who_is_not_where_it_believes_keeps_nothing(seen: AsyncEngine) -> None:
    harness = Harness(seen)
    await harness.start()
    await harness.keep(*(record(n, login()) for n in range(5)))
    kept = ledger(seen, harness.intake)
    await kept.keep("sight", found(seen, "203.0.113.7"), before=0, seq=3)

    with pytest.raises(MovedError):
        await kept.keep("sight", found(seen, "203.0.113.8"), before=2, seq=5)
    await kept.keep("sight", found(seen, "203.0.113.9"), before=0, seq=3)  # again, when the answer was lost
    assert [address for address, _ in await rows(seen)] == ["203.0.113.7"]
    await harness.stop()


async def test_findings_that_no_database_takes_are_their_analysis_fault(seen: AsyncEngine) -> None:
    harness = Harness(seen)
    await harness.start()
    await harness.keep(record(1, login()))
    kept = ledger(seen, harness.intake)

    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        await kept.keep("sight", found(seen, "203.0.113.7", "203.0.113.7"), before=0, seq=1)
    assert (await rows(seen), await kept.position("sight")) == ([], 0)
    await harness.keep(record(2, login()))  # the journal goes on
    await harness.stop()


async def test_a_kill_at_any_await_keeps_findings_once(seen: AsyncEngine) -> None:
    numbers = itertools.count(1)

    def make():
        number = next(numbers)
        intake = Intake(f"crash{number}")
        name = f"sight{number}"
        committer = Committer(seen)
        explanation = asyncio.ensure_future(
            ledger(seen, intake).keep(name, found(seen, f"203.0.113.{number}"), before=0, seq=1)
        )

        async def scenario() -> None:
            await asyncio.sleep(0)
            await committer.reopen()
            await committer.explain(intake.explanations[0])

        async def check() -> None:
            await asyncio.sleep(0)
            await committer.close()
            heir = Committer(seen)
            await heir.reopen()
            await heir.explain(intake.explanations[0])
            await heir.close()
            explanation.cancel()
            assert [address for address, _ in await rows(seen)].count(f"203.0.113.{number}") == 1
            async with seen.connect() as connection:
                fact = tables.fact.c
                query = select(fact.seq).where(fact.producer == f"analysis.{name}")
                assert len((await connection.execute(query)).all()) == 1

        return scenario(), check

    assert await cancelled_everywhere(make) > 3


async def follow(harness: Harness) -> Follower:
    reader = Reader(harness.engine, harness.subscribe)
    follower = Follower(lambda: FirstSight(harness.engine), reader, ledger(harness.engine, harness.intake), linger=0.0)
    launch(follower, "analysis/sight")
    await follower.started
    return follower


async def test_a_follower_sees_each_entry_once_however_often_it_is_killed(seen: AsyncEngine) -> None:
    harness = Harness(seen)
    await harness.start()
    for start in range(0, 60, 10):
        follower = await follow(harness)
        await harness.keep(*(record(start + n, login(), source=f"198.51.100.{start + n}") for n in range(10)))
        while len(await rows(seen)) < start + 5:
            await settle()
        follower.kill()
    follower = await follow(harness)
    while len(await rows(seen)) < 60:
        await settle()
    told = [entry.record.fact.address for entry in harness.published if isinstance(entry.record.fact, AttackerObserved)]
    assert sorted(told) == sorted(f"198.51.100.{n}" for n in range(60))
    follower.kill()
    await harness.stop()
