"""This module puts the beginning of one side of a TCP connection together, whatever order its segments come in."""

LIMIT = 16 * 1024  # bytes of the beginning; a TLS record has no more
AHEAD = 16  # segments that may wait for what comes before them
_SIZE = 1 << 32
_HALF = 1 << 31


def distance(later: int, earlier: int) -> int:
    """Return how far one sequence number is after another; negative if it is before (RFC 9293, section 3.4)."""
    return (later - earlier + _HALF) % _SIZE - _HALF


class Prefix:
    """Takes segments, gives bytes in order, each once.

    It ends for good (``over``) at ``LIMIT`` bytes, when too much waits, or where a segment was captured in part only.

    Args:
        first: sequence number of the first byte.

    """

    __slots__ = ("_first", "_taken", "_waiting", "over")

    def __init__(self, first: int) -> None:
        self._first = first
        self._taken = 0
        self._waiting: dict[int, tuple[bytes, int]] = {}  # by their distance from the first byte
        self.over = False

    def feed(self, seq: int, data: bytes, size: int) -> bytes:
        """Return what has become known of the beginning.

        Args:
            seq: sequence number of the segment's first byte.
            data: of the segment, as much as was captured.
            size: bytes it really had.

        """
        at = distance(seq, self._first)
        if self.over or at + size <= self._taken or at >= LIMIT:
            return b""
        if at > self._taken:
            self._wait(at, data, size)
            return b""
        made = bytearray(self._append(at, data, size))
        while (at := min(self._waiting, default=LIMIT + 1)) <= self._taken:
            made += self._append(at, *self._waiting.pop(at))
        return bytes(made)

    def _wait(self, at: int, data: bytes, size: int) -> None:
        known = self._waiting.get(at)
        if known is None or known[1] < size:
            self._waiting[at] = data, size
        if len(self._waiting) > AHEAD:
            self._end()

    def _append(self, at: int, data: bytes, size: int) -> bytes:
        new = data[self._taken - at : LIMIT - at]
        self._taken += len(new)
        if self._taken >= LIMIT or len(data) < size:
            self._end()
        return new

    def _end(self) -> None:
        self.over = True
        self._waiting.clear()
