"""This module checks what every fleet driver promises."""

import contextlib
import ipaddress
import socket
from typing import Any

from decnet_actors.conformance.decoy import ConformanceError
from decnet_actors.contracts.fleet_driver import FleetDriver, Place
from decnet_actors.contracts.plugin import Plugin

_DECKIES = 500


def check_fleet_driver(plugin: Plugin[Any], *, config: Any = None) -> None:  # Any: its own config class
    """Raise ``ConformanceError`` for the first promise that is not kept; opens sockets of this machine.

    Args:
        plugin: what is checked.
        config: of the plugin; its defaults if ``None``.

    """
    if plugin.kind != "fleet_driver":
        raise ConformanceError(f"{plugin.id}: the id of a fleet driver begins with 'fleet_driver.'")
    driver: FleetDriver = plugin.create(plugin.config() if config is None else config, None)
    addresses = [driver.address(f"decky-{number}", number) for number in range(_DECKIES)]
    if len(set(addresses)) != _DECKIES:
        raise ConformanceError(f"{plugin.id}: two deckies get one address")
    if addresses != [driver.address(f"decky-{number}", number) for number in range(_DECKIES)]:
        raise ConformanceError(f"{plugin.id}: a decky's address changes")
    for address in addresses:
        ipaddress.ip_address(address)
    place = Place(decky="decky-0", address=addresses[0])
    with contextlib.ExitStack() as stack:
        listeners, port = driver.listen(place, 0)
        for listener in listeners:
            stack.enter_context(listener)
        _check_listener(plugin.id, driver, place, port, listeners[0])
    again, same = driver.listen(place, port)  # restart at once after traffic
    for listener in again:
        listener.close()
    if same != port:
        raise ConformanceError(f"{plugin.id}: {port} was free, and {same} was taken")


def _check_listener(plugin: str, driver: FleetDriver, place: Place, port: int, listener: socket.socket) -> None:
    if listener.getblocking():
        raise ConformanceError(f"{plugin}: a listening socket blocks")
    with driver.probe(place, port) as client:
        listener.settimeout(5)
        with listener.accept()[0] as server:
            if server.getsockname()[1] != port:
                raise ConformanceError(f"{plugin}: says port {port}, listens on {server.getsockname()[1]}")
            client.sendall(b"x")
            if server.recv(1) != b"x":
                raise ConformanceError(f"{plugin}: the probe reaches somebody else")
    try:
        second, _ = driver.listen(place, port)
    except OSError as error:
        if f"{place.address}:{port}" not in str(error):
            raise ConformanceError(f"{plugin}: the error does not name {place.address}:{port}: {error}") from error
    else:
        for made in second:
            made.close()
        raise ConformanceError(f"{plugin}: two listeners share {place.address}:{port}")
