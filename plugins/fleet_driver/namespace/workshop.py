"""This module makes deckies' namespaces and opens sockets in them. It needs CAP_NET_ADMIN and CAP_SYS_ADMIN."""

import contextlib
import errno
import ipaddress
import os
import socket
from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve, field, frozen

from decnet_actors.contracts.fleet_driver import Tier
from decnet_actors.kernel import netns
from decnet_actors.kernel.nftables import NftablesError
from decnet_actors.kernel.personality import PERSONALITIES
from plugins.fleet_driver.namespace import interior, stack
from plugins.fleet_driver.namespace.errors import RefusedError
from plugins.fleet_driver.namespace.messages import Adopt, Assign, Create, Listen, Probe
from plugins.fleet_driver.namespace.netlink import Netlink
from plugins.fleet_driver.namespace.rules import Egress, Interface, Network, Rules

BACKLOG = 511  # what real servers ask for; the kernel cuts it to net.core.somaxconn


@frozen(kw_only=True)
class House:
    """A decky's namespace."""

    decky: str
    interfaces: tuple[Interface, ...]  # that it keeps
    mac: str
    stack: str
    leased: bool = False
    lease: Interface | None = None  # that a DHCP server gave it
    tier: Tier = Tier.NONE
    detail: str = ""  # why the stack is not all in force
    namespace: int = field(default=-1, repr=False)  # descriptor, once there is one

    @property
    def everywhere(self) -> tuple[Interface, ...]:
        """All addresses there are, the leased one first."""
        return self.interfaces if self.lease is None else (self.lease, *self.interfaces)

    @property
    def address(self) -> str:
        return str(self.everywhere[0].ip) if self.everywhere else "no address yet"

    @property
    def wish(self) -> tuple[object, ...]:
        """What has been asked for."""
        return self.interfaces, self.mac, self.stack, self.leased

    @property
    def names(self) -> tuple[str, ...]:
        """What no other decky may have."""
        return (self.mac, *(str(one.ip) for one in self.everywhere))


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
            if not fault and there.wish == house.wish:
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
                    interior.demolish()
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
        if wanted.lease:
            house = self._moved(house, wanted.lease)
        parent = self._parent()
        namespace = self._foreign(descriptor)
        kept = False
        try:
            with netns.inside(namespace):
                house = self._sound(house, parent, stack.in_force(house.stack, house.mac, self._servers(house)))
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
                interior.demolish()
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

    def lease(self, decky: str) -> socket.socket:
        """Return the socket of the decky's DHCP client.

        Raises:
            OSError: there is no such decky.
            RefusedError: its addresses are not leased.

        """
        with self._in(decky) as house:
            if not house.leased:
                raise RefusedError(f"{decky} leases no address")
            return interior.lease_socket()

    def assign(self, wanted: Assign) -> None:
        """Give a decky its leased address, or take it away.

        Raises:
            OSError: there is no such decky; the address is another's.
            RefusedError: the rules do not permit it.

        """
        with self._in(wanted.decky) as house:
            if not house.leased:
                raise RefusedError(f"{wanted.decky} leases no address")
            moved = self._moved(house, wanted.address)
            for name in house.names:
                del self._owners[name]
            self._keep(evolve(house, lease=None))  # what is true whatever fails
            interior.change(house.lease, moved.lease, self._rules.gateways)
            self._keep(moved)

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
            made, host = interior.dual(socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
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
            if not house.everywhere:
                raise OSError(errno.EADDRNOTAVAIL, f"{house.decky} has no address yet")
            ip = house.everywhere[0].ip
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
                return interior.fault(house.mac, house.everywhere, self._parent())
        except OSError as error:
            return str(error.strerror or error)

    def _planned(self, wanted: Create) -> House:
        """Return the house to be, within the rules and nobody else's."""
        if wanted.stack not in PERSONALITIES:
            raise RefusedError(f"no stack is called {wanted.stack!r}; there are {', '.join(PERSONALITIES)}")
        self._rules.check_mac(wanted.mac)
        interfaces = self._rules.interfaces(wanted.addresses) if wanted.addresses or not wanted.leased else ()
        if wanted.decky not in self._houses and len(self._houses) >= self._rules.max_deckies:
            raise RefusedError(f"{self._rules.max_deckies} deckies are there already")
        house = House(
            decky=wanted.decky, interfaces=interfaces, mac=wanted.mac, stack=wanted.stack, leased=wanted.leased
        )
        self._check_free(house)
        return house

    def _moved(self, house: House, address: str) -> House:
        """Return the house at a leased address, within the rules and nobody else's; at none if it is empty.

        Raises:
            OSError: the address is another's.
            RefusedError: the rules do not permit it.

        """
        lease = self._rules.interfaces([address])[0] if address else None
        if lease is not None and lease.version != 4:  # noqa: PLR2004  IP versions
            raise RefusedError(f"{address} is no IPv4 address")
        moved = evolve(house, lease=lease)
        self._check_free(moved)
        return moved

    def _check_free(self, house: House) -> None:
        for name in house.names:
            owner = self._owners.get(name, house.decky)
            if owner != house.decky:
                raise OSError(errno.EADDRINUSE, f"{house.decky} cannot have {name}: it is {owner}'s")
        addresses = {one.ip for one in house.everywhere}
        for own in self._host.addresses().values():
            for address in own & addresses:
                raise RefusedError(f"{house.decky} cannot have {address}: it is this host's own; reserve it")

    def _servers(self, house: House) -> Sequence[Network]:
        """Return where the DHCP servers are that a decky may ask."""
        networks = [one for one in self._rules.networks if isinstance(one, ipaddress.IPv4Network)]
        return tuple(ipaddress.collapse_addresses(networks)) if house.leased else ()

    def _furnish(self, house: House, parent: int, namespace: int) -> stack.Applied:
        """Fill the namespace this thread is in; the filters first, so that not a packet leaves before them."""
        found = stack.apply(house.stack, house.mac, self._rules.egress, self._servers(house))
        self._host.add_macvlan(interior.DEVICE, parent=parent, mac=house.mac, namespace=namespace)
        interior.furnish(house.interfaces, self._rules.gateways)
        return found

    def _sound(self, house: House, parent: int, found: stack.Applied) -> House:
        """Return the house with what was found in force in the namespace this thread is in.

        Raises:
            OSError: it is not that house, or more may leave it than the rules permit.

        """
        fault = interior.fault(house.mac, house.everywhere, parent)
        if fault:
            raise OSError(errno.ESTALE, fault)
        if self._rules.egress is Egress.NONE and not found.is_contained:
            raise OSError(errno.EACCES, "its egress rules are not in force")
        if not found.hears_leases:
            raise OSError(errno.EOPNOTSUPP, 'address = "dhcp" needs libnftables1, which cannot be used here')
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


def close_all(sockets: Sequence[socket.socket]) -> None:
    """Close sockets."""
    for one in sockets:
        one.close()
