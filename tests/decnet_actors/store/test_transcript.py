"""Lines are made of whatever pieces they came in, and nothing that was typed is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.domain.facts import (
    CloseReason,
    CommandSeen,
    Direction,
    Fact,
    SessionClosed,
    SessionOpened,
    ShellCommandSeen,
    TerminalSeen,
)
from decnet_actors.domain.records import Entry
from decnet_actors.store import transcript
from decnet_actors.store.search_operations import LineKind
from decnet_actors.store.transcript import MAX_RAW, Hand, LineRow, shown_text, typed_texts, write
from tests.decnet_actors.store.samples import record, session_id

ONE = session_id(1)
CLOSED = SessionClosed(reason=CloseReason.PEER, duration=1.0, bytes_in=1, bytes_out=1)


def typed(data: bytes, channel: int = 0) -> TerminalSeen:
    return TerminalSeen(direction=Direction.IN, data=data, channel=channel)


def entries(*facts: Fact, first: int = 1) -> list[Entry]:
    return [Entry(seq=seq, record=record(seq, fact)) for seq, fact in enumerate(facts, first)]


def texts(*facts: Fact) -> list[tuple[str, str]]:
    return [(row.kind, row.text) for row in write(entries(*facts), {}, 1).rows.values()]


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"cat /etc/shXX\x7f\x7fadow", "cat /etc/shadow"),
        (b"cat /etc/shX\badow", "cat /etc/shadow"),
        (b"rm -rf /\x15ls", "ls"),
        (b"echo one two\x17three", "echo one three"),
        (b"cd /tmp\x01\x06\x06 -P", "cd -P /tmp"),
        (b"wgt\x1b[De", "wget"),
        (b"wgt x\x1b[D\x1b[D\x1b[De\x1b[Fy", "wget xy"),
        (b"abc\x02\x02\x0b", "a"),
        (b"abc\x1bOH\x1b[3~", "bc"),
        (b"\x1b[A\tid", "id"),
        (b"\x7f\x7fid", "id"),
        ("h\u00e9\u00e9\x7fllo".encode(), "h\u00e9llo"),
    ],
)
def test_a_typed_line_is_as_it_stood_and_its_keys_are_kept(raw: bytes, line: str) -> None:
    text, keys = typed_texts(raw)

    assert text == line
    assert keys.replace("\\x", "").count("\\") == 0
    assert len(keys) > len(line)


def test_a_line_without_editing_has_no_keys_of_its_own() -> None:
    assert typed_texts(b"ls -la") == ("ls -la", "")


def test_what_is_no_text_is_escaped() -> None:
    assert typed_texts(b"echo \xff\x00") == ("echo \\xff", "echo \\xff\\x00")


def test_shown_lines_lose_colours_and_moves() -> None:
    assert shown_text(b"\x1b]0;title\x07\x1b[1;31mroot\x1b[0m:x:0\r") == "root:x:0"


def test_every_way_of_ending_a_line_ends_it_and_empty_ones_are_none() -> None:
    rows = texts(typed(b"a\rb\r\nc\n\nd\x03"), typed(b"\r\r\n"))

    assert rows == [("typed", "a"), ("typed", "b"), ("typed", "c"), ("typed", "d")]


def test_a_carriage_return_ends_no_line_that_is_shown() -> None:
    rows = texts(TerminalSeen(direction=Direction.OUT, data=b"10%\r20%\r\ndone\n"))

    assert rows == [("shown", "10%20%"), ("shown", "done")]


def test_channels_and_directions_are_apart() -> None:
    rows = texts(
        typed(b"a"), typed(b"1", channel=1), TerminalSeen(direction=Direction.OUT, data=b"x"), typed(b"b\r"), CLOSED
    )

    assert sorted(rows) == [("shown", "x"), ("typed", "1"), ("typed", "ab")]


def test_commands_are_lines_but_not_twice() -> None:
    rows = texts(
        typed(b"id\r"),
        ShellCommandSeen(line="id", interactive=True),
        ShellCommandSeen(line="uname", interactive=True),  # from the history
        ShellCommandSeen(line="uname", interactive=False),
        CommandSeen(verb="CONFIG", args=(b"SET", b"dir\x00")),
    )

    assert rows == [
        ("typed", "id"),
        ("command", "uname"),
        ("command", "uname"),
        ("command", "CONFIG SET dir\\x00"),
    ]


def test_a_line_that_goes_on_keeps_what_came_and_a_closed_session_ends_it() -> None:
    before = write(entries(SessionOpened(local_address="192.0.2.1", local_port=22), typed(b"ls")), {}, 7)
    hand = before.hands[ONE]
    assert hand is not None
    after = write(entries(CLOSED, first=9), {ONE: hand}, before.number)

    assert [(row.number, row.text, row.open) for row in before.rows.values()] == [(7, "", b"ls")]
    assert [(row.number, row.seq, row.text, row.open) for row in after.rows.values()] == [(7, 2, "ls", None)]
    assert after.hands == {ONE: None}


def test_a_batch_that_failed_can_be_written_again() -> None:
    hand = write(entries(typed(b"ca")), {}, 1).hands[ONE]
    assert hand is not None
    once = write(entries(typed(b"t x\rls"), first=2), {ONE: hand}, 2)
    again = write(entries(typed(b"t x\rls"), first=2), {ONE: hand}, 2)

    assert once.rows == again.rows
    assert [(row.text, row.open) for row in again.rows.values()] == [("cat x", None), ("", b"ls")]


def test_a_line_without_end_goes_on_in_another_and_loses_nothing_between() -> None:
    data = b"a" * (MAX_RAW - 3) + b"needle" + b"b" * MAX_RAW
    rows = list(write(entries(typed(data)), {}, 1).rows.values())

    assert all(len(row.text) <= MAX_RAW for row in rows)
    assert any("needle" in row.text for row in rows)


def test_a_session_has_a_bounded_number_of_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcript, "MAX_LINES", 3)

    assert len(texts(typed(b"a\rb\rc\rd\re\r"), CommandSeen(verb="PING"))) == 3


PIECES = st.lists(
    st.sampled_from([b"a", b"B", b"\r", b"\n", b"\x7f", b"\x15", b"\x1b", b"[", b"D", b"\xc3", b"\xa9", b"\x03", b" "])
)


@given(PIECES, st.data())
def test_any_split_into_facts_and_batches_gives_the_same_lines(pieces: list[bytes], data: st.DataObject) -> None:
    whole = write(entries(typed(b"".join(pieces)), CLOSED), {}, 1)
    rows: dict[int, LineRow] = {}
    hands: dict[str, Hand] = {}
    number = seq = 1
    facts: list[Fact] = [*(typed(piece) for piece in pieces), CLOSED]
    while facts:
        size = data.draw(st.integers(1, len(facts)))
        done = write(entries(*facts[:size], first=seq), hands, number)
        rows |= done.rows
        hands = {session: hand for session, hand in done.hands.items() if isinstance(hand, Hand)}
        number, seq, facts = done.number, seq + size, facts[size:]

    expected = [(row.number, row.text, row.keys, row.folded) for row in whole.rows.values()]
    assert expected == [(row.number, row.text, row.keys, row.folded) for row in rows.values()]
    assert all(row.open is None for row in rows.values())
    assert {row.kind for row in rows.values()} <= {LineKind.TYPED.value}
