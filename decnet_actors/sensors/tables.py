"""This module holds what the sniffer remembers of peers: bounded tables, and how much a peer may have told of it."""

from collections import OrderedDict
from typing import Generic, TypeVar

from attrs import define, field

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A table that forgets what was not touched for longest when it is full.

    Args:
        limit: rows.

    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rows: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: K) -> bool:
        return key in self._rows

    def get(self, key: K) -> V | None:
        """Return a row, which thereby is the newest."""
        row = self._rows.get(key)
        if row is not None:
            self._rows.move_to_end(key)
        return row

    def put(self, key: K, row: V) -> V | None:
        """Keep a row as the newest; return the one that had to go for it."""
        self._rows[key] = row
        self._rows.move_to_end(key)
        return self._rows.popitem(last=False)[1] if len(self._rows) > self._limit else None

    def pop(self, key: K) -> V | None:
        """Forget a row and return it."""
        return self._rows.pop(key, None)

    def oldest(self) -> tuple[K, V] | None:
        """Return what was not touched for longest."""
        return next(iter(self._rows.items()), None)


@define
class Bucket:
    """So many at once, so many a second after that; the number it would not let pass is the caller's to count."""

    burst: float
    rate: float  # a second
    _left: float = field(init=False)
    _since: float = 0.0  # Unix seconds

    def __attrs_post_init__(self) -> None:
        self._left = self.burst

    def takes(self, now: float) -> bool:
        """Return whether one more may pass."""
        self._left = min(self.burst, self._left + max(0.0, now - self._since) * self.rate)
        self._since = max(now, self._since)
        if self._left < 1:
            return False
        self._left -= 1
        return True
