"""This module makes the deckies that run the ones that are meant to: only what is different is touched."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from attrs import evolve

from decnet_actors.app.actors import walk
from decnet_actors.app.daemon import Daemon
from decnet_actors.app.house import settle
from decnet_actors.app.placing import refusals
from decnet_actors.app.tree import FLEET, RECONCILER
from decnet_actors.contracts.fleet import DeckyPlan
from decnet_actors.domain.facts import DeckyMutated, Trigger
from decnet_actors.fleet.decky_operations import DeckyDetail, ServiceState
from decnet_actors.fleet.fleet_operations import DeckyOutcome, Outcome
from decnet_actors.fleet.reconciler import Look
from supervisors.errors import ChildStateError, NoSuchActorError, StartError
from supervisors.messages import DeleteChild, StartChild, TerminateChild

WITHIN = 60.0  # seconds one decky may take to start or stop


class RunningFleet:
    """The deckies of a running daemon (``fleet.handlers.Host``)."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    def running(self) -> Mapping[str, DeckyPlan]:
        """Return the plans of what was put together."""
        return {name: one.plan for name, one in self._daemon.inhabitants.items()}

    def refusals(self, plans: Sequence[DeckyPlan]) -> Sequence[str]:
        """Return why the driver has no place for some of these."""
        return tuple(refusals(self._daemon.driver, plans).values())

    async def converge(self, plans: Sequence[DeckyPlan], trigger: Trigger) -> Sequence[DeckyOutcome]:
        """Remove, replace and add deckies; one that fails is named and leaves the others alone."""
        daemon = self._daemon
        known = self.running()
        there = await self._there()
        # what failed to start, or was cut off in the middle, is not as its plan says
        before = {name: plan for name, plan in known.items() if plan.running == (name in there)}
        after = {plan.name: plan for plan in plans}
        gone = [name for name in dict.fromkeys((*known, *there)) if name not in after]
        changed = [name for name, plan in after.items() if name in before and before[name].lasting != plan.lasting]
        failed: dict[str, str] = {}
        for name in (*gone, *changed):
            try:
                await self._end(name)
            except (OSError, ChildStateError, TimeoutError) as error:
                failed[name] = str(error) or "it did not stop in time"
        same = [name for name in after if name in before and name not in changed]
        slowed = [name for name in same if before[name] != after[name]]
        for name in slowed:
            self._slow(after[name])
        touched = [name for name in after if name not in same and name not in failed]
        for name in touched:
            try:
                await self._begin(after[name])
            except (OSError, ChildStateError, StartError, TimeoutError) as error:
                failed[name] = str(error) or "it did not start in time"
        order = {name: place for place, name in enumerate(after)}
        daemon.inhabitants = dict(sorted(daemon.inhabitants.items(), key=lambda item: order.get(item[0], len(order))))
        self._tell_mutations({name: plan for name, plan in known.items() if name not in failed}, trigger)
        self._tell_reconciler()
        still = {name: why for name, why in daemon.left_out.items() if name in after}
        daemon.left_out = {name: why for name, why in {**still, **failed}.items() if name not in daemon.inhabitants}
        touched += slowed
        details = {one.name: one for one in await daemon.fleet.deckies(touched)}
        return [
            *(DeckyOutcome(name=name, state=Outcome.GONE) for name in gone if name not in failed),
            *(_outcome(details[name]) for name in touched if name in details and name not in failed),
            *(DeckyOutcome(name=name, state=Outcome.DOWN, error=error) for name, error in failed.items()),
        ]

    async def restart(self, name: str) -> DeckyOutcome:
        """Start a decky's services anew."""
        try:
            await self._daemon.system.restart(f"{FLEET}/{name}")
        except (StartError, NoSuchActorError) as error:
            return DeckyOutcome(name=name, state=Outcome.DOWN, error=str(error))
        self._tell_reconciler()
        (detail,) = await self._daemon.fleet.deckies([name])
        return _outcome(detail)

    def _tell_mutations(self, before: Mapping[str, DeckyPlan], trigger: Trigger) -> None:
        """Record who serves something else than before."""
        after = self.running()
        for name in dict.fromkeys((*before, *after)):
            old, new = _services(before.get(name)), _services(after.get(name))
            if old != new:
                why = trigger if old and new else Trigger.CREATION if new else Trigger.RETIREMENT
                self._daemon.note(name, DeckyMutated(old=old, new=new, trigger=why))

    def _tell_reconciler(self) -> None:
        """States changed: have them recorded now, not at the next look; one that is being restarted looks by itself."""
        self._daemon.system.directory.address(RECONCILER).tell(Look())

    async def _there(self) -> list[str]:
        """Return the deckies the tree has, whatever state they are in."""
        nodes = walk(await self._daemon.system.tree())
        return [node.path.removeprefix(f"{FLEET}/") for node in nodes if node.path.rpartition("/")[0] == FLEET]

    async def _end(self, name: str) -> None:
        self._daemon.inhabitants.pop(name, None)  # first: what is cut off after this is begun anew next time
        fleet = self._daemon.system.directory.address(FLEET)
        with suppress(NoSuchActorError):  # it is stopped, or never came up
            await fleet.ask(TerminateChild(name), within=WITHIN)
            await fleet.ask(DeleteChild(name), within=WITHIN)
        await self._daemon.driver.remove(name)

    def _slow(self, plan: DeckyPlan) -> None:
        """Put other tarpits in force; no connection ends."""
        inhabitant = self._daemon.inhabitants[plan.name]
        inhabitant.tarpits.set(plan.tarpits)
        self._daemon.inhabitants[plan.name] = evolve(inhabitant, plan=plan)

    async def _begin(self, plan: DeckyPlan) -> None:
        daemon = self._daemon
        await self._end(plan.name)  # what an earlier change that was cut off left behind
        inhabitant, spec = await daemon.off(lambda: settle(plan, daemon.means))
        daemon.inhabitants[plan.name] = inhabitant
        if plan.running:
            await daemon.system.directory.address(FLEET).ask(StartChild(spec), within=WITHIN)


def _services(plan: DeckyPlan | None) -> tuple[str, ...]:
    return () if plan is None else tuple(service.name for service in plan.services)


def _outcome(detail: DeckyDetail) -> DeckyOutcome:
    if detail.state is ServiceState.STOPPED:
        return DeckyOutcome(name=detail.name, state=Outcome.STOPPED)
    down = [
        f"{row.service}: {row.error or 'does not listen'}" for row in detail.details if row.state is ServiceState.DOWN
    ]
    return DeckyOutcome(name=detail.name, state=Outcome.DOWN if down else Outcome.UP, error="; ".join(down))
