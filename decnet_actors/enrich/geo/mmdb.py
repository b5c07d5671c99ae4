"""This module reads MaxMind DB files (MaxMind DB File Format Specification, version 2.0) from end to end. Pure.

An index is made of the whole file, so there is no looking up in it here: one walk over the tree, each record decoded
once. Every step is bounded by the size of the file: records that point in circles, and trees that meet again below
other than IPv4's does, are refused.
"""

import struct
from collections.abc import Iterator
from typing import Any

from attrs import define, field, frozen

from decnet_actors.enrich.geo.errors import SourceError
from decnet_actors.enrich.geo.layer import BITS, MAX_ROWS, V4, V6, Layer, Network, country_of, network_of
from decnet_actors.enrich.geo.rows import Row

MARKER = b"\xab\xcd\xefMaxMind.com"
MAX_META = 128 * 1024  # bytes from the end of the file in which the marker stands
MAX_DEPTH = 16  # of values in values
MAX_VALUES = 10_000  # in one record
_GAP = 16  # zero bytes between tree and data
_V4_DEPTH = 96  # bits above IPv4 in a tree of IPv6
_RECORD_SIZES = (24, 28, 32)
_DOUBLE, _FLOAT = struct.Struct(">d"), struct.Struct(">f")

Plain = Any  # what a record holds: text, numbers, lists, dictionaries


@frozen
class _Head:
    nodes: int
    record_size: int
    version: int


def is_mmdb(data: bytes) -> bool:
    """Return whether this is such a file."""
    return data.rfind(MARKER, max(0, len(data) - MAX_META)) >= 0


def mmdb(data: bytes) -> Layer:
    """Read countries and autonomous systems as MaxMind names them (GeoLite2, GeoIP2, DB-IP).

    Raises:
        SourceError: the file is damaged, or speaks of neither.

    """
    try:
        return _read(data)
    except (IndexError, struct.error, KeyError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"damaged ({type(error).__name__})") from error


def _read(data: bytes) -> Layer:
    head = _head(data)
    tree_size = head.nodes * head.record_size // 4
    values = _Values(data[tree_size + _GAP :])
    layer = Layer(kind="mmdb")
    known: dict[int, tuple[str | None, Network | None]] = {}
    for version, first, last, place in _leaves(data, head, tree_size):
        if place not in known:
            known[place] = _meaning(values.record(place))
        country, network = known[place]
        if country is not None:
            _add(layer.countries[version], first, last, country)
        if network is not None:
            _add(layer.networks[version], first, last, network)
    if not layer.rows:
        raise SourceError("neither countries nor autonomous systems in it")
    return layer


def _add(rows: list[Row[Any]], first: int, last: int, value: object) -> None:
    """Append; a city's blocks side by side are one of its country."""
    if rows and rows[-1][2] == value and rows[-1][1] + 1 == first:
        rows[-1] = (rows[-1][0], last, value)
        return
    if len(rows) >= MAX_ROWS:
        raise SourceError(f"more than {MAX_ROWS} records")
    rows.append((first, last, value))


def _head(data: bytes) -> _Head:
    start = data.rfind(MARKER, max(0, len(data) - MAX_META))
    if start < 0:
        raise SourceError("not a MaxMind DB file")
    meta = _Values(data[start + len(MARKER) :]).record(0)
    if meta.get("binary_format_major_version") != 2:  # noqa: PLR2004  the version that we read
        raise SourceError(f"version {meta.get('binary_format_major_version')!r} of the format is not known")
    nodes, size, version = meta["node_count"], meta["record_size"], meta["ip_version"]
    if size not in _RECORD_SIZES or version not in BITS:
        raise SourceError("its description makes no sense")
    if not 0 < nodes * size // 4 <= start - _GAP:
        raise SourceError("shorter than its tree")
    return _Head(nodes, size, version)


def _meaning(record: Plain) -> tuple[str | None, Network | None]:
    if not isinstance(record, dict):
        return None, None
    code = None
    for name in ("country", "registered_country"):
        place = record.get(name)
        if code is None and isinstance(place, dict) and isinstance(place.get("iso_code"), str):
            code = country_of(place["iso_code"])
    number, name = record.get("autonomous_system_number"), record.get("autonomous_system_organization", "")
    network = network_of(number, name) if isinstance(number, int) and isinstance(name, str) else None
    return code, network


def _leaves(data: bytes, head: _Head, tree_size: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield version of IP, first and last address, and where in the data section the record is; in order."""
    bits = BITS[head.version]
    v4_root = _v4_root(data, head) if head.version == V6 else -1
    data_start = head.nodes + _GAP
    stack = [(0, 0, 0)]  # node, address, depth
    seen = 0
    while stack:
        node, address, depth = stack.pop()
        if node < head.nodes:
            if node == v4_root and depth and (address or depth != _V4_DEPTH):
                continue  # IPv4 once more under another name, as 2002::/16
            seen += 1
            if seen > head.nodes or depth >= bits:
                raise SourceError("its tree goes in circles")
            left, right = _children(data, head, node)
            stack.append((right, address | 1 << (bits - depth - 1), depth + 1))
            stack.append((left, address, depth + 1))
        elif node > head.nodes:
            if not data_start <= node < data_start + len(data) - tree_size:
                raise SourceError("its tree points outside of the file")
            last = address + (1 << (bits - depth)) - 1
            if head.version == V6 and last >> BITS[V4] == 0:
                yield V4, address, last, node - data_start
            else:
                yield head.version, address, last, node - data_start


def _v4_root(data: bytes, head: _Head) -> int:
    node = 0
    for _ in range(_V4_DEPTH):
        if node >= head.nodes:
            return -1
        node = _children(data, head, node)[0]
    return node


def _children(data: bytes, head: _Head, node: int) -> tuple[int, int]:
    size = head.record_size // 4
    raw = data[node * size : (node + 1) * size]
    if head.record_size == 28:  # noqa: PLR2004  the two share the byte in the middle
        middle = raw[3]
        return (middle >> 4) << 24 | int.from_bytes(raw[:3], "big"), (middle & 15) << 24 | int.from_bytes(
            raw[4:], "big"
        )
    half = size // 2
    return int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")


@define
class _Values:
    """The data section."""

    data: bytes
    _left: int = field(init=False, default=0)  # values the record may still have

    def record(self, place: int) -> Plain:
        self._left = MAX_VALUES
        return self._value(place, 0)[0]

    def _value(self, at: int, depth: int) -> tuple[Plain, int]:
        """Return a value, and where the next one starts."""
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0:
            raise SourceError("a record that never ends")
        control = self.data[at]
        at += 1
        kind = control >> 5
        if kind == 1:
            place, at = self._pointer(control, at)
            return self._value(place, depth + 1)[0], at
        if kind == 0:
            kind = self.data[at] + 7
            at += 1
        size, at = self._size(control & 31, at)
        return self._of(kind, size, at, depth)

    def _of(self, kind: int, size: int, at: int, depth: int) -> tuple[Plain, int]:
        match kind:
            case 7:
                return self._map(size, at, depth)
            case 11:
                return self._list(size, at, depth)
            case 14:
                return bool(size), at
            case _:
                return self._flat(kind, size, at)

    def _flat(self, kind: int, size: int, at: int) -> tuple[Plain, int]:
        raw, end = self.data[at : at + size], at + size
        if len(raw) < size:
            raise SourceError("it ends in the middle of a record")
        match kind:
            case 2:
                return raw.decode("utf-8", "replace"), end
            case 3:
                return _DOUBLE.unpack(raw)[0], end
            case 4:
                return raw, end
            case 5 | 6 | 9 | 10:
                return int.from_bytes(raw, "big"), end
            case 8:
                return int.from_bytes(raw.rjust(4, b"\0"), "big", signed=True), end
            case 15:
                return _FLOAT.unpack(raw)[0], end
            case _:
                raise SourceError(f"a value of type {kind}")

    def _map(self, size: int, at: int, depth: int) -> tuple[Plain, int]:
        found = {}
        for _ in range(size):
            key, at = self._value(at, depth + 1)
            found[key], at = self._value(at, depth + 1)
        return found, at

    def _list(self, size: int, at: int, depth: int) -> tuple[Plain, int]:
        found = []
        for _ in range(size):
            value, at = self._value(at, depth + 1)
            found.append(value)
        return found, at

    def _pointer(self, control: int, at: int) -> tuple[int, int]:
        length = (control >> 3 & 3) + 1
        raw = self.data[at : at + length]
        high = (control & 7) << (8 * length) if length < 4 else 0  # noqa: PLR2004  the longest has 32 bits of its own
        offset = (0, 2048, 526_336, 0)[length - 1]
        return high + int.from_bytes(raw, "big") + offset, at + length

    def _size(self, size: int, at: int) -> tuple[int, int]:
        if size < 29:  # noqa: PLR2004  from here on it is in the bytes that follow
            return size, at
        length = size - 28
        offset = (29, 285, 65_821)[length - 1]
        return offset + int.from_bytes(self.data[at : at + length], "big"), at + length
