"""This module decides where a fetch may go: nowhere an attacker could not reach without us.

The last word is spoken over the very address a socket is about to be connected to, so no name that resolves to
something else a moment later, and no spelling of an address, gets around it.
"""

import ipaddress
import socket
from collections.abc import Callable, Collection
from typing import Any

from yarl import URL

from decnet_actors.domain.internet import Address, refusal
from decnet_actors.downloads.errors import RefusedError

SCHEMES = ("http", "https")
MAX_URL = 2048  # characters


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
