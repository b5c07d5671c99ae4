"""This module defines the fleet driver port: how a decky gets its place on a network.

DriverUnreachableError
    ConnectionError: nobody answers who could tell or do; what is there stays as it is
"""

import socket
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Literal, Protocol, TypeAlias

from attrs import frozen

from decnet_actors.contracts.inside import Inside

DHCP = "dhcp"  # a wanted address: whatever the network's DHCP server gives

Transport: TypeAlias = Literal["tcp", "udp"]


class DriverUnreachableError(ConnectionError):
    """The driver cannot know what is there, or change it; nothing may be concluded."""


class Tier(StrEnum):
    """How much of a stack personality is in force, as read back after it was applied."""

    EXACT = "exact"  # all of it
    SYSCTL = "sysctl"  # the kernel's switches, without what only a packet filter can change
    NONE = "none"  # the host's own stack answers


def tier_of(wrong: Sequence[str], missing: str) -> tuple[Tier, str]:
    """Return how much of a stack is in force, and why not more.

    Args:
        wrong: switches of the kernel that could not be set.
        missing: why its packet rules are not in force; empty if they are.

    """
    if wrong:
        return Tier.NONE, f"{', '.join(wrong)} cannot be set"
    return (Tier.SYSCTL if missing else Tier.EXACT), missing


class Tap(Protocol):
    """Packets of an interface, many at a time: blocks as ``kernel.capture`` reads them."""

    @property
    def interface(self) -> str:
        """Its name."""

    def fileno(self) -> int:
        """Return what becomes readable when there are some."""

    def take(self) -> bytes | None:
        """Return the next block; ``None`` if there is none yet.

        Raises:
            OSError: there will be none any more.

        """

    def dropped(self) -> int:
        """Return how many packets were lost so far because nobody took them."""

    def close(self) -> None:
        """Stop listening."""


class PlaceState(StrEnum):
    """Whether a decky's place is as it was made."""

    UP = "up"
    BROKEN = "broken"
    WAITING = "waiting"  # as it was made, but no DHCP server has given it an address


@frozen(kw_only=True)
class Wanted:
    """The place a decky should have; ``index`` counts from 0 in fleet order.

    What is empty the driver chooses, the same for the same decky and configuration.
    """

    decky: str
    index: int
    address: str = ""  # or ``DHCP``
    mac: str = ""
    stack: str = ""  # name of a stack personality: the driver's default if empty
    hostname: str = ""


@frozen(kw_only=True)
class Place:
    """Where a decky lives. What the driver cannot give (a MAC, a stack) is empty."""

    decky: str
    address: str  # empty when it is leased and there is no lease
    addresses: tuple[str, ...] = ()  # all of them, IPv4 and IPv6, ``address`` first
    leased: bool = False  # the address is a DHCP server's to give, and may change
    mac: str = ""
    stack: str = ""  # name of the stack personality
    tier: Tier = Tier.NONE  # known once the place is made


@frozen(kw_only=True)
class Observed:
    """A place that is there and ours."""

    place: Place
    state: PlaceState
    detail: str = ""  # why it is broken, or waits


class FleetDriver(Protocol):
    """Puts deckies on a network and opens sockets as them.

    Every method but ``place`` raises ``DriverUnreachableError`` when what does the work cannot be reached. Other errors
    are ``OSError`` too, with a sentence that names the decky and its address.
    """

    @property
    def inside(self) -> Inside | None:
        """The machines behind its deckies; ``None`` when there are none, and shells and files are simulated."""

    async def open(self) -> None:
        """Get ready; may be called again after a failure."""

    async def aclose(self) -> None:
        """Let go of everything; works after a failed ``open`` too."""

    def place(self, wanted: Wanted) -> Place:
        """Return where the decky will be; makes nothing. Where an address is leased, that is the one it has now.

        Raises:
            OSError: it cannot be there.

        """

    async def create(self, wanted: Wanted) -> Place:
        """Make the place, or adopt it when it is there as wanted.

        Raises:
            OSError: it cannot be made, its address is another decky's, it is there and not as wanted, or no DHCP server
                has given it an address yet; then it is there and goes on asking.

        """

    async def remove(self, decky: str) -> None:
        """Undo ``create``; nothing happens when there is nothing. No other decky notices."""

    async def remove_all(self, deckies: Collection[str]) -> Mapping[str, str]:
        """Undo ``create`` of several whose sockets are closed; returns why some could not be.

        What is left of them vanishes a moment later; ``create`` may be called at once.
        """

    async def observe(self) -> Mapping[str, Observed]:
        """Return what is there and ours, by decky."""

    async def listen(
        self, place: Place, port: int, *, protocol: Transport = "tcp"
    ) -> tuple[Sequence[socket.socket], int]:
        """Return listening (UDP: bound), non-blocking sockets and the port they really have; 0 is any.

        Raises:
            OSError: the port cannot be had; the message names the owner where that can be known.

        """

    async def capture(self) -> Tap:
        """Return what comes from and goes to deckies, as it is on the interface they hang on.

        Raises:
            OSError: that is not permitted, or cannot be known here; the message says what helps.

        """

    async def probe(self, place: Place, port: int) -> socket.socket:
        """Return a blocking client socket connected to the decky (used by ``selftest``)."""
