"""Recordings play at the pace asked for, and harmlessly."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.ctl.cast import MAX_LINE, Frame, Pace, frames, safe
from tests.decnet_actors.ctl.hostile import HOSTILE, harmful

HEADER = json.dumps({"version": 2, "width": 80, "height": 24})


def cast(*events):
    return [HEADER, *(json.dumps(event) for event in events)]


def test_output_plays_with_its_pauses():
    got = list(frames(cast([0.5, "o", "$ "], [0.6, "i", "l"], [2.5, "o", "ls\r\n"], [9.5, "m", "mark"])))

    assert got == [Frame(wait=0.5, text="$ "), Frame(wait=2.0, text="ls\r\n"), Frame(wait=7.0, text="[mark]")]


def test_pauses_are_cut_and_divided_by_the_speed():
    got = [frame.wait for frame in frames(cast([1, "o", "a"], [100, "o", "b"]), Pace(speed=2, max_idle=3))]

    assert got == [0.5, 1.5]


def test_nothing_is_waited_for_before_the_start():
    events = cast([1, "o", "a"], [3, "o", "b"], [6, "o", "c"], [7, "o", "d"])

    got = [frame.wait for frame in frames(events, Pace(start=4))]

    assert got == [0.0, 0.0, 2.0, 1.0]


def test_time_never_runs_backwards():
    got = [frame.wait for frame in frames(cast([5, "o", "a"], [1, "o", "b"], [6, "o", "c"]))]

    assert got == [5.0, 0.0, 1.0]


@pytest.mark.parametrize(
    "line", ["", "{", "[1]", "[1, 2, 3]", '["x", "o", "y"]', '[1e999, "o", "y"]', '[-1, "o", "y"]', "[" * 5000]
)
def test_lines_of_another_format_are_passed_over(line):
    got = list(frames([HEADER, line, *cast([1, "o", "z"])]))

    assert got == [Frame(wait=1.0, text="z")]


def test_a_line_without_end_is_passed_over():
    assert list(frames(['[1, "o", "' + "x" * MAX_LINE + '"]'])) == []


@given(st.lists(st.text(max_size=40)))
def test_garbage_plays_as_nothing_or_something_but_never_fails(lines):
    for frame in frames(lines):
        assert frame.wait >= 0


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_peer_typed_is_harmless_on_the_terminal(text):
    got = safe(text)

    assert harmful(got.replace("\t", "")) == set()
    assert "\r" not in got


def test_lines_and_tabs_stay_and_the_rest_is_shown():
    got = safe("a\tb\r\nc\\d\x1b[2J\x1b]52;c;aGk=\x07")

    assert got == "a\tb\nc\\d\\x1b[2J\\x1b]52;c;aGk=\\x07"


def test_what_changes_no_text_is_left_out():
    got = safe("\x1b[?2004h\x1b]0;root@web: ~\x07root@web:~# \x1b[1;31mls\x1b[0m\r\n\x1b[?2004l\rfile")

    assert got == "root@web:~# ls\nfile"
