"""This module says what one server takes for an HTTP request, and what is wrong with what it does not take."""

import re
from collections.abc import Mapping
from enum import Enum

from attrs import frozen

CHUNKED = -1  # the length of a body that says itself where it ends
HTTP_0_9, HTTP_1_0, HTTP_1_1 = (0, 9), (1, 0), (1, 1)
TOKEN = rb"!#$%&'*+.^_`|~0-9A-Za-z-"  # RFC 9110, 5.6.2, for a character class
MAX_SIZE = (1 << 63) - 1  # bytes of a body; off_t


class Fault(Enum):
    """What is wrong with a request; servers have an answer to each."""

    BAD = "bad request"
    VERSION = "version not supported"
    CODING = "unknown transfer coding"
    LONG_LINE = "request line too long"
    LONG_FIELD = "header too long"
    MANY_FIELDS = "too many headers"
    CHUNK = "bad chunk"
    LARGE = "body too large"


@frozen(kw_only=True, eq=False)
class Dialect:
    """What one server takes for a request; one object a server, compared as such.

    Patterns are matched in full, against lines without their LF.
    ``line`` has the groups method, target and (absent in HTTP/0.9) version; ``version`` has major and minor, and
    ``too_new`` matches the beginning of versions that are refused as such. ``begun`` matches what an unfinished request
    line may look like; None: lines are judged when they end. ``field`` has the groups name and (absent: empty) value.
    ``size`` has the length of a chunk as its group.

    A head is read into one buffer of ``first_buffer`` bytes and then ``buffers`` of ``max_line``, no line in two.
    """

    line: re.Pattern[bytes]
    version: re.Pattern[bytes]
    too_new: re.Pattern[bytes]
    begun: re.Pattern[bytes] | None
    field: re.Pattern[bytes]
    size: re.Pattern[bytes]
    trailer: re.Pattern[bytes]
    blank: bytes  # octets that are no part of a value at its ends
    bare_lf: bool  # LF ends a line as CR LF does
    folds: bool  # a line that begins with a blank goes on with the header before it (RFC 9112, 5.2)
    simple_get_only: bool  # HTTP/0.9 has no method but GET
    lone_coding: bool  # chunked is the only coding, needs HTTP/1.1 and excludes Content-Length
    single: frozenset[bytes]  # headers that must not come twice, lower case
    max_blank_lines: int | None  # before a request line
    max_line: int  # bytes, line end included
    first_buffer: int
    buffers: int
    max_fields: int


def framing(fields: Mapping[bytes, bytes], version: tuple[int, int], dialect: Dialect) -> tuple[int, Fault | None]:
    """Return the length of the body (RFC 9112, 6.3), and what is wrong with what says so."""
    size, coding = fields.get(b"content-length"), fields.get(b"transfer-encoding")
    length = 0
    if size is not None:
        digits = size.lstrip(b"0") or size[:1]
        length = int(digits) if digits.isdigit() and len(digits) < len(str(MAX_SIZE)) + 1 else -1
        if length < 0 or length > MAX_SIZE or not size.isdigit():
            return 0, Fault.BAD
    if coding is None:
        return length, None
    if dialect.lone_coding:
        if version < HTTP_1_1:
            return 0, Fault.BAD
        if coding.lower() != b"chunked":
            return 0, Fault.CODING
        return (CHUNKED, None) if size is None else (0, Fault.BAD)
    if coding.rpartition(b",")[2].strip(b" \t").lower() != b"chunked":
        return 0, Fault.BAD
    return CHUNKED, None
