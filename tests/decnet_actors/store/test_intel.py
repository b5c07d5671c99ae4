"""What providers said of addresses comes back as it was, on every engine."""

from pathlib import Path

import pytest
from attrs import evolve
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.intel import Known
from decnet_actors.contracts.intel_operations import IntelArgs, IntelListArgs
from decnet_actors.contracts.operations import Caller, Role
from decnet_actors.domain.intel import Verdict
from decnet_actors.store.intel import IntelTable
from decnet_actors.store.intel_handlers import IntelHandlers
from decnet_actors.store.settings import RetentionConfig
from decnet_actors.store.sweep import Sweep
from decnet_actors.store.transaction import run_transaction

ANA = Caller(name="ana", role=Role.VIEWER, via="local")
NOW = 1_767_225_600.25
SAID = Known(
    address="45.83.64.1",
    provider="abuseipdb",
    asked=NOW,
    answered=NOW,
    expires=NOW + 86_400,
    wanted=NOW - 3,
    verdict=Verdict.MALICIOUS,
    fields={"score": 100, "categories": ("ssh", "hacking"), "isp": "größer \\x1b", "tor": False},
)
FAILED = Known(
    address="45.83.64.1", provider="greynoise", asked=NOW, answered=None, expires=NOW + 900, wanted=NOW, error="\x00"
)


@pytest.fixture
def table(engine: AsyncEngine) -> IntelTable:
    return IntelTable(engine)


@pytest.fixture
def keep(engine: AsyncEngine, table: IntelTable):
    async def run(*rows: Known, position: int = 1, **verdicts: tuple[Verdict, float]) -> None:
        work = table.work(rows, {address.replace("_", "."): said for address, said in verdicts.items()}, position)
        async with engine.connect() as connection:
            await run_transaction(connection, work)

    return run


async def test_it_comes_back_as_it_was_and_as_it_became(table: IntelTable, keep) -> None:
    await keep(SAID, FAILED)
    found = await table.known(["45.83.64.1", "9.9.9.9"])

    assert {"9.9.9.9": {}, "45.83.64.1": {"abuseipdb": SAID, "greynoise": evolve(FAILED, error="\\x00")}} == found
    later = evolve(SAID, verdict=Verdict.UNKNOWN, fields={"score": 0}, answered=NOW + 1)
    await keep(later, position=7)
    assert later == (await table.known(["45.83.64.1"]))["45.83.64.1"]["abuseipdb"]


async def test_the_position_is_kept_with_the_rows(table: IntelTable, keep) -> None:
    assert await table.position() is None
    await keep(position=0)
    assert 0 == await table.position()
    await keep(SAID, position=41)
    assert 41 == await table.position()


async def test_what_brought_nothing_waits_and_what_nobody_wants_any_more_does_not(table: IntelTable, keep) -> None:
    later = evolve(FAILED, provider="threatfox", address="45.83.64.2", expires=NOW + 60)
    await keep(SAID, FAILED, later, evolve(FAILED, address="45.83.64.3", wanted=NOW - 90_000))

    assert [(NOW + 60, "45.83.64.2"), (NOW + 900, "45.83.64.1")] == [*await table.waiting(NOW - 86_400, 10)]
    assert 1 == len(await table.waiting(NOW - 86_400, 1))


async def test_what_was_asked_is_counted(table: IntelTable, keep) -> None:
    await keep(SAID, evolve(SAID, address="45.83.64.2", asked=NOW - 5), evolve(SAID, address="45.83.64.3", asked=None))

    assert (2, 1, 0) == tuple(
        [await table.asked_since(*args) for args in (("abuseipdb", 0.0), ("abuseipdb", NOW), ("feodo", 0.0))]
    )


async def test_the_list_is_newest_first_filtered_and_paged(table: IntelTable, keep) -> None:
    handlers = IntelHandlers(table)
    await keep(
        SAID,
        FAILED,
        **{
            "45_83_64_1": (Verdict.MALICIOUS, NOW),
            "45_83_64_2": (Verdict.UNKNOWN, NOW),
            "9_9_9_9": (Verdict.MALICIOUS, NOW - 9),
        },
    )

    async def listed(**args) -> list[str]:
        page = await handlers.list(IntelListArgs(**args), ANA)
        rows = [row.address for row in page.items]
        return rows + (await listed(**{**args, "cursor": page.next}) if page.next else [])

    assert ["45.83.64.2", "45.83.64.1", "9.9.9.9"] == await listed() == await listed(limit=1)
    assert ["45.83.64.1", "9.9.9.9"] == await listed(verdict=Verdict.MALICIOUS)
    assert ["9.9.9.9"] == await listed(q="9.")
    assert ["45.83.64.2", "45.83.64.1"] == await listed(since=NOW)
    (row,) = (await handlers.list(IntelListArgs(q="45.83.64.1"), ANA)).items
    assert ("abuseipdb=malicious",) == row.opinions


async def test_one_address_is_shown_in_any_spelling_and_an_unknown_one_is_not(table: IntelTable, keep) -> None:
    handlers = IntelHandlers(table)
    six = evolve(SAID, address="2a01:4f8::1")
    async with table._engine.connect() as connection:
        await run_transaction(connection, table.work([six], {six.address: (Verdict.MALICIOUS, NOW)}, 1))
    shown = await handlers.show(IntelArgs(address="2A01:04F8:0::1"), ANA)

    assert ("2a01:4f8::1", Verdict.MALICIOUS, NOW) == (shown.address, shown.verdict, shown.time)
    assert ("categories=hacking", "categories=ssh", "isp=größer \\x1b", "score=100") == shown.opinions[0].says
    with pytest.raises(OperatorError, match="DN3001: nobody was asked about"):
        await handlers.show(IntelArgs(address="\x1b[2J"), ANA)


async def test_it_goes_when_nobody_wanted_it_for_as_long_as_sources_are_kept(
    engine: AsyncEngine, table: IntelTable, keep, tmp_path: Path
) -> None:
    async def offload(work):
        return work()

    recent = evolve(SAID, address="9.9.9.9", wanted=NOW, answered=NOW)
    await keep(SAID, FAILED, recent, **{"45_83_64_1": (Verdict.MALICIOUS, NOW - 50), "9_9_9_9": (Verdict.UNKNOWN, NOW)})
    config = RetentionConfig(sources=1.0, batch=1, pause=0.0)
    removed = await Sweep(engine, tmp_path, config, offload=offload).run(NOW + 0.5)

    assert {"intel": 1, "intel_verdict": 1} == removed
    assert [[FAILED.provider], [recent.provider]] == [
        [*rows] for rows in (await table.known(["45.83.64.1", "9.9.9.9"])).values()
    ]


@pytest.mark.parametrize("cursor", ["x", "WyJ4IiwgIngiXQ"])
async def test_a_cursor_that_is_none_of_ours_is_refused(sqlite_engine: AsyncEngine, cursor: str) -> None:
    with pytest.raises(OperatorError, match="DN5001"):
        await IntelHandlers(IntelTable(sqlite_engine)).list(IntelListArgs(cursor=cursor), ANA)
