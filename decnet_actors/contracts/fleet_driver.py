"""This module defines the fleet driver port: how a decky gets its place on a network."""

import socket
from collections.abc import Sequence
from typing import Protocol

from attrs import frozen


@frozen(kw_only=True)
class Place:
    """Where a decky lives: its name and address."""

    decky: str
    address: str


class FleetDriver(Protocol):
    """Puts deckies on a network and opens listening sockets as them."""

    def address(self, decky: str, index: int) -> str:
        """Return the address a decky gets that has none configured; ``index`` counts from 0 in fleet order."""

    def listen(self, place: Place, port: int) -> tuple[Sequence[socket.socket], int]:
        """Return listening, non-blocking sockets and the port they really have.

        Raises:
            OSError: the address or port cannot be had; the message names the owner where that can be known.

        """

    def probe(self, place: Place, port: int) -> socket.socket:
        """Return a blocking client socket connected to the decky (used by ``selftest``)."""
