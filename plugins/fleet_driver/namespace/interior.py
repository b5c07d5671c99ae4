"""This module is what is done inside a decky's namespace by a thread that has entered it: interface and sockets."""

import contextlib
import errno
import socket
import time
from collections.abc import Sequence

from plugins.fleet_driver.namespace.dhcp import CLIENT_PORT
from plugins.fleet_driver.namespace.netlink import Netlink
from plugins.fleet_driver.namespace.rules import Address, Interface

DEVICE = "eth0"  # what a real machine calls it
_SWEEP, _SWEEPS = 0.01, 200  # seconds between two looks whether the kernel has swept what was abandoned; how many
_LOOPBACK = 1  # index of lo, in every namespace


def furnish(interfaces: Sequence[Interface], gateways: Sequence[Address]) -> None:
    """Give the interface its addresses and routes, and switch it on."""
    with Netlink() as own:
        own.set_up(_LOOPBACK)
        index = own.link(DEVICE).index
        for interface in interfaces:
            own.add_address(index, interface)
        _set_up(own, index)
        _route(own, interfaces, gateways)


def change(old: Interface | None, new: Interface | None, gateways: Sequence[Address]) -> None:
    """Put one address in the place of another."""
    with Netlink() as own:
        index = own.link(DEVICE).index
        if old is not None:
            with contextlib.suppress(OSError):  # it is gone already
                own.delete_address(index, old)
        if new is not None:
            own.add_address(index, new)
            _route(own, (new,), gateways)


def demolish() -> None:
    """Remove the interface."""
    with contextlib.suppress(OSError), Netlink() as own:  # it is gone already, with its parent
        own.delete_link(own.link(DEVICE).index)


def fault(mac: str, interfaces: Sequence[Interface], parent: int) -> str:
    """Return how the interface differs from what it should be; empty if it does not."""
    with Netlink() as own:
        try:
            link = own.link(DEVICE)
        except OSError:
            return f"its interface {DEVICE} is gone"
        addresses = own.addresses().get(link.index, set())
    if (link.kind, link.parent) != ("macvlan", parent):
        return f"its interface {DEVICE} does not hang on the parent"
    if link.mac != mac:
        return f"its MAC is {link.mac}"
    if not link.is_up:
        return f"its interface {DEVICE} is down"
    missing = [str(one.ip) for one in interfaces if one.ip not in addresses]
    return f"it has lost {', '.join(missing)}" if missing else ""


def dual(kind: socket.SocketKind) -> tuple[socket.socket, str]:
    """Return an unbound socket for IPv4 and IPv6 and the address that is all of them; IPv4 where there is no IPv6."""
    try:
        made = socket.socket(socket.AF_INET6, kind)
    except OSError as error:
        if error.errno != errno.EAFNOSUPPORT:
            raise
        return socket.socket(socket.AF_INET, kind), "0.0.0.0"  # noqa: S104  all there is in a decky is the decky's
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    return made, "::"


def lease_socket() -> socket.socket:
    """Return a socket that reaches DHCP servers before there is an address.

    No packet socket: that would go past the egress rules, and need one capability more.
    """
    with contextlib.ExitStack() as undo:
        made = undo.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        made.settimeout(0)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a daemon before this one may have left one
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        # Without an address there is no route: the kernel then takes everything to be on this interface's link.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, DEVICE.encode("ascii") + b"\0")
        made.bind(("0.0.0.0", CLIENT_PORT))  # noqa: S104  there is no address yet
        undo.pop_all()
    return made


def _set_up(own: Netlink, index: int) -> None:
    """Set the interface up, as soon as an abandoned one with its MAC is gone."""
    for _ in range(_SWEEPS):
        try:
            own.set_up(index)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            time.sleep(_SWEEP)  # noqa: TID251  one thread, one request after the other
        else:
            return
    own.set_up(index)


def _route(own: Netlink, interfaces: Sequence[Interface], gateways: Sequence[Address]) -> None:
    for gateway in gateways:
        if any(gateway in interface.network for interface in interfaces):
            own.add_default_route(gateway)
