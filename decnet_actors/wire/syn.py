"""This module reads what a SYN says of the TCP/IP stack that sent it: its options and their order, and its distance."""

import struct

from attrs import frozen

INITIAL_TTLS = (32, 64, 128, 255)  # that stacks begin with
MAX_HOPS = 64  # further away nobody is; then the initial TTL was another
MAX_OPTIONS = 40  # one byte each

_END, _NOTHING, _MSS, _SCALE, _SACK, _TIMESTAMPS = 0, 1, 2, 3, 4, 8
_NAMES = {
    _END: "eol",
    _NOTHING: "nop",
    _MSS: "mss",
    _SCALE: "ws",
    _SACK: "sok",
    5: "sack",
    _TIMESTAMPS: "ts",
    19: "md5",
    28: "uto",
    29: "ao",
    30: "mptcp",
    34: "tfo",
}
_INITIAL = tuple(next(one for one in INITIAL_TTLS if ttl <= one) for ttl in range(256))
_LEAST = 2  # bytes of an option with a length


@frozen
class Options:
    """TCP options. What is not there, or malformed, is ``None``."""

    order: tuple[str, ...] = ()  # names as p0f has them; "?n" for others, "bad" where they break off
    mss: int | None = None
    scale: int | None = None
    timestamps: bool = False
    sack: bool = False


def options(data: bytes) -> Options:
    """Return what TCP options say (RFC 9293, section 3.1)."""
    order: list[str] = []
    mss = scale = None
    at = 0
    while at < len(data) and len(order) < MAX_OPTIONS:
        kind = data[at]
        if kind in {_END, _NOTHING}:
            order.append(_NAMES[kind])
            at += 1
            if kind == _END:
                break
            continue
        length = data[at + 1] if at + 1 < len(data) else 0
        if length < _LEAST or at + length > len(data):
            order.append("bad")
            break
        value = data[at + _LEAST : at + length]
        order.append(_NAMES.get(kind, f"?{kind}"))
        if kind == _MSS and len(value) == 2:  # noqa: PLR2004  RFC 9293: 16 bits
            (mss,) = struct.unpack(">H", value)
        elif kind == _SCALE and len(value) == 1:
            scale = value[0]
        at += length
    return Options(tuple(order), mss, scale, "ts" in order, "sok" in order)


def initial_ttl(ttl: int) -> int:
    """Return what a packet's TTL was when it was sent: the next of those that stacks begin with."""
    return _INITIAL[ttl]


def hops(ttl: int) -> int | None:
    """Return how many routers a packet has passed; ``None`` if the TTL does not tell."""
    distance = initial_ttl(ttl) - ttl
    return distance if distance <= MAX_HOPS else None
