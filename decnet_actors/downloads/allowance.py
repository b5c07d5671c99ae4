"""This module says how much may be fetched: overall, from one host, in a day, and what need not be fetched again."""

from collections import OrderedDict, deque
from typing import Generic, TypeVar

MINUTE = 60.0
DAY = 86_400.0
AGAIN_AFTER = 3600.0  # seconds in which a URL is fetched once
MAX_REMEMBERED = 2_000  # URLs, and hosts

T = TypeVar("T")


class Allowance:
    """Counts fetches over the last minute, and bytes over the last day. ``now`` is monotonic seconds."""

    def __init__(self, per_minute: int, host_per_minute: int, day_size: int) -> None:
        self._per_minute = per_minute
        self._host_per_minute = host_per_minute
        self._day_size = day_size
        self._taken: deque[tuple[float, int]] = deque()
        self._size = 0  # of all in ``_taken``
        self._all: deque[float] = deque()
        self._hosts: OrderedDict[str, deque[float]] = OrderedDict()

    def took(self, size: int, now: float) -> None:
        """Count bytes that were fetched."""
        self._taken.append((now, size))
        self._size += size

    def refusal(self, host: str, now: float) -> str:
        """Take a place and return an empty text, or return why there is none."""
        while self._taken and self._taken[0][0] <= now - DAY:
            self._size -= self._taken.popleft()[1]
        if self._size >= self._day_size:
            return "too much was fetched in this day"
        own = self._hosts.setdefault(host, deque())
        self._hosts.move_to_end(host)
        while len(self._hosts) > MAX_REMEMBERED:
            self._hosts.popitem(last=False)
        for times in (self._all, own):
            while times and times[0] <= now - MINUTE:
                times.popleft()
        if len(self._all) >= self._per_minute:
            return "too many fetches in this minute"
        if len(own) >= self._host_per_minute:
            return "too many fetches from this host in this minute"
        self._all.append(now)
        own.append(now)
        return ""


class Remembered(Generic[T]):
    """What became of the URLs of the last hour. ``now`` is monotonic seconds."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def get(self, url: str, now: float) -> T | None:
        """Return what became of a URL, ``None`` when it may be fetched."""
        when, found = self._found.get(url, (-AGAIN_AFTER, None))
        return found if now - when < AGAIN_AFTER else None

    def put(self, url: str, found: T, now: float) -> None:
        """Remember, at the cost of the oldest."""
        self._found.pop(url, None)
        self._found[url] = (now, found)
        while len(self._found) > MAX_REMEMBERED:
            self._found.popitem(last=False)
