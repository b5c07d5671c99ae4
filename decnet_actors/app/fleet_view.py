"""This module shows the fleet as it is now, for the operations on deckies and for status, doctor and selftest."""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress

from attrs import frozen

from decnet_actors.app.actors import walk
from decnet_actors.app.selftest import Target
from decnet_actors.contracts.fleet import DeckyPlan
from decnet_actors.contracts.fleet_driver import Place, Tier, Wanted
from decnet_actors.contracts.machine import Machine
from decnet_actors.decoys.host import DescribeService, ServiceStatus
from decnet_actors.decoys.sessions import OpenSessions
from decnet_actors.decoys.tarpit import Tarpits
from decnet_actors.domain.persona import Persona
from decnet_actors.fleet.decky_operations import DeckyDetail, ServiceRow, ServiceState
from supervisors.actor import ActorDeadError
from supervisors.directory import Directory
from supervisors.messages import Tree
from supervisors.report import TreeNode

ANSWER = 1.0  # seconds a service has to say where it listens
FLEET = "decnetd/fleet"


@frozen(kw_only=True)
class Inhabitant:
    """One decky as it was put together."""

    plan: DeckyPlan
    wanted: Wanted
    place: Place  # what is wanted, settled
    machine: Machine
    tarpits: Tarpits  # in force now

    @property
    def persona(self) -> Persona:
        """Who the machine is."""
        return self.machine.persona


class LiveFleet:
    """Asks services where they listen and the tree how they are.

    Args:
        inhabitants: the deckies, in fleet order.
        directory: of the running tree.
        tree: the live tree.
        sessions: what is open.

    """

    def __init__(
        self,
        inhabitants: Callable[[], Mapping[str, Inhabitant]],
        directory: Callable[[], Directory],
        tree: Callable[[], Awaitable[TreeNode]],
        sessions: OpenSessions,
    ) -> None:
        self._inhabitants = inhabitants
        self._directory = directory
        self._tree = tree
        self._sessions = sessions

    @property
    def planned(self) -> Sequence[tuple[str, str]]:
        """(decky, service) of everything that should listen."""
        return [
            (name, service.name)
            for name, one in self._inhabitants().items()
            if one.plan.running
            for service in one.plan.services
        ]

    @property
    def personas(self) -> Sequence[Persona]:
        """Of all deckies."""
        return [one.persona for one in self._inhabitants().values()]

    def machines(self) -> Mapping[str, Machine]:
        """Return the machine of every decky."""
        return {name: one.machine for name, one in self._inhabitants().items()}

    async def targets(self) -> Sequence[Target]:
        """Return what can be connected to now; who is spoken to in datagrams greets nobody."""
        return [
            Target(place=self._inhabitants()[row.decky].place, service=row.service, port=row.port)
            for decky in await self.deckies()
            for row in decky.details
            if row.state is ServiceState.UP and await self._takes_connections(row)
        ]

    async def _takes_connections(self, row: ServiceRow) -> bool:
        status = await self._ask(f"{FLEET}/{row.decky}/{row.service}")
        return status is not None and status.transport == "tcp"

    async def deckies(self, names: Collection[str] | None = None) -> Sequence[DeckyDetail]:
        """Return every decky, or those of these names, in fleet order, as it is now."""
        wanted = [one for name, one in self._inhabitants().items() if names is None or name in names]
        trees = [await self._tree()] if names is None else [await self._subtree(one.plan.name) for one in wanted]
        nodes = {node.path: node for tree in trees if tree is not None for node in walk(tree)}
        return [await self._decky(one, nodes) for one in wanted]

    async def _subtree(self, decky: str) -> TreeNode | None:
        """Return a decky's part of the tree; ``None`` while it does not run."""
        with suppress(ActorDeadError, TimeoutError):
            tree: TreeNode = await self._directory().address(f"{FLEET}/{decky}").ask(Tree(), within=ANSWER)
            return tree
        return None

    async def _decky(self, one: Inhabitant, nodes: Mapping[str, TreeNode]) -> DeckyDetail:
        rows, tier = [], Tier.NONE
        for service in one.plan.services:
            path = f"{FLEET}/{one.plan.name}/{service.name}"
            node, status = nodes.get(path), await self._ask(path) if one.plan.running else None
            tier = tier if status is None else status.tier
            rows.append(
                ServiceRow(
                    decky=one.plan.name,
                    service=service.name,
                    state=_state(one.plan, up=status is not None),
                    address=one.place.address,
                    port=0 if status is None else status.port,
                    claimed_port=service.port,
                    sessions=0 if status is None else status.sessions,
                    restarts=0 if node is None else node.restarts,
                    error=plainly(node.last_error or "") if node is not None and status is None else "",
                )
            )
        persona = one.persona
        return DeckyDetail(
            name=one.plan.name,
            state=_state(one.plan, up=any(row.state is ServiceState.UP for row in rows)),
            address=one.place.address,
            system=persona.pretty_name,
            hostname=persona.hostname,
            services=tuple(row.service for row in rows),
            sessions=sum(row.sessions for row in rows),
            details=tuple(rows),
            kernel=persona.kernel,
            mac=persona.mac,
            addresses=one.place.addresses,
            stack=one.place.stack,
            stack_tier=tier,
            booted=persona.booted_at,
            users=tuple(account.name for account in persona.accounts if account.uid == 0 or account.uid >= FIRST_USER),
            baits=tuple(bait.user for bait in one.plan.baits),
            weak_credentials=one.plan.weak_credentials,
        )

    async def _ask(self, path: str) -> ServiceStatus | None:
        address = self._directory().address(path)
        try:
            status: ServiceStatus = await address.ask(DescribeService(), within=ANSWER)
        except (ActorDeadError, TimeoutError):
            return None
        return status


def _state(plan: DeckyPlan, *, up: bool) -> ServiceState:
    if not plan.running:
        return ServiceState.STOPPED
    return ServiceState.UP if up else ServiceState.DOWN


FIRST_USER = 1000  # uid of the first account of a person


def plainly(error: str) -> str:
    """Return what the system said without the name and number programmers know it by."""
    return re.sub(r"^\w+: \[Errno \d+\] ", "", error)
