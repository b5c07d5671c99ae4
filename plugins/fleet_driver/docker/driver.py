"""This module is the fleet driver of the Docker Engine: a container a decky, found again by its labels.

The containers run nothing but an idle program. The ports are ours: sockets that we open from outside in the container's
network namespace, and the only ones that can send anything out of it.
"""

import asyncio
import errno
import ipaddress
import os
import socket
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from attrs import evolve

from decnet_actors.contracts.fleet_driver import (
    DriverUnreachableError,
    Observed,
    Place,
    PlaceState,
    Tap,
    Tier,
    Transport,
    Wanted,
)
from decnet_actors.contracts.inside import Inside
from decnet_actors.kernel.personality import PERSONALITIES
from plugins.fleet_driver.docker import egress, netns
from plugins.fleet_driver.docker.addresses import choose, choose_mac
from plugins.fleet_driver.docker.config import DockerConfig
from plugins.fleet_driver.docker.container import (
    ADDRESS,
    DECKY,
    DIGEST,
    INSTALLATION,
    Container,
    name_of,
    read_container,
    wanted_container,
)
from plugins.fleet_driver.docker.engine import Engine, Json
from plugins.fleet_driver.docker.inside import DockerInside, end_visitors

T = TypeVar("T")

_AT_ONCE = 8  # containers removed together
_OPENED = "its way out is open: somebody else started its container"
_OTHER_SETTINGS = "its container was made with other settings"


class DockerDriver:
    """Puts each decky into a container on a Docker network. Containers outlive the daemon, which adopts them again."""

    def __init__(self, config: DockerConfig) -> None:
        self._config = config
        self._engine = Engine(config.socket)
        self._inside = DockerInside(self._engine, self._running)
        self._known: set[str] = set()  # containers in which nothing runs that an earlier daemon began
        self._changing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # by decky
        self._tiers: dict[str, Tier] = {}  # how much of its stack was in force at the last look, by container
        self._closed: dict[str, str] = {}  # when it was started, by container: whose way out is known to be closed

    @property
    def inside(self) -> Inside:
        """The containers."""
        return self._inside

    async def open(self) -> None:
        """Find out whether the engine has what deckies need, and whether we may enter their namespaces.

        Raises:
            PermissionError: the daemon lacks a capability.
            ValueError: the engine is too old, or lacks the image or the network.

        """
        if missing := netns.missing_capabilities():
            raise PermissionError(
                errno.EPERM,
                f"the docker driver opens sockets inside containers and decnetd lacks {', '.join(missing)}: "
                "run it as root, or give its unit these as AmbientCapabilities",
            )
        await self._engine.open()
        config = self._config
        if not await self._engine.has_image(config.image):
            raise ValueError(
                f"fleet.docker.image: the engine has no image {config.image!r} and nothing is pulled: "
                f"docker pull {config.image}, or build it"
            )
        network = await self._engine.network(config.network)
        if network is None:
            raise ValueError(
                f"fleet.docker.network: the engine has no network {config.network!r}: docker network create "
                f"--driver macvlan --subnet <your LAN> --gateway <its router> -o parent=<interface> {config.network}"
            )
        _check_network(network, ipaddress.IPv4Network(config.pool))
        await self._inside.open(config.image, f"{config.installation}.image")

    async def aclose(self) -> None:
        """Let go of the engine; the containers stay, and are adopted by who comes next."""
        await self._engine.aclose()

    def place(self, wanted: Wanted) -> Place:
        """Return where the decky will be."""
        stack = wanted.stack or self._config.stack
        if stack not in PERSONALITIES:
            raise ValueError(f"{wanted.decky}: no stack is called {stack!r}; there are {', '.join(PERSONALITIES)}")
        address = choose(ipaddress.IPv4Network(self._config.pool), wanted.decky, wanted.index, wanted.address)
        mac = wanted.mac or choose_mac(address)
        return Place(decky=wanted.decky, address=address, addresses=(address,), mac=mac, stack=stack)

    async def create(self, wanted: Wanted) -> Place:
        """Make the container, start it, or adopt it; it is there and closed in when this returns."""
        place = self.place(wanted)
        body = wanted_container(self._config, place, wanted.hostname or wanted.decky)
        async with self._changing[place.decky]:
            with _told(f"{place.decky} cannot be at {place.address}"):
                container = await self._run(place, body)
        return evolve(place, tier=self._tiers[container])

    async def remove(self, decky: str) -> None:
        """Kill and remove the container."""
        async with self._changing[decky]:
            for container in await self._engine.containers(self._ours(decky)):
                await self._engine.remove(container)
                self._closed.pop(container, None)
                self._tiers.pop(container, None)
                self._known.discard(container)

    async def remove_all(self, deckies: Collection[str]) -> Mapping[str, str]:
        """Kill and remove the containers, a few at a time."""
        failed: dict[str, str] = {}
        turn = asyncio.Semaphore(_AT_ONCE)

        async def remove(decky: str) -> None:
            try:
                async with turn:
                    await self.remove(decky)
            except OSError as error:
                failed[decky] = str(error)

        async with asyncio.TaskGroup() as removals:
            for decky in deckies:
                _task = removals.create_task(remove(decky))
        return failed

    async def observe(self) -> Mapping[str, Observed]:
        """Return the containers that have our labels."""
        found = {}
        there = await self._engine.containers(self._ours())
        self._closed = {name: started for name, started in self._closed.items() if name in there}
        self._tiers = {name: tier for name, tier in self._tiers.items() if name in there}
        for name in there:
            container = await self._inspect(name)
            if container is not None and container.is_of(self._config.installation):
                decky = container.place.decky
                async with self._changing[decky]:  # half made it would look broken
                    if (container := await self._inspect(name)) is not None:
                        found[decky] = await self._observed(container)
        return found

    async def listen(
        self, place: Place, port: int, *, protocol: Transport = "tcp"
    ) -> tuple[Sequence[socket.socket], int]:
        """Return one socket of the container's namespace, for all its IPv4 addresses."""
        where = f"{place.decky} cannot listen on {place.address}:{port}"
        made = await self._in_decky(place, partial(netns.listening, port, protocol, place.stack), where)
        return (made,), int(made.getsockname()[1])

    async def capture(self) -> Tap:
        """Refuse: which interface the network has on this host, only its driver in the engine knows."""
        raise OSError(
            errno.EOPNOTSUPP,
            "the docker driver does not know the interface of its network: "
            "set [sniffer] interface, such as br-... or the parent of a macvlan network",
        )

    async def probe(self, place: Place, port: int) -> socket.socket:
        """Return a client inside the container: a macvlan network lets nobody on this host reach it from outside."""
        where = f"{place.decky} does not answer at {place.address}:{port}"
        return await self._in_decky(place, partial(netns.connected, place.address, port), where)

    async def _run(self, place: Place, body: Json) -> str:
        """Bring the decky's container about."""
        name = name_of(self._config.installation, place.decky)
        there = await self._inspect(name)
        if there is None:
            await self._refuse_theft(place)
            container = await self._engine.make(name, body)
            self._known.add(container)
        else:
            self._refuse_other(there, body)
            container = there.id
        try:
            await self._start(container, place)
        except DriverUnreachableError:
            raise  # what is there stays, to be gone on with
        except OSError:
            await self._engine.remove(container)  # it may run with its way out open
            raise
        return container

    async def _start(self, container: str, place: Place) -> None:
        """Let a container run, with its way out closed."""
        await self._engine.start(container)
        started = await self._inspect(container)
        if started is None or not started.running:
            raise OSError(errno.EIO, started.fault if started else "its container is gone")
        _check_place(started, place, self._config.network)
        if container not in self._known:
            await end_visitors(started)
            self._known.add(container)
        if self._closed.get(container) != started.started:
            applied = await self._in_container(started, partial(egress.apply, place.stack, place.mac))
            self._tiers[container] = applied.tier
            self._closed[container] = started.started

    async def _refuse_theft(self, place: Place) -> None:
        for name in await self._engine.containers({**self._ours(), ADDRESS: place.address}):
            other = await self._inspect(name)
            if other is not None and other.labels[DECKY] != place.decky:
                raise OSError(errno.EADDRINUSE, f"it is {other.labels[DECKY]}'s")

    def _refuse_other(self, there: Container, body: Json) -> None:
        if not there.is_of(self._config.installation):
            raise OSError(errno.EEXIST, f"a container called {there.name} is there and not ours")
        if there.labels[DIGEST] != body["Labels"][DIGEST]:
            raise OSError(errno.EEXIST, f"{_OTHER_SETTINGS}, at {there.place.address}")

    async def _observed(self, container: Container) -> Observed:
        place = container.place
        if container.fault:
            return Observed(place=place, state=PlaceState.BROKEN, detail=container.fault)
        body = wanted_container(self._config, place, container.hostname)
        if body["Labels"][DIGEST] != container.labels[DIGEST]:
            return Observed(place=place, state=PlaceState.BROKEN, detail=_OTHER_SETTINGS)
        try:
            applied = await self._in_container(container, partial(self._looked, container))
        except DriverUnreachableError:
            raise
        except OSError as error:
            why = f"its way out cannot be seen: {error.strerror or error}"
            return Observed(place=place, state=PlaceState.BROKEN, detail=why)
        if not applied.is_closed:
            return Observed(place=place, state=PlaceState.BROKEN, detail=_OPENED)
        self._closed[container.id] = container.started
        self._tiers[container.id] = applied.tier
        return Observed(place=evolve(place, tier=applied.tier), state=PlaceState.UP, detail=applied.detail)

    def _looked(self, container: Container) -> egress.Applied:
        """Return what is in force in the namespace this thread is in; what was lost of the stack is applied again."""
        place = container.place
        found = egress.in_force(place.stack, place.mac)
        if found.is_closed and found.tier is not self._tiers.get(container.id, Tier.EXACT):
            found = egress.apply(place.stack, place.mac)
        return found

    async def _in_decky(self, place: Place, work: Callable[[], T], where: str) -> T:
        """Do work in a decky's namespace; errors begin with ``where``."""
        with _told(where):
            return await self._in_container(await self._running(place.decky), work)

    async def _in_container(self, container: Container, work: Callable[[], T]) -> T:
        """Do work in the namespace of a container that runs."""
        namespace = netns.namespace_of(container.pid)
        try:
            # The number may have become another process's before it was opened, not after it was the container's again.
            again = await self._inspect(container.id)
            if again is None or (again.pid, again.started) != (container.pid, container.started):
                raise OSError(errno.ESRCH, "its container has just ended")
            return await netns.inside(namespace, work)
        finally:
            os.close(namespace)

    async def _running(self, decky: str) -> Container:
        """Return a decky's container, which runs."""
        container = await self._inspect(name_of(self._config.installation, decky))
        if container is None or not container.is_of(self._config.installation):
            raise OSError(errno.ENOENT, f"{decky} has no container")
        if not container.running:
            raise OSError(errno.ENETDOWN, f"{decky}: {container.fault}")
        return container

    async def _inspect(self, name: str) -> Container | None:
        told = await self._engine.inspect(name)
        return None if told is None else read_container(told)

    def _ours(self, decky: str = "") -> Mapping[str, str]:
        """Return the labels of all our containers, or of a decky's."""
        labels = {INSTALLATION: self._config.installation}
        return {**labels, DECKY: decky} if decky else labels


def _check_network(network: Json, pool: ipaddress.IPv4Network) -> None:
    """Raise ``ValueError`` when deckies cannot have the pool's addresses on a network ("Inspect a network")."""
    name = network["Name"]
    for one in network["IPAM"]["Config"] or ():
        if ":" in one["Subnet"]:
            continue
        subnet = ipaddress.IPv4Network(one["Subnet"])
        if pool.subnet_of(subnet):
            gateway = one.get("Gateway", "").partition("/")[0]
            if gateway and ipaddress.IPv4Address(gateway) in pool:
                raise ValueError(
                    f"fleet.docker.pool: {pool} has the gateway of the network {name} in it, {gateway}: "
                    "take a part of the subnet without it"
                )
            return
    raise ValueError(
        f"fleet.docker.pool: {pool} is not in a subnet of the network {name}: docker network inspect {name}"
    )


def _check_place(container: Container, place: Place, network: str) -> None:
    """Raise ``OSError`` unless a container is where it was to be."""
    if container.addresses.get(network) != (place.address, place.mac):
        has = ", ".join(f"{address} {mac} on {name}" for name, (address, mac) in container.addresses.items())
        raise OSError(errno.EADDRNOTAVAIL, f"its container has {has} instead of {place.mac} on {network}")


@contextmanager
def _told(where: str) -> Iterator[None]:
    """Say what cannot be done in front of why."""
    try:
        yield
    except DriverUnreachableError:
        raise
    except OSError as error:  # the constructor makes the subclass that fits the number
        raise OSError(error.errno or errno.EIO, f"{where}: {error.strerror or error}") from error
