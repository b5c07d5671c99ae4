"""This module makes deckies' namespaces and opens sockets in them. It needs CAP_NET_ADMIN and CAP_SYS_ADMIN."""

import contextlib
import errno
import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve, field, frozen

from decnet_actors.contracts.fleet_driver import Tier
from decnet_actors.kernel.nftables import NftablesError
from plugins.fleet_driver.namespace import netns, stack
from plugins.fleet_driver.namespace.errors import RefusedError
from plugins.fleet_driver.namespace.messages import Adopt, Create, Listen, Probe
from plugins.fleet_driver.namespace.netlink import Netlink
from plugins.fleet_driver.namespace.personality import PERSONALITIES
from plugins.fleet_driver.namespace.rules import Egress, Interface, Rules

DEVICE = "eth0"  # what a real machine calls it
BACKLOG = 511  # what real servers ask for; the kernel cuts it to net.core.somaxconn
_SWEEP, _SWEEPS = 0.01, 200  # seconds between two looks whether the kernel has swept what was abandoned; how many
_LOOPBACK = 1  # index of lo, in every namespace


@frozen(kw_only=True)
class House:
    """A decky's namespace."""

    decky: str
    interfaces: tuple[Interface, ...]
    mac: str
    stack: str
    tier: Tier = Tier.NONE
    detail: str = ""  # why the stack is not all in force
    namespace: int = field(default=-1, repr=False)  # descriptor, once there is one

    @property
    def address(self) -> str:
        return str(self.interfaces[0].ip)

    @property
    def names(self) -> tuple[str, ...]:
        """What no other decky may have."""
        return (self.mac, *(str(one.ip) for one in self.interfaces))


class Workshop:
    """Every decky there is."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._houses: dict[str, House] = {}
        self._owners: dict[str, str] = {}  # address or MAC -> decky
        self._home = netns.current()
        self._host = Netlink()

    def close(self) -> None:
        """Let go of everything."""
        self.clear()
        self._host.close()
        os.close(self._home)

    def clear(self) -> None:
        """Let go of every decky; those nobody else holds are gone soon, all in one sweep of the kernel's."""
        for house in self._houses.values():
            os.close(house.namespace)
        self._houses.clear()
        self._owners.clear()

    @property
    def houses(self) -> Mapping[str, House]:
        """By decky."""
        return self._houses

    def check(self) -> None:
        """Find out whether deckies can be made at all.

        Raises:
            OSError: they cannot; the message says why and what helps.

        """
        self._parent()
        try:
            with netns.new() as scratch:
                os.close(scratch)
                if self._rules.egress is Egress.NONE:
                    stack.guard()
        except NftablesError as error:
            raise OSError(
                f'what deckies send cannot be filtered: {error}; install libnftables1, or set egress = "any"'
            ) from error
        except PermissionError as error:
            raise PermissionError(
                error.errno,
                "decnet-netd needs CAP_NET_ADMIN and CAP_SYS_ADMIN to make network namespaces: "
                "run decnetd as root, or start decnet-netd.socket",
            ) from error

    def create(self, wanted: Create) -> House:
        """Make a decky's place, or return the one that is there.

        Raises:
            OSError: it is there, but not as wanted; an address or MAC is another's; the kernel refuses.
            RefusedError: the rules do not permit it.

        """
        house = self._planned(wanted)
        there = self._houses.get(wanted.decky)
        if there is not None:
            fault = self.fault(there)
            if not fault and (there.interfaces, there.mac, there.stack) == (house.interfaces, house.mac, house.stack):
                return there
            why = fault or "not as wanted"
            raise OSError(errno.EEXIST, f"{house.decky} is at {there.address} already ({why}): remove it first")
        parent = self._parent()
        with netns.new() as namespace:
            made = False
            try:
                found = self._furnish(house, parent, namespace)
                house = self._sound(house, parent, found)
                made = True
            except OSError as error:
                where = f"{house.decky} cannot have {house.address} ({house.mac})"
                raise type(error)(error.errno, f"{where}: {error.strerror or error}") from error
            finally:
                if not made:
                    _demolish()
                    os.close(namespace)
        return self._keep(evolve(house, namespace=namespace))

    def adopt(self, wanted: Adopt, descriptor: int) -> House:
        """Take over the namespace that a socket is of, when it is as wanted; nothing in it is changed.

        Raises:
            OSError: it is not what is wanted.
            RefusedError: it is none of ours.

        """
        if wanted.decky in self._houses:
            return self.create(wanted)
        house = self._planned(wanted)
        parent = self._parent()
        namespace = self._foreign(descriptor)
        kept = False
        try:
            with netns.inside(namespace):
                house = self._sound(house, parent, stack.in_force(house.stack, house.mac))
            kept = True
        except OSError as error:
            why = f"{house.decky} at {house.address} cannot be adopted: {error.strerror or error}"
            raise type(error)(error.errno, why) from error
        finally:
            if not kept:
                os.close(namespace)
        return self._keep(evolve(house, namespace=namespace))

    def destroy(self, decky: str) -> None:
        """Remove a decky's place; nothing happens when there is none."""
        house = self._forget(decky)
        if house is not None:
            with netns.inside(house.namespace):
                _demolish()
            os.close(house.namespace)

    def abandon(self, decky: str) -> None:
        """Let go of a decky's place: the kernel waits once for all that go, where ``destroy`` has it wait for each."""
        house = self._forget(decky)
        if house is not None:
            os.close(house.namespace)

    def _forget(self, decky: str) -> House | None:
        house = self._houses.pop(decky, None)
        for name in house.names if house is not None else ():
            del self._owners[name]
        return house

    def anchor(self, decky: str) -> socket.socket:
        """Return a socket that keeps the namespace alive and reaches nobody.

        Raises:
            OSError: there is no such decky.

        """
        with self._in(decky):
            return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def listen(self, wanted: Listen) -> tuple[socket.socket, int]:
        """Return a socket of the decky, for IPv4 and IPv6, and its port.

        Raises:
            OSError: there is no such decky, or the port cannot be had.

        """
        with self._in(wanted.decky) as house, contextlib.ExitStack() as undo:
            stream = wanted.protocol == "tcp"
            made, host = _dual(socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
            undo.enter_context(made)
            size = PERSONALITIES[house.stack].receive_buffer
            if size:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
            try:
                if stream:
                    # Restart at once after traffic: connections of before may still be in TIME_WAIT.
                    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                made.bind((host, wanted.port))
                if stream:
                    made.listen(BACKLOG)
            except OSError as error:
                where = f"{house.decky} cannot listen on {house.address}:{wanted.port}"
                raise type(error)(error.errno, f"{where}: {error.strerror}") from error
            made.settimeout(0)
            undo.pop_all()
            return made, int(made.getsockname()[1])

    def probe(self, wanted: Probe) -> socket.socket:
        """Return a non-blocking client that is connecting to the decky.

        Raises:
            OSError: there is no such decky.

        """
        with self._in(wanted.decky) as house, contextlib.ExitStack() as undo:
            ip = house.interfaces[0].ip
            family = socket.AF_INET if ip.version == 4 else socket.AF_INET6  # noqa: PLR2004  IP versions
            made = undo.enter_context(socket.socket(family, socket.SOCK_STREAM))
            made.settimeout(0)
            number = made.connect_ex((str(ip), wanted.port))
            if number not in {0, errno.EINPROGRESS}:
                raise OSError(number, f"{house.decky} at {ip}:{wanted.port}: {os.strerror(number)}")
            undo.pop_all()
            return made

    def fault(self, house: House) -> str:
        """Return what is wrong with a decky's place; empty if nothing."""
        try:
            with netns.inside(house.namespace):
                return _fault(house, self._parent())
        except OSError as error:
            return str(error.strerror or error)

    def _planned(self, wanted: Create) -> House:
        """Return the house to be, within the rules and nobody else's."""
        if wanted.stack not in PERSONALITIES:
            raise RefusedError(f"no stack is called {wanted.stack!r}; there are {', '.join(PERSONALITIES)}")
        self._rules.check_mac(wanted.mac)
        interfaces = self._rules.interfaces(wanted.addresses)
        if wanted.decky not in self._houses and len(self._houses) >= self._rules.max_deckies:
            raise RefusedError(f"{self._rules.max_deckies} deckies are there already")
        house = House(decky=wanted.decky, interfaces=interfaces, mac=wanted.mac, stack=wanted.stack)
        for name in house.names:
            owner = self._owners.get(name, house.decky)
            if owner != house.decky:
                raise OSError(errno.EADDRINUSE, f"{house.decky} cannot have {name}: it is {owner}'s")
        addresses = {one.ip for one in interfaces}
        for own in self._host.addresses().values():
            for address in own & addresses:
                raise RefusedError(f"{wanted.decky} cannot have {address}: it is this host's own; reserve it")
        return house

    def _furnish(self, house: House, parent: int, namespace: int) -> stack.Applied:
        """Fill the namespace this thread is in; the filters first, so that not a packet leaves before them."""
        found = stack.apply(house.stack, house.mac, self._rules.egress)
        self._host.add_macvlan(DEVICE, parent=parent, mac=house.mac, namespace=namespace)
        with Netlink() as own:
            own.set_up(_LOOPBACK)
            index = own.link(DEVICE).index
            for interface in house.interfaces:
                own.add_address(index, interface)
            _set_up(own, index)
            for gateway in self._rules.gateways:
                if any(gateway in interface.network for interface in house.interfaces):
                    own.add_default_route(gateway)
        return found

    def _sound(self, house: House, parent: int, found: stack.Applied) -> House:
        """Return the house with what was found in force in the namespace this thread is in.

        Raises:
            OSError: it is not that house, or more may leave it than the rules permit.

        """
        fault = _fault(house, parent)
        if fault:
            raise OSError(errno.ESTALE, fault)
        if self._rules.egress is Egress.NONE and not found.is_contained:
            raise OSError(errno.EACCES, "its egress rules are not in force")
        return evolve(house, tier=found.tier, detail=found.detail)

    def _keep(self, house: House) -> House:
        self._houses[house.decky] = house
        self._owners.update(dict.fromkeys(house.names, house.decky))
        return house

    def _foreign(self, descriptor: int) -> int:
        """Return a descriptor of the namespace a socket is of.

        Raises:
            OSError: it is no socket.
            RefusedError: it is the host's.

        """
        namespace = netns.of_socket(descriptor)
        if netns.identity(namespace) == netns.identity(self._home):
            os.close(namespace)
            raise RefusedError("the namespace to adopt is the host's own")
        return namespace

    def _parent(self) -> int:
        try:
            return self._host.link(self._rules.parent).index
        except OSError as error:
            raise OSError(errno.ENODEV, f"this host has no interface {self._rules.parent}") from error

    @contextlib.contextmanager
    def _in(self, decky: str) -> Iterator[House]:
        house = self._houses.get(decky)
        if house is None:
            raise OSError(errno.ENOENT, f"{decky} is not there")
        with netns.inside(house.namespace):
            yield house


def _fault(house: House, parent: int) -> str:
    """Return how the namespace this thread is in differs from the house; empty if it does not."""
    with Netlink() as own:
        try:
            link = own.link(DEVICE)
        except OSError:
            return f"its interface {DEVICE} is gone"
        addresses = own.addresses().get(link.index, set())
    if (link.kind, link.parent) != ("macvlan", parent):
        return f"its interface {DEVICE} does not hang on the parent"
    if link.mac != house.mac:
        return f"its MAC is {link.mac}"
    if not link.is_up:
        return f"its interface {DEVICE} is down"
    missing = [str(one.ip) for one in house.interfaces if one.ip not in addresses]
    return f"it has lost {', '.join(missing)}" if missing else ""


def _demolish() -> None:
    """Remove the interface of the namespace this thread is in."""
    with contextlib.suppress(OSError), Netlink() as own:  # it is gone already, with its parent
        own.delete_link(own.link(DEVICE).index)


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


def _dual(kind: socket.SocketKind) -> tuple[socket.socket, str]:
    """Return an unbound socket for IPv4 and IPv6 and the address that is all of them; IPv4 where there is no IPv6."""
    try:
        made = socket.socket(socket.AF_INET6, kind)
    except OSError as error:
        if error.errno != errno.EAFNOSUPPORT:
            raise
        return socket.socket(socket.AF_INET, kind), "0.0.0.0"  # noqa: S104  all there is in a decky is the decky's
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    return made, "::"


def close_all(sockets: Sequence[socket.socket]) -> None:
    """Close sockets."""
    for one in sockets:
        one.close()
