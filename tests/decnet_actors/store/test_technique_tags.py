"""The techniques' study on a real database: what it tags is kept once, and its sequences outlive it."""

import itertools
import json
from collections.abc import Sequence

import attrs
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.analysis.follower import Follower
from decnet_actors.analysis.techniques import loader
from decnet_actors.analysis.techniques import operations as ops
from decnet_actors.analysis.techniques.handlers import TechniqueHandlers
from decnet_actors.analysis.techniques.study import Techniques
from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.operations import Caller, Nothing, Role
from decnet_actors.contracts.techniques import Mode, RuleState, Tag, Window
from decnet_actors.domain.facts import ShellCommandSeen
from decnet_actors.domain.findings import TechniqueSeen
from decnet_actors.domain.records import Entry
from decnet_actors.store.ledger import JournalLedger
from decnet_actors.store.reader import Reader
from decnet_actors.store.technique_tags import TechniqueTagTable
from decnet_actors.store.transaction import run_transaction
from supervisors.testing import launch, settle
from tests.decnet_actors.store.journals import Harness
from tests.decnet_actors.store.samples import NOW, login, record

RULES = loader.load()
ALL = sorted({emit.technique for rule in RULES.rules.values() for emit in rule.emits})
ANALYST = Caller(name="ana", role=Role.ANALYST, via="control")


async def keep(engine: AsyncEngine, study: Techniques, entries: Sequence[Entry]) -> list[TechniqueSeen]:
    """Have entries studied and what comes of it kept; return the findings."""
    findings = await study.study(entries)
    if findings.work:
        async with engine.connect() as connection:
            await run_transaction(connection, findings.work)
    return [one.finding for one in findings.found if isinstance(one.finding, TechniqueSeen)]


def typed(number: int, line: str, **options) -> Entry:
    return Entry(seq=number, record=record(number, ShellCommandSeen(line=line, interactive=True), **options))


def refused(number: int, **options) -> Entry:
    return Entry(seq=number, record=record(number, login(f"user{number}", b"%d" % number), **options))


def study(engine: AsyncEngine) -> Techniques:
    return Techniques(TechniqueTagTable(engine), lambda: RULES)


def handlers(engine: AsyncEngine, now: float = NOW) -> TechniqueHandlers:
    return TechniqueHandlers(TechniqueTagTable(engine), lambda: RULES, lambda: now)


async def tags(engine: AsyncEngine, *techniques: str) -> Sequence[Tag]:
    return await TechniqueTagTable(engine).tags(techniques)


async def test_an_event_is_tagged_with_its_own_time_and_told_once_for_each_source(engine: AsyncEngine) -> None:
    made = study(engine)
    first = await keep(engine, made, [typed(1, "uname -a"), typed(2, "uname"), typed(3, "uname", source="192.0.2.1")])
    second = await keep(engine, study(engine), [typed(4, "lscpu")])

    assert [("203.0.113.7", "T1082"), ("192.0.2.1", "T1082")] == [(one.source, one.technique) for one in first]
    assert [] == second
    found = await tags(engine, "T1082")
    assert [4, 3, 2, 1] == [tag.seq for tag in found]
    assert NOW + 4 == found[0].time
    assert {"line": "lscpu"} == found[0].evidence
    assert ("ttp.tagged", "System Information Discovery") == (
        record(1, first[0], source="").topic,
        first[0].name,
    )


async def test_what_comes_twice_changes_nothing(engine: AsyncEngine) -> None:
    entries = [refused(number) for number in range(1, 8)] + [typed(9, "whoami")]
    again = [Entry(seq=entry.seq + 100, record=entry.record) for entry in entries]
    await keep(engine, study(engine), entries)
    before = await tags(engine, *ALL)
    told = await keep(engine, study(engine), again)

    assert before == await tags(engine, *ALL)
    assert before
    assert [] == told


async def test_a_sequence_outlives_the_study_that_began_it(engine: AsyncEngine) -> None:
    for number in range(1, 5):
        assert [] == await keep(engine, study(engine), [refused(number)])
    told = await keep(engine, study(engine), [refused(5)])

    assert ["T1110"] == [one.technique for one in told]
    assert [5] == [tag.seq for tag in await tags(engine, "T1110")]


@pytest.mark.parametrize("size", [1, 3, 50])
async def test_how_entries_are_gathered_makes_no_difference(sqlite_engine: AsyncEngine, size: int) -> None:
    entries = [
        refused(number, source=f"192.0.2.{number % 3}") if number % 4 else typed(number, "id")
        for number in range(1, 50)
    ]
    for begin in range(0, len(entries), size):
        await keep(sqlite_engine, study(sqlite_engine), entries[begin : begin + size])
    found = [(tag.seq, tag.rule, tag.technique) for tag in await tags(sqlite_engine, *ALL)]

    assert WHOLE == sorted(found)


WHOLE = sorted(
    [(number, "SH-10", "T1033") for number in range(4, 50, 4)]
    + [(17, "CRED-1", "T1110"), (18, "CRED-1", "T1110"), (19, "CRED-1", "T1110")]
)


async def test_a_study_that_is_killed_goes_on_where_it_was(sqlite_engine: AsyncEngine) -> None:
    harness, numbers = Harness(sqlite_engine), itertools.count(1)
    await harness.start()
    reader = Reader(sqlite_engine, harness.subscribe)
    ledger = JournalLedger(sqlite_engine, harness.intake, host="m", new_id=lambda: f"{next(numbers):032x}")
    for number in range(12):
        follower = Follower(lambda: study(sqlite_engine), reader, ledger, linger=0.0)
        launch(follower, "analysis/techniques", clock=harness.clock)
        await harness.keep(refused(number).record)
        while number % 3 and await ledger.position("techniques") < harness.published[-1].seq:
            await settle()
        follower.kill()
    await harness.stop()
    told = [one.record.fact for one in harness.published if isinstance(one.record.fact, TechniqueSeen)]

    assert ["T1110"] == [one.technique for one in told]
    assert [5] == [tag.seq for tag in await tags(sqlite_engine, "T1110")]


async def test_a_disabled_rule_tags_nothing_until_its_time_is_over(engine: AsyncEngine) -> None:
    table = TechniqueTagTable(engine)
    await table.set_state(RuleState(rule="SH-9", mode=Mode.DISABLED, until=NOW + 10))
    await keep(engine, study(engine), [typed(5, "uname"), typed(15, "uname")])

    assert [15] == [tag.seq for tag in await tags(engine, "T1082")]


async def test_a_clipped_rule_is_believed_only_so_far(engine: AsyncEngine) -> None:
    await TechniqueTagTable(engine).set_state(RuleState(rule="SH-9", mode=Mode.CLIPPED, ceiling=0.2))
    told = await keep(engine, study(engine), [typed(1, "uname; whoami")])

    assert {"T1082": 0.2, "T1033": 0.7} == {one.technique: one.confidence for one in told}


async def test_an_operator_changes_a_rule_for_every_study_from_then_on(engine: AsyncEngine) -> None:
    asked = handlers(engine)
    made = await asked.disable(ops.RuleDisableArgs(rule="SH-9", reason="ours"), ANALYST)

    assert (Mode.DISABLED, "ana", "ours") == (made.mode, made.author, made.reason)
    assert [] == await keep(engine, study(engine), [typed(1, "uname")])
    await asked.enable(ops.RuleArgs(rule="SH-9"), ANALYST)
    assert ["T1082"] == [one.technique for one in await keep(engine, study(engine), [typed(2, "uname")])]
    rows = {row.rule: row for row in (await asked.rules(Nothing(), ANALYST)).items}
    assert (Mode.ENABLED, 1, NOW + 2) == (rows["SH-9"].mode, rows["SH-9"].events, rows["SH-9"].last_seen)
    assert set(RULES.rules) == set(rows)


async def test_the_matrix_counts_events_and_sources_in_the_order_of_the_tactics(engine: AsyncEngine) -> None:
    lines = [("uname", "192.0.2.1"), ("uname", "192.0.2.2"), ("history -c", "192.0.2.1"), ("whoami; id", "192.0.2.1")]
    await keep(engine, study(engine), [typed(n, line, source=source) for n, (line, source) in enumerate(lines, 1)])
    page = await handlers(engine).list(ops.TechniqueListArgs(), ANALYST)

    assert [
        ("defense-evasion", "T1070.003", 1, 1),
        ("discovery", "T1033", 1, 1),
        ("discovery", "T1082", 2, 2),
    ] == [(row.tactic, row.technique, row.events, row.sources) for row in page.items]
    assert "Indicator Removal: Clear Command History" == page.items[0].name
    only = await handlers(engine).list(ops.TechniqueListArgs(source="192.0.2.2", since=NOW), ANALYST)
    assert ["T1082"] == [row.technique for row in only.items]
    assert not (await handlers(engine).list(ops.TechniqueListArgs(since=NOW + 100), ANALYST)).items


async def test_a_technique_is_shown_with_its_parts_page_by_page(engine: AsyncEngine) -> None:
    await keep(engine, study(engine), [typed(1, "history -c"), typed(2, "rm /var/log/wtmp"), typed(3, "history -c")])
    asked, seen, cursor = handlers(engine), list[int](), None
    while True:
        page = await asked.events(ops.TechniqueEventsArgs(id="t1070", limit=1, cursor=cursor), ANALYST)
        seen += [tag.seq for tag in page.items]
        if (cursor := page.next) is None:
            break

    assert [3, 2, 1] == seen
    shown = await asked.show(ops.TechniqueArgs(id="T1070"), ANALYST)
    assert ([3, 2, 1], False) == ([tag.seq for tag in shown.tags], shown.truncated)
    assert ("SH-17", "SH-18") == shown.rules
    assert "https://attack.mitre.org/techniques/T1070" == shown.url
    assert "MITRE Corporation" in shown.notice


@pytest.mark.parametrize("cursor", ["", "x", "[1]", '[1,"a",2]', "[" * 400, '[-1,"a","b"]'])
async def test_a_cursor_of_somebody_elses_is_refused(sqlite_engine: AsyncEngine, cursor: str) -> None:
    with pytest.raises(OperatorError, match="DN5001"):
        await handlers(sqlite_engine).events(ops.TechniqueEventsArgs(id="T1070", cursor=cursor), ANALYST)


async def test_what_is_not_known_is_said_with_what_comes_near(sqlite_engine: AsyncEngine) -> None:
    with pytest.raises(OperatorError, match="did you mean"):
        await handlers(sqlite_engine).show(ops.TechniqueArgs(id="T1071.003"), ANALYST)
    with pytest.raises(OperatorError, match="SH-99"):
        await handlers(sqlite_engine).enable(ops.RuleArgs(rule="SH-99"), ANALYST)


async def test_the_layer_is_one_the_navigator_reads(engine: AsyncEngine) -> None:
    await keep(engine, study(engine), [typed(1, "uname"), typed(2, "uname", source="192.0.2.1")])
    layer = json.loads((await handlers(engine).export(ops.TechniqueExportArgs(), ANALYST)).text)

    assert ("4.5", "enterprise-attack") == (layer["versions"]["layer"], layer["domain"])
    assert [("T1082", "discovery", 2)] == [
        (one["techniqueID"], one["tactic"], one["score"]) for one in layer["techniques"]
    ]
    assert (0, 2, 2) == (
        layer["gradient"]["minValue"],
        layer["gradient"]["maxValue"],
        len(layer["gradient"]["colors"]),
    )
    assert "MITRE Corporation" in layer["description"]


async def test_windows_that_are_too_many_are_forgotten(engine: AsyncEngine) -> None:
    table = TechniqueTagTable(engine)
    kept = [Window(key=f"{number:032x}", touched=number, state="[null,{}]") for number in range(3)]
    async with engine.connect() as connection:
        await run_transaction(connection, table.work((), kept, ()))
    async with engine.connect() as connection:
        await run_transaction(connection, table.work((), [attrs.evolve(kept[0], touched=9)], [kept[1].key]))

    assert [kept[2].key, kept[0].key] == [window.key for window in await table.windows()]
