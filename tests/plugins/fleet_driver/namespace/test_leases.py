"""Deckies lease their addresses from a real DHCP server, as the systems they pretend to be."""

import asyncio
import contextlib
import re
import subprocess

import pytest
from attrs import evolve

from decnet_actors.contracts.fleet_driver import DHCP, PlaceState, Wanted
from decnet_actors.kernel import netns
from decnet_actors.kernel.personality import PERSONALITIES
from plugins.fleet_driver.namespace.dhcp_client import Client
from plugins.fleet_driver.namespace.driver import NamespaceDriver
from tests.dhcp import serving
from tests.netlab import ATTACKER
from tests.plugins.fleet_driver.namespace.test_driver import WITHIN, greets, inside, listening

pytestmark = [pytest.mark.slow, pytest.mark.client]  # each test starts a helper and a server
WEB = Wanted(decky="web-01", index=0, address=DHCP, hostname="srv-web01")
OTHER = "10.66.210.10,10.66.210.30"  # another pool
_POLL = 0.01


async def state(driver: NamespaceDriver, wanted: PlaceState, decky: str = "web-01") -> str:
    """Return the decky's address once it is up and has one, or waits and has none."""
    async with asyncio.timeout(WITHIN):
        while True:
            seen = (await driver.observe())[decky]
            if seen.state is wanted and bool(seen.place.address) is (wanted is PlaceState.UP):
                return seen.place.address
            await asyncio.sleep(_POLL)


def client(driver: NamespaceDriver) -> Client:
    lessee = driver._kept["web-01"].lessee
    assert lessee is not None
    return lessee._client


def pass_time(driver: NamespaceDriver, moment: float) -> None:
    """Let the client believe that it is later."""
    lessee = driver._kept["web-01"].lessee
    assert lessee is not None
    lessee.turn(moment)


async def test_a_decky_leases_an_address_and_answers_there(station, drivers):
    driver = await drivers()
    with serving(station.lab):
        place = await driver.create(WEB)
        with await listening(driver, place) as listener:
            assert ATTACKER == greets(station.lab, listener, place.address)
            assert "fd66::ffff" == greets(station.lab, listener, "fd66::10")
            with await driver.probe(place, 22) as probing:
                assert place.address == probing.getpeername()[0]

    assert place.address.startswith("10.66.200.")
    assert (place.address, "fd66::10") == place.addresses
    assert place == evolve(driver.place(WEB), tier=place.tier)
    assert place == (await driver.observe())["web-01"].place
    assert place == await driver.create(WEB)


async def test_nothing_else_leaves_a_decky_that_leases(station, drivers):
    driver = await drivers()
    with serving(station.lab):
        await driver.create(WEB)
    lessee = driver._kept["web-01"].lessee
    lessee._socket.sendto(b"x", (ATTACKER, 67))
    for address in ((ATTACKER, 53), ("192.0.2.1", 67), ("255.255.255.255", 53)):
        with pytest.raises(OSError):
            lessee._socket.sendto(b"x", address)


# What the real clients ask for, in their order; dnsmasq prints the names of what it knows.
ASKED = {
    "linux": ("", [1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42]),
    "windows-10": ("MSFT 5.0", [1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252]),
    "windows-server-2016": ("MSFT 5.0", [1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 121, 249, 252]),
    "windows-server-2019": ("MSFT 5.0", [1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252]),
    "freebsd": ("", [1, 28, 2, 121, 3, 15, 6, 12, 119]),
    "cisco-ios": ("", [1, 66, 6, 15, 44, 3, 67, 12, 33, 150, 43]),
    "embedded": ("udhcp 1.35.0", [1, 3, 6, 12, 15, 28, 42]),
}


@pytest.mark.parametrize("stack", PERSONALITIES)
async def test_a_server_sees_the_client_of_the_deckys_system(station, drivers, stack):
    driver = await drivers()
    with serving(station.lab) as server:
        place = await driver.create(evolve(WEB, stack=stack))
        server.end()
    vendor, numbers = ASKED[stack]
    numbered = [part.split(":")[0].strip() for line in server.lines("requested options:") for part in line.split(",")]
    half = numbered[: len(numbered) // 2]

    assert [str(number) for number in numbers] == [one for one in half if one]
    assert half == numbered[len(numbered) // 2 :]
    assert {vendor} == set(server.lines("vendor class:")) | ({""} if not vendor else set())
    assert {"srv-web01"} == set(server.lines("client provides name:"))
    assert any(place.mac in line for line in server.lines("DHCPACK(eth0)"))


async def test_a_lease_is_prolonged_and_its_address_stays(station, drivers):
    driver = await drivers()
    with serving(station.lab) as server:
        place = await driver.create(WEB)
        pass_time(driver, client(driver).wake)
        async with asyncio.timeout(WITHIN):
            while client(driver).state != "bound":
                await asyncio.sleep(_POLL)
        server.end()

    assert 1 == len(server.lines("DHCPDISCOVER"))
    assert 2 == len(server.lines("DHCPACK"))
    assert place == (await driver.observe())["web-01"].place


async def test_a_network_that_was_renumbered_moves_the_decky(station, drivers):
    driver = await drivers()
    with serving(station.lab):
        first = await driver.create(WEB)
    with serving(station.lab, OTHER), await listening(driver, first) as listener:
        pass_time(driver, client(driver).wake)
        assert "" == await state(driver, PlaceState.WAITING)
        assert "refuses" in (await driver.observe())["web-01"].detail
        pass_time(driver, client(driver).wake)
        moved = await state(driver, PlaceState.UP)

        assert moved.startswith("10.66.210.")
        assert ATTACKER == greets(station.lab, listener, moved)
        assert moved == (await driver.create(WEB)).address
        with pytest.raises(OSError):
            station.lab.connect(first.address, 22, timeout=0.2)


async def test_a_lease_that_runs_out_is_given_up(station, drivers):
    driver = await drivers()
    with serving(station.lab):
        place = await driver.create(WEB)
    pass_time(driver, client(driver).wake + 3600)

    assert "" == await state(driver, PlaceState.WAITING)
    assert f"the lease of {place.address} ran out" in (await driver.observe())["web-01"].detail
    with inside(driver, "web-01"):
        shown = subprocess.run(["ip", "-4", "addr", "show", "eth0"], capture_output=True, text=True, check=True).stdout
    assert "inet" not in shown


async def test_without_a_server_it_is_told_and_goes_on_asking(station):
    driver = NamespaceDriver(station.config, lease=0.05)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(driver.aclose)
        with netns.inside(station.lab.host):
            await driver.open()
        with pytest.raises(OSError, match="web-01 has no address: no DHCP server has answered yet; it goes on asking"):
            await driver.create(WEB)
        seen = (await driver.observe())["web-01"]
        assert (PlaceState.WAITING, "") == (seen.state, seen.place.address)
        with serving(station.lab):
            pass_time(driver, client(driver).wake)
            assert await state(driver, PlaceState.UP)
            assert (await driver.create(WEB)).address.startswith("10.66.200.")


async def test_an_address_that_is_not_for_deckies_is_declined_and_told(station, drivers):
    driver = await drivers(evolve(station.config, ranges=("10.66.0.0/24", "fd66::/64")))
    driver._lease = 0.0
    with serving(station.lab) as server:
        with pytest.raises(OSError, match="web-01 has no address"):
            await driver.create(WEB)
        async with asyncio.timeout(WITHIN):
            while client(driver).state != "init":
                await asyncio.sleep(_POLL)
        server.hear("DHCPDECLINE")
        server.end()
    seen = (await driver.observe())["web-01"]

    assert 1 == len(server.lines("DHCPDECLINE"))
    assert PlaceState.WAITING is seen.state
    assert re.match(r"10\.66\.200\.\d+ is outside of where deckies may be: 10\.66\.0\.0/24", seen.detail)


async def test_a_lease_outlives_the_helper_and_the_daemon(station, drivers):
    with serving(station.lab):
        driver = await drivers()
        place = await driver.create(WEB)
        driver._process.kill()
        await driver._process.wait()

        assert place == (await driver.observe())["web-01"].place  # another helper took it over, address and all
        assert place == await driver.create(WEB)


async def test_the_next_daemon_asks_for_the_same_address(station, drivers):
    station.helper(station.served)
    with serving(station.lab):
        first = await drivers(station.served)
        place = await first.create(WEB)
        first._link.close()
        first._link = None
        for kept in first._kept.values():
            kept.close()
        first._kept.clear()
        second = await drivers(station.served)

        assert place == await second.create(WEB)


async def test_an_address_of_its_own_is_not_leased(drivers):
    driver = await drivers()
    await driver.create(evolve(WEB, address=""))

    with pytest.raises(OSError, match="web-01 leases no address"):
        await driver._ask("lease", {"decky": "web-01"})
    with pytest.raises(OSError, match="web-01 leases no address"):
        await driver._ask("assign", {"decky": "web-01", "address": "10.66.1.1"})


async def test_many_lease_at_once(station, drivers):
    driver = await drivers()
    with serving(station.lab, "10.66.200.10,10.66.201.200"):
        wanted = [Wanted(decky=f"d-{index}", index=index, address=DHCP, hostname=f"d{index}") for index in range(20)]
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(driver.create(one)) for one in wanted]
        await driver.remove("d-0")

    assert 20 == len({task.result().address for task in asked})
    assert {f"d-{index}" for index in range(1, 20)} == set(await driver.observe())
