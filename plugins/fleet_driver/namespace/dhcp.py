"""This module writes and reads DHCPv4 messages of a client (RFC 2131, options of RFC 2132): pure.

DhcpError
    ValueError: a datagram is no answer to this client
"""

import ipaddress
import struct
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import TypeAlias

from attrs import frozen

CLIENT_PORT, SERVER_PORT = 68, 67
MAX_MESSAGE = 1500  # bytes; larger answers are for clients that said they take them
SHORTEST_LEASE = 60.0  # seconds; a server that gives less keeps its clients busy, or is none
LONGEST_LEASE = 0xFFFFFFFF  # seconds, which is for ever (RFC 2131, 3.3)

NOWHERE = "0.0.0.0"  # noqa: S104  not to bind to: what a client without an address says (RFC 2131, 4.3.6)

# RFC 2132
REQUESTED, LEASE_TIME, MESSAGE_TYPE, SERVER, REASON, RENEWAL, REBINDING = 50, 51, 53, 54, 56, 58, 59
_PAD, _END = 0, 255

_FIXED = struct.Struct("!4B I 2H 4s4s4s4s 16s 64s 128s")  # RFC 2131, figure 1, up to the options
_COOKIE = b"\x63\x82\x53\x63"
_REQUEST, _REPLY, _ETHERNET, _MAC_LENGTH = 1, 2, 1, 6
_LEAST = 300  # bytes a message has at least (RFC 1542, 2.1), and what clients fill theirs up to
_NO_ADDRESS = bytes(4)
_LONGEST_TEXT = 200

Option: TypeAlias = tuple[int, bytes]


class DhcpError(ValueError):
    """What came is no answer of a server to this client."""


class Kind(IntEnum):
    """What a message is (option 53)."""

    DISCOVER = 1
    OFFER = 2
    REQUEST = 3
    DECLINE = 4
    ACK = 5
    NAK = 6


@frozen(kw_only=True)
class Lease:
    """An address for some time."""

    address: str
    server: str
    seconds: float
    renewal: float  # seconds after which the server is asked to prolong it (T1)
    rebinding: float  # seconds after which any server is asked to (T2)


@frozen(kw_only=True)
class Answer:
    """What a server says; an OFFER or ACK has a lease, a NAK has none."""

    kind: Kind
    transaction: int
    server: str
    lease: Lease | None = None
    reason: str = ""


def write(
    *,
    transaction: int,
    seconds: int,
    mac: str,
    options: Sequence[Option],
    address: str = NOWHERE,
) -> bytes:
    """Return a message.

    Args:
        transaction: 32 bits, the same in the answer.
        seconds: since the client began.
        mac: of the client.
        options: in order, without the end.
        address: the client has and answers at.

    """
    packed = ipaddress.IPv4Address(address).packed
    hardware = bytes.fromhex(mac.replace(":", ""))
    head = _FIXED.pack(
        _REQUEST, _ETHERNET, _MAC_LENGTH, 0, transaction, min(seconds, 0xFFFF), 0, packed,
        _NO_ADDRESS, _NO_ADDRESS, _NO_ADDRESS, hardware, b"", b"",
    )  # fmt: skip
    body = b"".join(bytes((code, len(value))) + value for code, value in options)
    return (head + _COOKIE + body + bytes((_END,))).ljust(_LEAST, b"\0")


def read(data: bytes, mac: str) -> Answer:
    """Return what a server says to the client with this card. Options in other fields than their own are not read.

    Raises:
        DhcpError: it says nothing to it.

    """
    if not _FIXED.size + len(_COOKIE) <= len(data) <= MAX_MESSAGE:
        raise DhcpError(f"{len(data)} bytes")
    op, kind, length, _, transaction, _, _, _, yours, *_, hardware, _, _ = _FIXED.unpack_from(data)
    if (op, kind, length) != (_REPLY, _ETHERNET, _MAC_LENGTH) or hardware[:length].hex(":") != mac:
        raise DhcpError("not for this card")
    if data[_FIXED.size : _FIXED.size + len(_COOKIE)] != _COOKIE:
        raise DhcpError("no options")
    options = _options(data[_FIXED.size + len(_COOKIE) :])
    said = _number(options, MESSAGE_TYPE, 1)
    server = _address(options.get(SERVER, b""))
    if said == Kind.NAK:
        reason = options.get(REASON, b"")[:_LONGEST_TEXT].decode("ascii", "replace")
        return Answer(kind=Kind.NAK, transaction=transaction, server=server, reason=reason)
    if said not in {Kind.OFFER, Kind.ACK}:
        raise DhcpError("neither offer, ACK nor NAK")
    lease = _lease(options, _address(yours), server)
    return Answer(kind=Kind(said), transaction=transaction, server=server, lease=lease)


def _lease(options: Mapping[int, bytes], address: str, server: str) -> Lease:
    seconds = float(_number(options, LEASE_TIME, 4))
    if seconds < SHORTEST_LEASE:
        raise DhcpError(f"a lease of {seconds:g} s")
    renewal, rebinding = seconds / 2, seconds * 7 / 8  # RFC 2131, 4.4.5
    if RENEWAL in options and REBINDING in options:
        first, second = float(_number(options, RENEWAL, 4)), float(_number(options, REBINDING, 4))
        if SHORTEST_LEASE / 2 <= first < second < seconds:
            renewal, rebinding = first, second
    return Lease(address=address, server=server, seconds=seconds, renewal=renewal, rebinding=rebinding)


def _options(data: bytes) -> dict[int, bytes]:
    """Return options by code; of one that comes twice the first."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        code = data[at]
        if code == _END:
            break
        if code == _PAD:
            at += 1
            continue
        if at + 1 >= len(data) or at + 2 + data[at + 1] > len(data):
            raise DhcpError("an option is cut off")
        found.setdefault(code, data[at + 2 : at + 2 + data[at + 1]])
        at += 2 + data[at + 1]
    return found


def _number(options: Mapping[int, bytes], code: int, size: int) -> int:
    value = options.get(code, b"")
    if len(value) != size:
        raise DhcpError(f"option {code} is not a number of {size} bytes")
    return int.from_bytes(value, "big")


def _address(packed: bytes) -> str:
    """Return the address of one machine."""
    if len(packed) != len(_NO_ADDRESS):
        raise DhcpError("no address")
    found = ipaddress.IPv4Address(packed)
    if found.is_unspecified or found.is_multicast or found.is_loopback or found.is_reserved:
        raise DhcpError(f"{found} is no machine's address")
    return str(found)
