"""This module decides how much a service of datagrams may send: a decky must be of no use against a third party. Pure.

Three rules, each with a limit of its own (``contracts.fleet.Limits``):

* datagrams a second, to one address and to all together;
* to an address that has answered nothing yet, and may be somebody's whom the sender wants to hurt: at most
  ``reply_factor`` times the bytes that came from there;
* what goes beyond that, as TFTP's first block must, comes out of ``unproven_bytes`` a second for all of them together.

An address that has answered in another conversation a moment ago gets some more, and no more than some: who sends to
all ports in somebody's name hits the right one in the end.
"""

from attrs import define

from decnet_actors.contracts.fleet import Limits

MAX_SOURCES = 10_000  # addresses told apart at once; with more than that active, others get nothing
PROVEN = 60.0  # seconds an address that has answered is believed to be its own
BELIEVED = 16  # times the ``unproven_bytes`` of all strangers that one address gets which has answered lately
SAVED = 16.0  # seconds' worth of ``unproven_bytes``


@define
class Bucket:
    """What may be taken now; it fills with time, up to ``size``."""

    rate: float  # a second
    size: float
    left: float
    at: float  # monotonic seconds

    def fill(self, now: float) -> float:
        """Return how much is there now."""
        self.left = min(self.size, self.left + self.rate * max(0.0, now - self.at))
        self.at = now
        return self.left


class Replies:
    """The rules for one service."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._all = _full(limits.replies)
        self._spare = _full(limits.unproven_bytes, SAVED)
        self._sources: dict[str, Bucket] = {}
        self._tidy_at = 0.0  # monotonic
        self._proven: dict[str, tuple[float, Bucket]] = {}  # until when, monotonic, and what it gets beyond its credit

    def prove(self, source: str, now: float) -> None:
        """Remember that an address has answered what only it can have got."""
        _, bucket = self._proven.get(source, (now, None))
        if bucket is None:
            if len(self._proven) >= MAX_SOURCES:
                self._proven = {one: row for one, row in self._proven.items() if row[0] > now}
            if len(self._proven) >= MAX_SOURCES:
                return
            bucket = _full(self._limits.unproven_bytes * BELIEVED)
        self._proven[source] = now + PROVEN, bucket

    def exhausted(self, source: str, now: float) -> tuple[str, int] | None:
        """Return the limit, and its value, for which nothing could be sent to the address now, if there is one."""
        if self._all.fill(now) < 1:
            return "replies", self._limits.replies
        bucket = self._bucket(source, now)
        if bucket is None:
            return "sources", MAX_SOURCES
        if bucket.fill(now) < 1:
            return "replies_per_source", self._limits.replies_per_source
        return None

    def refusal(self, source: str, size: int, credit: float, now: float) -> tuple[str, int] | None:
        """Return the limit, and its value, for which a datagram must not be sent; ``None``: it may, and is counted.

        Args:
            source: whom it is for.
            size: its bytes.
            credit: bytes that may go there in this conversation in any case; infinite once the peer has answered in it.
            now: monotonic seconds.

        """
        found = self.exhausted(source, now)
        if found is not None:
            return found
        if size > credit:
            until, bucket = self._proven.get(source, (now, self._spare))
            spare = bucket if until > now else self._spare
            beyond = size - max(0.0, credit)
            if spare.fill(now) < beyond:
                return "unproven_bytes", self._limits.unproven_bytes
            spare.left -= beyond
        self._all.left -= 1
        self._sources[source].left -= 1
        return None

    def _bucket(self, source: str, now: float) -> Bucket | None:
        found = self._sources.get(source)
        if found is None:
            if len(self._sources) >= MAX_SOURCES and now >= self._tidy_at:
                # An address that may get all it ever may need not be remembered.
                self._tidy_at = now + 1.0
                self._sources = {one: row for one, row in self._sources.items() if row.fill(now) < row.size}
            if len(self._sources) >= MAX_SOURCES:
                return None
            found = self._sources[source] = _full(self._limits.replies_per_source)
            found.at = now
        return found


def _full(rate: float, seconds: float = 1.0) -> Bucket:
    return Bucket(rate=rate, size=rate * seconds, left=rate * seconds, at=0.0)
