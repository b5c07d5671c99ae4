"""Cells: whatever a peer sent, what is shown cannot drive a terminal or a spreadsheet."""

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.ctl import cells
from decnet_actors.domain.codec import plain
from tests.decnet_actors.ctl.hostile import HOSTILE, harmful

NOW = 1_767_225_600.0


def text(name, value):
    return cells.text(name, value, now=NOW, zone=UTC)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    "wrap", [str, lambda v: [v], lambda v: {v: v}, lambda v: plain(v.encode()), lambda v: {"text": v, "base64": ""}]
)
def test_hostile_text_is_escaped_wherever_it_stands(value, wrap):
    shown = text("user", wrap(value))
    written = cells.csv_cell("user", wrap(value))

    assert harmful(shown + written) == set()
    assert "\n" not in shown + written
    assert "\r" not in shown + written


@given(st.text() | st.binary().map(plain))
def test_no_text_is_a_formula_for_a_spreadsheet(value):
    got = cells.csv_cell("user", value)

    assert not got.lstrip().startswith(("=", "+", "-", "@"))


def test_bytes_are_shown_as_the_daemon_escaped_them():
    assert text("secret", plain(b"a\\b\x1b[0m\xff")) == r"a\\b\x1b[0m\xff"


def test_numbers_keep_their_sign_in_csv():
    assert cells.csv_cell("offset", -5) == "-5"
    assert cells.csv_cell("ratio", -0.5) == "-0.5"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("time", NOW - 60, "1m ago (2025-12-31 23:59:00 UTC)"),
        ("last_used", None, "-"),
        ("last_login", NOW, "now (2026-01-01 00:00:00 UTC)"),
        ("started", 0, "0"),
        ("uptime", 125, "2m5s"),
        ("size", 1536, "1.5 KiB"),
        ("memory", 12, "12 B"),
        ("database_size", 5 << 50, "5120.0 TiB"),
        ("elapsed_ms", 12.345, "12.3 ms"),
        ("elapsed_ms", 12345.6, "12346 ms"),
        ("ok", True, "yes"),
        ("ok", False, "no"),
        ("time", True, "yes"),
        ("ratio", 0.30000000000000004, "0.3"),
        ("tags", [], ""),
        ("tags", ["a", 1, None], "a, 1, -"),
        ("fact", {"user": "root", "n": 2}, "user=root n=2"),
    ],
)
def test_cells_for_people(name, value, expected):
    got = text(name, value)

    assert expected == got


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("time", NOW, "2026-01-01T00:00:00.000000Z"),
        ("uptime", 1.5, "1.5"),
        ("ok", True, "true"),
        ("ok", False, "false"),
        ("x", None, ""),
        ("tags", ["a"], '["a"]'),
    ],
)
def test_cells_of_csv_are_exact(name, value, expected):
    got = cells.csv_cell(name, value)

    assert expected == got
