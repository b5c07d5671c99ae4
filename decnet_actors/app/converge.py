"""This module makes the deckies that run the ones that are meant to: only what is different is touched."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice

from attrs import evolve

from decnet_actors.app.daemon import Daemon
from decnet_actors.app.fleet_view import Inhabitant
from decnet_actors.app.house import Means, arrive, kept_files, prepare, settle
from decnet_actors.app.placing import refusals, shortfalls
from decnet_actors.app.tree import FLEET, RECONCILER
from decnet_actors.contracts.decky_files import StoredFiles
from decnet_actors.contracts.fleet import DeckyPlan
from decnet_actors.contracts.lifecycle import DeckyOutcome, Outcome
from decnet_actors.domain.facts import AddressChanged, DeckyMutated, Trigger
from decnet_actors.fleet.conductor import Report
from decnet_actors.fleet.decky_operations import DeckyDetail, ServiceState
from decnet_actors.fleet.desired import Hostable
from decnet_actors.fleet.reconciler import Look
from supervisors.errors import NoSuchActorError, StartError
from supervisors.messages import RemoveChildren, StartChildren, WhichChildren
from supervisors.spec import SupervisorSpec
from supervisors.together import together

BATCH = 50  # deckies
PIPELINED = 2  # batches: one gets its places while the one before starts
WITHIN = 60.0  # seconds that may take


class RunningFleet:
    """The deckies of a running daemon (``fleet.handlers.Host``, ``fleet.conductor.Crew``)."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    @property
    def revision(self) -> int:
        """What the deckies were last brought to, or were being brought to."""
        return self._daemon.revision

    def running(self) -> Mapping[str, DeckyPlan]:
        """Return the plans of what was put together."""
        return {name: one.plan for name, one in self._daemon.inhabitants.items()}

    def refusals(self, plans: Sequence[DeckyPlan]) -> Sequence[str]:
        """Return why the driver has no place for some of these."""
        return tuple(refusals(self._daemon.driver, plans).values())

    def shortfalls(self, plans: Sequence[DeckyPlan]) -> Sequence[str]:
        """Return what the driver does not give some of these, which it hosts without."""
        return shortfalls(self._daemon.driver, plans)

    async def converge(
        self, revision: int, hostable: Hostable, trigger: Trigger, report: Report
    ) -> Sequence[DeckyOutcome]:
        """Remove, replace and add deckies; one that fails is named and leaves the others alone."""
        daemon = self._daemon
        daemon.revision = revision
        known = self.running()
        there = await self._there()
        # what failed to start, or was cut off in the middle, is not as its plan says
        before = {name: plan for name, plan in known.items() if plan.running == (name in there)}
        after = {plan.name: plan for plan in hostable.plans}
        gone = [name for name in dict.fromkeys((*known, *there)) if name not in after]
        changed = [name for name, plan in after.items() if name in before and not before[name].lasts_as(plan)]
        same = [name for name in after if name in before and name not in changed]
        slowed = [name for name in same if before[name] != after[name]]
        touched = [name for name in after if name not in same]
        for name in slowed:
            self._slow(after[name])
        failed: dict[str, str] = {}
        finished = 0

        def finish(names: Iterable[str]) -> None:
            nonlocal finished
            for name in names:
                finished += 1
                self._tell_mutation(name, known.get(name), trigger)
            report(finished, len(gone) + len(touched))

        finish(())
        # touched ones too: a change that was cut off may have left something behind
        for names in _batches((*gone, *touched)):
            failed.update(await self._end(names))
            finish(name for name in names if name in failed or name not in after)

        async def begin(names: Sequence[str]) -> None:
            failed.update(await self._begin([after[name] for name in names]))
            finish(names)

        begun = _batches([name for name in touched if name not in failed])
        await together([partial(begin, names) for names in begun], PIPELINED)
        order = {name: place for place, name in enumerate(after)}
        daemon.inhabitants = dict(sorted(daemon.inhabitants.items(), key=lambda item: order.get(item[0], len(order))))
        self._tell_reconciler()
        still = {name: why for name, why in daemon.left_out.items() if name in after}
        out = {name: why for name, why in {**still, **failed}.items() if name not in daemon.inhabitants}
        daemon.left_out = {**out, **hostable.left_out}
        touched += slowed
        details = {one.name: one for one in await daemon.fleet.deckies(touched)}
        return [
            *(DeckyOutcome(name=name, state=Outcome.GONE) for name in gone if name not in failed),
            *(_outcome(details[name]) for name in touched if name in details and name not in failed),
            *_left_out({**failed, **hostable.left_out}),
        ]

    async def down(self) -> Sequence[DeckyOutcome]:
        """Return the deckies that should be up and are not, and those that are left out."""
        outcomes = [_outcome(detail) for detail in await self._daemon.fleet.deckies()]
        return [*(one for one in outcomes if one.state is Outcome.DOWN), *_left_out(self._daemon.left_out)]

    async def restart(self, name: str) -> DeckyOutcome:
        """Start a decky's services anew."""
        try:
            await self._daemon.system.restart(f"{FLEET}/{name}")
        except (StartError, NoSuchActorError) as error:
            return DeckyOutcome(name=name, state=Outcome.DOWN, error=str(error))
        self._tell_reconciler()
        (detail,) = await self._daemon.fleet.deckies([name])
        return _outcome(detail)

    async def move(self, name: str) -> None:
        """Put a decky together anew at the address its lease is for now; the place stays.

        Raises:
            OSError: its services do not start there.

        """
        daemon = self._daemon
        before = daemon.inhabitants[name]
        failed = await self._stop([name]) or await self._start([before.plan])
        if failed:
            raise OSError(failed[name])
        daemon.note(name, AddressChanged(old=before.place.address, new=daemon.inhabitants[name].place.address))

    def _tell_mutation(self, name: str, before: DeckyPlan | None, trigger: Trigger) -> None:
        """Record that a decky serves something else than before."""
        now = self._daemon.inhabitants.get(name)
        old, new = _services(before), _services(None if now is None else now.plan)
        if old != new:
            why = trigger if old and new else Trigger.CREATION if new else Trigger.RETIREMENT
            self._daemon.note(name, DeckyMutated(old=old, new=new, trigger=why))

    def _tell_reconciler(self) -> None:
        """States changed: have them recorded now, not at the next look; one that is being restarted looks by itself."""
        self._daemon.system.directory.address(RECONCILER).tell(Look())

    async def _there(self) -> list[str]:
        """Return the deckies the tree has, whatever state they are in."""
        rows = await self._daemon.system.directory.address(FLEET).ask(WhichChildren(), within=WITHIN)
        return [row.id for row in rows]

    async def _end(self, names: Sequence[str]) -> Mapping[str, str]:
        """Take deckies away; returns why some could not be."""
        for name in names:
            self._daemon.inhabitants.pop(name, None)  # first: what is cut off after this is begun anew next time
        if failed := await self._stop(names):
            return failed
        try:
            if len(names) > 1:
                return await self._daemon.driver.remove_all(names)
            for name in names:
                await self._daemon.driver.remove(name)
        except OSError as error:
            return dict.fromkeys(names, str(error))
        return {}

    async def _stop(self, names: Sequence[str]) -> Mapping[str, str]:
        """Stop services; returns why some could not be."""
        fleet = self._daemon.system.directory.address(FLEET)
        try:
            await fleet.ask(RemoveChildren(tuple(names)), within=WITHIN)
        except TimeoutError:
            return dict.fromkeys(names, "it did not stop in time")
        return {}

    def _slow(self, plan: DeckyPlan) -> None:
        """Put other tarpits in force; no connection ends."""
        inhabitant = self._daemon.inhabitants[plan.name]
        inhabitant.tarpits.set(plan.tarpits)
        self._daemon.inhabitants[plan.name] = evolve(inhabitant, plan=plan)

    async def _begin(self, plans: Sequence[DeckyPlan]) -> Mapping[str, str]:
        """Put deckies in place; returns why some could not be."""
        await arrive(plans, self._daemon.means)
        return await self._start(plans)

    async def _start(self, plans: Sequence[DeckyPlan]) -> Mapping[str, str]:
        """Put deckies together and start their services; returns why some could not be."""
        daemon = self._daemon
        stored = await kept_files([plan.name for plan in plans], daemon.means)
        settled, refused = await daemon.off(lambda: _settled(plans, daemon.means, stored))
        inhabitants = {name: inhabitant for name, (inhabitant, _) in settled.items()}
        daemon.inhabitants.update(inhabitants)
        await prepare(inhabitants.values(), daemon.means)
        specs = tuple(spec for inhabitant, spec in settled.values() if inhabitant.plan.running)
        fleet = daemon.system.directory.address(FLEET)
        try:
            unstarted = await fleet.ask(StartChildren(specs), within=WITHIN)
        except TimeoutError:
            unstarted = {spec.id: "it did not start in time" for spec in specs}
        return {**refused, **{name: str(error) for name, error in unstarted.items()}}


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    waiting = iter(names)
    while batch := tuple(islice(waiting, BATCH)):
        yield batch


def _settled(
    plans: Sequence[DeckyPlan], means: Means, stored: Mapping[str, StoredFiles]
) -> tuple[Mapping[str, tuple[Inhabitant, SupervisorSpec]], Mapping[str, str]]:
    """Put deckies together; returns those that could be, and why others could not."""
    settled: dict[str, tuple[Inhabitant, SupervisorSpec]] = {}
    failed: dict[str, str] = {}
    for plan in plans:
        try:
            settled[plan.name] = settle(plan, means, stored.get(plan.name))
        except OSError as error:
            failed[plan.name] = str(error)
    return settled, failed


def _services(plan: DeckyPlan | None) -> tuple[str, ...]:
    return () if plan is None else tuple(service.name for service in plan.services)


def _left_out(reasons: Mapping[str, str]) -> Iterator[DeckyOutcome]:
    return (DeckyOutcome(name=name, state=Outcome.DOWN, error=why) for name, why in reasons.items())


def _outcome(detail: DeckyDetail) -> DeckyOutcome:
    if detail.state is ServiceState.STOPPED:
        return DeckyOutcome(name=detail.name, state=Outcome.STOPPED)
    down = [
        f"{row.service}: {row.error or 'does not listen'}" for row in detail.details if row.state is ServiceState.DOWN
    ]
    return DeckyOutcome(name=detail.name, state=Outcome.DOWN if down else Outcome.UP, error="; ".join(down))
