"""This module is a network that exists in memory: a driver that fails, lies and drifts, and the hands that use it."""

import asyncio
import socket
from collections.abc import Callable, Collection, Mapping, Sequence

from attrs import evolve

from decnet_actors.contracts.fleet_driver import (
    DHCP,
    DriverUnreachableError,
    FleetDriver,
    Observed,
    Place,
    PlaceState,
    Tap,
    Transport,
    Wanted,
)
from decnet_actors.domain.facts import DeckyState
from decnet_actors.fleet.reconcile import Expected


class MemoryDriver:
    """Keeps places in a dictionary, and can be told to misbehave."""

    def __init__(self) -> None:
        self.places: dict[str, Observed] = {}
        self.made: list[str] = []  # deckies, in the order their places were made
        self.removed: list[str] = []
        self.leases: dict[str, str] = {}  # addresses, by decky
        self.reachable = True
        self.failing: set[str] = set()  # deckies whose places cannot be made

    inside = None

    async def open(self) -> None: ...

    async def aclose(self) -> None: ...

    def place(self, wanted: Wanted) -> Place:
        leased = wanted.address == DHCP
        address = self.leases.get(wanted.decky, "") if leased else f"192.0.2.{wanted.index + 1}"
        return Place(decky=wanted.decky, address=address, leased=leased, mac=wanted.mac, stack=wanted.stack)

    def _reach(self) -> None:
        if not self.reachable:
            raise DriverUnreachableError("nobody answers")

    async def create(self, wanted: Wanted) -> Place:
        self._reach()
        if wanted.decky in self.failing:
            raise OSError(f"{wanted.decky}: no room")
        if wanted.address == DHCP:
            self.leases.setdefault(wanted.decky, f"198.51.100.{wanted.index + 1}")
        place = self.place(wanted)
        if wanted.decky not in self.places:
            self.places[wanted.decky] = Observed(place=place, state=PlaceState.UP)
            self.made.append(wanted.decky)
        return place

    async def remove(self, decky: str) -> None:
        self._reach()
        if self.places.pop(decky, None) is not None:
            self.removed.append(decky)

    async def remove_all(self, deckies: Collection[str]) -> Mapping[str, str]:
        for decky in deckies:
            await self.remove(decky)
        return {}

    async def observe(self) -> Mapping[str, Observed]:
        self._reach()
        return dict(self.places)

    async def listen(
        self, place: Place, port: int, *, protocol: Transport = "tcp"
    ) -> tuple[Sequence[socket.socket], int]:
        raise NotImplementedError  # nobody listens in memory

    async def capture(self) -> Tap:
        raise NotImplementedError  # there are no packets in memory

    async def probe(self, place: Place, port: int) -> socket.socket:
        raise NotImplementedError

    def drift(self, decky: str, *, address: str) -> None:
        """Change a place behind everybody's back."""
        seen = self.places[decky]
        self.places[decky] = evolve(seen, place=evolve(seen.place, address=address))

    def lease(self, decky: str, address: str) -> None:
        """Have the DHCP server give another address to a decky that leases; empty: none."""
        seen = self.places[decky]
        state = seen.state if address else PlaceState.WAITING
        if seen.state is PlaceState.WAITING and address:
            state = PlaceState.UP
        self.leases[decky] = address
        self.places[decky] = evolve(seen, place=evolve(seen.place, address=address), state=state)

    def break_(self, decky: str, detail: str = "its link is down") -> None:
        self.places[decky] = evolve(self.places[decky], state=PlaceState.BROKEN, detail=detail)


class MemoryHands:
    """The fleet as wanted, and services that listen as soon as their place is made."""

    def __init__(self, driver: FleetDriver, there: Callable[[], Collection[str]]) -> None:
        self.driver = driver
        self._there = there
        self.wanted: dict[str, tuple[Wanted, bool]] = {}
        self.serving: set[str] = set()
        self.restarted: list[str] = []
        self.moved: list[str] = []
        self.settled: dict[str, str] = {}  # addresses of those that lease, when they were put together
        self.resting = False
        self.undisturbed = asyncio.Lock()

    def want(self, decky: str, index: int, *, running: bool = True, mac: str = "", address: str = "") -> None:
        self.wanted[decky] = Wanted(decky=decky, index=index, mac=mac, address=address), running

    def expected(self) -> Mapping[str, Expected]:
        return {
            decky: Expected(place=self._settled(wanted), running=running, serving=decky in self.serving)
            for decky, (wanted, running) in self.wanted.items()
        }

    def _settled(self, wanted: Wanted) -> Place:
        """Return the place as it was when the decky was put together."""
        place = self.driver.place(wanted)
        return evolve(place, address=self.settled.get(wanted.decky, "")) if place.leased else place

    async def paused(self) -> bool:
        return self.resting

    async def restart(self, decky: str) -> None:
        self.serving.discard(decky)
        self.restarted.append(decky)
        place = await self.driver.create(self.wanted[decky][0])
        self.settled[decky] = place.address
        self.serving.add(decky)

    async def move(self, decky: str) -> None:
        self.moved.append(decky)
        await self.restart(decky)

    def states(self) -> Mapping[str, DeckyState]:
        return {
            decky: DeckyState.STOPPED
            if not running
            else DeckyState.UP
            if decky in self.serving and decky in self._there()
            else DeckyState.DOWN
            for decky, (_, running) in self.wanted.items()
        }
