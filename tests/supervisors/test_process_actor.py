import asyncio
import os
from pathlib import Path

import pytest
import uvloop

from supervisors.actor import ActorDeadError
from supervisors.errors import AskTimeoutError, ChildProcessEndedError, Exit, RemoteError, StartError
from supervisors.process_actor import ProcessActor
from supervisors.spec import ChildSpec, SupervisorSpec
from supervisors.system import System
from supervisors.testing import ManualClock, launch
from tests.supervisors.process_work import calculator, refuses


class Calculator(ProcessActor):
    work = calculator
    expected = (RemoteError,)

    def __init__(self):
        super().__init__()
        self.said = []

    def arguments(self):
        return (100,)

    async def on_said(self, value):
        self.said.append(value)


def is_running(pid):
    """Say whether a process runs; one that ended and waits for its parent does not."""
    try:
        return "Z" != Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


async def exit_of(actor):
    over = asyncio.get_running_loop().create_future()
    actor.add_exit_callback(over.set_result)
    return await over


async def test_process_keeps_state_answers_and_speaks_up():
    actor = Calculator()
    ref = launch(actor)
    await actor.started

    assert 103 == await ref.ask(["add", 3], within=5)
    assert 105 == await ref.ask(["add", 2], within=5)
    assert os.getpid() != await ref.ask(["pid"], within=5)
    await ref.ask(["say", {"n": 1}], within=5)
    assert [{"n": 1}] == actor.said
    big = b"\xff" * 3_000_000
    assert big == await ref.ask(["echo", big], within=10)
    with pytest.raises(RemoteError, match="nonsense"):
        await ref.ask(["nonsense"], within=5)
    pid = actor.pid
    assert await ref.stop() is True
    assert Exit.NORMAL == actor.exit_reason
    assert not is_running(pid)


async def test_process_that_dies_ends_its_actor():
    actor = Calculator()
    ref = launch(actor)
    await actor.started
    asked = ref.ask(["die"], within=5)

    with pytest.raises(ActorDeadError):
        await asked
    assert isinstance(await exit_of(actor), ChildProcessEndedError)


async def test_kill_is_real_for_a_process_that_never_yields():
    actor = Calculator()
    ref = launch(actor)
    await actor.started
    pid = actor.pid
    with pytest.raises(AskTimeoutError):
        await ref.ask(["spin"], within=0.01)
    actor.kill()

    assert Exit.KILLED == await exit_of(actor)
    assert not is_running(pid)


async def test_failing_work_fails_the_start():
    class Refuses(ProcessActor):
        work = refuses

    system = System(SupervisorSpec("top", [ChildSpec("p", Refuses)]), clock=ManualClock(), seed=0)
    with pytest.raises(StartError, match="no work today"):
        await system.start()


async def test_supervisor_replaces_a_process_that_died():
    system = System(SupervisorSpec("top", [ChildSpec("p", Calculator)]), clock=ManualClock(), seed=0)
    await system.start()
    address = system.directory.address("top/p")
    await address.ask(["add", 5], within=5)
    first = await address.ask(["pid"], within=5)
    with pytest.raises(ActorDeadError):
        await address.ask(["die"], within=5)
    await address.wait_up(within=5)

    assert first != await address.ask(["pid"], within=5)
    assert 101 == await address.ask(["add", 1], within=5)
    await system.stop()


def test_process_actor_runs_on_uvloop():
    async def main():
        actor = Calculator()
        ref = launch(actor)
        await actor.started
        assert 101 == await ref.ask(["add", 1], within=5)
        await ref.stop()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
