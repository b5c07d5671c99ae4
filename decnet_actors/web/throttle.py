"""This module slows down guessing: after a few failures a key must wait, longer each time."""

from collections import OrderedDict
from collections.abc import Hashable

from attrs import evolve, frozen

FREE_FAILURES = 5
FIRST_PAUSE = 12.0  # seconds, doubled by each further failure: never more than five in a minute after the first five
FORGET_AFTER = 900.0  # seconds without a failure
MAX_KEYS = 10_000  # remembered; the longest silent is forgotten first


@frozen(kw_only=True)
class _Failures:
    count: int
    last: float
    blocked_until: float


class Throttle:
    """Counts failures per key. Times are monotonic seconds.

    Args:
        longest: the longest wait. A user's key gets a short one, so that nobody can be locked out by a stranger.

    """

    def __init__(self, *, longest: float) -> None:
        self._longest = longest
        self._failures: OrderedDict[Hashable, _Failures] = OrderedDict()

    def wait(self, key: Hashable, now: float) -> float:
        """Return the seconds ``key`` has to wait before the next attempt, 0 if it may try."""
        seen = self._failures.get(key)
        if seen is None:
            return 0.0
        if now - max(seen.last, seen.blocked_until) > FORGET_AFTER:
            del self._failures[key]
            return 0.0
        return max(0.0, seen.blocked_until - now)

    def failed(self, key: Hashable, now: float) -> None:
        """Note a failure."""
        seen = self._failures.pop(key, _Failures(count=0, last=now, blocked_until=now))
        count = seen.count + 1
        # Two to the power of a count is bounded here, before it meets a float.
        pause = (
            min(self._longest, FIRST_PAUSE * 2.0 ** min(count - FREE_FAILURES, 30)) if count >= FREE_FAILURES else 0.0
        )
        self._failures[key] = evolve(seen, count=count, last=now, blocked_until=now + pause)
        while len(self._failures) > MAX_KEYS:
            self._failures.popitem(last=False)

    def succeeded(self, key: Hashable) -> None:
        """Forget the key's failures."""
        self._failures.pop(key, None)
