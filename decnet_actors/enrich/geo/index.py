"""This module is the index of addresses: sorted arrays in one file, read as a whole and never changed.

::

    magic | SHA-256 of all that follows | length of the head | head (JSON) | sections, one after the other

The boundaries of each version of IP cover all its addresses; each has the number of what is known from there to the
next, 0 for nothing. What is known is kept once: thousands of ranges share a country and a system.
"""

import hashlib
import json
import os
import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_ntoa, inet_ntop, inet_pton

from attrs import asdict, frozen

from decnet_actors.contracts.geography import Place
from decnet_actors.enrich.geo.errors import DamagedError
from decnet_actors.enrich.geo.layer import BITS, V4, V6
from decnet_actors.enrich.geo.rows import Row

MAGIC = b"DNGEO1" + (b"<" if sys.byteorder == "little" else b">") + b"\n"  # arrays are as this machine has them
MAX_FILE = 256 * 2**20  # bytes
_LENGTH = struct.Struct(">I")
_number4, _packed4 = _LENGTH.unpack, _LENGTH.pack
_DIGEST = hashlib.sha256().digest_size
_HALF = (1 << 64) - 1
_MAPPED = b"\0" * 10 + b"\xff\xff"
SECTIONS = {  # name -> type of its array
    "v4": "I",
    "v4_known": "I",
    "v6_high": "Q",
    "v6_low": "Q",
    "v6_known": "I",
    "country": "H",
    "asn": "I",
    "as_name": "I",
    "source": "H",
    "name_end": "I",
    "names": "B",
}

Known = tuple[str, int, str, str]  # country, number and name of the system, source; the empty ones are not known


@frozen(kw_only=True)
class SourceReport:
    """What came of one source when the index was made."""

    name: str
    kind: str = ""
    rows: int = 0
    skipped: int = 0
    problem: str = ""


@frozen(kw_only=True)
class Head:
    """What an index says of itself."""

    built: float  # Unix seconds
    ranges: Mapping[str, int]  # v4, v6: boundaries
    sources: tuple[SourceReport, ...]


class Index:
    """Answers where an address is. Lookups change nothing: any thread may ask."""

    def __init__(self, head: Head, sections: Mapping[str, "array[int]"], listed: Mapping[str, Sequence[str]]) -> None:
        self.head = head
        self.size = sum(len(part) * part.itemsize for part in sections.values())  # bytes
        self._v4, self._v4_known = sections["v4"], sections["v4_known"]
        self._high, self._low, self._v6_known = sections["v6_high"], sections["v6_low"], sections["v6_known"]
        texts, ends = sections["names"].tobytes(), sections["name_end"]
        names = [texts[start:end].decode() for start, end in pairwise((0, *ends))]
        countries, sources = listed["countries"], listed["sources"]
        self._told: list[Known] = [  # by number
            (countries[country], asn, names[name], sources[source])
            for country, asn, name, source in zip(
                sections["country"], sections["asn"], sections["as_name"], sections["source"], strict=True
            )
        ]
        # where the addresses of each /16 begin: two thirds of the steps of a search are saved
        self._fan = array("I", [bisect_right(self._v4, number << 16) for number in range(1 << 16)])
        self._fan.append(len(self._v4))

    def place(self, address: str) -> Place | None:
        """Return what is known of an address; ``None`` when nothing is, or it is none."""
        try:
            if ":" in address:
                packed = inet_pton(AF_INET6, address)
                if not packed.startswith(_MAPPED):
                    return self._place6(int.from_bytes(packed, "big"))
                packed = packed[len(_MAPPED) :]
            else:
                packed = inet_pton(AF_INET, address)
        except (OSError, ValueError):  # the latter: a zero byte in it, or what is not Unicode
            return None
        (number,) = _number4(packed)
        starts, fan, area = self._v4, self._fan, number >> 16
        at = bisect_right(starts, number, fan[area], fan[area + 1])
        known = self._v4_known[at - 1]
        if not known:
            return None
        # Something is known, so this is neither the first range nor the last: those are nobody's (build._NOWHERE).
        bits = min((number ^ (starts[at - 1] - 1)).bit_length(), (number ^ starts[at]).bit_length()) - 1
        country, asn, as_name, source = self._told[known]
        block = number >> bits << bits
        network = f"{inet_ntoa(_packed4(block))}/{32 - bits}"
        return Place(country=country, asn=asn, as_name=as_name, network=network, source=source)

    def _place6(self, number: int) -> Place | None:
        high, low, highs, lows = number >> 64, number & _HALF, self._high, self._low
        at = bisect_right(highs, high)
        while at > 1 and highs[at - 1] == high and lows[at - 1] > low:  # few boundaries are inside of a /64
            at -= 1
        known = self._v6_known[at - 1]
        if not known:
            return None
        start, end = highs[at - 1] << 64 | lows[at - 1], highs[at] << 64 | lows[at]
        bits = min((number ^ (start - 1)).bit_length(), (number ^ end).bit_length()) - 1
        country, asn, as_name, source = self._told[known]
        network = f"{inet_ntop(AF_INET6, (number >> bits << bits).to_bytes(16, 'big'))}/{128 - bits}"
        return Place(country=country, asn=asn, as_name=as_name, network=network, source=source)


def write_index(path: Path, rows: Mapping[int, Iterable[Row[Known]]], head: Head) -> None:
    """Write a file whole and durable, not in its place yet.

    Args:
        path: of the new file.
        rows: by version of IP, in order, none over another.
        head: what to say of it; its ``ranges`` are set here.

    """
    packer = _Packer()
    for version in (V4, V6):
        packer.add(version, rows[version])
    body = packer.sections()
    described = {
        "built": head.built,
        "ranges": {"v4": len(packer.known[V4]), "v6": len(packer.known[V6])},
        "sources": [asdict(one) for one in head.sources],
        "countries": packer.texts[0],
        "origins": packer.texts[1],
        "sections": {name: len(part) for name, part in body.items()},
    }
    text = json.dumps(described).encode()
    digest = hashlib.sha256(_LENGTH.pack(len(text)) + text)
    for part in body.values():
        digest.update(part)
    with path.open("wb") as file:
        file.write(MAGIC + digest.digest() + _LENGTH.pack(len(text)) + text)
        for part in body.values():
            file.write(part)
        file.flush()
        os.fsync(file.fileno())


def read_index(path: Path) -> Index:
    """Read an index.

    Raises:
        DamagedError: it is not as it was written, or of another version.
        OSError: it cannot be read.

    """
    if path.stat().st_size > MAX_FILE:
        raise DamagedError(f"larger than {MAX_FILE} bytes")
    data = memoryview(path.read_bytes())
    start = len(MAGIC) + _DIGEST
    if bytes(data[: len(MAGIC)]) != MAGIC:
        raise DamagedError("of another version, or no index at all")
    if hashlib.sha256(data[start:]).digest() != bytes(data[len(MAGIC) : start]):
        raise DamagedError("its checksum does not match")
    (length,) = _LENGTH.unpack_from(data, start)
    at = start + _LENGTH.size + length
    described = json.loads(bytes(data[start + _LENGTH.size : at]))
    sections = {}
    for name, kind in SECTIONS.items():
        size = described["sections"][name]
        part = array(kind)
        part.frombytes(data[at : at + size])
        sections[name] = part
        at += size
    head = Head(
        built=described["built"],
        ranges=described["ranges"],
        sources=tuple(SourceReport(**one) for one in described["sources"]),
    )
    return Index(head, sections, {"countries": described["countries"], "sources": described["origins"]})


class _Packer:
    """Turns rows into sections."""

    def __init__(self) -> None:
        self.known: dict[int, array[int]] = {V4: array("I"), V6: array("I")}
        self.texts: tuple[list[str], list[str]] = ([""], [""])  # countries, sources; by number, 0 is nothing
        self._starts: dict[int, list[int]] = {V4: [], V6: []}
        self._numbers: dict[Known, int] = {}
        self._tables = {name: array(SECTIONS[name]) for name in ("country", "asn", "as_name", "source")}
        self._names: dict[str, int] = {}
        self._text_numbers: tuple[dict[str, int], dict[str, int]] = ({"": 0}, {"": 0})
        self._number(("", 0, "", ""))

    def add(self, version: int, rows: Iterable[Row[Known]]) -> None:
        at = 0
        for first, last, known in rows:
            if first > at:
                self._boundary(version, at, 0)
            self._boundary(version, first, self._number(known))
            at = last + 1
        if at < 1 << BITS[version]:
            self._boundary(version, at, 0)

    def sections(self) -> dict[str, bytes]:
        names = [name.encode() for name in self._names]
        ends, at = array(SECTIONS["name_end"]), 0
        for name in names:
            at += len(name)
            ends.append(at)
        v6 = self._starts[V6]
        parts = {
            "v4": array(SECTIONS["v4"], self._starts[V4]),
            "v4_known": self.known[V4],
            "v6_high": array(SECTIONS["v6_high"], [start >> 64 for start in v6]),
            "v6_low": array(SECTIONS["v6_low"], [start & _HALF for start in v6]),
            "v6_known": self.known[V6],
            **self._tables,
            "name_end": ends,
        }
        return {name: part.tobytes() for name, part in parts.items()} | {"names": b"".join(names)}

    def _boundary(self, version: int, start: int, number: int) -> None:
        self._starts[version].append(start)
        self.known[version].append(number)

    def _number(self, known: Known) -> int:
        if known not in self._numbers:
            country, asn, name, source = known
            self._numbers[known] = len(self._numbers)
            self._tables["country"].append(self._text(0, country))
            self._tables["asn"].append(asn)
            self._tables["as_name"].append(self._names.setdefault(name, len(self._names)))
            self._tables["source"].append(self._text(1, source))
        return self._numbers[known]

    def _text(self, table: int, text: str) -> int:
        numbers = self._text_numbers[table]
        if text not in numbers:
            numbers[text] = len(self.texts[table])
            self.texts[table].append(text)
        return numbers[text]
