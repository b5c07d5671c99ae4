"""This module makes the index of the files there are, in the place of the one before, which is kept beside it.

At any moment a whole index stands in its place: a new one is written beside it, and moved there in one step.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar

from decnet_actors.enrich.geo.errors import SourceError
from decnet_actors.enrich.geo.index import Head, Index, Known, SourceReport, read_index, write_index
from decnet_actors.enrich.geo.layer import V4, V6, Layer, Network
from decnet_actors.enrich.geo.rows import Row, flat, joined, merged, over
from decnet_actors.enrich.geo.source import read_source

INDEX = "places.index"
PREVIOUS = "places.previous"
T = TypeVar("T")

# What no source has a say about: nobody on the Internet has these (IANA's special-purpose registries).
_NOWHERE = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "::/3",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "4000::/2",
        "8000::/1",
    )
)
# Whose word counts more, for countries and for systems: what the operator brought, then the registries, which know to
# whom addresses were given; a system's own country is the last guess.
_BEST_FIRST = ("mmdb", "rir", "iptoasn")


def build(folder: Path, files: Mapping[str, Path], now: float, problems: Mapping[str, str]) -> Head:
    """Make the index of all files that can be read.

    Args:
        folder: of the index.
        files: by the name of their source; of equal rank, the earlier one's word counts more.
        now: Unix seconds.
        problems: what is wrong with sources whose file is missing or old, by name.

    Raises:
        SourceError: there is none that can be read.
        OSError: the index cannot be written.

    """
    reports: dict[str, SourceReport] = {}
    layers: list[Layer] = []
    for name, path in files.items():
        try:
            layer = read_source(path)
        except SourceError as error:
            reports[name] = SourceReport(name=name, problem=error.reason)
        except OSError as error:
            reports[name] = SourceReport(name=name, problem=error.strerror or type(error).__name__)
        else:
            layers.append(layer)
            reports[name] = SourceReport(
                name=name, kind=layer.kind, rows=layer.rows, skipped=layer.skipped, problem=problems.get(name, "")
            )
    for name in problems.keys() - reports.keys():
        reports[name] = SourceReport(name=name, problem=problems[name])
    if not layers:
        raise SourceError("; ".join(f"{one.name}: {one.problem}" for one in reports.values()) or "there are no sources")
    head = Head(built=now, ranges={}, sources=tuple(reports[name] for name in sorted(reports)))
    fresh = folder / f"{INDEX}.new"
    write_index(fresh, {version: _known(version, layers) for version in (V4, V6)}, head)
    head = read_index(fresh).head  # nothing takes the place of the old one that cannot be read
    put_in_place(folder, fresh)
    return head


def put_in_place(folder: Path, fresh: Path) -> None:
    """Let a new index take the place of the old one, which stays as the previous one."""
    index, spare = folder / INDEX, folder / f"{PREVIOUS}.new"
    spare.unlink(missing_ok=True)
    with suppress(FileNotFoundError):  # there is no old one
        os.link(index, spare)
        spare.replace(folder / PREVIOUS)
    fresh.replace(index)
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def load(folder: Path) -> Index | None:
    """Return the index of a folder, the previous one when it is damaged; ``None`` when there never was one.

    Raises:
        DamagedError: both are damaged.
        OSError: they cannot be read.

    """
    try:
        return read_index(folder / INDEX)
    except FileNotFoundError:
        return None
    except SourceError:
        if not (folder / PREVIOUS).exists():
            raise
        return read_index(folder / PREVIOUS)


def _known(version: int, layers: Sequence[Layer]) -> list[Row[Known]]:
    countries: list[Row[tuple[str, str]]] = []
    networks: list[Row[tuple[Network, str]]] = []
    for kind in _BEST_FIRST:
        for layer in layers:
            if layer.kind == kind:
                countries = over(countries, _named(layer.countries[version], kind))
                networks = over(networks, _named(layer.networks[version], kind))
    everything = [(first, last, _one(*value)) for first, last, value in joined(countries, networks)]
    outside = ((first, last, known) for first, last, (no, known) in joined(_nowhere(version), everything) if no is None)
    return list(merged((first, last, known) for first, last, known in outside if known is not None))


def _named(rows: Sequence[Row[T]], kind: str) -> list[Row[tuple[T, str]]]:
    return [(first, last, (value, kind)) for first, last, value in flat(rows)]


def _one(country: tuple[str, str] | None, network: tuple[Network, str] | None) -> Known:
    code, of_country = country or ("", "")
    system, of_network = network or (Network(asn=0, name=""), "")
    source = "+".join(dict.fromkeys(kind for kind in (of_country, of_network) if kind))
    return code, system.asn, system.name, source


def _nowhere(version: int) -> list[Row[bool]]:
    return flat([(int(one[0]), int(one[-1]), True) for one in _NOWHERE if one.version == version])
