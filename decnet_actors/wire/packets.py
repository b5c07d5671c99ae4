"""This module reads the headers of IPv4 and IPv6 packets that carry TCP or UDP."""

import struct
from enum import StrEnum

from msgspec import Struct

IPV4, IPV6 = 4, 6
TCP, UDP = 6, 17
FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 1, 2, 4, 8, 16, 32, 64, 128
MAX_EXTENSIONS = 8  # headers of IPv6 before TCP or UDP; real packets have one or two

_EXTENSIONS = frozenset({0, 43, 60})  # hop-by-hop, routing, destination: all begin with the next and their length
_FRAGMENT = 44
_MORE = 0x2000  # fragments follow, of the flags of IPv4
_DONT_FRAGMENT = 0x4000
_OFFSET = 0x1FFF
_OFFSET6 = 0xFFF9  # offset and "more fragments" of IPv6
_IPV4_HEADER = struct.Struct(">BBHHHBBH4s4s")
_IPV6_HEADER = struct.Struct(">IHBB16s16s")
_FRAGMENT_HEADER = struct.Struct(">BxH")
_TCP_HEADER = struct.Struct(">HHIIBBHHH")
_UDP_HEADER = struct.Struct(">HHH")
_UDP_SIZE = 8
_LEAST4, _LEAST6, _LEAST_TCP = 20, 40, 20


class Flaw(StrEnum):
    """Why a packet is not looked at."""

    MALFORMED = "malformed"  # its headers say what cannot be
    FRAGMENT = "fragment"
    OTHER = "other"  # neither TCP nor UDP


class Packet(Struct, frozen=True, gc=False):
    """What the headers say. Addresses are as they are in the packet; of UDP what only TCP has is 0 and empty."""

    version: int
    source: bytes
    destination: bytes
    protocol: int
    ttl: int
    tos: int
    ident: int  # of IPv4; 0 for IPv6, which has none
    df: bool  # may not be fragmented; always so for IPv6
    source_port: int
    destination_port: int
    payload: bytes  # as much of it as was captured
    payload_size: int  # bytes, as the headers say
    seq: int = 0
    ack: int = 0
    flags: int = 0
    window: int = 0
    urgent: int = 0
    options: bytes = b""


def parse(data: bytes, start: int, end: int) -> Packet | Flaw:
    """Return the packet in ``data[start:end]``, which begins with its IP header and may be cut off at its end."""
    if start >= end:
        return Flaw.MALFORMED
    version = data[start] >> 4
    if version == IPV4:
        return _ipv4(data, start, end)
    return _ipv6(data, start, end) if version == IPV6 else Flaw.OTHER


def _ipv4(data: bytes, start: int, end: int) -> Packet | Flaw:
    if end - start < _LEAST4:
        return Flaw.MALFORMED
    first, tos, total, ident, fragment, ttl, protocol, _, source, destination = _IPV4_HEADER.unpack_from(data, start)
    header = (first & 15) * 4
    if header < _LEAST4 or total < header:
        return Flaw.MALFORMED
    if fragment & (_MORE | _OFFSET):
        return Flaw.FRAGMENT
    ip = (IPV4, source, destination, protocol, ttl, tos, ident, bool(fragment & _DONT_FRAGMENT))
    return _transport(data, start + header, min(end, start + total), total - header, ip)


def _ipv6(data: bytes, start: int, end: int) -> Packet | Flaw:
    if end - start < _LEAST6:
        return Flaw.MALFORMED
    first, size, protocol, ttl, source, destination = _IPV6_HEADER.unpack_from(data, start)
    at, stop = start + _LEAST6, min(end, start + _LEAST6 + size)
    for _ in range(MAX_EXTENSIONS):
        if protocol == _FRAGMENT:
            if stop - at < _UDP_SIZE:
                return Flaw.MALFORMED
            protocol, offset = _FRAGMENT_HEADER.unpack_from(data, at)
            if offset & _OFFSET6:
                return Flaw.FRAGMENT
            length = 8
        elif protocol in _EXTENSIONS:
            if stop - at < _UDP_SIZE:
                return Flaw.MALFORMED
            protocol, length = data[at], 8 + 8 * data[at + 1]
        else:
            break
        at, size = at + length, size - length
    ip = (IPV6, source, destination, protocol, ttl, first >> 20 & 0xFF, 0, True)
    return _transport(data, at, stop, size, ip)


def _transport(
    data: bytes, at: int, stop: int, size: int, ip: tuple[int, bytes, bytes, int, int, int, int, bool]
) -> Packet | Flaw:
    """Return the packet whose TCP or UDP header is at ``at``, with ``size`` bytes from there on if none are cut off."""
    protocol = ip[3]
    if protocol == TCP:
        if stop - at < _LEAST_TCP:
            return Flaw.MALFORMED
        source, destination, seq, ack, offset, flags, window, _, urgent = _TCP_HEADER.unpack_from(data, at)
        header = (offset >> 4) * 4
        if header < _LEAST_TCP or header > size:
            return Flaw.MALFORMED
        options = data[at + _LEAST_TCP : min(at + header, stop)]
        payload = data[at + header : stop]
        return Packet(
            *ip, source, destination, payload, size - header, seq, ack, flags, window, urgent, options
        )  # fmt: skip
    if protocol != UDP:
        return Flaw.OTHER
    if stop - at < _UDP_SIZE:
        return Flaw.MALFORMED
    source, destination, length = _UDP_HEADER.unpack_from(data, at)
    if not _UDP_SIZE <= length <= size:
        return Flaw.MALFORMED
    return Packet(*ip, source, destination, data[at + _UDP_SIZE : min(stop, at + length)], length - _UDP_SIZE)
