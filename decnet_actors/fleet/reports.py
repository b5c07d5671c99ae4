"""This module answers the operations that look at what the fleet is meant to be, and change nothing."""

from decnet_actors.contracts.arguments import did_you_mean
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Nothing, Page
from decnet_actors.domain.text import escaped
from decnet_actors.fleet import archetype_operations as archetype_ops
from decnet_actors.fleet import changes, toml
from decnet_actors.fleet import fleet_operations as ops
from decnet_actors.fleet.archetypes import ARCHETYPES, Archetype
from decnet_actors.fleet.desired import Desired, DesiredFleet
from decnet_actors.fleet.document import numbered
from decnet_actors.fleet.handlers import read
from decnet_actors.fleet.plan import expand
from decnet_actors.fleet.settings import DeckySettings, default_fleet

MAX_NAME = 64  # characters of an unknown name repeated in an error


class FleetReports:
    """Handlers of fleet.show, plan, diff, history and export, and of archetype.*."""

    def __init__(self, desired: DesiredFleet) -> None:
        self._desired = desired

    def bind(self, table: OperationTable) -> None:
        """Make the operations callable."""
        table.bind(ops.FLEET_SHOW, self.show)
        table.bind(ops.FLEET_PLAN, self.plan)
        table.bind(ops.FLEET_DIFF, self.diff)
        table.bind(ops.FLEET_HISTORY, self.history)
        table.bind(ops.FLEET_EXPORT, self.export)
        table.bind(archetype_ops.ARCHETYPE_LIST, self.list_archetypes)
        table.bind(archetype_ops.ARCHETYPE_SHOW, self.show_archetype)

    async def show(self, args: ops.FleetShowArgs, caller: Caller) -> ops.FleetReport:
        """Answer fleet.show."""
        del caller
        newest = await self._desired.newest()
        wanted = await self._wanted(args, newest)
        revision = wanted.revision
        return ops.FleetReport(
            revision=revision.number,
            newest_revision=newest.revision.number,
            time=revision.time,
            author=revision.author,
            via=revision.via,
            reason=revision.reason,
            digest=revision.digest,
            paused=wanted.document.paused,
            deckies=tuple(self._member(settings) for settings in wanted.document.deckies),
        )

    async def plan(self, args: ops.FleetFileArgs, caller: Caller) -> Page[ops.PlannedDecky]:
        """Answer fleet.plan."""
        del caller
        fleet = await read(args.file, self._desired)
        available = self._desired.installed.services
        rows = []
        for settings, plan in zip(fleet, expand(fleet, self._desired.installed), strict=True):
            archetype = ARCHETYPES.get(settings.archetype)
            rows.append(
                ops.PlannedDecky(
                    name=plan.name,
                    services=tuple(f"{service.name}:{service.port}" for service in plan.services),
                    missing=() if archetype is None or settings.services else archetype.missing(available),
                    address=plan.address,
                    distribution=plan.distribution,
                    stack=plan.stack,
                    archetype=settings.archetype,
                )
            )
        return Page(items=rows)

    async def diff(self, args: ops.FleetDiffArgs, caller: Caller) -> ops.FleetDiff:
        """Answer fleet.diff."""
        del caller
        configured = self._desired.configured
        if args.file is not None:
            fleet = await read(args.file, self._desired)
        else:
            fleet = default_fleet() if configured is None else configured
        newest = await self._desired.newest()
        next_one = await self._desired.propose(newest, lambda before: numbered(fleet, before))
        return ops.FleetDiff(
            base=newest.revision.number,
            changes=changes.shown(next_one.found, next_one.plans, self._desired.installed.is_secret),
        )

    async def history(self, args: ops.FleetHistoryArgs, caller: Caller) -> Page[ops.RevisionRow]:
        """Answer fleet.history."""
        del caller
        before = _number(args.cursor) if args.cursor is not None else None
        revisions = await self._desired.revisions.list(before=before, limit=args.limit)
        rows = [
            ops.RevisionRow(
                revision=one.number,
                time=one.time,
                author=one.author,
                via=one.via,
                summary=one.summary,
                reason=one.reason,
                digest=one.digest,
            )
            for one in revisions
        ]
        more = len(rows) == args.limit and rows[-1].revision > 1
        return Page(items=rows, next=str(rows[-1].revision) if more else None)

    async def export(self, args: ops.FleetShowArgs, caller: Caller) -> ops.FleetText:
        """Answer fleet.export."""
        del caller
        wanted = await self._wanted(args, await self._desired.newest())
        return ops.FleetText(revision=wanted.revision.number, text=toml.write(wanted.document))

    async def list_archetypes(self, args: Nothing, caller: Caller) -> Page[archetype_ops.ArchetypeRow]:
        """Answer archetype.list."""
        del args, caller
        available = self._desired.installed.services
        return Page(
            items=[
                archetype_ops.ArchetypeRow(
                    name=one.name,
                    services=one.installed(available),
                    missing=one.missing(available),
                    stack=one.stack,
                    summary=one.summary,
                )
                for one in ARCHETYPES.values()
            ]
        )

    async def show_archetype(self, args: archetype_ops.ArchetypeArgs, caller: Caller) -> archetype_ops.ArchetypeDetail:
        """Answer archetype.show."""
        del caller
        one = _archetype(args.name)
        available = self._desired.installed.services
        newest = await self._desired.newest()
        return archetype_ops.ArchetypeDetail(
            name=one.name,
            services=one.installed(available),
            missing=one.missing(available),
            stack=one.stack,
            summary=one.summary,
            distributions=one.distributions,
            usable=bool(one.installed(available)),
            deckies=tuple(item.name for item in newest.document.deckies if item.archetype == one.name),
        )

    async def _wanted(self, args: ops.FleetShowArgs, newest: Desired) -> Desired:
        return newest if args.revision is None else await self._desired.at(args.revision)

    def _member(self, settings: DeckySettings) -> ops.FleetMember:
        archetype = ARCHETYPES.get(settings.archetype)
        usual = archetype.installed(self._desired.installed.services) if archetype is not None else ()
        return ops.FleetMember(
            name=settings.name,
            state=settings.state,
            archetype=settings.archetype,
            services=tuple(settings.services) or usual,
            address=settings.address,
            distribution=settings.distribution,
            stack=settings.stack or (archetype.stack if archetype is not None else ""),
        )


def _archetype(name: str) -> Archetype:
    if name not in ARCHETYPES:
        raise OperatorError(
            CATALOGUE["DN3001"],
            f'no archetype is called "{escaped(name, MAX_NAME)}"{did_you_mean(name, ARCHETYPES)}',
            fix=("decnetctl archetype list",),
        )
    return ARCHETYPES[name]


def _number(cursor: str) -> int:
    if not cursor.isdecimal() or not cursor.isascii() or len(cursor) > len(str(2**62)):
        raise OperatorError(CATALOGUE["DN5001"], "/cursor: is not the next of a page", errors=("/cursor: unknown",))
    return int(cursor)
