"""This module reads amounts with a unit: durations are float seconds, sizes whole bytes."""

import re
from collections.abc import Mapping

from supervisors.config_errors import quote

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
BYTES |= {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_AMOUNT = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)\s*([A-Za-z]+)")


def parse_duration(text: str) -> float:
    """Return seconds of text such as "90d", "1.5h", "250ms"."""
    return _amount(text, SECONDS)


def parse_size(text: str) -> int:
    """Return bytes of text such as "20GiB", "500kB"."""
    return int(_amount(text, BYTES))


def _amount(text: str, units: Mapping[str, float]) -> float:
    found = _AMOUNT.fullmatch(text.strip())
    unit = found and {name.lower(): factor for name, factor in units.items()}.get(found[2].lower())
    if not found or not unit:
        raise ValueError(f"{quote(text)} is not a number with one of the units {', '.join(units)}")
    return float(found[1]) * unit
