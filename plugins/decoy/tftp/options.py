"""This module agrees on the options of a transfer (RFC 2347, 2348, 2349) as in.tftpd 5.2 does."""

import re
from collections.abc import Sequence

from attrs import define

from decnet_actors.wire import tftp

_NUMBER = re.compile(rb"[ \t\n\v\f\r]*([+-]?\d{1,30})", re.ASCII)
_MIN_BLOCK = 8
_MAX_TIMEOUT = 255
_USEC = 1_000_000
_MIN_USEC = 10_000
_MAX_ROLLOVER = 65_535

REFUSED = tftp.Error(tftp.Code.OPTIONS, b"Unsupported option(s) requested")


class RefusedError(ValueError):
    """An option has a value that ends the transfer."""


@define
class Terms:
    """How a file is moved."""

    is_text: bool
    size: int | None  # of the file to send; ``None``: it is to come
    block: int = tftp.BLOCK
    timeout: float = 1.0  # seconds
    rollover: int = 0  # the block after the 65,535th


def agree(terms: Terms, asked: Sequence[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    """Change the terms as asked and return what is confirmed; options not known and values that are no numbers are not.

    Raises:
        RefusedError: a value is out of bounds.

    """
    agreed = []
    for name, value in asked:
        found = _NUMBER.fullmatch(value)
        if found is None:
            continue
        taken = _take(terms, name.lower(), int(found[1]))
        if taken is not None:
            agreed.append((name, b"%d" % taken))
    return tuple(agreed)


def _take(terms: Terms, name: bytes, number: int) -> int | None:
    match name:
        case b"blksize":
            terms.block = _block(number)
            return terms.block
        case b"blksize2":
            terms.block = 1 << (_block(number).bit_length() - 1)
            return terms.block
        case b"tsize":
            if terms.is_text:
                raise RefusedError("the size of text is not known before it is sent")
            return number if terms.size is None else terms.size
        case b"timeout":
            terms.timeout = float(_bounded(number, 1, _MAX_TIMEOUT))
            return number
        case b"utimeout":
            terms.timeout = _bounded(number, _MIN_USEC, _MAX_TIMEOUT * _USEC) / _USEC
            return number
        case b"rollover":
            terms.rollover = _bounded(number, 0, _MAX_ROLLOVER)
            return number
        case _:
            return None


def _block(number: int) -> int:
    if 0 <= number < _MIN_BLOCK:
        raise RefusedError("too small a block")
    return min(number, tftp.MAX_BLOCK) if number > 0 else tftp.MAX_BLOCK  # in.tftpd reads -1 as a very large number


def _bounded(number: int, least: int, most: int) -> int:
    if not least <= number <= most:
        raise RefusedError("out of bounds")
    return number
