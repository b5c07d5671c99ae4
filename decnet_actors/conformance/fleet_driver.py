"""This module checks what every fleet driver promises."""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Sequence
from typing import Any

from decnet_actors.conformance.decoy import ConformanceError
from decnet_actors.contracts.fleet_driver import FleetDriver, Place, PlaceState, Wanted
from decnet_actors.contracts.plugin import Plugin

WITHIN = 5.0  # seconds anything on this machine may take
_DECKIES = 500
_FIRST, _SECOND = Wanted(decky="decky-0", index=0), Wanted(decky="decky-1", index=1)


async def check_fleet_driver(plugin: Plugin[Any], *, config: Any = None) -> None:  # Any: its own config class
    """Raise ``ConformanceError`` for the first promise that is not kept; makes deckies on this machine.

    Args:
        plugin: what is checked; nothing else may use its configuration meanwhile.
        config: of the plugin; its defaults if ``None``.

    """
    if plugin.kind != "fleet_driver":
        raise ConformanceError(f"{plugin.id}: the id of a fleet driver begins with 'fleet_driver.'")
    driver: FleetDriver = plugin.create(plugin.config() if config is None else config, None)
    await driver.aclose()  # before open: for whoever failed to
    check = _Check(plugin.id, driver)
    try:
        check.places()
        async with asyncio.timeout(10 * WITHIN):
            await driver.open()
            await driver.open()
            first = await check.life(_FIRST)
            await check.neighbours(first)
    finally:
        await driver.aclose()
    await driver.aclose()


class _Check:
    """The promises, in the order of a decky's life."""

    def __init__(self, plugin: str, driver: FleetDriver) -> None:
        self._plugin = plugin
        self._driver = driver

    def _demand(self, kept: bool, promise: str) -> None:  # noqa: FBT001  an assertion's signature
        if not kept:
            raise ConformanceError(f"{self._plugin}: {promise}")

    def places(self) -> None:
        """Where deckies will be is theirs alone, does not change, and is an address."""
        wanted = [Wanted(decky=f"decky-{number}", index=number) for number in range(_DECKIES)]
        places = [self._driver.place(one) for one in wanted]
        self._demand(len({place.address for place in places}) == _DECKIES, "two deckies get one address")
        macs = [place.mac for place in places if place.mac]
        self._demand(len(set(macs)) == len(macs), "two deckies get one MAC")
        self._demand(places == [self._driver.place(one) for one in wanted], "a decky's place changes")
        for place in places:
            ipaddress.ip_address(place.address)
            self._demand(place.addresses[:1] == (place.address,), "a place's first address is not its address")

    async def life(self, wanted: Wanted) -> Place:
        """A decky is made once however often it is asked for, is observed, listens, and is gone once removed."""
        driver = self._driver
        place = await driver.create(wanted)
        self._demand(place.address == driver.place(wanted).address, "a decky is not where it was said to be")
        self._demand(await driver.create(wanted) == place, "creating a decky again gives another place")
        seen = (await driver.observe()).get(wanted.decky)
        if seen is None or (seen.place, seen.state) != (place, PlaceState.UP):
            raise ConformanceError(f"{self._plugin}: what was created is not observed: {seen}")
        await self._listens(place)
        await driver.remove(wanted.decky)
        await driver.remove(wanted.decky)
        self._demand(wanted.decky not in await driver.observe(), "what was removed is still observed")
        self._demand(await driver.create(wanted) == place, "a decky comes back as another")
        return place

    async def neighbours(self, first: Place) -> None:
        """Two deckies share nothing, and the end of one is not noticed by the other."""
        driver = self._driver
        theft = Wanted(decky=_SECOND.decky, index=_SECOND.index, address=first.address)
        await self._refused(driver.create(theft), theft.decky, first.address)
        second = await driver.create(_SECOND)
        listeners, port = await driver.listen(first, 0)
        others, same = await driver.listen(second, port)
        with contextlib.ExitStack() as stack:
            for listener in (*listeners, *others):
                stack.enter_context(listener)
            self._demand(same == port, f"{port} of {second.decky} is taken when {first.decky} has it")
            await driver.remove(second.decky)
            await self._answers(first, port, listeners[0])
        self._demand(set(await driver.observe()) == {first.decky}, "removing one decky changes the others")
        second = await driver.create(_SECOND)
        both = {first.decky, second.decky}
        self._demand(not await driver.remove_all(both), "two deckies cannot be removed together")
        self._demand(not await driver.remove_all(both), "what is gone already cannot be removed")
        self._demand(not await driver.observe(), "what was removed together is still observed")
        self._demand(await driver.create(_SECOND) == second, "a decky removed with others does not come back at once")
        await driver.remove(second.decky)

    async def _listens(self, place: Place) -> None:
        driver = self._driver
        listeners, port = await driver.listen(place, 0)
        with contextlib.ExitStack() as stack:
            for listener in listeners:
                stack.enter_context(listener)
                self._demand(listener.gettimeout() == 0, "a listening socket blocks")
            await self._answers(place, port, listeners[0])
            await self._refused(driver.listen(place, port), place.decky, f"{place.address}:{port}")
        again, same = await driver.listen(place, port)  # restart at once after traffic
        _close(again)
        self._demand(same == port, f"{port} was free, and {same} was taken")
        datagrams, number = await driver.listen(place, 0, protocol="udp")
        self._demand(all(one.type == socket.SOCK_DGRAM for one in datagrams) and number > 0, "udp is not datagrams")
        _close(datagrams)

    async def _answers(self, place: Place, port: int, listener: socket.socket) -> None:
        with await self._driver.probe(place, port) as client:
            self._demand(client.gettimeout() != 0, "a probe does not block")
            listener.settimeout(WITHIN)
            with listener.accept()[0] as server:
                self._demand(server.getsockname()[1] == port, f"says port {port}, has {server.getsockname()[1]}")
                local = server.getsockname()[0].removeprefix("::ffff:")
                self._demand(local == place.address, f"answers as {local}, not as {place.address}")
                client.sendall(b"x")
                server.settimeout(WITHIN)
                self._demand(server.recv(1) == b"x", "the probe reaches somebody else")
            listener.settimeout(0)

    async def _refused(self, asked: Any, *facts: str) -> None:  # Any: the coroutine of any method
        """Demand an error that names these facts."""
        try:
            got = await asked
        except OSError as error:
            for fact in facts:
                self._demand(fact in str(error), f"an error does not name {fact}: {error}")
        else:
            if isinstance(got, tuple):
                _close(got[0])
            raise ConformanceError(f"{self._plugin}: two share {facts[-1]}")


def _close(sockets: Sequence[socket.socket]) -> None:
    for one in sockets:
        one.close()
