"""A decky whose interval has passed changes the way a command changes it, as the daemon's own doing."""

import asyncio
from types import SimpleNamespace
from typing import Any

from decnet_actors.app.tree import mutator
from decnet_actors.contracts.lifecycle import State
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.domain.facts import Trigger
from decnet_actors.fleet.handlers import FleetChanges
from decnet_actors.fleet.mutator import LookAround
from decnet_actors.fleet.settings import DeckySettings
from supervisors.testing import launch, settle
from tests.decnet_actors.fleet.undertakings import company

OFTEN = (
    DeckySettings(name="a", services=("ssh",), mutate_interval=60.0),
    DeckySettings(name="b", services=("ssh",), mutate_interval=60.0),
)


async def test_deckies_change_one_after_another_each_when_the_one_before_is_done() -> None:
    async with company() as founded:
        hostable = await founded.desired.take(OFTEN)
        await founded.crew.converge(1, hostable, Trigger.OPERATOR, lambda *_: None)
        table = OperationTable(None, founded.clock.now)
        FleetChanges(founded.desired, founded.crew, founded.desk, seed=7).bind(table)
        parts: Any = SimpleNamespace(table=table, desired=founded.desired, desk=founded.desk)  # Any: what it needs
        actor = mutator(parts)
        launch(actor, clock=founded.clock)
        founded.crew.gate = asyncio.Event()
        for seconds in (0.0, 60.0):
            founded.clock.advance(seconds)
            actor.ref.tell(LookAround())
            await settle()
        asked = [(row.kind, row.author, row.state) for row in await founded.records.list()]
        founded.crew.gate.set()
        await settle()
        actor.ref.stop()
        await settle()

        assert asked == [("decky.mutate", "mutator", State.RUNNING)]
        assert [row.state for row in await founded.records.list()] == [State.SUCCEEDED] * 2
        assert founded.crew.triggers == [Trigger.OPERATOR, Trigger.SCHEDULED, Trigger.SCHEDULED]
