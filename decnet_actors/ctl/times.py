"""This module reads and writes times and durations the way operators type and read them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}

_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|[smhdw])")
_LONGEST = 100 * 365 * 86400.0  # seconds; more is a typing error


def parse_duration(text: str) -> float:
    """Return the seconds of ``90s``, ``1h30m``, ``7d`` or a bare number of seconds.

    Raises:
        ValueError: the text is none of these; the message says what would be.

    """
    word = text.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", word):
        seconds = float(word)
    else:
        parts = list(_DURATION.finditer(word))
        if not parts or "".join(part.group() for part in parts) != word:
            raise ValueError(f'"{text}" is not a duration: write 90s, 30m, 4h, 7d or 1h30m')
        seconds = sum(float(part["number"]) * UNITS[part["unit"]] for part in parts)
    if seconds > _LONGEST:
        raise ValueError(f'"{text}" is longer than 100 years')
    return seconds


def parse_time(text: str, now: float) -> float:
    """Return Unix seconds of ``4h`` (that long ago), ``now``, Unix seconds or RFC 3339; no zone means local time.

    Raises:
        ValueError: the text is none of these; the message says what would be.

    """
    word = text.strip()
    if word == "now":
        return now
    if re.fullmatch(r"\d{9,11}(\.\d+)?", word):
        return float(word)
    try:
        return now - parse_duration(word)
    except ValueError:
        pass  # then it is a date
    try:
        return datetime.fromisoformat(word.upper()).astimezone().timestamp()
    except (ValueError, OverflowError):
        raise ValueError(f'"{text}" is not a time: write 4h, 7d, now, 2026-01-31 or 2026-01-31T09:30:00Z') from None


def rfc3339(seconds: float) -> str:
    """Return ``2026-01-31T09:30:00.250000Z``, or the number where no calendar reaches."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except (ValueError, OverflowError, OSError):
        return repr(seconds)


def local(seconds: float, zone: tzinfo | None) -> str:
    """Return ``2026-01-31 10:30:00 CET`` in ``zone`` (``None``: the machine's)."""
    try:
        return datetime.fromtimestamp(seconds, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")
    except (ValueError, OverflowError, OSError):
        return repr(seconds)


def clock(seconds: float, zone: tzinfo | None) -> str:
    """Return ``10:30:00.250`` in ``zone``, for lines of one day."""
    try:
        return datetime.fromtimestamp(seconds, UTC).astimezone(zone).strftime("%H:%M:%S.%f")[:-3]
    except (ValueError, OverflowError, OSError):
        return repr(seconds)


def duration(seconds: float) -> str:
    """Return the two largest units: ``3d4h``, ``2m5s``, ``1.25s``, ``12ms``."""
    if seconds < 0:
        return "-" + duration(-seconds)
    if seconds < 1:
        return f"{seconds * 1000:.3g}ms" if seconds else "0s"
    if seconds < UNITS["m"]:
        return f"{seconds:.3g}s"
    left, parts = int(seconds), list[str]()
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, int(UNITS[unit]))
        if parts or count:
            parts.append(f"{count}{unit}")
    largest = parts[:2]
    return largest[0] + (largest[1] if len(largest) > 1 and not largest[1].startswith("0") else "")


def relative(seconds: float, now: float) -> str:
    """Return ``5m ago``, ``in 3d`` or ``now``."""
    distance = now - seconds
    if abs(distance) < 1:
        return "now"
    # What is past counts when it is whole; what is to come is told as it was asked for: in 90 days, not in 89.
    return f"{_one_unit(distance, int)} ago" if distance > 0 else f"in {_one_unit(-distance, round)}"


def _one_unit(seconds: float, whole: Callable[[float], int]) -> str:
    for unit in ("d", "h", "m", "s"):
        if whole(seconds) >= UNITS[unit]:
            return f"{whole(seconds / UNITS[unit])}{unit}"
    return "1s"
