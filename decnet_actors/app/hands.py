"""This module is what the reconciler works with: the deckies of the running daemon."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from attrs import evolve

from decnet_actors.app.fleet_view import Inhabitant
from decnet_actors.app.tree import FLEET
from decnet_actors.contracts.fleet_driver import Tier
from decnet_actors.decoys.sessions import OpenSessions
from decnet_actors.domain.facts import DeckyState
from decnet_actors.fleet.desired import DesiredFleet
from decnet_actors.fleet.reconcile import Expected
from supervisors.errors import NoSuchActorError, StartError
from supervisors.system import System


class FleetHands:
    """The deckies as put together (``fleet.reconciler.Hands``).

    Args:
        inhabitants: the deckies.
        sessions: what listens.
        system: the running tree.
        desired: what the fleet is meant to be.
        undisturbed: held by whoever touches deckies.
        move: puts a decky together anew.

    """

    def __init__(
        self,
        inhabitants: Callable[[], Mapping[str, Inhabitant]],
        sessions: OpenSessions,
        system: Callable[[], System],
        desired: DesiredFleet,
        undisturbed: asyncio.Lock,
        move: Callable[[str], Awaitable[None]],
    ) -> None:
        self._move = move
        self.undisturbed = undisturbed
        self._desired = desired
        self._inhabitants = inhabitants
        self._sessions = sessions
        self._system = system

    async def paused(self) -> bool:
        """Return whether the fleet rests."""
        return (await self._desired.newest()).document.paused

    def expected(self) -> Mapping[str, Expected]:
        """Return every decky as it should be."""
        return {
            name: Expected(
                place=evolve(one.place, tier=Tier.NONE), running=one.plan.running, serving=bool(self._listening(one))
            )
            for name, one in self._inhabitants().items()
        }

    async def restart(self, decky: str) -> None:
        """Stop the decky's services and start them anew, which makes its place.

        Raises:
            OSError: they do not start.

        """
        try:
            await self._system().restart(f"{FLEET}/{decky}")
        except (StartError, NoSuchActorError) as error:
            raise OSError(str(error)) from error

    async def move(self, decky: str) -> None:
        """Put the decky together anew at the address its place has now.

        Raises:
            OSError: its services do not start there.

        """
        await self._move(decky)

    def states(self) -> Mapping[str, DeckyState]:
        """Return how every decky is now."""
        return {name: self._state(one) for name, one in self._inhabitants().items()}

    def _state(self, one: Inhabitant) -> DeckyState:
        if not one.plan.running:
            return DeckyState.STOPPED
        missing = len(one.plan.services) - self._listening(one)
        if not missing:
            return DeckyState.UP
        return DeckyState.DEGRADED if self._listening(one) else DeckyState.DOWN

    def _listening(self, one: Inhabitant) -> int:
        return sum(self._sessions.listens(one.plan.name, service.name) for service in one.plan.services)
