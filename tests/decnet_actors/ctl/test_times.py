"""Times and durations as operators type and read them."""

from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.ctl import times

NOW = 1_767_225_600.0  # 2026-01-01T00:00:00Z
CET = timezone(timedelta(hours=1), "CET")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10", 10.0),
        ("90s", 90.0),
        ("250ms", 0.25),
        ("1h30m", 5400.0),
        ("7d", 604800.0),
        ("2W", 1209600.0),
        ("0.5h", 1800.0),
    ],
)
def test_durations_are_read(text, expected):
    got = times.parse_duration(text)

    assert expected == got


@pytest.mark.parametrize("text", ["", "soon", "5y", "-5s", "5 s x", "1h-30m", "s", "999999999d", "1e5", "\x1b"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match=r"duration|longer"):
        times.parse_duration(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("4h", NOW - 14400),
        ("7d", NOW - 604800),
        ("1767225600", NOW),
        ("1767225600.5", NOW + 0.5),
        ("2026-01-01T00:00:00Z", NOW),
        ("2026-01-01t01:00:00+01:00", NOW),
        ("2025-12-31T23:59:59.5-00:00", NOW - 0.5),
    ],
)
def test_times_are_read(text, expected):
    got = times.parse_time(text, NOW)

    assert expected == got


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "2026-01-01T25:00:00Z", "9999999999999999"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match="is not a time"):
        times.parse_time(text, NOW)


@given(st.text(max_size=20))
def test_any_text_is_a_time_or_a_value_error(text):
    try:
        got = times.parse_time(text, NOW)
    except ValueError:
        return
    assert isinstance(got, float)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0s"),
        (0.0123, "12.3ms"),
        (1.2345, "1.23s"),
        (59.6, "59.6s"),
        (125, "2m5s"),
        (3600, "1h"),
        (3601, "1h"),
        (90061, "1d1h"),
        (-5, "-5s"),
    ],
)
def test_durations_are_shown_in_their_two_largest_units(seconds, expected):
    got = times.duration(seconds)

    assert expected == got


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (NOW, "now"),
        (NOW - 59, "59s ago"),
        (NOW - 7199, "1h ago"),
        (NOW + 86400, "in 1d"),
        (NOW - 1.5, "1s ago"),
        (NOW + 90 * 86400 - 2, "in 90d"),
        (NOW + 0.999, "now"),
        (NOW + 1.2, "in 1s"),
        (NOW + 3599.9, "in 1h"),
    ],
)
def test_moments_are_shown_relative_to_now(seconds, expected):
    got = times.relative(seconds, NOW)

    assert expected == got


def test_moments_are_shown_with_their_zone():
    assert times.local(NOW, CET) == "2026-01-01 01:00:00 CET"
    assert times.local(NOW, UTC) == "2026-01-01 00:00:00 UTC"
    assert times.clock(NOW + 0.25, CET) == "01:00:00.250"
    assert times.rfc3339(NOW + 0.25) == "2026-01-01T00:00:00.250000Z"


@pytest.mark.parametrize(
    "show", [times.rfc3339, lambda seconds: times.local(seconds, UTC), lambda s: times.clock(s, UTC)]
)
@pytest.mark.parametrize("seconds", [1e30, -1e30, float("nan"), float("inf")])
def test_moments_no_calendar_knows_are_shown_as_numbers(show, seconds):
    assert show(seconds) == repr(seconds)
