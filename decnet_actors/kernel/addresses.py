"""This module asks the kernel which addresses are this machine's."""

import socket
from ipaddress import IPv4Address, IPv6Address


def is_ours(address: IPv4Address | IPv6Address) -> bool:
    """Return whether the address is one of this machine: the kernel binds to no other."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004  the version of IP
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True
