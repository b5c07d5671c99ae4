"""Tests of the loopback driver, on real sockets of this machine."""

import errno
import socket

import pytest

from decnet_actors.contracts.fleet_driver import Place, Wanted
from plugins.fleet_driver.loopback import PLUGIN, LoopbackConfig
from plugins.fleet_driver.loopback.driver import LoopbackDriver, Shift, shifted

HERE = Place(decky="web-01", address="127.99.1.1")


def address(driver, index):
    return driver.place(Wanted(decky="web-01", index=index)).address


@pytest.fixture
def driver():
    return LoopbackDriver(network="127.77.0.0/16", shift=Shift.AUTO)


@pytest.mark.parametrize(
    ("index", "expected"),
    [(0, "127.77.0.1"), (253, "127.77.0.254"), (254, "127.77.1.1"), (10_000, "127.77.39.95")],
)
def test_addresses_look_like_hosts(driver, index, expected):
    assert expected == address(driver, index)


def test_small_networks_are_used_up_and_then_refused():
    small = LoopbackDriver(network="127.77.0.0/29", shift=Shift.AUTO)

    assert [f"127.77.0.{n}" for n in range(1, 7)] == [address(small, n) for n in range(6)]
    with pytest.raises(OSError, match=r"no address left in 127\.77\.0\.0/29"):
        address(small, 6)


def test_no_two_of_ten_thousand_deckies_share_an_address(driver):
    assert len({address(driver, n) for n in range(10_000)}) == 10_000


@pytest.mark.parametrize(("port", "other"), [(22, 2222), (80, 8080), (6379, 6379), (445, 20445), (1023, 21023)])
def test_privileged_ports_have_a_customary_or_offset_stand_in(port, other):
    assert other == shifted(port)


async def test_listens_and_is_probed(driver):
    (listener,), port = await driver.listen(HERE, 0)
    with listener, await driver.probe(HERE, port) as client:
        assert ("127.99.1.1", port) == client.getpeername()
        assert listener.gettimeout() == 0


async def test_shift_always_takes_the_stand_in():
    (listener,), port = await LoopbackDriver(network="127.77.0.0/16", shift=Shift.ALWAYS).listen(HERE, 599)
    with listener:
        assert port == 20_599


async def test_forbidden_port_is_shifted_on_auto_and_told_on_never(monkeypatch):
    class Unprivileged(socket.socket):
        def bind(self, address):
            if address[1] < 1024:
                raise PermissionError(errno.EACCES, "Permission denied")
            super().bind(address)

    monkeypatch.setattr(socket, "socket", Unprivileged)
    (listener,), port = await LoopbackDriver(network="127.77.0.0/16", shift=Shift.AUTO).listen(HERE, 599)
    with listener:
        assert port == 20_599
    with pytest.raises(PermissionError, match=r"web-01 cannot listen on 127\.99\.1\.1:599: Permission denied"):
        await LoopbackDriver(network="127.77.0.0/16", shift=Shift.NEVER).listen(HERE, 599)


async def test_port_in_use_is_told_with_address_and_owner(driver):
    (listener,), port = await driver.listen(HERE, 0)
    with (
        listener,
        pytest.raises(OSError, match=rf"127\.99\.1\.1:{port}: Address already in use, held by .+ \(pid \d+\)"),
    ):
        await driver.listen(HERE, port)


async def test_address_that_is_not_here_is_told(driver):
    with pytest.raises(OSError, match=r"192\.0\.2\.1:0: Cannot assign requested address"):
        await driver.listen(Place(decky="web-01", address="192.0.2.1"), 0)


async def test_restart_at_once_after_traffic_works(driver):
    (listener,), port = await driver.listen(HERE, 0)
    with socket.create_connection(("127.99.1.1", port)) as client:
        server = listener.accept()[0]
        server.close()  # closes first: TIME_WAIT stays on the server's port
        client.recv(1)
    listener.close()
    (again,), same = await driver.listen(HERE, port)

    again.close()
    assert same == port


@pytest.mark.parametrize("network", ["10.0.0.0/8", "127.0.0.0/31", "x", "127.0.0.1/8"])
def test_network_must_be_loopback(network):
    with pytest.raises(ValueError, match="network"):
        LoopbackConfig(network=network)


def test_plugin_makes_the_driver():
    assert PLUGIN.id == "fleet_driver.loopback"
    assert isinstance(PLUGIN.create(LoopbackConfig(), None), LoopbackDriver)
