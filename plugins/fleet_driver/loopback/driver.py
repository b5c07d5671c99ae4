"""This module opens sockets on loopback addresses, one address a decky."""

import asyncio
import contextlib
import errno
import ipaddress
import re
import socket
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from decnet_actors.contracts.fleet_driver import DHCP, Observed, Place, PlaceState, Tap, Transport, Wanted
from decnet_actors.kernel.capture import Ring

BACKLOG = 511  # what real servers ask for; the kernel cuts it to net.core.somaxconn
PROBE_TIMEOUT = 5.0  # seconds
PRIVILEGED = 1024  # ports below need a privilege unless the kernel is told otherwise
OFFSET = 20_000  # for ports that have no customary other one
# The other port people customarily give a service that may not have its own.
CUSTOMARY = {21: 2121, 22: 2222, 23: 2323, 25: 2525, 53: 5353, 80: 8080, 143: 1143, 443: 8443, 993: 9993, 995: 9995}

_ADDED_NETWORK_OCTETS = 256
_ALL = (ipaddress.IPv4Network("127.0.0.0/8"), ipaddress.IPv6Network("::1/128"))


class Shift(StrEnum):
    """When a privileged port is replaced."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def shifted(port: int) -> int:
    """Return the port that stands in for a privileged one; others stay."""
    return CUSTOMARY.get(port, port + OFFSET) if port < PRIVILEGED else port


class LoopbackDriver:
    """Puts each decky on 127.x.y.z. Every 127/8 address is local on Linux, so nothing needs to be set up or undone."""

    inside = None

    def __init__(self, *, network: str, shift: Shift) -> None:
        self._network = ipaddress.IPv4Network(network)
        self._shift = shift
        self._places: dict[str, Place] = {}

    async def open(self) -> None:
        """Do nothing: there is nobody to reach."""

    async def aclose(self) -> None:
        """Forget the deckies; their sockets belong to those who listen."""
        self._places.clear()

    def place(self, wanted: Wanted) -> Place:
        """Return where the decky will be; a loopback address has no MAC and no stack of its own."""
        if wanted.address == DHCP:
            raise ValueError(
                f'{wanted.decky}: address = "dhcp" is for [fleet] driver = "namespace": loopback has no network'
            )
        address = wanted.address or self._address(wanted.decky, wanted.index)
        return Place(decky=wanted.decky, address=address, addresses=(address,))

    async def create(self, wanted: Wanted) -> Place:
        """Take the address for the decky."""
        place = self.place(wanted)
        for other in self._places.values():
            if other.address == place.address and other.decky != place.decky:
                raise OSError(errno.EADDRINUSE, f"{place.decky} cannot have {place.address}: it is {other.decky}'s")
        there = self._places.setdefault(place.decky, place)
        if there != place:
            raise OSError(errno.EEXIST, f"{place.decky} is at {there.address}, not at {place.address}")
        return place

    async def remove(self, decky: str) -> None:
        """Give the address back."""
        self._places.pop(decky, None)

    async def remove_all(self, deckies: Collection[str]) -> Mapping[str, str]:
        """Give the addresses back."""
        for decky in deckies:
            await self.remove(decky)
        return {}

    async def observe(self) -> Mapping[str, Observed]:
        """Return the deckies that were made here."""
        return {name: Observed(place=place, state=PlaceState.UP) for name, place in self._places.items()}

    async def listen(
        self, place: Place, port: int, *, protocol: Transport = "tcp"
    ) -> tuple[Sequence[socket.socket], int]:
        """Return a listening socket and its port: the real one, or the shifted one where that is not permitted."""
        wanted = shifted(port) if self._shift is Shift.ALWAYS else port
        try:
            found = _bound(place, wanted, protocol)
        except PermissionError as error:
            if self._shift is not Shift.AUTO or shifted(port) == port:
                raise _explained(error, place, wanted) from error
            wanted = shifted(port)
            try:
                found = _bound(place, wanted, protocol)
            except OSError as second:
                raise _explained(second, place, wanted) from second
        except OSError as error:
            raise _explained(error, place, wanted) from error
        return (found,), int(found.getsockname()[1])

    async def capture(self) -> Tap:
        """Listen on ``lo``, which is where all loopback addresses are."""
        try:
            return Ring("lo", _ALL)
        except PermissionError as error:
            raise PermissionError(
                error.errno, "listening on lo needs CAP_NET_RAW, which decnetd does not have"
            ) from error

    async def probe(self, place: Place, port: int) -> socket.socket:
        """Return a blocking client connected to ``port``, the one ``listen`` returned."""
        return await asyncio.to_thread(socket.create_connection, (place.address, port), timeout=PROBE_TIMEOUT)

    def _address(self, decky: str, index: int) -> str:
        """Return the ``index``-th address of the network that looks like a host's: none ends in .0 or .255."""
        usable = _ADDED_NETWORK_OCTETS - 2
        if self._network.prefixlen <= 24:  # noqa: PLR2004  whole /24 blocks
            offset = index // usable * _ADDED_NETWORK_OCTETS + index % usable + 1
        else:
            offset = index + 1
        if offset >= self._network.num_addresses - 1:
            raise OSError(f"{decky}: no address left in {self._network}; give it one, or widen the network")
        return str(self._network[offset])


def _bound(place: Place, port: int, protocol: Transport) -> socket.socket:
    family = socket.AF_INET6 if ":" in place.address else socket.AF_INET
    stream = protocol == "tcp"
    with contextlib.ExitStack() as undo:
        made = undo.enter_context(socket.socket(family, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM))
        if stream:
            # Restart at once after traffic: connections of before may still be in TIME_WAIT.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((place.address, port))
        if stream:
            made.listen(BACKLOG)
        made.settimeout(0)
        undo.pop_all()
    return made


def _explained(error: OSError, place: Place, port: int) -> OSError:
    owner = _owner(port) if error.errno == errno.EADDRINUSE else ""
    by = f", held by {owner}" if owner else ""
    return type(error)(error.errno, f"{place.decky} cannot listen on {place.address}:{port}: {error.strerror}{by}")


def _owner(port: int) -> str:
    """Return "name (pid N)" of a process we may look into that listens on the port; empty if none is found."""
    inodes = set[str]()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:  # 0A: TCP_LISTEN
                inodes.add(fields[9])
    if not inodes:
        return ""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            found = re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink()))
            if found and found[1] in inodes:
                process = link.parent.parent
                return f"{(process / 'comm').read_text(encoding='utf-8').strip()} (pid {process.name})"
        except OSError:  # another user's process, or gone meanwhile
            continue
    return ""
