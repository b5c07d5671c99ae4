"""The operations on identities and campaigns, beside the analyses that make them."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.operations import Caller, Role
from decnet_actors.store import identity_operations as ops
from decnet_actors.store.identity_handlers import IdentityHandlers
from decnet_actors.store.identity_queries import IdentityQueries
from tests.corpus import fixture
from tests.decnet_actors.analysis.laboratory import Laboratory, laboratory

ANA = Caller(name="ana", role=Role.ANALYST, via="web")
pytestmark = pytest.mark.slow


@pytest.fixture
async def bench(engine: AsyncEngine) -> AsyncIterator[Laboratory]:
    made = fixture("f6_noise_floor")
    async with laboratory(engine, made.asns) as bench:
        await bench.record(made.records)
        await bench.follow()
        yield bench


def handlers(bench: Laboratory) -> IdentityHandlers:
    return IdentityHandlers(IdentityQueries(bench.engine), bench.decide, lambda: "e" * 32)


async def of(bench: Laboratory, source: str) -> ops.IdentityRow:
    (row,) = (await handlers(bench).identity_list(ops.IdentityListArgs(source=source), ANA)).items
    return row


async def test_identities_are_listed_by_page_and_by_address(bench: Laboratory) -> None:
    ask = handlers(bench)
    cursor: str | None = None
    found: list[ops.IdentityRow] = []
    while True:
        page = await ask.identity_list(ops.IdentityListArgs(limit=2, cursor=cursor), ANA)
        found += page.items
        cursor = page.next
        if cursor is None:
            break

    assert [row.last_seen for row in found] == sorted((row.last_seen for row in found), reverse=True)
    assert len({row.id for row in found}) == len(found) == 7  # the scanners show nothing to compare them by
    assert (await of(bench, "198.19.0.1")).observations == 5
    several = await ask.identity_list(ops.IdentityListArgs(least=5), ANA)
    assert [row.observations for row in several.items] == [5]


async def test_an_identity_shows_its_members_and_why_they_are_one(bench: Laboratory) -> None:
    ask = handlers(bench)
    hopper = await of(bench, "198.19.0.1")
    shown = await ask.identity_show(ops.IdentityArgs(id=hopper.id), ANA)
    first = await ask.identity_evidence(ops.IdentityEvidenceArgs(id=hopper.id, limit=4), ANA)
    rest = await ask.identity_evidence(ops.IdentityEvidenceArgs(id=hopper.id, cursor=first.next), ANA)

    assert {item.source for item in shown.members} >= {"192.0.2.1", "198.19.0.1"}
    assert len(first.items) + len(rest.items) == 10
    assert {reason.family for row in first.items for reason in row.reasons} >= {"payload", "ssh client"}
    assert all(row.weight >= 1.0 and row.why.startswith("payload 1.00") for row in first.items)


async def test_a_campaign_shows_its_identities_and_their_links(bench: Laboratory) -> None:
    ask = handlers(bench)
    campaigns = (await ask.campaign_list(ops.CampaignListArgs(least=2), ANA)).items
    (row,) = campaigns
    shown = await ask.campaign_show(ops.CampaignArgs(id=row.id), ANA)
    night, day = await of(bench, "192.0.2.50"), await of(bench, "198.51.100.50")

    assert set(shown.members) == {night.id, day.id}
    assert (night.campaign, day.campaign) == (row.id, row.id)
    assert next(reason.family for reason in shown.links[0].reasons) == "infrastructure"


async def test_what_is_merged_leads_on_and_what_is_split_stays_apart(bench: Laboratory) -> None:
    ask = handlers(bench)
    night, day = await of(bench, "192.0.2.50"), await of(bench, "198.51.100.50")
    done = await ask.identity_merge(ops.IdentityMergeArgs(id=night.id, other=day.id, reason="one invoice"), ANA)
    await bench.follow()
    both = await ask.identity_show(ops.IdentityArgs(id=day.id), ANA)

    assert (done.observations, both.id, both.observations) == (4, night.id, 4)
    assert both.merged == (day.id,)
    assert [(item.author, item.reason, item.together) for item in both.decisions] == [("ana", "one invoice", True)]

    gone = tuple(item.id for item in both.members if item.source.startswith("198.51.100."))
    split = IdentityHandlers(IdentityQueries(bench.engine), bench.decide, lambda: "f" * 32)
    parted = await split.identity_split(ops.IdentitySplitArgs(id=both.id, observation=gone), ANA)
    await bench.follow()

    assert parted.withdrawn == ("e" * 32,)
    assert (await of(bench, "198.51.100.50")).id == day.id
    assert (await of(bench, "192.0.2.50")).observations == 2


async def test_what_makes_no_sense_is_refused_with_what_to_do(bench: Laboratory) -> None:
    ask = handlers(bench)
    hopper = await of(bench, "198.19.0.1")
    members = (await ask.identity_show(ops.IdentityArgs(id=hopper.id), ANA)).members

    with pytest.raises(OperatorError, match="there is no identity nobody"):
        await ask.identity_show(ops.IdentityArgs(id="nobody"), ANA)
    with pytest.raises(OperatorError, match="there is no campaign nobody"):
        await ask.campaign_show(ops.CampaignArgs(id="nobody"), ANA)
    with pytest.raises(OperatorError, match="is the same identity already"):
        await ask.identity_merge(ops.IdentityMergeArgs(id=hopper.id, other=hopper.id), ANA)
    with pytest.raises(OperatorError, match="is none of it"):
        await ask.identity_split(ops.IdentitySplitArgs(id=hopper.id, observation=("x",)), ANA)
    everybody = tuple(item.id for item in members)
    with pytest.raises(OperatorError, match="some must stay"):
        await ask.identity_split(ops.IdentitySplitArgs(id=hopper.id, observation=everybody), ANA)
    with pytest.raises(OperatorError, match="not the next of a page"):
        await ask.identity_list(ops.IdentityListArgs(cursor="WyJuYW4iLCAieCJd"), ANA)
