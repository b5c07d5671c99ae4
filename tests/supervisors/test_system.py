import asyncio

import pytest
import uvloop

from supervisors.errors import ChildStateError, EscalatedError, Exit, NoSuchActorError
from supervisors.spec import ChildSpec, SupervisorSpec
from supervisors.system import System
from supervisors.testing import ManualClock, Probe, settle
from tests.supervisors.world import virtual


@virtual
async def test_operator_stops_starts_and_restarts_by_path(world):
    await world.start(SupervisorSpec("in", [world.spec("x")]), world.spec("a"))
    first = world.ref("in/x")
    await world.system.restart("top/in/x")
    second = world.ref("in/x")
    assert second not in {first, None}
    await world.system.stop_child("top/in/x")
    assert world.ref("in/x") is None
    await world.system.start_child("top/in/x")
    assert world.ref("in/x").is_alive()
    with pytest.raises(ChildStateError, match="running"):
        await world.system.start_child("top/in/x")
    for nobody in ("top", "top/b", "top/a/b", "elsewhere", ""):
        with pytest.raises(NoSuchActorError):
            await world.system.restart(nobody)

    assert await world.system.stop() is Exit.SHUTDOWN


@virtual
async def test_tree_tells_what_every_actor_does(world):
    await world.start(SupervisorSpec("in", [world.spec("x")]), world.spec("a"))
    await world.crash("in/x")
    await world.ref("a").ask("hello", within=1)
    world.ref("a").tell("hang")
    await asyncio.sleep(10)
    world.ref("a").tell("waits")
    tree = await world.system.tree()
    inner, worker = tree.children

    assert ("top", "supervisor", "running") == (tree.path, tree.kind, tree.state)
    assert ("top/in", "supervisor", "running", 0) == (inner.path, inner.kind, inner.state, inner.restarts)
    (x,) = inner.children
    assert ("top/in/x", "worker", 1, "ValueError: boom") == (x.path, x.kind, x.restarts, x.last_error)
    assert (1, 1, 1) == (worker.handled, worker.mailbox_depth, worker.mailbox_high)
    assert 10 == pytest.approx(world.system._context.clock.now() - worker.busy_since)
    assert 10 == pytest.approx(worker.uptime)
    world.system._root.kill()
    await world.system.wait()


@virtual
async def test_stop_within_kills_what_is_left(world):
    loop = asyncio.get_running_loop()
    await world.start(world.spec("slow", stop_time=1000, shutdown=5000))
    began = loop.time()

    assert await world.system.stop(within=3) is Exit.KILLED
    assert 3 == loop.time() - began


@virtual
async def test_wait_tells_why_the_root_gave_up(world):
    await world.start(world.spec("a"), intensity=0)
    waiting = asyncio.get_running_loop().create_task(world.system.wait())
    await world.crash("a")

    assert isinstance(await waiting, EscalatedError)
    assert await world.system.stop() is await waiting


@virtual
async def test_cancelled_start_leaves_nothing(world):
    class Never(Probe):
        async def on_start(self):
            await asyncio.sleep(1e6)

    starting = asyncio.get_running_loop().create_task(
        world.start(world.spec("a"), ChildSpec("never", Never, start_timeout=1e9))
    )
    await settle()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting


def test_system_runs_on_uvloop():
    async def main():
        class Crashing(Probe):
            async def handle(self, message):
                raise ValueError(message)

        system = System(
            SupervisorSpec("top", [ChildSpec("a", Crashing), ChildSpec("b", Probe)]), clock=ManualClock(), seed=0
        )
        await system.start()
        first = system.directory.whereis("top/a")
        assert first is not None
        with pytest.raises(ValueError, match="x"):
            await first.ask("x", within=5)
        await settle()
        assert system.directory.whereis("top/a") not in {first, None}
        assert await system.stop() is Exit.SHUTDOWN

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
