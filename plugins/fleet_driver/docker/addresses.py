"""This module chooses deckies' addresses and MACs: pure, and the same for the same pool and decky."""

import ipaddress

from decnet_actors.contracts.fleet_driver import DHCP

_BLOCK = 256
_PER_BLOCK = 254  # of a block of 256, those that look like a host's: neither .0 nor .255
_PREFIX = "02:42"  # what the engine itself begins the MACs of its containers with


def choose(pool: ipaddress.IPv4Network, decky: str, index: int, address: str) -> str:
    """Return the wanted address, or the ``index``-th of the pool.

    Raises:
        OSError: no address is left.
        ValueError: what is wanted is not an IPv4 address.

    """
    if address == DHCP:
        raise ValueError(
            f'{decky}: address = "dhcp" is for [fleet] driver = "namespace": docker gives its own addresses'
        )
    if address:
        try:
            return str(ipaddress.IPv4Address(address))
        except ValueError as error:
            raise ValueError(
                f"{decky}: {address!r} is not an IPv4 address, and the docker driver has no other"
            ) from error
    first = int(pool.network_address) % _BLOCK  # 0 unless the pool is smaller than a block
    offset = index // _PER_BLOCK * _BLOCK + index % _PER_BLOCK + (first == 0)
    if offset >= pool.num_addresses or first + offset % _BLOCK == _BLOCK - 1:
        raise OSError(f"{decky}: no address left in {pool}; give it one, or widen the pool")
    return str(pool[offset])


def choose_mac(address: str) -> str:
    """Return the MAC that the engine would give a container with this address."""
    return f"{_PREFIX}:{ipaddress.IPv4Address(address).packed.hex(':')}"
