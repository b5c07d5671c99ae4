import asyncio
import threading

import pytest
from pykka import ActorRegistry

from supervisors.actor import ActorDeadError, MailboxFullError, MailboxSpec, WhenFull
from supervisors.errors import BlockingCallError, Exit, StartError, UnresponsiveError
from supervisors.report import Report, ReportContext
from supervisors.spec import ChildSpec, SupervisorSpec
from supervisors.system import System
from supervisors.testing import ManualClock, launch
from supervisors.thread_actor import ThreadActor


class Worker(ThreadActor):
    expected = (KeyError,)

    def __init__(self, gate=None):
        super().__init__()
        self.gate = gate or threading.Event()
        self.entered = threading.Event()
        self.calls = []

    def on_start(self):
        self.calls.append("start")

    def handle(self, message):
        match message:
            case "boom":
                raise ValueError("boom")
            case "expected":
                raise KeyError("expected")
            case "block":
                self.entered.set()
                self.gate.wait(10)
            case _:
                self.calls.append(message)
        return threading.get_ident()

    def on_stop(self):
        self.calls.append("stop")

    def on_exit(self, reason):
        self.calls.append(reason)


async def entered(actor):
    await asyncio.to_thread(actor.entered.wait, 10)


async def test_thread_actor_answers_from_its_own_thread_in_order():
    actor = Worker()
    ref = launch(actor)
    await actor.started

    assert threading.get_ident() != await ref.ask("x", within=5)
    ref.tell("y")
    assert await ref.stop() is True
    assert ["start", "x", "y", "stop", Exit.NORMAL] == actor.calls
    with pytest.raises(ActorDeadError):
        ref.tell("late")
    assert [] == ActorRegistry.get_all()


async def test_expected_errors_only_answer_and_others_end_the_actor():
    actor = Worker()
    ref = launch(actor)
    with pytest.raises(KeyError):
        await ref.ask("expected", within=5)
    assert ref.is_alive()
    with pytest.raises(ValueError, match="boom"):
        await ref.ask("boom", within=5)
    over = asyncio.get_running_loop().create_future()
    actor.add_exit_callback(over.set_result)

    assert isinstance(await over, ValueError)
    assert "stop" not in actor.calls


async def test_awaiting_a_blocked_thread_leaves_the_loop_free():
    actor = Worker()
    ref = launch(actor)
    asked = ref.ask("block", within=10)
    await entered(actor)
    with pytest.raises(BlockingCallError):
        asked.get()
    actor.gate.set()

    assert isinstance(await asked, int)
    await ref.stop()


async def test_mailbox_policies_of_a_thread():
    class Failing(Worker):
        mailbox_spec = MailboxSpec(limit=1)

    class Dropping(Worker):
        mailbox_spec = MailboxSpec(limit=1, when_full=WhenFull.DROP_OLDEST)

    for kind in (Failing, Dropping):
        actor = kind()
        ref = launch(actor)
        ref.tell("block")
        await entered(actor)
        oldest = ref.ask("oldest", within=5)
        if kind is Failing:
            with pytest.raises(MailboxFullError):
                ref.tell("newest")
            sent = asyncio.get_running_loop().create_task(ref.send("newest"))
            await asyncio.sleep(0)
            actor.gate.set()
            assert isinstance(await oldest, int)
            await sent
        else:
            ref.tell("newest")
            with pytest.raises(MailboxFullError):
                await oldest
            actor.gate.set()
        assert 1 == actor.mailbox.dropped
        await ref.stop()
        assert "newest" in actor.calls


async def test_a_thread_waits_for_room_when_the_policy_is_block():
    class Blocking(Worker):
        mailbox_spec = MailboxSpec(limit=1, when_full=WhenFull.BLOCK)

    actor = Blocking()
    ref = launch(actor)
    ref.tell("block")
    await entered(actor)
    ref.tell("first")
    with pytest.raises(MailboxFullError):
        ref.tell("on the loop")
    told = asyncio.get_running_loop().run_in_executor(None, ref.tell, "second")
    actor.gate.set()
    await told
    await ref.stop()

    assert ["start", "first", "second", "stop", Exit.NORMAL] == actor.calls


async def test_supervisor_restarts_a_crashed_thread():
    system = System(SupervisorSpec("top", [ChildSpec("t", Worker)]), clock=ManualClock(), seed=0)
    await system.start()
    first = await system.directory.wait_up("top/t", 5)
    first.tell("boom")
    while system.directory.whereis("top/t") in {first, None}:
        await asyncio.sleep(0)

    assert isinstance(await system.directory.address("top/t").ask("x", within=5), int)
    await system.stop()


async def test_failing_on_start_of_a_thread_fails_the_start():
    class Refuses(Worker):
        def on_start(self):
            raise OSError("no")

    system = System(SupervisorSpec("top", [ChildSpec("t", Refuses)]), clock=ManualClock(), seed=0)

    with pytest.raises(StartError, match="no"):
        await system.start()


async def test_hung_thread_is_left_behind_as_a_zombie_and_replaced():
    gate = threading.Event()

    class Slow(Worker):
        kill_grace = 0.01

    reports: list[Report] = []
    system = System(
        SupervisorSpec("top", [ChildSpec("t", lambda: Slow(gate), max_handle_time=0.02)]),
        clock=ManualClock(),
        seed=0,
        reports=reports.append,
    )
    await system.start()
    first = await system.directory.wait_up("top/t", 5)
    first.tell("block")
    while system.directory.whereis("top/t") in {first, None}:
        await asyncio.sleep(0.001)

    assert 1 == (await system.tree()).zombies
    assert ReportContext.ZOMBIE in [report.context for report in reports]
    assert UnresponsiveError.__name__ in str((await system.tree()).children[0].last_error)
    gate.set()
    while (await system.tree()).zombies:
        await asyncio.sleep(0.001)
    await system.stop()
