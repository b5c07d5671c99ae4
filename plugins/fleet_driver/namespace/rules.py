"""This module says what the privileged helper permits: where deckies may be, how many, and what they may send."""

import hashlib
import ipaddress
import json
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Self, TypeAlias

from attrs import frozen

from plugins.fleet_driver.namespace.errors import RefusedError
from plugins.fleet_driver.namespace.vendors import PREFIXES

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Interface: TypeAlias = ipaddress.IPv4Interface | ipaddress.IPv6Interface

MAX_DECKIES = 10_000
MAX_ADDRESSES = 4  # of one decky
MAX_LISTED = 16  # networks, ranges, gateways: more is a mistake

_INTERFACE_NAME = re.compile(r"[A-Za-z0-9_.@:-]{1,15}")  # IFNAMSIZ - 1
_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
_GROUP, _LOCAL = 0x01, 0x02  # bits of a MAC's first octet


class Egress(StrEnum):
    """What may leave a decky that nobody asked for."""

    NONE = "none"  # answers only, enforced inside the namespace
    ANY = "any"  # nothing is enforced


@frozen(kw_only=True)
class Rules:
    """The helper's own configuration; a request never changes it."""

    parent: str  # the interface deckies hang on
    networks: tuple[Network, ...]  # what is on its link
    ranges: tuple[Network, ...]  # where in them deckies may be
    gateways: tuple[Address, ...]
    reserved: tuple[Address, ...]  # never a decky's
    egress: Egress
    max_deckies: int

    @classmethod
    def of(
        cls,
        *,
        parent: str,
        networks: Sequence[str],
        ranges: Sequence[str] = (),
        gateways: Sequence[str] = (),
        reserved: Sequence[str] = (),
        egress: str = Egress.NONE,
        max_deckies: int = MAX_DECKIES,
    ) -> Self:
        """Return the rules that texts describe; without ranges deckies may be anywhere in the networks.

        Raises:
            ValueError: with what is wrong.

        """
        if not _INTERFACE_NAME.fullmatch(parent):
            raise ValueError(f"{parent!r} is not the name of an interface")
        if not networks:
            raise ValueError("no network: write at least one, such as 192.168.1.0/24")
        if max(map(len, (networks, ranges, gateways))) > MAX_LISTED:
            raise ValueError(f"at most {MAX_LISTED} networks, ranges and gateways")
        nets = tuple(ipaddress.ip_network(text) for text in networks)
        within = tuple(ipaddress.ip_network(text) for text in ranges) or nets
        for one in within:
            if not any(_is_within(one, net) for net in nets):
                raise ValueError(f"the range {one} lies in none of the networks")
        ways = tuple(ipaddress.ip_address(text) for text in gateways)
        for way in ways:
            if not any(way in net for net in nets):
                raise ValueError(f"the gateway {way} lies in none of the networks")
        if not 0 < max_deckies <= MAX_DECKIES:
            raise ValueError(f"{max_deckies} deckies: between 1 and {MAX_DECKIES}")
        return cls(
            parent=parent,
            networks=nets,
            ranges=within,
            gateways=ways,
            reserved=tuple(ipaddress.ip_address(text) for text in reserved),
            egress=Egress(egress),
            max_deckies=max_deckies,
        )

    def arguments(self) -> list[str]:
        """Return the command line of a helper with these rules."""
        words = ["--parent", self.parent, "--egress", self.egress, "--max-deckies", str(self.max_deckies)]
        for option, values in (
            ("--network", self.networks),
            ("--range", self.ranges),
            ("--gateway", self.gateways),
            ("--reserve", self.reserved),
        ):
            words += [word for value in values for word in (option, str(value))]
        return words

    @property
    def digest(self) -> str:
        """A short text that two sides compare to know that they have the same rules."""
        return hashlib.sha256(json.dumps(self.arguments()).encode()).hexdigest()[:16]

    def interfaces(self, addresses: Sequence[str]) -> tuple[Interface, ...]:
        """Return a decky's addresses with their networks.

        Raises:
            RefusedError: one is not permitted.

        """
        if not 0 < len(addresses) <= MAX_ADDRESSES:
            raise RefusedError(f"a decky has 1 to {MAX_ADDRESSES} addresses, not {len(addresses)}")
        found = tuple(self._interface(text) for text in addresses)
        if len({one.ip for one in found}) < len(found):
            raise RefusedError("an address twice")
        return found

    def _interface(self, text: str) -> Interface:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            raise RefusedError(f"{text!r} is not an IP address") from None
        if getattr(address, "scope_id", None):
            raise RefusedError(f"{address} has a scope")
        network = next((net for net in self.networks if address in net), None)
        if network is None or not any(address in one for one in self.ranges):
            ranges = ", ".join(map(str, self.ranges))
            raise RefusedError(f"{address} is outside of where deckies may be: {ranges}")
        if address in self.gateways or address in self.reserved:
            raise RefusedError(f"{address} is reserved")
        if _is_no_host(address, network):
            raise RefusedError(f"{address} is no host's address in {network}")
        return ipaddress.ip_interface((address, network.prefixlen))

    @staticmethod
    def check_mac(mac: str) -> None:
        """Demand one machine's address: local, or of a vendor we know.

        Raises:
            RefusedError: it is not.

        """
        if not _MAC.fullmatch(mac):
            raise RefusedError(f"{mac[:20]!r} is not a MAC such as 52:54:00:12:34:56")
        first = int(mac[:2], 16)
        if first & _GROUP:
            raise RefusedError(f"{mac} is a group's address")
        if not first & _LOCAL and mac[:8] not in PREFIXES:
            raise RefusedError(f"{mac} is of no vendor that deckies have cards of")


def _is_within(one: Network, other: Network) -> bool:
    if isinstance(one, ipaddress.IPv4Network):
        return isinstance(other, ipaddress.IPv4Network) and one.subnet_of(other)
    return isinstance(other, ipaddress.IPv6Network) and one.subnet_of(other)


def _is_no_host(address: Address, network: Network) -> bool:
    if network.num_addresses <= 2:  # noqa: PLR2004  point to point: both ends are hosts
        return False
    if address == network.network_address:
        return True
    return isinstance(network, ipaddress.IPv4Network) and address == network.broadcast_address
