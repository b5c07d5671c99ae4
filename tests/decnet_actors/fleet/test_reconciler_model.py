"""The reconciler over a driver that fails, lies and drifts."""

from collections.abc import Collection, Mapping
from typing import ClassVar

from decnet_actors.contracts.fleet_driver import PlaceState
from tests.decnet_actors.fleet.machine import ReconcilerMachine
from tests.decnet_actors.fleet.world import MemoryDriver


class MemoryNetwork:
    """Everything in a dictionary."""

    leases: ClassVar[bool] = True

    def __init__(self) -> None:
        self.driver = MemoryDriver()

    async def open(self) -> None: ...

    async def aclose(self) -> None: ...

    def there(self) -> Collection[str]:
        return self.driver.places

    def mark(self) -> object:
        return dict(self.driver.places), len(self.driver.made)

    def answering(self) -> Mapping[str, str]:
        up = PlaceState.UP
        return {decky: seen.place.address for decky, seen in self.driver.places.items() if seen.state is up}

    async def drift(self, decky: str) -> None:
        if decky in self.driver.places:
            self.driver.drift(decky, address="192.0.2.1" if decky != "a" else "192.0.2.2")  # a neighbour's

    async def break_(self, decky: str) -> None:
        if decky in self.driver.places:
            self.driver.break_(decky)

    async def lose(self, decky: str) -> None:
        self.driver.places.pop(decky, None)

    async def crowd(self, decky: str) -> None:
        self.driver.failing.add(decky)

    async def part(self) -> None:
        self.driver.reachable = False

    async def lease(self, decky: str, address: str) -> None:
        if decky in self.driver.places:
            self.driver.lease(decky, address)

    async def heal(self) -> None:
        self.driver.reachable = True
        self.driver.failing.clear()
        for decky, seen in self.driver.places.items():
            if seen.state is PlaceState.WAITING:
                self.driver.lease(decky, "198.51.100.79")


class MemoryMachine(ReconcilerMachine):
    network_class = MemoryNetwork


TestReconciler = MemoryMachine.TestCase
