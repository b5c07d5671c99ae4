"""The analyses of identities and campaigns beside their tables: restarts, kills, other orders, operators."""

import random

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.analysis import Findings
from decnet_actors.domain.findings import (
    CampaignFormed,
    CampaignIdentityAssigned,
    IdentityCampaignAssigned,
    IdentityDecided,
    IdentityFormed,
    IdentityMerged,
    IdentityObservationLinked,
)
from decnet_actors.store.engine import make_engine
from decnet_actors.store.migrations import migrate
from tests.corpus import corpus, fixture, invent
from tests.decnet_actors.analysis.laboratory import laboratory

pytestmark = pytest.mark.slow


async def fresh(tmp_path, name: str) -> AsyncEngine:
    engine = make_engine(f"sqlite:///{tmp_path}/{name}.db")
    await migrate(engine)
    return engine


async def outcome(engine: AsyncEngine, records, asns, page: int, *, restarts: bool = False):
    async with laboratory(engine, asns) as bench:
        await bench.record(records)
        if restarts:
            while await bench.step(bench.identities, page):
                bench.restart()
        await bench.follow(page)
        contents = await bench.contents()
    await engine.dispose()
    return contents


async def test_pages_restarts_order_and_duplicates_change_nothing_that_is(tmp_path) -> None:
    made = corpus(invent(5, 60), 5)
    records = list(made.records)
    rng = random.Random(1)
    shuffled = [*records, *rng.sample(records, len(records) // 3)]
    rng.shuffle(shuffled)

    expected = await outcome(await fresh(tmp_path, "one"), records, made.asns, 1000)
    assert len(expected["observation"]) == 60
    assert expected["campaign"]
    assert await outcome(await fresh(tmp_path, "two"), records, made.asns, 37) == expected
    assert await outcome(await fresh(tmp_path, "three"), records, made.asns, 101, restarts=True) == expected
    assert await outcome(await fresh(tmp_path, "four"), shuffled, made.asns, 61) == expected


async def test_what_is_cut_off_before_it_is_kept_is_found_again(sqlite_engine: AsyncEngine, tmp_path) -> None:
    made = fixture("f5_multi_operator")
    expected = await outcome(await fresh(tmp_path, "whole"), made.records, made.asns, 20)

    async with laboratory(sqlite_engine, made.asns) as bench:
        await bench.record(made.records)
        more = True
        while more:
            position = await bench.ledger.position("identities")
            entries = await bench.reader.read(after=position, limit=20)
            lost: Findings = await bench.identities.study(entries)  # killed before it was kept
            assert lost.work or not entries or lost.found == ()
            bench.restart()
            more = await bench.step(bench.identities, 20)
        await bench.follow(20)

        assert await bench.contents() == expected


async def test_an_analysis_that_starts_late_finds_what_it_would_have_found(tmp_path) -> None:
    made = fixture("f6_noise_floor")
    expected = await outcome(await fresh(tmp_path, "late"), made.records, made.asns, 1000)
    engine = await fresh(tmp_path, "live")
    async with laboratory(engine, made.asns) as bench:
        for start in range(0, len(made.records), 50):
            await bench.record(made.records[start : start + 50])
            await bench.follow()
        live = await bench.contents()
    await engine.dispose()

    assert live == expected


async def test_findings_tell_what_became_of_identities_and_campaigns(sqlite_engine: AsyncEngine) -> None:
    made = fixture("f5_multi_operator")
    async with laboratory(sqlite_engine, made.asns) as bench:
        half = len(made.records) // 2
        for part in (made.records[:half], made.records[half:]):
            await bench.record(part)
            await bench.follow(7)
        told = await bench.told()
        identities, campaigns = await bench.labels()

    formed = {one.identity for one in told if isinstance(one, IdentityFormed)}
    merged = {one.loser for one in told if isinstance(one, IdentityMerged)}
    assert set(identities.values()) == formed - merged
    assert {one.campaign for one in told if isinstance(one, CampaignFormed)} >= set(campaigns.values())
    assigned = {one.identity: one.campaign for one in told if isinstance(one, IdentityCampaignAssigned)}
    assert {assigned[name] for name in identities.values()} == set(campaigns.values())
    assert any(isinstance(one, IdentityObservationLinked) for one in told)
    assert any(isinstance(one, CampaignIdentityAssigned) for one in told)


async def test_a_second_look_at_the_same_events_tells_nothing(sqlite_engine: AsyncEngine) -> None:
    made = fixture("f2_vpn_hopping")
    async with laboratory(sqlite_engine, made.asns) as bench:
        await bench.record(made.records)
        await bench.follow()
        before = await bench.told()
        await bench.record(made.records)
        await bench.follow()

        assert await bench.told() == before


async def test_what_operators_decide_holds_over_restarts_and_new_evidence(sqlite_engine: AsyncEngine) -> None:
    made = fixture("f2_vpn_hopping")
    half = len(made.records) // 2
    async with laboratory(sqlite_engine, made.asns) as bench:
        await bench.record(made.records[:half])
        await bench.follow()
        identities, _ = await bench.labels()
        first, *rest = sorted(identities)
        assert len(set(identities.values())) == 1
        apart = IdentityDecided(decision="a" * 32, together=False, sides=((first,), tuple(rest)), author="ana")
        await bench.decide(apart)
        await bench.follow()
        bench.restart()
        await bench.record(made.records[half:])
        await bench.follow()
        parted, _ = await bench.labels()

        assert [ident for ident in rest if parted[ident] == parted[first]] == []
        await bench.decide(IdentityDecided(decision="b" * 32, together=True, sides=(), withdraws=("a" * 32,)))
        await bench.follow()
        again, _ = await bench.labels()
        assert len(set(again.values())) == 1


async def test_a_session_whose_client_shows_late_leaves_the_observation_it_was_taken_for(
    sqlite_engine: AsyncEngine,
) -> None:
    made = fixture("f2_vpn_hopping")
    late = sorted(made.records, key=lambda record: record.kind == "SshClientSeen")  # the clients at the very end
    async with laboratory(sqlite_engine, made.asns) as bench:
        await bench.record(late)
        await bench.follow(9)
        identities, _ = await bench.labels()

        assert identities.keys() == made.truth.identity.keys()
        assert len(set(identities.values())) == 1


async def test_tables_work_on_every_engine(engine: AsyncEngine) -> None:
    made = fixture("f5_multi_operator")
    async with laboratory(engine, made.asns) as bench:
        await bench.record(made.records)
        await bench.follow(25)
        identities, campaigns = await bench.labels()
        first, second = sorted(identities)[:2]
        await bench.decide(
            IdentityDecided(
                decision="c" * 32, together=identities[first] != identities[second], sides=((first, second),)
            )
        )
        bench.restart()
        await bench.follow(25)

        assert (len(set(identities.values())), len(set(campaigns.values()))) == (2, 1)
