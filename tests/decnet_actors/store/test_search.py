"""What was typed is found, on each kind of engine, however it was typed."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Role
from decnet_actors.domain.facts import Direction, SessionOpened, ShellCommandSeen, TerminalResized, TerminalSeen
from decnet_actors.store import search_queries
from decnet_actors.store.handlers import bind_operations
from decnet_actors.store.reader import Reader
from decnet_actors.store.tables import session
from tests.decnet_actors.store.journals import Harness
from tests.decnet_actors.store.samples import NOW, record, session_id

Line = dict[str, Any]
Found = dict[str, Any]
ANA = Caller(name="ana", role=Role.ANALYST, via="local")
OPENED = SessionOpened(local_address="192.0.2.1", local_port=22)


def typed(data: bytes, channel: int = 0) -> TerminalSeen:
    return TerminalSeen(direction=Direction.IN, data=data, channel=channel)


def shown(data: bytes) -> TerminalSeen:
    return TerminalSeen(direction=Direction.OUT, data=data)


STORY = (
    record(0, OPENED),
    record(2, TerminalResized(columns=80, rows=24)),
    record(3, shown(b"$ ")),
    record(5, typed(b"cat /etc/Sha")),
    record(6, typed(b"dow\r")),
    record(7, shown(b"cat: Permission denied\r\n")),
    record(8, typed(b"rm -rf /\x15id\r")),
    record(9, typed(b"ssh other\r", channel=1)),
    record(20, OPENED, session=2, source="198.51.100.2", decky="web-02"),
    record(21, ShellCommandSeen(line="cat /etc/shadow; 100%_\\done", interactive=False), session=2, decky="web-02"),
)


@pytest.fixture
async def harness(engine: AsyncEngine):
    harness = Harness(engine)
    await harness.start()
    await harness.keep(*STORY[:4])
    await harness.stop()  # in the middle of a line
    await harness.start()
    await harness.keep(*STORY[4:])
    yield harness
    await harness.aclose()


@pytest.fixture
def search(harness: Harness):
    table = OperationTable(None, lambda: NOW)
    status = partial(harness.status)
    bind_operations(table, engine=harness.engine, reader=Reader(harness.engine), now=lambda: NOW, status=status)

    async def call(text: str, **args: object) -> Found:
        found: Found = await table.call("session.search", {"text": text, **args}, ANA)
        return found

    return call


def whole(lines: Sequence[Line]) -> list[str]:
    return [f"{line['before']}[{line['hit']}]{line['after']}" for line in lines]


async def test_lines_are_found_newest_first_in_any_case_and_marked(search) -> None:
    page = await search("SHADOW")

    assert ["cat /etc/[shadow]; 100%_\\\\done", "cat /etc/[Shadow]"] == whole(page["items"])
    assert ["command", "typed"] == [line["kind"] for line in page["items"]]
    assert page["next"] is None


async def test_a_line_tells_whose_it_is_and_where_in_the_replay(search) -> None:
    (line,) = (await search("/etc/sha", source="203.0.113.7", decky="web-01"))["items"]

    assert (session_id(1), "web-01", "ssh", "203.0.113.7") == (
        line["session"],
        line["decky"],
        line["service"],
        line["source"],
    )
    assert (5.0, 3.0) == (line["at"], line["replay"])


async def test_a_line_that_the_replay_does_not_show_has_no_place_in_it(search) -> None:
    (other_channel,) = (await search("ssh other"))["items"]
    (without_terminal,) = (await search("done"))["items"]

    assert (None, None) == (other_channel["replay"], without_terminal["replay"])


async def test_a_line_outlives_the_row_of_its_session(harness: Harness, search) -> None:
    async with harness.engine.begin() as connection:
        await connection.execute(delete(session))
    lines = (await search("shadow"))["items"]

    assert [("", "", "", 0.0, None)] * 2 == [
        (line["decky"], line["service"], line["source"], line["at"], line["replay"]) for line in lines
    ]
    assert [] == (await search("shadow", decky="web-01"))["items"]


async def test_what_was_erased_is_found_in_the_keys(search) -> None:
    (line,) = (await search("rm -rf"))["items"]

    assert line["erased"]
    assert ["[rm -rf] /\\x15id"] == whole([line])


async def test_what_was_shown_is_found_when_asked_for(search) -> None:
    assert [] == list((await search("permission denied"))["items"])
    (line,) = (await search("permission denied", shown=True))["items"]
    assert ["$ cat: [Permission denied]"] == whole([line])


@pytest.mark.parametrize(("text", "count"), [("%_", 1), ("_", 1), ("\\done", 1), ("100%d", 0), ("'", 0)])
async def test_marks_of_patterns_are_plain_text(search, text: str, count: int) -> None:
    assert count == len((await search(text))["items"])


@pytest.mark.parametrize(
    ("args", "count"),
    [
        ({"session": session_id(2)}, 1),
        ({"service": "redis"}, 0),
        ({"since": NOW + 20}, 1),
        ({"until": NOW + 20}, 1),
        ({"since": NOW + 5, "until": NOW + 22}, 2),
    ],
)
async def test_filters_narrow_the_search(search, args: dict[str, object], count: int) -> None:
    assert count == len((await search("shadow", **args))["items"])


async def test_pages_follow_one_another_without_gap_or_repetition(search, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = whole((await search("a", shown=True))["items"])
    monkeypatch.setattr(search_queries, "WINDOW", 2)
    monkeypatch.setattr(search_queries, "MAX_SCAN", 3)
    found: list[Line] = []
    cursor, pages = None, 0
    while True:
        page = await search("a", shown=True, limit=1, **({} if cursor is None else {"cursor": cursor}))
        found += page["items"]
        pages += 1
        if (cursor := page["next"]) is None:
            break

    assert everything == whole(found)
    assert 3 == len(found)
    assert 3 <= pages <= 6


async def test_an_empty_store_has_nothing_to_find(empty_store_search) -> None:
    assert [] == list((await empty_store_search("x"))["items"])


@pytest.fixture
async def empty_store_search(sqlite_engine: AsyncEngine):
    async def call(text: str) -> Found:
        table = OperationTable(None, lambda: NOW)
        harness = Harness(sqlite_engine)
        bind_operations(
            table, engine=sqlite_engine, reader=Reader(sqlite_engine), now=lambda: NOW, status=harness.status
        )
        found: Found = await table.call("session.search", {"text": text}, ANA)
        return found

    return call


@pytest.mark.parametrize("text", ["", "x" * 65])
async def test_a_text_that_cannot_be_looked_for_is_refused(search, text: str) -> None:
    with pytest.raises(OperatorError, match="text"):
        await search(text)


async def test_viewers_may_not_search(harness: Harness) -> None:
    table = OperationTable(None, lambda: NOW)
    bind_operations(table, engine=harness.engine, reader=Reader(harness.engine), now=lambda: NOW, status=harness.status)
    viewer = Caller(name="vic", role=Role.VIEWER, via="local")

    with pytest.raises(OperatorError) as caught:
        await table.call("session.search", {"text": "x"}, viewer)
    assert "analyst" in str(caught.value)
