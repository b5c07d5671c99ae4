"""This module names a flow as other monitors name it: Community ID version 1 (Corelight, public). Pure."""

import hashlib
from base64 import b64encode
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

ICMP, TCP, UDP, ICMP6, SCTP = 1, 6, 17, 58, 132

Address: TypeAlias = IPv4Address | IPv6Address

_WITH_PORTS = {TCP, UDP, SCTP}
# Types of messages that are a question or the answer to it (the specification takes them from Zeek); of others, the
# flow has one direction only.
_ICMP_PAIRS = ((8, 0), (13, 14), (15, 16), (17, 18), (10, 9))
_ICMP6_PAIRS = ((128, 129), (133, 134), (135, 136), (130, 131), (139, 140), (144, 145))
_ANSWERS = {ICMP: dict(_ICMP_PAIRS), ICMP6: dict(_ICMP6_PAIRS)}
_QUESTIONS = {proto: {answer: question for question, answer in pairs.items()} for proto, pairs in _ANSWERS.items()}


def community_id(
    source: str, destination: str, protocol: int, first: int = 0, second: int = 0, *, seed: int = 0
) -> str:
    """Return the flow's name: the same for both directions.

    Args:
        source: an address.
        destination: an address of the same family.
        protocol: the IP protocol's number.
        first: the source port; of ICMP the type.
        second: the destination port; of ICMP the code.
        seed: what the monitors that compare names have agreed on.

    """
    one_way = False
    if protocol in _ANSWERS:
        first, second, one_way = _icmp_ports(protocol, first, second)
    ends = [(ip_address(source).packed, first), (ip_address(destination).packed, second)]
    if not one_way:
        ends.sort()
    (low, low_port), (high, high_port) = ends
    hashed = seed.to_bytes(2) + low + high + bytes((protocol, 0))
    if protocol in _WITH_PORTS or protocol in _ANSWERS:
        hashed += low_port.to_bytes(2) + high_port.to_bytes(2)
    return "1:" + b64encode(hashlib.sha1(hashed, usedforsecurity=False).digest()).decode()


def _icmp_ports(protocol: int, kind: int, code: int) -> tuple[int, int, bool]:
    """Return what stands for the ports, and whether the flow has one direction."""
    for pairs in (_ANSWERS[protocol], _QUESTIONS[protocol]):
        if kind in pairs:
            return kind, pairs[kind], False
    return kind, code, True
