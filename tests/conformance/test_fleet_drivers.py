"""Every fleet driver that is installed keeps the promises of its kind; and the check notices who does not."""

import errno
import importlib
import socket
from pathlib import Path

import pytest
from attrs import evolve

from decnet_actors.conformance.fleet_driver import check_fleet_driver
from decnet_actors.conformance.promises import ConformanceError
from decnet_actors.contracts.fleet_driver import Observed, PlaceState
from decnet_actors.contracts.plugin import Plugin
from plugins.fleet_driver.loopback.driver import LoopbackDriver, Shift

DRIVERS = sorted(path.parent.name for path in Path("plugins/fleet_driver").glob("*/__init__.py"))
IN_A_LAB = {"docker", "namespace"}  # checked in tests/plugins/fleet_driver, where there is a network to check them on


@pytest.mark.parametrize("name", sorted(set(DRIVERS) - IN_A_LAB))
async def test_driver_keeps_the_promises_of_its_kind(name):
    await check_fleet_driver(importlib.import_module(f"plugins.fleet_driver.{name}").PLUGIN)


class Sound(LoopbackDriver):
    """What the broken ones differ from."""

    def __init__(self):
        super().__init__(network="127.88.0.0/16", shift=Shift.NEVER)


class Sharing(Sound):
    """Lets two listeners share a port, without a word."""

    async def listen(self, place, port, *, protocol="tcp"):
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((place.address, port))
        made.listen()
        made.setblocking(False)
        return [made], made.getsockname()[1]


class OneAddress(Sound):
    def place(self, wanted):
        return super().place(evolve(wanted, address="127.88.0.1"))


class Blocking(Sound):
    async def listen(self, place, port, *, protocol="tcp"):
        (made,), port = await super().listen(place, port, protocol=protocol)
        made.setblocking(True)
        return (made,), port


class Taking(Sound):
    """Gives away an address that is another's."""

    async def create(self, wanted):
        self._places[wanted.decky] = place = self.place(wanted)
        return place


class Blind(Sound):
    async def observe(self):
        return {}


class Remembering(Sound):
    async def remove(self, decky):
        pass


class Sweeping(Sound):
    """Removes everybody."""

    async def remove(self, decky):
        self._places.clear()


class Pessimist(Sound):
    async def observe(self):
        return {name: Observed(place=place, state=PlaceState.BROKEN) for name, place in self._places.items()}


class Once(Sound):
    async def create(self, wanted):
        if wanted.decky in self._places:
            raise OSError(errno.EEXIST, "there already")
        return await super().create(wanted)


class Terse(Sound):
    """Says what happened, not to whom."""

    async def listen(self, place, port, *, protocol="tcp"):
        try:
            return await super().listen(place, port, protocol=protocol)
        except OSError as error:
            raise OSError(error.errno, "in use") from error


@pytest.mark.parametrize(
    ("driver", "complaint"),
    [
        (Sharing, "two share"),
        (OneAddress, "two deckies get"),
        (Blocking, "blocks"),
        (Taking, "two share"),
        (Blind, "not observed"),
        (Remembering, "still observed"),
        (Sweeping, "changes the others"),
        (Pessimist, "not observed"),
        (Once, "there already"),
        (Terse, "does not name decky-0"),
    ],
)
async def test_broken_promise_is_noticed(driver, complaint):
    plugin = Plugin(id="fleet_driver.x", config=dict, create=lambda config, deps: driver(), summary="X")
    with pytest.raises((ConformanceError, OSError), match=complaint):
        await check_fleet_driver(plugin)


async def test_a_sound_driver_passes():
    plugin = Plugin(id="fleet_driver.x", config=dict, create=lambda config, deps: Sound(), summary="X")

    await check_fleet_driver(plugin)
