"""This module limits how much a caller may ask for in a time: one token bucket each."""

from collections import OrderedDict
from collections.abc import Hashable

from attrs import frozen

MAX_KEYS = 10_000  # buckets remembered; the longest unused is forgotten first, and is the fullest


@frozen(kw_only=True)
class Allowance:
    """What a caller has left after a request. Times are seconds."""

    limit: int  # requests in a window
    window: float
    left: int
    full_in: float  # until nothing is missing, if nothing is asked meanwhile
    wait: float  # until this request would be granted; 0 when it is


@frozen(kw_only=True)
class _Bucket:
    tokens: float
    at: float


class Buckets:
    """A bucket for each key, full at first and filled evenly. Times are monotonic seconds.

    Args:
        limit: requests a key may make in a window, also all at once.
        window: seconds.

    """

    def __init__(self, *, limit: int, window: float) -> None:
        self._limit = limit
        self._window = window
        self._buckets: OrderedDict[Hashable, _Bucket] = OrderedDict()

    def spend(self, key: Hashable, now: float) -> Allowance:
        """Take one request from the key's bucket; one that is refused takes nothing."""
        seen = self._buckets.pop(key, None)
        rate = self._limit / self._window
        tokens = self._limit if seen is None else min(self._limit, seen.tokens + (now - seen.at) * rate)
        granted = tokens >= 1
        tokens -= granted
        self._buckets[key] = _Bucket(tokens=tokens, at=now)
        if len(self._buckets) > MAX_KEYS:
            self._buckets.popitem(last=False)
        return Allowance(
            limit=self._limit,
            window=self._window,
            left=int(tokens),
            full_in=(self._limit - tokens) / rate,
            wait=0.0 if granted else (1 - tokens) / rate,
        )
