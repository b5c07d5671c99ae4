"""This module assembles the classic BPF program by which the kernel picks the packets that the sniffer gets.

The program sees a packet from its network header on (SOCK_DGRAM, packet(7)). It takes TCP and UDP port 443 from or to
the given networks; what is a fragment or has IPv6 extension headers it leaves to who reads.
"""

import ipaddress
import struct
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from attrs import frozen

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

SNAP = 4096  # bytes of a packet that are kept; a ClientHello with post-quantum keys has 1,800
MAX_INSTRUCTIONS = 4096  # BPF_MAXINSNS, linux/bpf_common.h

_LD_W, _LD_H, _LD_B = 0x20, 0x28, 0x30  # linux/filter.h: BPF_LD | size | BPF_ABS
_LDX_HEADER = 0xB1  # BPF_LDX | BPF_B | BPF_MSH: the length of an IPv4 header
_LD_H_INDEXED = 0x48  # BPF_LD | BPF_H | BPF_IND
_AND, _JA, _JEQ, _JSET, _RET = 0x54, 0x05, 0x15, 0x45, 0x06
_PROTOCOL = 0xFFFFF000  # SKF_AD_OFF + SKF_AD_PROTOCOL
_IPV4, _IPV6 = 0x0800, 0x86DD
_TCP, _UDP = 6, 17
_EXTENSIONS = (0, 43, 44, 60)  # of IPv6, RFC 7045
_OFFSET = 0x1FFF  # of a fragment
_HTTPS = 443
_WORD = 4
_INSTRUCTION = struct.Struct("=HBBI")


@frozen
class _Step:
    """One instruction; a jump without a label goes on with the next."""

    code: int
    k: int = 0
    true: str = ""
    false: str = ""


_Line: TypeAlias = "_Step | str"  # a text is a label


def program(networks: Sequence[Network] = ()) -> bytes:
    """Return the program as the kernel wants it; without networks every address will do."""
    return _assembled([*_kinds(), *_ipv4(networks), *_ipv6(networks), "take", _Step(_RET, SNAP), "drop", _Step(_RET)])


def _kinds() -> Iterator[_Line]:
    yield _Step(_LD_W, _PROTOCOL)
    yield from _if(_IPV4, "ipv4")
    yield from _if(_IPV6, "ipv6")
    yield from _always("drop")


def _ipv4(networks: Sequence[Network]) -> Iterator[_Line]:
    yield "ipv4"
    yield _Step(_LD_B, 9)
    yield from _if(_TCP, "ipv4 network")
    yield from _if(_UDP, "udp4")
    yield from _always("drop")
    yield "udp4"
    yield _Step(_LD_H, 6)
    yield _Step(_JSET, _OFFSET, "dropped here", "first")
    yield "dropped here"
    yield from _always("drop")
    yield "first"
    yield _Step(_LDX_HEADER, 0)
    for side in (0, 2):
        yield _Step(_LD_H_INDEXED, side)
        yield from _if(_HTTPS, "ipv4 network")
    yield from _always("drop")
    yield "ipv4 network"
    yield from _addresses(networks, version=4, sides=(12, 16))


def _ipv6(networks: Sequence[Network]) -> Iterator[_Line]:
    yield "ipv6"
    yield _Step(_LD_B, 6)
    for kind in (_TCP, *_EXTENSIONS):
        yield from _if(kind, "ipv6 network")
    yield from _if(_UDP, "udp6")
    yield from _always("drop")
    yield "udp6"
    for side in (40, 42):
        yield _Step(_LD_H, side)
        yield from _if(_HTTPS, "ipv6 network")
    yield from _always("drop")
    yield "ipv6 network"
    yield from _addresses(networks, version=6, sides=(8, 24))


def _addresses(networks: Sequence[Network], *, version: int, sides: Sequence[int]) -> Iterator[_Line]:
    """Take what is from or to one of the networks."""
    if not networks:
        yield from _always("take")
    for number, network in enumerate(one for one in networks if one.version == version):
        for side in sides:
            other = f"not {version} {number} {side}"
            address, mask = network.network_address.packed, network.netmask.packed
            for at in range(0, len(address), _WORD):
                bits = int.from_bytes(mask[at : at + _WORD], "big")
                if bits:
                    yield _Step(_LD_W, side + at)
                    yield _Step(_AND, bits)
                    yield _Step(_JEQ, int.from_bytes(address[at : at + _WORD], "big"), "", other)
            yield from _always("take")
            yield other
    yield from _always("drop")


def _if(value: int, label: str) -> Iterator[_Line]:
    """Go far if what was loaded is ``value``: a conditional jump itself reaches 255 instructions."""
    other = f"not {value} for {label}"
    yield _Step(_JEQ, value, "", other)
    yield from _always(label)
    yield other


def _always(label: str) -> Iterator[_Line]:
    yield _Step(_JA, 0, label)


def _assembled(lines: Sequence[_Line]) -> bytes:
    """Return the instructions with labels as distances.

    A label may be there several times; a jump goes to the next of them.
    """
    steps = [line for line in lines if isinstance(line, _Step)]
    if len(steps) > MAX_INSTRUCTIONS:
        raise ValueError(f"{len(steps)} instructions: too many networks")
    places: dict[str, list[int]] = {}
    count = 0
    for line in lines:
        if isinstance(line, str):
            places.setdefault(line, []).append(count)
        else:
            count += 1

    def distance(label: str, at: int) -> int:
        return next(place for place in places[label] if place > at) - at - 1 if label else 0

    made = bytearray()
    for at, step in enumerate(steps):
        if step.code == _JA:
            made += _INSTRUCTION.pack(step.code, 0, 0, distance(step.true, at))
        else:
            made += _INSTRUCTION.pack(step.code, distance(step.true, at), distance(step.false, at), step.k)
    return bytes(made)
