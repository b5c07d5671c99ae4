import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from structlog.testing import capture_logs

from decnet_actors.domain.facts import DeckyState, DeckyStateChanged
from decnet_actors.fleet.reconcile import Move
from decnet_actors.fleet.reconciler import EVERY, AskLooked, Look, Looked, Reconciler
from supervisors import log
from supervisors.testing import ManualClock, launch, settle
from tests.decnet_actors.fleet.world import MemoryDriver, MemoryHands


class World:
    """A reconciler and what it works on."""

    def __init__(self, every: float) -> None:
        self.driver = MemoryDriver()
        self.hands = MemoryHands(self.driver, lambda: self.driver.places)
        self.told: list[tuple[str, DeckyState, DeckyState]] = []
        self.clock = ManualClock()
        self.actor = Reconciler(self.driver, self.hands, self.note, every=every)

    def note(self, decky: str, fact: DeckyStateChanged) -> None:
        self.told.append((decky, fact.old, fact.new))

    async def look(self) -> Looked:
        await self.actor.ref.ask(Look(), within=5.0)
        await settle()
        looked: Looked = await self.actor.ref.ask(AskLooked(), within=5.0)
        return looked


@asynccontextmanager
async def running(every: float = EVERY) -> AsyncIterator[World]:
    world = World(every)
    launch(world.actor, "fleet/reconciler", clock=world.clock)
    await world.actor.started
    try:
        yield world
    finally:
        world.actor.kill()


async def test_a_fleet_is_brought_to_what_is_wanted_and_left_alone_then() -> None:
    async with running() as world:
        world.hands.want("web-01", 0)
        world.hands.want("db-01", 1)
        world.hands.want("old-01", 2, running=False)
        first = await world.look()
        second = await world.look()

    assert [(step.decky, step.move) for step in first.moved] == [("web-01", Move.START), ("db-01", Move.START)]
    assert second == Looked()
    assert set(world.driver.places) == {"web-01", "db-01"}


async def test_it_looks_by_itself() -> None:
    async with running(every=0.0) as world, asyncio.timeout(5):
        world.hands.want("web-01", 0)
        while "web-01" not in world.driver.places:
            await settle()


async def test_changing_one_decky_touches_no_other() -> None:
    async with running() as world:
        for index in range(5):
            world.hands.want(f"d-{index}", index)
        await world.look()
        world.driver.made.clear()
        world.hands.restarted.clear()
        world.hands.want("d-3", 3, mac="52:54:00:00:00:03")
        looked = await world.look()

    assert [(step.decky, step.move) for step in looked.moved] == [("d-3", Move.REBUILD)]
    assert (world.driver.removed, world.driver.made, world.hands.restarted) == (["d-3"], ["d-3"], ["d-3"])


async def test_a_state_is_told_once_and_a_quiet_look_tells_nothing() -> None:
    async with running() as world:
        world.hands.want("web-01", 0)
        await world.look()
        world.driver.failing.add("web-01")
        world.driver.break_("web-01")
        looks = [await world.look() for _ in range(3)]
        world.driver.failing.clear()
        await world.look()
        del world.hands.wanted["web-01"]
        await world.look()

    assert [look.failed for look in looks] == [{"web-01": "web-01: no room"}] * 3
    assert world.told == [
        ("web-01", DeckyState.ABSENT, DeckyState.UP),
        ("web-01", DeckyState.UP, DeckyState.DOWN),
        ("web-01", DeckyState.DOWN, DeckyState.UP),
        ("web-01", DeckyState.UP, DeckyState.ABSENT),
    ]


async def test_a_driver_that_cannot_be_reached_is_left_alone_and_said_once() -> None:
    async with running() as world:
        world.hands.want("web-01", 0)
        await world.look()
        world.driver.reachable = False
        del world.hands.wanted["web-01"]
        log.configure("info")
        with capture_logs() as lines:
            looks = [await world.look() for _ in range(3)]
        log.configure("critical")  # as tests/conftest.py has it
        assert "web-01" in world.driver.places
        world.driver.reachable = True
        await world.look()

    assert [look.unreachable for look in looks] == ["nobody answers"] * 3
    assert [line["event"] for line in lines] == ["fleet.driver_unreachable"]
    assert world.driver.places == {}


async def test_nothing_is_moved_while_an_operator_pauses_it() -> None:
    async with running() as world:
        world.hands.want("web-01", 0)
        world.hands.resting = True
        assert await world.look() == Looked()
        assert world.driver.places == {}
        world.hands.resting = False
        await world.look()

    assert set(world.driver.places) == {"web-01"}


async def test_killed_at_any_moment_of_a_look_the_next_one_converges() -> None:
    for steps in range(12):
        async with running() as world:
            for index in range(3):
                world.hands.want(f"d-{index}", index)
            await world.look()
            world.driver.drift("d-1", address="192.0.2.99")
            world.driver.break_("d-2")
            del world.hands.wanted["d-0"]
            world.actor.ref.tell(Look())
            for _ in range(steps):
                await asyncio.sleep(0)
            world.actor.kill()
            heir = Reconciler(world.driver, world.hands, world.note)
            launch(heir, "fleet/reconciler", clock=world.clock)
            await heir.started
            with suppress(asyncio.CancelledError):
                await heir.ref.ask(Look(), within=5.0)
                await settle()
            heir.kill()

        assert {name: seen.place.address for name, seen in world.driver.places.items()} == {
            "d-1": "192.0.2.2",
            "d-2": "192.0.2.3",
        }
        assert world.hands.serving >= {"d-1", "d-2"}
