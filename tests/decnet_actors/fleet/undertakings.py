"""Revisions and lifecycle operations in memory, a crew that is looked at, and a conductor that works with them."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from attrs import evolve

from decnet_actors.contracts.fleet import DeckyPlan
from decnet_actors.contracts.fleet_revisions import FleetRevision
from decnet_actors.contracts.lifecycle import DeckyOutcome, Lifecycle, Outcome
from decnet_actors.domain.facts import Fact, Trigger
from decnet_actors.fleet.conductor import Conductor, Report, Work
from decnet_actors.fleet.desired import DesiredFleet, Hostable
from decnet_actors.fleet.desk import Desk
from supervisors.testing import ManualClock, launch
from tests.decnet_actors.fleet.fleets import INSTALLED


class Records:
    """Lifecycle operations in memory; each question and each answer takes a turn of the loop."""

    def __init__(self) -> None:
        self.rows: dict[str, Lifecycle] = {}

    async def add(self, lifecycle: Lifecycle) -> None:
        await asyncio.sleep(0)
        self.rows[lifecycle.id] = lifecycle
        await asyncio.sleep(0)

    async def change(self, lifecycle: Lifecycle) -> None:
        await self.add(lifecycle)

    async def get(self, id: str) -> Lifecycle | None:  # noqa: A002  the port's own word
        return self.rows.get(id)

    async def next(self) -> Lifecycle | None:
        await asyncio.sleep(0)
        return min((row for row in self.rows.values() if not row.state.is_end), key=lambda row: row.id, default=None)

    async def list(self, *, before: str | None = None, limit: int = 100) -> Sequence[Lifecycle]:
        rows = sorted(self.rows.values(), key=lambda row: row.id, reverse=True)
        return [evolve(row, outcomes=()) for row in rows if before is None or row.id < before][:limit]


class Revisions:
    """Revisions in memory."""

    def __init__(self, records: Records) -> None:
        self.rows: list[FleetRevision] = []
        self._records = records

    async def newest(self) -> FleetRevision | None:
        return self.rows[-1] if self.rows else None

    async def get(self, number: int) -> FleetRevision | None:
        return next((row for row in self.rows if row.number == number), None)

    async def list(self, *, before: int | None = None, limit: int = 100) -> Sequence[FleetRevision]:
        rows = [evolve(row, document="") for row in self.rows if before is None or row.number < before]
        return rows[::-1][:limit]

    async def add(self, revision: FleetRevision, lifecycle: Lifecycle | None = None) -> None:
        self.rows.append(revision)
        if lifecycle is not None:
            self._records.rows[lifecycle.id] = lifecycle


class Crew:
    """A crew that brings everything up but what is to fail, one decky a turn of the loop, and notes what it did."""

    def __init__(self) -> None:
        self.lacking = ()
        self.plans: dict[str, DeckyPlan] = {}
        self.touched: list[str] = []
        self.triggers: list[Trigger] = []
        self.failing: dict[str, str] = {}
        self.refused: list[str] = []
        self.revision = 0
        self.log: list[str] = []
        self.broken: Exception | None = None  # a defect of ours
        self.gate: asyncio.Event | None = None  # what every decky waits for

    def running(self) -> Mapping[str, DeckyPlan]:
        return self.plans

    def shortfalls(self, plans):
        return self.lacking

    def refusals(self, plans: Sequence[DeckyPlan]) -> Sequence[str]:
        del plans
        return self.refused

    async def converge(
        self, revision: int, hostable: Hostable, trigger: Trigger, report: Report
    ) -> Sequence[DeckyOutcome]:
        self.log.append(f"{revision} begins")
        self.revision = revision
        self.triggers.append(trigger)
        after = {plan.name: plan for plan in hostable.plans}
        self.touched = [name for name in {**self.plans, **after} if self.plans.get(name) != after.get(name)]
        for number, name in enumerate(self.touched):
            report(number, len(self.touched))
            if self.gate is not None:
                await self.gate.wait()
            await asyncio.sleep(0)
            if self.broken is not None:
                raise self.broken
            self.plans.pop(name, None)
            if name in after:
                self.plans[name] = after[name]
        report(len(self.touched), len(self.touched))
        self.plans = after
        self.log.append(f"{revision} ends")
        return [self._outcome(name) for name in self.touched]

    async def restart(self, name: str) -> DeckyOutcome:
        await asyncio.sleep(0)
        self.log.append(f"{name} restarts")
        return self._outcome(name)

    async def down(self) -> Sequence[DeckyOutcome]:
        return [self._outcome(name) for name in self.plans if name in self.failing]

    def _outcome(self, name: str) -> DeckyOutcome:
        if name in self.failing:
            return DeckyOutcome(name=name, state=Outcome.DOWN, error=self.failing[name])
        return DeckyOutcome(name=name, state=Outcome.UP if name in self.plans else Outcome.GONE)


async def at_once(work: Any) -> Any:
    return work()


class Company:
    """A desk and whoever works for it."""

    def __init__(self) -> None:
        ids = itertools.count(1)
        self.clock = ManualClock()
        self.facts: list[Fact] = []
        self.records = Records()
        self.revisions = Revisions(self.records)
        self.crew = Crew()
        self.desired = DesiredFleet(self.revisions, INSTALLED, now=self.clock.now, offload=at_once)
        self.desk = Desk(
            self.records,
            clock=self.clock,
            new_id=lambda: f"{next(ids):032x}",
            note=self.facts.append,
            wake=self._wake,
        )
        self.conductor: Conductor | None = None

    async def hire(self) -> Conductor:
        """Start a conductor, another one than before."""
        self.conductor = Conductor(self.desk, self.desired, self.crew)
        launch(self.conductor, "fleet/conductor", clock=self.clock)
        await self.conductor.started
        return self.conductor

    def _wake(self) -> None:
        if self.conductor is not None and self.conductor.is_up:
            self.conductor.ref.tell(Work())


@asynccontextmanager
async def company() -> AsyncIterator[Company]:
    """Run one until the block ends."""
    founded = Company()
    await founded.hire()
    try:
        yield founded
    finally:
        if founded.conductor is not None:
            founded.conductor.kill()
