"""The daemon's sniffer listens where it was told to, or where the fleet driver has the deckies."""

import ipaddress

import pytest

from decnet_actors.app.listening import Ears
from decnet_actors.contracts.fleet_driver import Place
from decnet_actors.sensors.settings import SnifferSettings
from decnet_actors.sensors.sniffer import Gauge
from plugins.fleet_driver.loopback.driver import LoopbackDriver, Shift


def ears(**settings) -> Ears:
    places = [
        Place(decky="web-01", address="127.9.0.1", addresses=("127.9.0.1", "fd66::1")),
        Place(decky="new-01", address="", leased=True),  # no lease yet
    ]
    return Ears(
        settings=SnifferSettings(**settings),
        driver=LoopbackDriver(network="127.9.0.0/24", shift=Shift.NEVER),
        places=lambda: places,
        writer=None,  # type: ignore[arg-type]  # nothing is recorded here
        ids=None,  # type: ignore[arg-type]  # as above
        host="local",
        gauge=Gauge(),
    )


def test_deckies_are_known_by_all_their_addresses():
    found = {str(ipaddress.ip_address(address)): decky for address, decky in ears()._deckies().items()}

    assert {"127.9.0.1": "web-01", "fd66::1": "web-01"} == found


async def test_an_interface_that_is_not_there_is_named():
    with pytest.raises(OSError, match=r"\[sniffer\] interface gone0: No such device"):
        await ears(interface="gone0")._open()


@pytest.mark.parametrize("settings", [{}, {"interface": "lo"}])
async def test_on_loopback_it_listens_to_lo(settings):
    try:
        tap = await ears(**settings)._open()
    except PermissionError as error:
        pytest.skip(f"{error} (rootless runs are tests of their own)")
    interface = tap.interface
    tap.close()

    assert "lo" == interface
