"""This module decides where a fetch may go: nowhere an attacker could not reach without us.

The last word is spoken over the very address a socket is about to be connected to, so no name that resolves to
something else a moment later, and no spelling of an address, gets around it.
"""

import ipaddress
import socket
from collections.abc import Callable, Collection
from typing import Any, TypeAlias

from yarl import URL

from decnet_actors.downloads.errors import RefusedError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
SCHEMES = ("http", "https")
MAX_URL = 2048  # characters

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


def is_ours(address: Address) -> bool:
    """Return whether the address is one of this machine: the kernel binds to no other."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004  the version of IP
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True


class Guard:
    """Lets sockets go where a fetch may go.

    Args:
        ports: that may be connected to.
        ours: tells the addresses of the deckies.
        permitted: addresses that are allowed whatever they are. Tests need it; nothing that can be configured sets it.

    """

    def __init__(
        self, ports: Collection[int], ours: Callable[[], Collection[str]], *, permitted: Collection[str] = ()
    ) -> None:
        self._ports = frozenset(ports)
        self._ours = ours
        self._permitted = frozenset(permitted)

    def check(self, text: str) -> URL:
        """Return the URL to ask for, without its fragment.

        Raises:
            RefusedError: we do not ask for it.

        """
        try:
            url = URL(text).with_fragment(None)
            port = url.port
        except (ValueError, TypeError) as error:
            raise RefusedError("not a URL") from error
        if url.scheme not in SCHEMES or not url.host:
            raise RefusedError("only http and https are fetched")
        if len(text) > MAX_URL:
            raise RefusedError(f"the URL is longer than {MAX_URL} characters")
        if url.user is not None or url.password is not None:
            url = url.with_user(None)  # what an attacker wants to log in with elsewhere is not ours to try
        if port not in self._ports:
            raise RefusedError(f"port {port} is not fetched from")
        return url

    def check_address(self, host: str, port: int) -> None:
        """Return if a socket may be connected there.

        Raises:
            RefusedError: it may not.

        """
        if port not in self._ports:
            raise RefusedError(f"port {port} is not fetched from")
        if host in self._permitted:
            return
        try:
            address = ipaddress.ip_address(host)
        except ValueError as error:
            raise RefusedError("no IP address") from error
        if reason := refusal(address):
            raise RefusedError(reason)
        plain = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        if str(plain or address) in self._ours() or is_ours(address):
            raise RefusedError(f"{address} is an address of ours")

    def socket(self, info: tuple[Any, ...]) -> socket.socket:  # Any: what getaddrinfo gives
        """Return a socket for an address that is about to be connected to (aiohttp's ``socket_factory``)."""
        family, kind, protocol, _, address = info
        self.check_address(address[0], address[1])
        return socket.socket(family, kind, protocol)
