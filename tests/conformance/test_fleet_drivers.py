"""Every fleet driver that is installed keeps the promises of its kind; and the check notices who does not."""

import importlib
import socket
from pathlib import Path

import pytest

from decnet_actors.conformance.decoy import ConformanceError
from decnet_actors.conformance.fleet_driver import check_fleet_driver
from decnet_actors.contracts.plugin import Plugin

DRIVERS = sorted(path.parent.name for path in Path("plugins/fleet_driver").glob("*/__init__.py"))


@pytest.mark.parametrize("name", DRIVERS)
def test_driver_keeps_the_promises_of_its_kind(name):
    check_fleet_driver(importlib.import_module(f"plugins.fleet_driver.{name}").PLUGIN)


class Sharing:
    """Lets two listeners share a port, without a word."""

    def address(self, decky, index):
        return f"127.88.{index // 250}.{index % 250 + 1}"

    def listen(self, place, port):
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((place.address, port))
        made.listen()
        made.setblocking(False)
        return [made], made.getsockname()[1]

    def probe(self, place, port):
        return socket.create_connection((place.address, port), timeout=5)


class OneAddress(Sharing):
    def address(self, decky, index):
        return "127.88.0.1"


@pytest.mark.parametrize(("driver", "complaint"), [(Sharing, "two listeners share"), (OneAddress, "two deckies get")])
def test_broken_promise_is_noticed(driver, complaint):
    plugin = Plugin(id="fleet_driver.x", config=dict, create=lambda config, deps: driver(), summary="X")
    with pytest.raises(ConformanceError, match=complaint):
        check_fleet_driver(plugin)
