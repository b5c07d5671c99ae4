"""Tests of the actor behind a service, in a real tree, on real loopback sockets."""

import asyncio
import contextlib
from typing import ClassVar

import pytest
from attrs import frozen

from decnet_actors.conformance.fake_machine import FakeMachine
from decnet_actors.conformance.fakes import FakeArtifacts, FakeJournal, FakePolicy, FakeVault
from decnet_actors.contracts.decoy import HangUp, Note, Send, WakeAt
from decnet_actors.contracts.fleet import DeckyPlan, ServicePlan
from decnet_actors.contracts.fleet_driver import Place, Wanted
from decnet_actors.contracts.plugin import Plugin
from decnet_actors.decoys.decky import decky_spec
from decnet_actors.decoys.host import DescribeService, Household
from decnet_actors.decoys.sessions import OpenSessions
from decnet_actors.decoys.tarpit import Tarpits
from decnet_actors.domain.facts import CloseReason, CommandSeen, ServiceStarted, ServiceStopped, SessionClosed
from plugins.fleet_driver.loopback.driver import LoopbackDriver, Shift
from supervisors.clock import SystemClock
from supervisors.spec import SupervisorSpec
from supervisors.system import System


@frozen(kw_only=True)
class Config:
    port: int = 0


class Echo:
    """Says every line back, in capitals."""

    def opened(self, now):
        return [Send(b"hello\n")]

    def received(self, data, now):
        return [Note(CommandSeen(verb=data.decode().strip().upper())), Send(data.upper())]

    def ended(self, now):
        return [HangUp()]

    def tick(self, now):
        return []

    def closed(self, now):
        return []


class Service:
    opened = closed = 0
    broken = False
    seeds: ClassVar[list[float]] = []

    def __init__(self, deps):
        self.seeds.append(deps.rng.random())

    async def open(self):
        type(self).opened += 1
        if self.broken:
            raise OSError(28, "No space left on device")

    def connect(self, log):
        return Echo()

    async def aclose(self):
        type(self).closed += 1


@contextlib.asynccontextmanager
async def running(service_class, journal=None):
    journal = journal or FakeJournal()
    sessions = OpenSessions()
    machine = FakeMachine()
    household = Household(
        host="host-1",
        wanted=Wanted(decky="web-01", index=0),
        place=Place(decky="web-01", address="127.77.0.1"),
        machine=machine,
        policy=FakePolicy(),
        artifacts=FakeArtifacts(),
        vault=FakeVault(),
        driver=LoopbackDriver(network="127.77.0.0/16", shift=Shift.AUTO),
        sessions=sessions,
        tarpits=Tarpits(),
        writer=lambda producer: journal,
        offload=None,  # type: ignore[arg-type]  # not used here
    )
    plugin = Plugin(id="decoy.echo", config=Config, create=lambda config, deps: service_class(deps), summary="")
    plan = DeckyPlan(
        name="web-01",
        index=0,
        services=(ServicePlan(name="echo", plugin="decoy.echo", config=Config(), port=0),),
    )
    spec = SupervisorSpec("root", children=(decky_spec(plan, household, lambda _: plugin),))
    system = System(spec, clock=SystemClock(), seed=1)
    await system.start()
    try:
        yield system, journal, sessions
    finally:
        await system.stop(within=5)


@pytest.fixture
def service_class():
    return type("Fresh", (Service,), {"seeds": [], "opened": 0, "closed": 0, "broken": False})


async def talk(journal, line=b"ping\n"):
    started = journal.of(ServiceStarted)[-1]
    reader, writer = await asyncio.open_connection(started.address, started.port)
    assert await reader.readline() == b"hello\n"
    writer.write(line)
    return reader, writer, await reader.readline()


async def until(true):
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.002)


async def test_service_of_a_decky_listens_and_is_described(service_class):
    async with running(service_class) as (system, journal, sessions):
        _, writer, answer = await talk(journal)

        assert answer == b"PING\n"
        assert sessions.counts() == {("web-01", "echo"): 1}
        status = await system.directory.address("root/web-01/echo").ask(DescribeService(), within=1)
        assert ("web-01", "echo", "127.77.0.1", 1) == (status.decky, status.service, status.address, status.sessions)
        assert status.port == journal.of(ServiceStarted)[0].port
        writer.close()


async def test_orderly_stop_ends_sessions_and_says_so(service_class):
    async with running(service_class) as (_, journal, sessions):
        reader, writer, _ = await talk(journal)

    assert await reader.read() == b""
    writer.close()
    assert [fact.reason for fact in journal.of(SessionClosed)] == [CloseReason.SHUTDOWN]
    assert isinstance(journal.facts[-1], ServiceStopped)
    assert len(sessions) == 0
    assert (1, 1) == (service_class.opened, service_class.closed)


async def test_killed_service_listens_again_at_once_and_leaves_nothing_open(service_class):
    async with running(service_class) as (_system, journal, sessions):
        reader, writer, _ = await talk(journal)
        sessions._doors["web-01", "echo"].kill()
        await until(lambda: len(journal.of(ServiceStarted)) == 2)
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        _, again, answer = await talk(journal)

        assert answer == b"PING\n"
        assert len(sessions) == 1
        again.close()


async def test_restart_gives_the_service_the_same_chance(service_class):
    async with running(service_class) as (system, journal, _):
        await system.restart("root/web-01/echo")
        await until(lambda: len(journal.of(ServiceStarted)) == 2)

    assert len(set(service_class.seeds)) == 1


async def test_service_that_cannot_open_is_closed_and_does_not_take_its_siblings_along(service_class):
    service_class.broken = True
    async with running(service_class) as (system, journal, _):
        await until(lambda: service_class.opened >= 2)
        tree = await system.tree()

        assert service_class.closed >= 1
        assert journal.of(ServiceStarted) == []
        assert tree.state == "running"


class Restless(Echo):
    """Asks to be woken at once, for ever."""

    def opened(self, now):
        return [WakeAt(now), Send(b"hello\n")]

    def tick(self, now):
        Counted.ticks += 1
        return [WakeAt(now + 0.001)]


class Counted(Service):
    ticks = 0

    def connect(self, log):
        return Restless()


async def test_host_keeps_one_timer_however_often_its_sessions_are_woken():
    Counted.ticks = 0
    async with running(Counted) as (_system, journal, sessions):
        links = [(await talk(journal))[1] for _ in range(3)]
        await until(lambda: Counted.ticks > 60)
        timers = [timer for timer in sessions._doors["web-01", "echo"]._timers if not timer.cancelled()]
        assert len(timers) <= 1
        for writer in links:
            writer.close()
