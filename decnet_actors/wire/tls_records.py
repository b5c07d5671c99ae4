"""This module takes TLS handshake messages out of records, and fields out of messages (RFC 8446). Pure.

What is read is what is sent in the clear. Every buffer is bounded; what breaks the protocol ends the reading for good.
"""

import re
from enum import IntEnum

from decnet_actors.wire.errors import WireError

MAX_RECORD = 1 << 14  # bytes of a plaintext record (RFC 8446, section 5.1)
MAX_HANDSHAKE = 1 << 15  # bytes kept of a message; ours, the RFC allows 2^24. Long chains of certificates have 10 KiB

_ZEROS = re.compile(rb"\0*+")
_HEADER = 5  # type, version, length
_MESSAGE_HEADER = 4  # type, length
_HANDSHAKE = 22
_OTHERS = range(20, 25)  # the other types of records (RFC 8446, RFC 6520); 22 is not asked for here
_MAJOR = 3  # of the version of every record since SSL 3.0


class Message(IntEnum):
    """Types of handshake messages that we read (RFC 8446, section 4)."""

    CLIENT_HELLO = 1
    SERVER_HELLO = 2
    CERTIFICATE = 11


class TlsError(WireError):
    """The peer broke TLS."""


class Fields:
    """Takes the fields of a message one after the other; a field that is not all there is a ``TlsError``."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def left(self) -> int:
        """How many bytes have not been taken."""
        return len(self._data) - self._position

    def take(self, size: int) -> bytes:
        """Return the next ``size`` bytes."""
        if size > self.left:
            raise TlsError(f"{size} bytes where {self.left} are left")
        start, self._position = self._position, self._position + size
        return self._data[start : self._position]

    def number(self, size: int) -> int:
        """Return the next number, of ``size`` bytes."""
        return int.from_bytes(self.take(size))

    def vector(self, size: int) -> "Fields":
        """Return the fields of the next vector, whose length has ``size`` bytes."""
        return Fields(self.take(self.number(size)))

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.take(self.left)

    def skip_zeros(self) -> None:
        """Pass over bytes that are zero, up to one that is not."""
        zeros = _ZEROS.match(self._data, self._position)
        self._position = self._position if zeros is None else zeros.end()

    def numbers(self, size: int) -> tuple[int, ...]:
        """Return all that is left as numbers of ``size`` bytes."""
        data = self.rest()
        if len(data) % size:
            raise TlsError(f"{len(data)} bytes where numbers of {size} are")
        return tuple(int.from_bytes(data[place : place + size]) for place in range(0, len(data), size))


class Handshakes:
    """Gives the handshake messages of one direction of a connection, however records and segments are cut.

    ``failed``: what came is no TLS, or more than we keep; ``ended``: records of another type came, as they do when
    encryption begins or the peer gives up. Nothing is read after either.
    """

    __slots__ = ("_messages", "_record", "ended", "failed")

    def __init__(self) -> None:
        self._record = bytearray()
        self._messages = bytearray()
        self.failed = False
        self.ended = False

    @property
    def buffered(self) -> int:
        """How many bytes are kept."""
        return len(self._record) + len(self._messages)

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the messages that are whole now, each with its type."""
        found: list[tuple[int, bytes]] = []
        position = 0
        while position < len(data) and not self.failed and not self.ended:
            wanted = self._wanted()
            self._record += data[position : position + wanted]
            position += wanted
            if self._is_whole():
                self._messages += self._record[_HEADER:]
                self._record.clear()
                found += self._whole()
        return found

    def _wanted(self) -> int:
        """Return how many bytes the header, or the record behind it, lacks."""
        if len(self._record) < _HEADER:
            return _HEADER - len(self._record)
        return _HEADER + int.from_bytes(self._record[3:_HEADER]) - len(self._record)

    def _is_whole(self) -> bool:
        """Return whether a record is complete; what cannot become one ends the reading at its first wrong byte."""
        record = self._record
        if record[0] != _HANDSHAKE:
            self.ended = record[0] in _OTHERS
            self.failed = not self.ended
            return False
        if len(record) > 1 and record[1] != _MAJOR:
            self.failed = True
            return False
        if len(record) < _HEADER:
            return False
        self.failed = not 0 < int.from_bytes(record[3:_HEADER]) <= MAX_RECORD
        return not self.failed and not self._wanted()

    def _whole(self) -> list[tuple[int, bytes]]:
        messages, position, found = self._messages, 0, []
        while len(messages) - position >= _MESSAGE_HEADER:
            start = position + _MESSAGE_HEADER
            size = int.from_bytes(messages[position + 1 : start])
            if size > MAX_HANDSHAKE:
                self.failed = True
                break
            if len(messages) - start < size:
                break
            found.append((messages[position], bytes(messages[start : start + size])))
            position = start + size
        del messages[:position]
        return found
