"""This module chooses deckies' addresses and MACs: pure, and the same for the same configuration and decky."""

import hashlib
import ipaddress

from decnet_actors.contracts.fleet_driver import DHCP
from plugins.fleet_driver.namespace.errors import RefusedError
from plugins.fleet_driver.namespace.rules import Address, Network, Rules
from plugins.fleet_driver.namespace.vendors import prefixes_of

_BLOCK = 256
_PER_BLOCK = 254  # of a block of 256, those that look like a host's: neither .0 nor .255
_FIRST_IPV6 = 16  # ::10, after what routers and the first servers of a site have
_LEASED = 4  # the IP version that DHCP is for
_NICS = 1 << 24  # cards of one prefix
_STRIDE = 0x9E3779  # odd, so that _NICS consecutive deckies get as many cards; neighbours do not look like a series


def choose(rules: Rules, decky: str, index: int, address: str) -> tuple[str, ...]:
    """Return all addresses of a decky: the wanted one or one of the first range, then one of each other family.

    A leased address is IPv4 and not among them.

    Raises:
        OSError: no address is left.
        RefusedError: the wanted address is not permitted.

    """
    found: list[Address] = []
    families = set()
    if address == DHCP:
        if all(one.version != _LEASED for one in rules.ranges):
            raise RefusedError('address = "dhcp" needs an IPv4 range')
        families.add(_LEASED)
    elif address:
        found.append(rules.interfaces([address])[0].ip)
    for network in rules.ranges:
        families.update(one.version for one in found)
        if network.version not in families:
            found.append(_nth(rules, network, decky, index))
    return tuple(map(str, found))


def choose_mac(rules: Rules, decky: str, index: int, stack: str) -> str:
    """Return a MAC of a vendor whose cards machines with this stack have."""
    prefixes = prefixes_of(stack)
    prefix = prefixes[hashlib.sha256(decky.encode()).digest()[0] % len(prefixes)]
    start = int.from_bytes(hashlib.sha256(rules.digest.encode()).digest()[:3], "big")
    nic = (start + index * _STRIDE) % _NICS
    return f"{prefix}:{nic.to_bytes(3, 'big').hex(':')}"


def _nth(rules: Rules, network: Network, decky: str, index: int) -> Address:
    """Return the ``index``-th address of a range, with what is not to be given left out."""
    taken = sorted({_ordinal(network, one) for one in (*rules.gateways, *rules.reserved) if one in network})
    ordinal = index
    for one in taken:
        ordinal += one <= ordinal
    offset = _offset(network, ordinal)
    if offset < network.num_addresses:
        found = network[offset]
        try:
            return rules.interfaces([str(found)])[0].ip
        except RefusedError:  # the last of the range, which is the broadcast address
            pass
    raise OSError(f"{decky}: no address left in {network}; give it one, or widen the range")


def _offset(network: Network, ordinal: int) -> int:
    if isinstance(network, ipaddress.IPv6Network):
        return ordinal + _FIRST_IPV6
    start = int(network.network_address) % _BLOCK  # 0 unless the range is smaller than a block
    skipped = 1 if start == 0 else 0
    return ordinal // _PER_BLOCK * _BLOCK + ordinal % _PER_BLOCK + skipped


def _ordinal(network: Network, address: Address) -> int:
    """Return the ordinal that would lead to an address; one that none leads to shifts nobody."""
    offset = int(address) - int(network.network_address)
    if isinstance(network, ipaddress.IPv6Network):
        ordinal = offset - _FIRST_IPV6
    else:
        skipped = 1 if int(network.network_address) % _BLOCK == 0 else 0
        ordinal = offset // _BLOCK * _PER_BLOCK + offset % _BLOCK - skipped
    return ordinal if ordinal >= 0 and _offset(network, ordinal) == offset else network.num_addresses
