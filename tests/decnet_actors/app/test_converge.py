"""Deckies that run become those that are meant to, whatever became of the change before."""

import asyncio
import socket
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve

from decnet_actors.app.converge import RunningFleet
from decnet_actors.app.fleet_view import LiveFleet
from decnet_actors.conformance.fakes import NOW, _at_once
from decnet_actors.contracts.fleet import DeckyPlan, ServicePlan, Tarpit
from decnet_actors.contracts.fleet_driver import Wanted
from decnet_actors.decoys.sessions import OpenSessions
from decnet_actors.domain.facts import DeckyMutated, Trigger
from decnet_actors.fleet.fleet_operations import Outcome
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
            note=lambda decky, fact: self.noted.append((decky, fact)),
        )
        self.noted: list[tuple[str, DeckyMutated]] = []
        self.daemon = parts  # Any: as much of a Daemon as is asked for
        self.daemon.fleet = LiveFleet(
            lambda: self.daemon.inhabitants, lambda: self.system.directory, self.system.tree, sessions
        )
        self.fleet = RunningFleet(self.daemon)

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
    await running.fleet.converge(FIRST, Trigger.OPERATOR)
    before = await running.listening()
    done = {one.name: one.state for one in await running.fleet.converge(SECOND, Trigger.OPERATOR)}
    after = await running.listening()

    assert done == {"old": Outcome.GONE, "db": Outcome.UP, "new": Outcome.UP}
    assert (before["web"], {"web", "db", "new"}) == (after["web"], set(after))
    assert before["db"] != after["db"]
    assert await running.fleet.converge(SECOND, Trigger.OPERATOR) == []
    assert [one.name for one in await running.daemon.fleet.deckies()] == ["web", "db", "new"]


async def test_a_stopped_decky_is_there_and_does_not_listen(running):
    resting = (FIRST[0], evolve(FIRST[1], running=False))
    (_, db) = await running.fleet.converge(resting, Trigger.OPERATOR)

    assert (db.name, db.state) == ("db", Outcome.STOPPED)
    assert set(await running.listening()) == {"web"}
    assert await running.children() == {"web"}
    assert set(running.fleet.running()) == {"web", "db"}
    assert await running.fleet.converge(resting, Trigger.OPERATOR) == []


async def test_what_has_gone_from_the_tree_is_brought_back(running):
    await running.fleet.converge(FIRST, Trigger.OPERATOR)
    await running.fleet._end("db")
    running.daemon.inhabitants = {plan.name: running.daemon.inhabitants.get(plan.name) for plan in FIRST}
    del running.daemon.inhabitants["db"]

    assert [one.name for one in await running.fleet.converge(FIRST, Trigger.OPERATOR)] == ["db"]
    assert set(await running.listening()) == {"web", "db", "old"}


async def test_an_address_that_is_chosen_for_one_is_refused_to_another(running):
    chosen = running.daemon.driver.place(Wanted(decky="web", index=0)).address
    (refusal,) = running.fleet.refusals((decky("web", 0), decky("db", 1, address=chosen)))

    assert refusal.startswith(f"db: the address {chosen} is that of web")
    assert len(running.fleet.refusals((decky("far", 100_000),))) == 1


async def test_a_change_that_is_cut_off_anywhere_is_finished_by_the_next(running):
    await running.fleet.converge(FIRST, Trigger.OPERATOR)

    async def check() -> None:
        await running.fleet.converge(SECOND, Trigger.OPERATOR)

        assert set(await running.listening()) == await running.children() == {"web", "db", "new"}
        assert list(running.fleet.running().values()) == list(SECOND)
        await running.fleet.converge(FIRST, Trigger.OPERATOR)
        assert set(await running.listening()) == await running.children() == {"web", "db", "old"}

    assert await crash_everywhere(lambda: (running.fleet.converge(SECOND, Trigger.OPERATOR), check)) > 5


async def test_a_tarpit_is_put_in_force_while_the_services_run(running):
    await running.fleet.converge(FIRST, Trigger.OPERATOR)
    port = (await running.listening())["web"]
    address = running.daemon.inhabitants["web"].place.address
    reader, writer = await asyncio.open_connection(address, port)
    writer.write(b"PING\r\n")
    await reader.readuntil(b"\r\n")
    tarpit = Tarpit(service="redis", delay=300.0)
    (done,) = await running.fleet.converge((evolve(FIRST[0], tarpits=(tarpit,)), *FIRST[1:]), Trigger.OPERATOR)
    writer.write(b"PING\r\n")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await reader.readuntil(b"\r\n")
    assert (done.name, done.state, port) == ("web", Outcome.UP, (await running.listening())["web"])
    assert running.fleet.running()["web"].tarpits == (tarpit,)
    writer.close()
