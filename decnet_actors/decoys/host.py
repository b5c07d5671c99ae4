"""This module is the actor that hosts one service of one decky."""

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias, assert_never

from attrs import field, frozen

from decnet_actors.contracts.decoy import Artifacts, CredentialPolicy, DecoyDeps, DecoyService, Vault
from decnet_actors.contracts.fleet import ServicePlan
from decnet_actors.contracts.fleet_driver import FleetDriver, Place, Tier, Wanted
from decnet_actors.contracts.journal import JournalWriter
from decnet_actors.contracts.machine import Machine
from decnet_actors.contracts.plugin import Plugin
from decnet_actors.decoys.doorkeeper import Doorkeeper, Identity
from decnet_actors.decoys.sessions import OpenSessions
from decnet_actors.decoys.tarpit import Tarpits
from decnet_actors.domain.facts import ServiceStarted, ServiceStopped
from decnet_actors.domain.ids import Ids
from supervisors.actor import LoopActor

CLOSING = 2.0  # seconds sessions get to send what they have


@frozen(kw_only=True)
class Household:
    """What all services of one decky share."""

    host: str  # the machine decnetd runs on
    wanted: Wanted
    place: Place  # what is wanted, settled: where the decky will be
    machine: Machine
    policy: CredentialPolicy
    artifacts: Artifacts
    vault: Vault
    driver: FleetDriver
    sessions: OpenSessions
    tarpits: Tarpits
    writer: Callable[[str], JournalWriter] = field(repr=False)  # by producer name, which is the actor's path
    offload: Callable[[Callable[[], bytes]], Awaitable[bytes]] = field(repr=False)


@frozen(kw_only=True)
class Tick:
    """Time to serve wake-ups and sweep."""


@frozen(kw_only=True)
class DescribeService:
    """Ask for a ``ServiceStatus``."""


@frozen(kw_only=True)
class ServiceStatus:
    """What a service does now."""

    decky: str
    service: str
    address: str
    port: int
    sessions: int
    tier: Tier = Tier.NONE  # how much of its stack personality is in force


ServiceHostMsg: TypeAlias = Tick | DescribeService


class ServiceHost(LoopActor):
    """Listens as a decky and serves whoever comes. Restarted, it serves again; the sessions of before are gone."""

    def __init__(self, household: Household, plan: ServicePlan, plugin: Plugin[Any]) -> None:  # Any: its own config
        super().__init__()
        self._household = household
        self._plan = plan
        self._plugin = plugin
        self._service: DecoyService | None = None
        self._door: Doorkeeper | None = None
        self._port = 0
        self._tier = Tier.NONE
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def key(self) -> tuple[str, str]:
        """(decky, service)."""
        return self._household.place.decky, self._plan.name

    @property
    def held(self) -> list[Any]:  # Any: Connection; see sessions.Held
        """The connections held now."""
        return list(self._door.connections) if self._door is not None else []

    async def on_start(self) -> None:
        """Get the service ready, then listen."""
        house, plan = self._household, self._plan
        # The service and the identifiers draw from different sources of chance: neither shifts the other.
        deps = DecoyDeps(
            decky=house.place.decky,
            service=plan.name,
            persona=house.machine.persona,
            machine=house.machine,
            policy=house.policy,
            artifacts=house.artifacts,
            vault=house.vault,
            rng=random.Random(self.rng.getrandbits(64)),  # noqa: S311  a persona, not a secret
            now=self.clock.now,
            offload=house.offload,
            spawn=partial(self.spawn, name="service"),
        )
        self._service = self._plugin.create(plan.config, deps)
        started = False
        try:
            await self._listen(self._service)
            started = True
        finally:
            if not started:
                await self._service.aclose()

    async def _listen(self, service: DecoyService) -> None:
        house, plan = self._household, self._plan
        await service.open()
        place = await house.driver.create(house.wanted)  # whoever starts first makes it, the others adopt it
        if place.address != house.place.address:  # its lease is another one than when the machine was put together
            raise OSError(f"{place.decky} is at {place.address} now, not at {house.place.address or 'no address'}")
        self._tier = place.tier
        listeners, self._port = await house.driver.listen(place, plan.port)
        self._door = Doorkeeper(
            identity=Identity(host=house.host, decky=house.place.decky, service=plan.name),
            service=service,
            journal=house.writer(self.path),
            artifacts=house.artifacts,
            limits=plan.limits,
            clock=self.clock,
            ids=Ids(self.clock.now, self.rng),
            spawn=self.spawn,
            arm=self._arm,
            tarpits=house.tarpits,
            listen=partial(self._listen_data, place),
        )
        await self._door.open(listeners)
        self._door.note(ServiceStarted(address=house.place.address, port=self._port))
        house.sessions.add(self)

    async def _listen_data(self, place: Place, port: int) -> socket.socket:
        (listener,), _ = await self._household.driver.listen(place, port)
        return listener

    def _arm(self, seconds: float) -> None:
        """Tick after some seconds, and not when it was armed for before: each tick arms the next."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self.after(seconds, Tick())

    async def handle(self, message: ServiceHostMsg) -> Any:  # Any: what the message asks for
        """Serve one message."""
        match message:
            case Tick():
                if self._door is not None:
                    self._door.tick()
            case DescribeService():
                decky, service = self.key
                return ServiceStatus(
                    decky=decky,
                    service=service,
                    address=self._household.place.address,
                    port=self._port,
                    sessions=len(self.held),
                    tier=self._tier,
                )
            case _:
                assert_never(message)
        return None

    async def on_stop(self) -> None:
        """Close the door, let the sessions end, and let go of the service."""
        if self._door is not None:
            self._door.close()
            await self._door.emptied(CLOSING)
            self._door.note(ServiceStopped(reason="shutdown"))
        if self._service is not None:
            await self._service.aclose()

    def on_exit(self, reason: object) -> None:  # noqa: ARG002  the runtime's signature
        """Leave nothing open, however it ended."""
        self._household.sessions.remove(self)
        if self._door is not None:
            self._door.close(at_once=True)
