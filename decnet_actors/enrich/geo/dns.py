"""This module asks DNS what an address is called, as bytes: the question, and the name in an answer (RFC 1035). Pure.

An answer is hostile: whoever owns an address decides what its name is.
"""

import ipaddress
import struct

from decnet_actors.domain.text import escaped
from decnet_actors.wire.errors import WireError

MAX_NAME = 255  # bytes on the wire
MAX_ANSWERS = 32  # records that are looked at
PTR, IN = 12, 1
_MAX_LABEL = 63
_MAX_JUMPS = 16
_NO_SUCH_NAME = 3
_HEAD = struct.Struct("!HHHHHH")
_QUESTION = struct.Struct("!HH")
_RECORD = struct.Struct("!HHIH")
_RESPONSE, _TRUNCATED, _RECURSION, _CODE = 0x8000, 0x0200, 0x0100, 0x000F


class DnsError(WireError):
    """An answer is none: broken, for somebody else, or an error of the server."""


def question(address: str, number: int) -> bytes:
    """Return the question for the name of an address; ``number`` has 16 bits and comes back in the answer."""
    return _HEAD.pack(number, _RECURSION, 1, 0, 0, 0) + _asked(address)


def answer(data: bytes, address: str, number: int) -> tuple[str | None, int]:
    """Return the name in an answer, printable, ``None`` when there is none; and for how many seconds that holds.

    Raises:
        DnsError: it is no answer to this question.

    """
    try:
        return _answer(data, address, number)
    except (struct.error, IndexError) as error:
        raise DnsError("it ends too early") from error


def _answer(data: bytes, address: str, number: int) -> tuple[str | None, int]:
    got, flags, questions, answers, _, _ = _HEAD.unpack_from(data)
    asked = _asked(address)
    end = _HEAD.size + len(asked)
    if got != number or not flags & _RESPONSE or questions != 1 or data[_HEAD.size : end].lower() != asked:
        raise DnsError("it answers something else")
    if flags & _TRUNCATED:
        raise DnsError("it is truncated")
    code = flags & _CODE
    if code not in {0, _NO_SUCH_NAME}:
        raise DnsError(f"the server says error {code}")
    at = end
    for _ in range(min(answers, MAX_ANSWERS)):
        _, at = _name(data, at)
        kind, group, ttl, length = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        if at + length > len(data):
            raise DnsError("it ends too early")
        if (kind, group) == (PTR, IN):  # of an alias, too (RFC 2317)
            labels, _ = _name(data, at)
            return ".".join(escaped(label) for label in labels) or None, ttl
        at += length
    return None, 0


def _asked(address: str) -> bytes:
    labels = ipaddress.ip_address(address).reverse_pointer.encode().split(b".")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0" + _QUESTION.pack(PTR, IN)


def _name(data: bytes, at: int) -> tuple[list[bytes], int]:
    """Return the labels of a name, and where what follows it starts."""
    labels: list[bytes] = []
    size = jumps = 0
    end = -1
    while length := data[at]:
        if length > _MAX_LABEL:
            if length < 0xC0 or jumps >= _MAX_JUMPS:  # noqa: PLR2004  two bits mark a pointer, other values are no labels
                raise DnsError("a name that makes no sense")
            end = at + 2 if end < 0 else end
            at, jumps = (length & 0x3F) << 8 | data[at + 1], jumps + 1
            continue
        label = data[at + 1 : at + 1 + length]
        size += length + 1
        if len(label) < length or size >= MAX_NAME:
            raise DnsError("a name that is too long")
        labels.append(label)
        at += length + 1
    return labels, end if end >= 0 else at + 1
