"""This module defines the peer: the far end of a session, as the kernel reports it."""

from msgspec import Struct


class Peer(Struct, frozen=True, kw_only=True, gc=False):
    """Both ends of a connection; addresses are text, IPv4-mapped IPv6 already unwrapped."""

    address: str
    port: int
    local_address: str
    local_port: int
