"""Deckies that run become those that are meant to, whatever became of the change before."""

import asyncio
import socket
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve

from decnet_actors.app.converge import RunningFleet
from decnet_actors.app.fleet_view import LiveFleet
from decnet_actors.conformance.fakes import NOW, _at_once
from decnet_actors.contracts.fleet import DeckyPlan, ServicePlan, Tarpit
from decnet_actors.contracts.fleet_driver import Wanted
from decnet_actors.contracts.lifecycle import DeckyOutcome, Outcome
from decnet_actors.decoys.sessions import OpenSessions
from decnet_actors.domain.facts import DeckyMutated, Trigger
from decnet_actors.fleet.desired import Hostable
from plugins.decoy.redis import RedisConfig
from plugins.fleet_driver.loopback.driver import LoopbackDriver, Shift
from supervisors.clock import SystemClock
from supervisors.errors import Exit
from supervisors.spec import SupervisorSpec
from supervisors.system import System
from supervisors.testing import ManualClock, crash_everywhere
from tests.daemon import own_network
from tests.decnet_actors.app.test_house import means

REDIS = ServicePlan(name="redis", plugin="decoy.redis", config=RedisConfig(port=0), port=0)


def decky(name: str, index: int, **changes: Any) -> DeckyPlan:
    return evolve(DeckyPlan(name=name, index=index, services=(REDIS,)), **changes)


FIRST = (decky("web", 0), decky("db", 1), decky("old", 2))
SECOND = (decky("web", 0), decky("db", 1, distribution="debian:12"), decky("new", 3))


class Running:
    """A running tree with a fleet in it, and the parts of a daemon that matter to it."""

    def __init__(self) -> None:
        sessions = OpenSessions()
        driver = LoopbackDriver(network=own_network(), shift=Shift.AUTO)
        spec = SupervisorSpec("decnetd", (SupervisorSpec("fleet", ()),))
        self.system = System(spec, clock=SystemClock(), seed=1)
        made = evolve(means(ManualClock(NOW)), driver=driver, sessions=sessions)
        parts: Any = SimpleNamespace(
            inhabitants={},
            driver=driver,
            system=self.system,
            means=made,
            off=_at_once,
            left_out={},
            revision=0,
            note=lambda decky, fact: self.noted.append((decky, fact)),
        )
        self.told: list[tuple[int, ...]] = []
        self.noted: list[tuple[str, DeckyMutated]] = []
        self.daemon = parts  # Any: as much of a Daemon as is asked for
        self.daemon.fleet = LiveFleet(
            lambda: self.daemon.inhabitants, lambda: self.system.directory, self.system.tree, sessions
        )
        self.fleet = RunningFleet(self.daemon)

    async def converge(self, plans: Sequence[DeckyPlan]) -> Sequence[DeckyOutcome]:
        """Become these, as an operator wants it; keep what was told of progress."""
        self.told = []
        hostable = Hostable(plans=tuple(plans))
        return await self.fleet.converge(1, hostable, Trigger.OPERATOR, lambda *far: self.told.append(far))

    async def listening(self) -> dict[str, int]:
        """Return the port of each decky that answers."""
        rows = [row for one in await self.daemon.fleet.deckies() for row in one.details if row.port]
        for row in rows:
            with socket.create_connection((row.address, row.port), 2):
                pass
        return {row.decky: row.port for row in rows}

    async def children(self) -> set[str]:
        tree = await self.system.tree()
        return {node.path.rpartition("/")[2] for node in tree.children[0].children}


@pytest.fixture
async def running():
    made = Running()
    await made.system.start()
    yield made
    assert await made.system.stop(within=10) is Exit.SHUTDOWN


async def test_only_what_is_different_is_touched(running):
    await running.converge(FIRST)
    before = await running.listening()
    done = {one.name: one.state for one in await running.converge(SECOND)}
    after = await running.listening()

    assert done == {"old": Outcome.GONE, "db": Outcome.UP, "new": Outcome.UP}
    assert running.told == [(0, 3), (1, 3), (3, 3)]
    assert (before["web"], {"web", "db", "new"}) == (after["web"], set(after))
    assert before["db"] != after["db"]
    assert await running.converge(SECOND) == []
    assert [one.name for one in await running.daemon.fleet.deckies()] == ["web", "db", "new"]


async def test_a_stopped_decky_is_there_and_does_not_listen(running):
    resting = (FIRST[0], evolve(FIRST[1], running=False))
    (_, db) = await running.converge(resting)

    assert (db.name, db.state) == ("db", Outcome.STOPPED)
    assert set(await running.listening()) == {"web"}
    assert await running.children() == {"web"}
    assert set(running.fleet.running()) == {"web", "db"}
    assert await running.converge(resting) == []


async def test_what_has_gone_from_the_tree_is_brought_back(running):
    await running.converge(FIRST)
    await running.fleet._end(["db"])
    running.daemon.inhabitants = {plan.name: running.daemon.inhabitants.get(plan.name) for plan in FIRST}
    del running.daemon.inhabitants["db"]

    assert [one.name for one in await running.converge(FIRST)] == ["db"]
    assert set(await running.listening()) == {"web", "db", "old"}


async def test_an_address_that_is_chosen_for_one_is_refused_to_another(running):
    chosen = running.daemon.driver.place(Wanted(decky="web", index=0)).address
    (refusal,) = running.fleet.refusals((decky("web", 0), decky("db", 1, address=chosen)))

    assert refusal.startswith(f"db: the address {chosen} is that of web")
    assert len(running.fleet.refusals((decky("far", 100_000),))) == 1


async def test_a_change_that_is_cut_off_anywhere_is_finished_by_the_next(running):
    await running.converge(FIRST)

    async def check() -> None:
        await running.converge(SECOND)

        assert set(await running.listening()) == await running.children() == {"web", "db", "new"}
        assert list(running.fleet.running().values()) == list(SECOND)
        await running.converge(FIRST)
        assert set(await running.listening()) == await running.children() == {"web", "db", "old"}

    assert await crash_everywhere(lambda: (running.converge(SECOND), check)) > 5


async def test_what_cannot_be_hosted_is_left_out_and_told(running):
    hostable = Hostable(plans=FIRST[:1], left_out={"gone": "there is no decoy for smb"})
    done = await running.fleet.converge(3, hostable, Trigger.OPERATOR, lambda *_: None)

    assert [(one.name, one.state, one.error) for one in done] == [
        ("web", Outcome.UP, ""),
        ("gone", Outcome.DOWN, "there is no decoy for smb"),
    ]
    assert (running.fleet.revision, running.daemon.left_out) == (3, {"gone": "there is no decoy for smb"})
    assert [one.name for one in await running.fleet.down()] == ["gone"]


async def test_each_decky_that_serves_something_else_is_told_once(running):
    await running.converge(FIRST)
    assert [(name, fact.trigger) for name, fact in running.noted] == [
        (name, Trigger.CREATION) for name in ("web", "db", "old")
    ]
    running.noted.clear()
    await running.converge((decky("web", 0, services=(evolve(REDIS, name="cache"),)), FIRST[1]))

    assert running.noted == [
        ("old", DeckyMutated(old=("redis",), new=(), trigger=Trigger.RETIREMENT)),
        ("web", DeckyMutated(old=("redis",), new=("cache",), trigger=Trigger.OPERATOR)),
    ]


async def test_a_tarpit_is_put_in_force_while_the_services_run(running):
    await running.converge(FIRST)
    port = (await running.listening())["web"]
    address = running.daemon.inhabitants["web"].place.address
    reader, writer = await asyncio.open_connection(address, port)
    writer.write(b"PING\r\n")
    await reader.readuntil(b"\r\n")
    tarpit = Tarpit(service="redis", delay=300.0)
    (done,) = await running.converge((evolve(FIRST[0], tarpits=(tarpit,)), *FIRST[1:]))
    writer.write(b"PING\r\n")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await reader.readuntil(b"\r\n")
    assert (done.name, done.state, port) == ("web", Outcome.UP, (await running.listening())["web"])
    assert running.fleet.running()["web"].tarpits == (tarpit,)
    writer.close()
