"""This module turns one value into the text of one cell; what it returns cannot drive a terminal or a spreadsheet."""

import json
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, TypeAlias

from decnet_actors.ctl import times
from decnet_actors.domain.text import escaped

Plain: TypeAlias = Any  # the shape of JSON

TIMES = frozenset(
    {
        *("time", "requested", "started", "ended", "booted", "created", "opened", "closed", "expires", "oldest"),
        *("newest", "since", "until", "asked", "answered", "resumes"),
    }
)
DURATIONS = frozenset({"age", "uptime", "duration", "busy_for", "journal_lag", "step", "valid", "commit_seconds"})
SIZES = frozenset({"size", "memory", "database_size", "disk_free", "bytes_in", "bytes_out", "pending_bytes"})
FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # ASCII and full width

NOTHING = "-"  # what stands for an absent value

_BYTES_KEYS = {"text", "base64"}
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_KIBI = 1024


def is_time(name: str) -> bool:
    """Return whether a field of this name holds Unix seconds."""
    return (
        name in TIMES
        or name.endswith(("_at", "_since"))
        or (name.startswith(("last_", "first_")) and not _counts(name))
    )


def text(name: str, value: Plain, *, now: float, zone: tzinfo | None) -> str:
    """Return the cell for people: escaped, with units."""
    if _number(value):
        if is_time(name) and value > 0:
            return f"{times.relative(value, now)} ({times.local(value, zone)})"
        if name in DURATIONS:
            return times.duration(value)
        if name in SIZES:
            return size(value)
        if name.endswith("_ms"):
            return f"{value:.3g} ms" if value < 1000 else f"{value:.0f} ms"  # noqa: PLR2004  three digits
    return words(value)


def words(value: Plain) -> str:
    """Return any value as escaped text on one line."""
    match value:
        case None:
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case str():
            return shown(value)
        case float():
            return f"{value:.6g}"
        case int():
            return str(value)
        case Mapping() if set(value) == _BYTES_KEYS:
            return shown(str(value["text"]))
        case Mapping():
            return " ".join(f"{shown(str(key))}={words(item)}" for key, item in value.items())
        case list() | tuple():
            return ", ".join(map(words, value))
        case _:
            return shown(str(value))


def shown(text: str) -> str:
    """Return text without anything unsafe; backslashes stay single, since most text comes escaped from the daemon."""
    return escaped(text).replace("\\\\", "\\")


def csv_cell(name: str, value: Plain) -> str:
    """Return the cell of a CSV file: exact, RFC 3339, and never a formula (peers choose these strings)."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if _number(value):
        return times.rfc3339(value) if is_time(name) and value > 0 else repr(value)
    if isinstance(value, str):
        cell = shown(value)
    elif isinstance(value, Mapping) and set(value) == _BYTES_KEYS:
        cell = shown(str(value["text"]))
    else:
        cell = json.dumps(value, ensure_ascii=True)
    return "'" + cell if cell.lstrip().startswith(FORMULA_STARTS) else cell


def counted(count: int, noun: str) -> str:
    """Return ``1 restart``, ``2 restarts``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def size(count: float) -> str:
    """Return ``1.5 MiB``."""
    for unit in _UNITS:
        if abs(count) < _KIBI or unit == _UNITS[-1]:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= _KIBI
    raise AssertionError


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _counts(name: str) -> bool:
    return name.endswith(("_count", "_total", "_ms", "_seq"))
