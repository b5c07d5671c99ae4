"""This module makes identifiers: time-ordered, unique, reproducible from the given clock and chance."""

import random
from collections.abc import Callable


class Ids:
    """Makes UUIDv7 identifiers as 32 hex digits (RFC 9562, section 5.7).

    Args:
        now: the clock, Unix seconds.
        rng: the source of the random bits; a seeded one gives the same ids again.

    """

    def __init__(self, now: Callable[[], float], rng: random.Random) -> None:
        self._now = now
        self._rng = rng
        self._last = 0

    def new(self) -> str:
        """Return an identifier greater than every one this object returned before."""
        milliseconds = int(self._now() * 1000) & ((1 << 48) - 1)
        value = milliseconds << 80 | 7 << 76 | 2 << 62
        value |= self._rng.getrandbits(12) << 64 | self._rng.getrandbits(62)
        if value <= self._last:
            value = self._last + 1
        self._last = value
        return f"{value:032x}"
