"""This module defines what a source says: which country and which autonomous system ranges of addresses belong to."""

from attrs import field, frozen

from decnet_actors.domain.text import escaped
from decnet_actors.enrich.geo.rows import Row

V4, V6 = 4, 6
BITS = {V4: 32, V6: 128}
MAX_ROWS = 8_000_000  # of one source
MAX_AS = 2**32 - 1
MAX_NAME = 128  # characters of a system's name


@frozen(kw_only=True)
class Network:
    """An autonomous system."""

    asn: int
    name: str


@frozen(kw_only=True)
class Layer:
    """The rows of one source by version of IP, in any order, overlapping as they like."""

    kind: str  # mmdb, rir, iptoasn
    countries: dict[int, list[Row[str]]] = field(factory=lambda: {V4: [], V6: []})
    networks: dict[int, list[Row[Network]]] = field(factory=lambda: {V4: [], V6: []})
    skipped: int = 0  # lines that say nothing we understand

    @property
    def rows(self) -> int:
        """How many ranges it speaks of; a range with country and system is two."""
        return sum(len(rows) for table in (self.countries, self.networks) for rows in table.values())


def country_of(text: str) -> str | None:
    """Return a country code, ``None`` for what is none: ZZ is ISO's word for unknown."""
    code = text.strip().upper()
    return code if len(code) == 2 and code.isascii() and code.isalpha() and code != "ZZ" else None  # noqa: PLR2004  alpha-2


def network_of(number: int, name: str) -> Network | None:
    """Return an autonomous system, ``None`` for numbers that are none: 0 is nobody's (RFC 7607)."""
    if not 0 < number <= MAX_AS:
        return None
    return Network(asn=number, name=escaped(name.strip(), MAX_NAME))
