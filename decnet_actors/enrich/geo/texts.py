"""This module reads the two text formats of address data: registries' statistics, and iptoasn's tables. Pure.

What it does not understand it counts and leaves out: these files hold comments, summaries and, at times, mistakes.
"""

import socket
from collections.abc import Iterable

from decnet_actors.enrich.geo.errors import SourceError
from decnet_actors.enrich.geo.layer import BITS, MAX_ROWS, V4, V6, Layer, Network, country_of, network_of
from decnet_actors.enrich.geo.rows import Row

MAX_LINE = 2048  # bytes
_HELD = frozenset({"allocated", "assigned"})
_FIELDS = 7  # of a record in statistics: registry, country, type, start, value, date, status
_COLUMNS = 5  # of iptoasn: first, last, system, country, name
_DIGITS = 20  # of a number


def delegated(lines: Iterable[bytes]) -> Layer:
    """Read a registry's statistics (RIR statistics exchange format; "delegated" and "delegated-extended").

    IPv4 records are a start and a count of addresses, which need be no power of two; IPv6 ones a start and the length
    of a prefix. Only what is allocated or assigned has a country.

    Raises:
        SourceError: there is no record in it.

    """
    countries: dict[int, list[Row[str]]] = {V4: [], V6: []}
    skipped = 0
    for line in lines:
        fields = line.decode("ascii", "replace").strip().split("|")
        if len(fields) < _FIELDS or fields[0].startswith("#") or fields[0].isdigit():  # the last is the version line
            continue
        version = {"ipv4": V4, "ipv6": V6}.get(fields[2])
        if version is None or fields[6] not in _HELD:
            continue
        found, country = _delegation(version, fields[3], fields[4]), country_of(fields[1])
        if found is None or country is None:
            skipped += 1
            continue
        countries[version].append((*found, country))
        _check(sum(map(len, countries.values())))
    return _some(Layer(kind="rir", countries=countries, skipped=skipped))


def iptoasn(lines: Iterable[bytes]) -> Layer:
    """Read a table of iptoasn.com: first and last address, number of the system, its country and its name, by tabs.

    Raises:
        SourceError: there is no record in it.

    """
    countries: dict[int, list[Row[str]]] = {V4: [], V6: []}
    networks: dict[int, list[Row[Network]]] = {V4: [], V6: []}
    known: dict[tuple[str, str], Network | None] = {}  # one object for each system, not one for each row
    skipped = 0
    for line in lines:
        fields = line.decode("utf-8", "replace").rstrip("\r\n").split("\t")
        if len(fields) < _COLUMNS:
            skipped += 1
            continue
        first, last, number = _address(fields[0]), _address(fields[1]), _number(fields[2])
        if first is None or last is None or number is None or first[0] != last[0] or first[1] > last[1]:
            skipped += 1
            continue
        key = fields[2], fields[4]
        if key not in known:
            known[key] = network_of(number, fields[4])
        network, country = known[key], country_of(fields[3])
        if network is not None:
            networks[first[0]].append((first[1], last[1], network))
        if country is not None:
            countries[first[0]].append((first[1], last[1], country))
        _check(sum(map(len, networks.values())))
    return _some(Layer(kind="iptoasn", countries=countries, networks=networks, skipped=skipped))


def _delegation(version: int, start: str, value: str) -> tuple[int, int] | None:
    first, amount = _address(start), _number(value)
    if first is None or amount is None or first[0] != version:
        return None
    if version == V6:
        if not 0 < amount <= BITS[V6]:
            return None
        amount = 1 << (BITS[V6] - amount)
    last = first[1] + amount - 1
    return (first[1], last) if amount > 0 and last < 1 << BITS[version] else None


def _address(text: str) -> tuple[int, int] | None:
    version, family = (V6, socket.AF_INET6) if ":" in text else (V4, socket.AF_INET)
    try:
        return version, int.from_bytes(socket.inet_pton(family, text), "big")
    except (OSError, ValueError):  # the latter: a zero byte in it, or what is not ASCII
        return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None


def _check(count: int) -> None:
    if count > MAX_ROWS:
        raise SourceError(f"more than {MAX_ROWS} records")


def _some(layer: Layer) -> Layer:
    if not layer.rows:
        raise SourceError("no record of an address in it")
    return layer
