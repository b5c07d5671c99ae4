"""This module writes MaxMind DB files for tests, from what the specification of the format says."""

import ipaddress
import struct
from typing import Any

from decnet_actors.enrich.geo.mmdb import MARKER


def value(thing):
    """Return a value as the data section has it."""
    match thing:
        case bool():
            return _control(14, int(thing))
        case str():
            return _control(2, len(thing.encode())) + thing.encode()
        case bytes():
            return _control(4, len(thing)) + thing
        case float():
            return _control(3, 8) + struct.pack(">d", thing)
        case int() if thing >= 0:
            raw = thing.to_bytes((thing.bit_length() + 7) // 8, "big")
            return _control(5 if len(raw) <= 2 else 6 if len(raw) <= 4 else 9 if len(raw) <= 8 else 10, len(raw)) + raw
        case int():
            return _control(8, 4) + thing.to_bytes(4, "big", signed=True)
        case dict():
            return _control(7, len(thing)) + b"".join(value(key) + value(one) for key, one in thing.items())
        case list():
            return _control(11, len(thing)) + b"".join(map(value, thing))
        case _:
            raise TypeError(thing)


def _control(kind, size):
    long = b""
    if size >= 65_821:
        size, long = 31, (size - 65_821).to_bytes(3, "big")
    elif size >= 285:
        size, long = 30, (size - 285).to_bytes(2, "big")
    elif size >= 29:
        size, long = 29, bytes([size - 29])
    return (bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])) + long


def pointer(place):
    return bytes([0x38]) + place.to_bytes(4, "big")


def mmdb_file(records, *, size=24, version=6, aliases=(), more=None, data=None):
    """Return a file of network -> record; ``aliases`` are networks of IPv6 that lead to IPv4's part of the tree."""
    bits = 128 if version == 6 else 32
    nodes: list[list[Any]] = [[None, None]]  # Any: another node, a record, or nothing

    def insert(network, leaf):
        one = ipaddress.ip_network(network)
        number, depth = int(one.network_address), one.prefixlen
        if version == 6 and one.version == 4:
            depth += 96
        at = 0
        for step in range(depth):
            side = number >> (bits - step - 1) & 1
            if step == depth - 1:
                nodes[at][side] = leaf
            else:
                if nodes[at][side] is None:
                    nodes.append([None, None])
                    nodes[at][side] = len(nodes) - 1
                at = nodes[at][side]

    body, places = (b"", {}) if data is None else data
    for network, record in records.items():
        key = repr(record)
        if key not in places:
            places[key] = len(body)
            body += value(record)
        insert(network, ("data", places[key]))
    if aliases:
        at = 0
        for _ in range(96):
            at = nodes[at][0]
        for network in aliases:
            insert(network, at)
    count = len(nodes)

    def number_of(child):
        if child is None:
            return count
        return child if isinstance(child, int) else count + 16 + child[1]

    tree = b"".join(pack(number_of(left), number_of(right), size) for left, right in nodes)
    meta = {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": 1_767_225_600,
        "database_type": "Test",
        "description": {"en": "of ours"},
        "ip_version": version,
        "languages": ["en"],
        "node_count": count,
        "record_size": size,
        **(more or {}),
    }
    return tree + b"\0" * 16 + body + MARKER + value(meta)


def pack(left, right, size):
    if size == 28:
        middle = (left >> 24) << 4 | right >> 24
        return (left & 0xFFFFFF).to_bytes(3, "big") + bytes([middle]) + (right & 0xFFFFFF).to_bytes(3, "big")
    return left.to_bytes(size // 8, "big") + right.to_bytes(size // 8, "big")
