"""This module defines the operations on what is known of addresses.

Imports attrs and the operation classes only, so the command line stays light; handlers are in ``enrich.geo``.
"""

from attrs import field, frozen, validators

from decnet_actors.contracts.operations import Audit, Nothing, Operation, Role, Route, about

MAX_ADDRESS = 64  # characters


@frozen(kw_only=True)
class GeoipSource:
    """A source, and what came of it when the index was made."""

    name: str  # path or URL
    kind: str = ""  # rir, iptoasn, mmdb; empty when it could not be read
    rows: int = 0
    skipped: int = 0  # lines that made no sense
    problem: str = ""  # of the last attempt; rows of an earlier one may be in use


@frozen(kw_only=True)
class GeoipStatus:
    """What addresses are looked up in. Times are Unix seconds, sizes bytes."""

    enabled: bool
    refresh: str  # off, daily, weekly
    refreshing: bool
    created: float | None = None  # when the index in use was made
    age: float | None = None  # seconds
    size: int = 0  # in memory
    ranges_v4: int = 0
    ranges_v6: int = 0
    sources: tuple[GeoipSource, ...] = ()
    problem: str = ""  # why there is no index, or no newer one


GEOIP_STATUS = Operation(
    name="geoip.status",
    summary="Show what addresses are looked up in: how old it is, and what came of each source.",
    args=Nothing,
    result=GeoipStatus,
    role=Role.VIEWER,
    route=Route(method="GET", path="/geoip"),
    examples=("decnetctl geoip status",),
)
GEOIP_REFRESH = Operation(
    name="geoip.refresh",
    summary="Read all sources of address data again, fetching those that are URLs.",
    args=Nothing,
    result=GeoipStatus,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/geoip:refresh"),
    examples=("decnetctl geoip refresh",),
)


@frozen(kw_only=True)
class GeoipLookupArgs:
    """Which address."""

    address: str = field(
        validator=validators.max_len(MAX_ADDRESS), metadata=about("IPv4 or IPv6 address.", positional=True)
    )


@frozen(kw_only=True)
class GeoipPlace:
    """What is known of an address; empty fields are not known."""

    address: str
    country: str = ""
    asn: int | None = None
    as_name: str = ""
    network: str = ""  # the largest block around it of which the same is known
    source: str = ""  # where country and system are from: mmdb, rir, iptoasn
    name: str = ""  # of the host, if [ptr] is enabled


GEOIP_LOOKUP = Operation(
    name="geoip.lookup",
    summary="Look up where an address is: country, network and, if that is enabled, its name.",
    args=GeoipLookupArgs,
    result=GeoipPlace,
    role=Role.VIEWER,
    route=Route(method="GET", path="/geoip/{address}"),
    examples=("decnetctl geoip lookup 192.0.2.7", "decnetctl geoip lookup 2001:db8::7 -o json"),
)

OPERATIONS = (GEOIP_STATUS, GEOIP_REFRESH, GEOIP_LOOKUP)
