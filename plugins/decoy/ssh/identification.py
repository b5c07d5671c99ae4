"""This module reads a client's identification line exactly as OpenSSH does, octet by octet (``kex.c``, 9.2p1).

Whatever is wrong with the line is answered in the clear; bytes that were not read by then turn the close into a reset.
"""

import re
from enum import StrEnum
from typing import Protocol

from attrs import frozen

MAX_LINE = 8192  # bytes; SSH_MAX_BANNER_LEN, ssh.h

_CR, _LF, _NUL = 13, 10, 0
_VERSION = re.compile(rb"SSH-(?P<major>\d+)\.(?P<minor>\d+)-(?P<software>[^\n]+)")
_PLAIN = re.compile(rb"SSH-2\.0-[!-~ ]{1,200}\r?\n")  # what nearly everybody sends, at once
_OURS = 2
_COMPATIBLE_MINOR = 99  # SSH-1.99 means "1 and 2"


class Refusal(StrEnum):
    """What a server says before it closes."""

    INVALID = "Invalid SSH identification string.\r\n"
    MAJOR = "Protocol major versions differ.\r\n"
    SILENT = ""


@frozen(kw_only=True)
class Identified:
    """The line was good. ``rest`` is what came behind it."""

    line: bytes
    rest: bytes


@frozen(kw_only=True)
class Refused:
    """The line was not. ``unread`` tells whether more had come."""

    refusal: Refusal
    line: bytes
    unread: bool


class LineReader(Protocol):
    """Reads a client's line as one server does."""

    def receive(self, data: bytes) -> Identified | Refused | None:
        """Judge the line with what came now; ``None`` when it is not over."""


class Identification:
    """Reads one line, however it is cut."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._after_cr = False

    def receive(self, data: bytes) -> Identified | Refused | None:
        """Judge the line with what came now; ``None`` when it is not over. Holds ``MAX_LINE + 1`` bytes at most."""
        line = self._line
        if not line and _PLAIN.match(data):
            end = data.index(b"\n")
            return Identified(line=data[:end].removesuffix(b"\r"), rest=data[end + 1 :])
        for position, octet in enumerate(data):
            read = position + 1
            if octet == _CR:
                self._after_cr = True
                continue
            if octet == _LF:
                return _judge(bytes(line), data[read:])
            line.append(octet)
            if octet == _NUL or self._after_cr or len(line) > MAX_LINE:
                return Refused(refusal=Refusal.INVALID, line=bytes(line), unread=read < len(data))
        return None


def _judge(line: bytes, rest: bytes) -> Identified | Refused:
    found = _VERSION.fullmatch(line)
    if found is None:
        return Refused(refusal=Refusal.INVALID, line=line, unread=bool(rest))
    major, minor = int(found["major"][:9]), int(found["minor"][:9])
    if major != _OURS and (major, minor) != (1, _COMPATIBLE_MINOR):
        return Refused(refusal=Refusal.MAJOR, line=line, unread=bool(rest))
    return Identified(line=line, rest=rest)
