"""This module counts how often somebody may be asked: a token bucket, and a least time between two requests."""

import math

from decnet_actors.contracts.intel import Limits

DAY = 86_400.0  # seconds


class Budget:
    """Allows ``per_day`` requests in any 24 hours. ``now`` is monotonic seconds.

    The bucket holds half of them and is filled with the other half in a day: full at the start of a day and drained all
    the time, no more than ``per_day`` come out of it.

    Args:
        limits: of a provider.
        spent: requests of the last 24 hours that are known.

    """

    def __init__(self, limits: Limits, spent: int = 0) -> None:
        self._interval = limits.interval
        self._size = math.ceil(limits.per_day / 2)
        self._rate = (limits.per_day - self._size) / DAY
        self._tokens = float(max(self._size - spent, 0))
        self._filled = -math.inf  # when the tokens were counted
        self._last = -math.inf  # when one was taken

    def left(self, now: float) -> int:
        """Return how many requests may be made, one interval after the other."""
        self._fill(now)
        return int(self._tokens)

    def wait(self, now: float) -> float:
        """Return the seconds until the next request may be made; 0 if that is now."""
        self._fill(now)
        for_token = 0.0 if self._tokens >= 1.0 else (1.0 - self._tokens) / self._rate
        return max(for_token, self._last + self._interval - now, 0.0)

    def take(self, now: float) -> None:
        """Make a request; ``wait`` was over."""
        self._fill(now)
        self._tokens = max(self._tokens - 1.0, 0.0)
        self._last = now

    def _fill(self, now: float) -> None:
        if self._filled != -math.inf:
            self._tokens = min(self._tokens + max(now - self._filled, 0.0) * self._rate, float(self._size))
        self._filled = now
