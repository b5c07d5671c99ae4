"""This module answers the operations that show and change what the fleet is meant to be.

There is one way to every change: a new document is made of the newest one, planned (which finds every mistake),
compared, and kept as a revision together with the lifecycle operation that brings the running deckies to it
(``fleet.conductor``). What is equal in both is not touched.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from attrs import evolve

from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.fleet import DeckyPlan
from decnet_actors.contracts.lifecycle import Lifecycle
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, File, Page
from decnet_actors.fleet import changes, edits, ini, mutation
from decnet_actors.fleet import decky_operations as decky_ops
from decnet_actors.fleet import fleet_operations as ops
from decnet_actors.fleet import tarpit_operations as tarpit_ops
from decnet_actors.fleet.archetypes import ARCHETYPES
from decnet_actors.fleet.desired import Desired, DesiredFleet, Proposal
from decnet_actors.fleet.desk import Desk
from decnet_actors.fleet.document import Document, numbered
from decnet_actors.fleet.plan import out_of_place
from decnet_actors.fleet.settings import DeckySettings
from supervisors.config import ConfigError

Fleet = tuple[DeckySettings, ...]
Make = Callable[[Fleet], Fleet]
MAX_PROBLEMS = 50  # told at once


class Host(Protocol):
    """The deckies that run on this machine, as far as it matters before a change."""

    def running(self) -> Mapping[str, DeckyPlan]:
        """Return what was put together, by name; the stopped ones too."""

    def refusals(self, plans: Sequence[DeckyPlan]) -> Sequence[str]:
        """Return why the fleet driver would not host some of these; nothing is done."""

    def shortfalls(self, plans: Sequence[DeckyPlan]) -> Sequence[str]:
        """Return what of their wishes the fleet driver does not fulfil; it hosts them without."""


class FleetChanges:
    """Handlers of everything that changes the fleet.

    Args:
        desired: what the fleet is meant to be.
        host: what runs.
        desk: where what is to be done to the deckies is handed in.
        seed: of the installation. What a mutation chooses follows from it and from the revision that is changed, so
            that a dry run shows what comes.

    """

    def __init__(self, desired: DesiredFleet, host: Host, desk: Desk, seed: int) -> None:
        self._desired = desired
        self._host = host
        self._desk = desk
        self._seed = seed

    def bind(self, table: OperationTable) -> None:
        """Make the operations callable."""
        table.bind(ops.FLEET_APPLY, self.apply)
        table.bind(ops.FLEET_ROLLBACK, self.roll_back)
        table.bind(ops.FLEET_SCALE, self.scale)
        table.bind(ops.FLEET_TEARDOWN, self.tear_down)
        table.bind(ops.FLEET_IMPORT, self.import_ini)
        table.bind(ops.FLEET_PAUSE, self.pause)
        table.bind(ops.FLEET_RESUME, self.resume)
        table.bind(decky_ops.DECKY_CREATE, self.create)
        table.bind(decky_ops.DECKY_EDIT, self.edit)
        table.bind(decky_ops.DECKY_DELETE, self.delete)
        table.bind(decky_ops.DECKY_START, self.start)
        table.bind(decky_ops.DECKY_STOP, self.stop)
        table.bind(decky_ops.DECKY_RESTART, self.restart)
        table.bind(decky_ops.DECKY_MUTATE, self.mutate)
        table.bind(decky_ops.DECKY_SERVICE_ADD, self.add_service)
        table.bind(decky_ops.DECKY_SERVICE_SET, self.set_service)
        table.bind(decky_ops.DECKY_SERVICE_REMOVE, self.remove_service)
        table.bind(tarpit_ops.TARPIT_SHOW, self.tarpits)
        table.bind(tarpit_ops.TARPIT_SET, self.slow)
        table.bind(tarpit_ops.TARPIT_CLEAR, self.unslow)

    async def apply(self, args: ops.FleetApplyArgs, caller: Caller) -> ops.FleetChange:
        """Answer fleet.apply."""
        fleet = await read(args.file, self._desired)
        return await self._change(ops.FLEET_APPLY.name, args, caller, lambda _: fleet)

    async def import_ini(self, args: ops.FleetImportArgs, caller: Caller) -> ops.FleetChange:
        """Answer fleet.import."""
        try:
            found: ini.Imported = await self._desired.offload(
                lambda: ini.read(args.file.text, args.file.name, self._desired.installed)
            )
        except ConfigError as error:
            raise refused(error) from error
        return await self._change(ops.FLEET_IMPORT.name, args, caller, lambda _: found.fleet, notes=found.notes)

    async def roll_back(self, args: ops.FleetRollbackArgs, caller: Caller) -> ops.FleetChange:
        """Answer fleet.rollback."""
        then = await self._desired.at(args.revision)
        return await self._become(
            ops.FLEET_ROLLBACK.name, args, caller, lambda before: evolve(then.document, paused=before.paused)
        )

    async def scale(self, args: ops.FleetScaleArgs, caller: Caller) -> ops.FleetChange:
        """Answer fleet.scale."""
        return await self._change(
            ops.FLEET_SCALE.name, args, caller, lambda fleet: edits.scaled(fleet, args.group, args.count)
        )

    async def tear_down(self, args: ops.ChangeArgs, caller: Caller) -> ops.FleetChange:
        """Answer fleet.teardown."""
        return await self._change(ops.FLEET_TEARDOWN.name, args, caller, lambda _: ())

    async def pause(self, args: ops.ChangeArgs, caller: Caller) -> ops.FleetChange:
        """Answer fleet.pause."""
        return await self._become(ops.FLEET_PAUSE.name, args, caller, lambda before: evolve(before, paused=True))

    async def resume(self, args: ops.ChangeArgs, caller: Caller) -> ops.FleetChange:
        """Answer fleet.resume."""
        return await self._become(ops.FLEET_RESUME.name, args, caller, lambda before: evolve(before, paused=False))

    async def create(self, args: decky_ops.DeckyCreateArgs, caller: Caller) -> ops.FleetChange:
        """Answer decky.create."""
        return await self._change(decky_ops.DECKY_CREATE.name, args, caller, lambda fleet: edits.created(fleet, args))

    async def edit(self, args: decky_ops.DeckyEditArgs, caller: Caller) -> ops.FleetChange:
        """Answer decky.edit."""
        return await self._change(decky_ops.DECKY_EDIT.name, args, caller, lambda fleet: edits.edited(fleet, args))

    async def delete(self, args: decky_ops.DeckyChangeArgs, caller: Caller) -> ops.FleetChange:
        """Answer decky.delete."""
        return await self._change(
            decky_ops.DECKY_DELETE.name, args, caller, lambda fleet: edits.without(fleet, args.name)
        )

    async def start(self, args: decky_ops.DeckyChangeArgs, caller: Caller) -> ops.FleetChange:
        """Answer decky.start."""
        return await self._change(
            decky_ops.DECKY_START.name, args, caller, lambda fleet: edits.started(fleet, args.name)
        )

    async def stop(self, args: decky_ops.DeckyChangeArgs, caller: Caller) -> ops.FleetChange:
        """Answer decky.stop."""
        return await self._change(
            decky_ops.DECKY_STOP.name, args, caller, lambda fleet: edits.stopped(fleet, args.name)
        )

    async def add_service(self, args: decky_ops.DeckyOptionsArgs, caller: Caller) -> ops.FleetChange:
        """Answer decky.service-add."""
        return await self._change(
            decky_ops.DECKY_SERVICE_ADD.name,
            args,
            caller,
            lambda fleet: edits.service_added(
                fleet, args, self._usual(fleet, args.name), self._desired.installed.option
            ),
        )

    async def set_service(self, args: decky_ops.DeckyOptionsArgs, caller: Caller) -> ops.FleetChange:
        """Answer decky.service-set."""
        return await self._change(
            decky_ops.DECKY_SERVICE_SET.name,
            args,
            caller,
            lambda fleet: edits.service_set(fleet, args, self._usual(fleet, args.name), self._desired.installed.option),
        )

    async def remove_service(self, args: decky_ops.DeckyServiceArgs, caller: Caller) -> ops.FleetChange:
        """Answer decky.service-remove."""
        return await self._change(
            decky_ops.DECKY_SERVICE_REMOVE.name,
            args,
            caller,
            lambda fleet: edits.service_removed(fleet, args, self._usual(fleet, args.name)),
        )

    async def tarpits(self, args: decky_ops.DeckyArgs, _caller: Caller) -> Page[tarpit_ops.TarpitRow]:
        """Answer decky.tarpit-show."""
        settings = edits.find((await self._desired.newest()).document.deckies, args.name)
        return Page(
            items=tuple(
                tarpit_ops.TarpitRow(decky=settings.name, service=one.service, delay=one.delay, rate=one.rate)
                for one in settings.tarpit
            )
        )

    async def slow(self, args: tarpit_ops.TarpitSetArgs, caller: Caller) -> ops.FleetChange:
        """Answer decky.tarpit-set."""
        return await self._change(tarpit_ops.TARPIT_SET.name, args, caller, lambda fleet: edits.slowed(fleet, args))

    async def unslow(self, args: tarpit_ops.TarpitClearArgs, caller: Caller) -> ops.FleetChange:
        """Answer decky.tarpit-clear."""
        return await self._change(tarpit_ops.TARPIT_CLEAR.name, args, caller, lambda fleet: edits.unslowed(fleet, args))

    async def mutate(self, args: decky_ops.DeckyChangeArgs, caller: Caller) -> ops.FleetChange:
        """Answer decky.mutate."""
        number = (await self._desired.newest()).revision.number if args.base is None else args.base
        rng = random.Random(f"{self._seed}/mutation/{args.name}/{number}")  # noqa: S311  a choice, not a secret
        return await self._change(
            decky_ops.DECKY_MUTATE.name, args, caller, lambda fleet: self._mutated(fleet, args.name, rng)
        )

    async def restart(self, args: decky_ops.DeckyRestartArgs, caller: Caller) -> decky_ops.DeckyRestart:
        """Answer decky.restart."""
        async with self._desired.changing:
            newest = await self._desired.newest()
            settings = edits.find(newest.document.deckies, args.name)
            if settings.state == "stopped":
                raise OperatorError(
                    CATALOGUE["DN4010"], f"{args.name} is stopped", fix=(f"decnetctl decky start {args.name}",)
                )
            restart = None
            if not args.dry_run:
                await self._desk.admit()
                restart = self._desk.write(
                    decky_ops.DECKY_RESTART.name,
                    caller,
                    revision=newest.revision.number,
                    reason=args.reason,
                    decky=args.name,
                )
                await self._desk.hand_in(restart)
        return decky_ops.DeckyRestart(dry_run=args.dry_run, interrupts=(args.name,), operation=restart)

    def _usual(self, fleet: Fleet, name: str) -> Sequence[str]:
        """Return what a decky serves when it names nothing: what there are decoys for of its archetype."""
        archetype = ARCHETYPES.get(edits.find(fleet, name).archetype)
        return () if archetype is None else archetype.installed(self._desired.installed.services)

    def _mutated(self, fleet: Fleet, name: str, rng: random.Random) -> Fleet:
        settings = edits.find(fleet, name)
        archetype = ARCHETYPES.get(settings.archetype)
        stack = settings.stack or (archetype.stack if archetype is not None else "")
        old = edits.served(settings, self._usual(fleet, name))
        installed = self._desired.installed
        refused = out_of_place(settings, installed)
        ports = {
            service: int(old.get(service, {}).get("port") or installed.plugin(f"decoy.{service}").config().port)
            for service in installed.services
            if service not in refused
        }
        services = mutation.choose(old, stack=stack, ports=ports, rng=rng)
        if services is None:
            raise OperatorError(
                CATALOGUE["DN4010"],
                f"there is no other set of services that is plausible for {name}",
                fix=("decnetctl plugin list --kind decoy",),
            )
        return edits.serving(fleet, name, services)

    async def _change(
        self, kind: str, args: ops.ChangeArgs, caller: Caller, make: Make, *, notes: tuple[str, ...] = ()
    ) -> ops.FleetChange:
        return await self._become(
            kind, args, caller, lambda before: numbered(make(before.deckies), before), notes=notes
        )

    async def _become(
        self,
        kind: str,
        args: ops.ChangeArgs,
        caller: Caller,
        make: Callable[[Document], Document],
        *,
        notes: tuple[str, ...] = (),
    ) -> ops.FleetChange:
        """Go from the newest revision to the next, or only say what that would be."""
        desired = self._desired
        async with desired.changing:
            before = await desired.newest()
            base = before.revision.number
            if args.base not in {None, base}:
                raise OperatorError(
                    CATALOGUE["DN4012"], f"the fleet is at revision {base} now, not {args.base}", fix=("do it again",)
                )
            try:
                next_one = await desired.propose(before, make)
            except ConfigError as error:
                raise refused(error) from error
            plans = next_one.plans
            if refusals := self._host.refusals(plans):
                raise OperatorError(CATALOGUE["DN1012"], _counted(refusals), errors=refusals[:MAX_PROBLEMS])
            interrupts = _interrupted(self._host.running(), plans)
            number = base + 1 if next_one.summary and not args.dry_run else base
            lifecycle = None
            if not args.dry_run:
                await self._desk.admit()
                lifecycle = self._desk.write(kind, caller, revision=number, reason=args.reason)
                await self._keep(before, next_one, caller, lifecycle)
        return ops.FleetChange(
            base=base,
            revision=number,
            dry_run=args.dry_run,
            changes=changes.shown(next_one.found, plans, desired.installed.is_secret),
            interrupts=interrupts,
            operation=lifecycle,
            notes=(*notes, *self._host.shortfalls(plans)),
            paused=next_one.document.paused,
        )

    async def _keep(self, before: Desired, proposal: Proposal, caller: Caller, lifecycle: Lifecycle) -> None:
        """Keep what is wanted and have it done; with nothing new the deckies are brought to what was wanted before."""
        if not proposal.summary:
            await self._desk.hand_in(lifecycle)
            return
        try:
            await self._desired.add(before, proposal, caller, reason=lifecycle.reason, lifecycle=lifecycle)
        finally:
            self._desk.wake()  # also when this was cut off: it may be kept


async def read(file: File, desired: DesiredFleet) -> Fleet:
    """Return the fleet a TOML file stands for.

    Raises:
        OperatorError: DN1012 with every mistake, where it is.

    """
    try:
        return await desired.read(file)
    except ConfigError as error:
        raise refused(error) from error


def refused(error: ConfigError) -> OperatorError:
    """Return the error an operator sees of a fleet that cannot be."""
    problems = tuple(problem.line_of_text() for problem in error.problems)
    return OperatorError(CATALOGUE[error.problems[0].code], _counted(problems), errors=problems[:MAX_PROBLEMS])


def _counted(problems: Sequence[str]) -> str:
    return (
        f"{problems[0]}; nothing was changed" if len(problems) == 1 else f"{len(problems)} errors; nothing was changed"
    )


def _interrupted(running: Mapping[str, DeckyPlan], plans: Sequence[DeckyPlan]) -> tuple[str, ...]:
    """Return the deckies whose connections end."""
    after = {plan.name: plan for plan in plans}
    return tuple(
        name for name, plan in running.items() if plan.running and (name not in after or not plan.lasts_as(after[name]))
    )
