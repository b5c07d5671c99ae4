"""This module tells addresses of the Internet from private and reserved ones."""

import ipaddress
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

# Beside what ``ipaddress`` knows as not global (IANA's special-purpose registries): addresses that have another one
# inside, which a gateway of ours might take them to, and those it took for global in some releases of Python.
_NOWHERE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # behind a carrier's NAT
        "192.0.0.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "198.18.0.0/15",  # benchmarks
        "240.0.0.0/4",
        "::/96",  # IPv4-compatible
        "::ffff:0:0:0/96",  # IPv4-translated (RFC 2765)
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64 of one's own
        "100::/64",
        "2001::/23",  # Teredo and others
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",  # site-local of old
        "ff00::/8",
    )
)


def refusal(address: Address) -> str:
    """Return why nobody may be sent to an address; empty when there is no reason."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return refusal(address.ipv4_mapped)
        if address.scope_id is not None or (int(address) >> 32) & 0xFCFFFFFF == 0x5EFE:  # noqa: PLR2004  ISATAP (RFC 5214)
            return f"{address} is no address of the Internet"
    if address.is_multicast or not address.is_global or any(address in network for network in _NOWHERE):
        return f"{address} is no address of the Internet"
    return ""
