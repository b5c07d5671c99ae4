"""This module defines what may be asked of an address without telling anybody, and by which name it is known."""

from typing import Protocol

from msgspec import Struct


class Place(Struct, frozen=True, kw_only=True, gc=False):
    """Where an address is in the world and in the Internet; empty fields are not known."""

    country: str = ""  # ISO 3166-1 alpha-2, or what a registry writes there, such as EU
    asn: int = 0  # autonomous system
    as_name: str = ""  # printable
    network: str = ""  # the largest block around the address of which all of this is known, as in 192.0.2.0/24
    source: str = ""  # where country and system are from: mmdb, rir, iptoasn, or two of them as in rir+iptoasn


class Geography(Protocol):
    """Answers from memory; what it knows may be exchanged between two questions."""

    def place(self, address: str) -> Place | None:
        """Return what is known of an address.

        ``None`` when nothing is: nobody's, private, loopback, no address at all, or there is no data.
        """


class Names(Protocol):
    """What addresses are called. Asking tells a resolver who is asked about."""

    async def name(self, address: str) -> str | None:
        """Return the host name of an address, printable; ``None`` when it has none or nobody says in time."""
