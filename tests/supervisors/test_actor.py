import asyncio
import contextvars
import gc
from typing import Any

import pytest
import uvloop
from pykka import ActorRegistry

from supervisors.actor import ActorDeadError, BlockingCallError, LoopActor, MailboxFullError, MailboxSpec, WhenFull
from supervisors.context import ActorContext
from supervisors.errors import AskTimeoutError, Exit
from supervisors.log import actor_path
from supervisors.testing import ManualClock, Probe, VirtualLoop, launch, run_virtual, settle

marker: contextvars.ContextVar[str] = contextvars.ContextVar("marker", default="clean")


class Worker(LoopActor):
    expected = (KeyError,)

    def __init__(self):
        super().__init__()
        self.calls = []
        self.deferred: Any = None

    async def on_start(self):
        self.calls.append("start")

    async def handle(self, message):
        match message:
            case "boom":
                raise ValueError(message)
            case "expected":
                raise KeyError(message)
            case "forever":
                await asyncio.sleep(1e9)
            case "swallow":
                try:
                    await asyncio.sleep(1e9)
                except asyncio.CancelledError:
                    self.calls.append("swallowed")
            case ["sleep", seconds]:
                await asyncio.sleep(seconds)
            case ["tag", work]:
                _task = self.spawn(work, name="tagged", tag=lambda result: ("done", result))
            case ["spawn", work]:
                _task = self.spawn(work, name="plain")
            case ["after", seconds, later]:
                self.after(seconds, later)
            case "defer":
                self.deferred = self.defer()
            case "context":
                return marker.get(), actor_path.get()
            case _:
                pass
        self.calls.append(message)
        return ("got", message)

    async def on_stop(self):
        self.calls.append("stop")

    def on_exit(self, reason):
        self.calls.append(reason)


@pytest.fixture
def virtual():
    """Run a test's coroutine in virtual time, and check that it leaves no actor."""

    def run(main):
        run_virtual(main())
        assert [] == ActorRegistry.get_all()

    return run


def test_messages_before_the_stop_are_handled_and_those_after_get_dead(virtual):
    async def main():
        actor = Worker()
        ref = launch(actor)
        before, stopped, after = ref.ask("before"), ref.stop(), ref.ask("after")

        assert ("got", "before") == await before
        assert await stopped is True
        with pytest.raises(ActorDeadError):
            await after
        with pytest.raises(ActorDeadError):
            await ref.ask("late")
        with pytest.raises(ActorDeadError):
            ref.tell("late")
        with pytest.raises(ActorDeadError):
            await ref.send("late")
        assert await ref.stop() is False
        assert ["start", "before", "stop", Exit.NORMAL] == actor.calls

    virtual(main)


def test_unexpected_error_goes_to_the_caller_and_ends_the_actor(virtual):
    async def main():
        actor = Worker()
        ref = launch(actor)
        asked, waiting = ref.ask("boom"), ref.ask("next")
        with pytest.raises(ValueError, match="boom"):
            await asked
        with pytest.raises(ActorDeadError):
            await waiting

        assert isinstance(actor.exit_reason, ValueError)
        assert ["start", actor.exit_reason] == actor.calls

    virtual(main)


def test_expected_error_only_answers_but_ends_the_actor_when_nobody_asked(virtual):
    async def main():
        actor = Worker()
        ref = launch(actor)
        with pytest.raises(KeyError):
            await ref.ask("expected")
        assert ref.is_alive()
        ref.tell("expected")
        await settle()

        assert isinstance(actor.exit_reason, KeyError)

    virtual(main)


def test_failed_start_is_told_to_who_waits(virtual):
    class Refuses(Worker):
        async def on_start(self):
            raise OSError("no")

    async def main():
        actor = Refuses()
        ref = launch(actor)
        asked = ref.ask("x")
        with pytest.raises(OSError, match="no"):
            await actor.started
        with pytest.raises(ActorDeadError):
            await asked

    virtual(main)


@pytest.mark.parametrize("rounds", [0, 1, 2, 5])
def test_kill_at_any_moment_ends_the_actor_and_answers_everybody(rounds, virtual):
    async def main():
        actor = Worker()
        ref = launch(actor)
        asked = [ref.ask("forever"), ref.ask("queued")]
        await settle(rounds)  # 0: before the task took its first step
        actor.kill()
        for reply in asked:
            with pytest.raises(ActorDeadError):
                await reply

        assert Exit.KILLED == actor.exit_reason == actor.calls[-1]
        assert "stop" not in actor.calls

    virtual(main)


def test_handler_that_swallows_the_kill_ends_the_actor_when_it_returns(virtual):
    async def main():
        actor = Worker()
        ref = launch(actor)
        ref.tell("swallow")
        waiting = ref.ask("next")
        await settle()
        actor.kill()
        with pytest.raises(ActorDeadError):
            await waiting

        assert ["start", "swallowed", "swallow", Exit.KILLED] == actor.calls

    virtual(main)


def test_ask_within_times_out_and_the_actor_lives_on(virtual):
    async def main():
        actor = Worker()
        ref = launch(actor)
        with pytest.raises(TimeoutError):
            await ref.ask(["sleep", 5], within=1)
        assert ("got", "x") == await ref.ask("x", within=10)
        await ref.stop()

    virtual(main)


def test_timers_tell_later_and_end_with_the_actor(virtual):
    async def main():
        actor = Worker()
        ref = launch(actor)
        ref.tell(["after", 5, "five"])
        ref.tell(["after", 50, "fifty"])
        await asyncio.sleep(6)
        assert "five" == actor.calls[-1]
        await ref.stop()
        assert [] == [timer for timer in actor._timers or () if not timer.cancelled()]

    virtual(main)


def test_cancelled_timers_are_forgotten(virtual):
    async def main():
        actor = Worker()
        ref = launch(actor)
        for _ in range(10_000):
            actor.after(100, "x").cancel()

        assert len(actor._timers or ()) < 100
        await ref.stop()

    virtual(main)


def test_spawned_work_ends_with_the_actor(virtual):
    async def main():
        actor, ended = Worker(), []

        async def work():
            try:
                await asyncio.sleep(1e9)
            finally:
                await asyncio.sleep(1)
                ended.append("work")

        ref = launch(actor)
        await ref.ask(["spawn", work()])
        await settle()
        await ref.stop()

        assert ["work"] == ended  # the actor is gone only after what it spawned
        assert Exit.NORMAL == actor.exit_reason

    virtual(main)


def test_failing_spawned_work_ends_the_actor_even_in_the_middle_of_a_message(virtual):
    async def main():
        actor = Worker()

        async def fail():
            await asyncio.sleep(1)
            raise OSError("spawned")

        ref = launch(actor)
        await ref.ask(["spawn", fail()])
        busy = ref.ask("forever")
        with pytest.raises(ActorDeadError):
            await busy
        await settle()

        assert isinstance(actor.exit_reason, OSError)

    virtual(main)


def test_main_and_spawned_work_that_end_together_keep_the_reason(virtual):
    """The end of the spawned task is heard of before that of the main one."""

    class Both(Worker):
        async def on_start(self):
            gate = asyncio.get_running_loop().create_future()

            async def work():
                await gate

            _task = self.spawn(work(), name="work")
            await asyncio.sleep(0)
            gate.set_result(None)
            await asyncio.sleep(0)
            raise OSError("start")

    async def main():
        actor = Both()
        launch(actor)
        with pytest.raises(OSError, match="start"):
            await actor.started
        assert isinstance(actor.exit_reason, OSError)

    virtual(main)


def test_tagged_result_comes_back_as_a_message(virtual):
    async def main():
        actor = Worker()

        async def work():
            await asyncio.sleep(1)
            return 7

        ref = launch(actor)
        await ref.ask(["tag", work()])
        assert ("got", "meanwhile") == await ref.ask("meanwhile")
        await asyncio.sleep(2)
        assert ("done", 7) == actor.calls[-1]
        await ref.stop()

    virtual(main)


def test_deferred_answer_comes_later_or_fails_with_the_actor(virtual):
    async def main():
        actor = Worker()
        ref = launch(actor)
        first = ref.ask("defer")
        await ref.ask("meanwhile")
        actor.deferred.set("answer")
        assert "answer" == await first
        second = ref.ask("defer")
        await settle()
        await ref.stop()
        with pytest.raises(ActorDeadError):
            await second

    virtual(main)


def test_full_mailbox_refuses_tell_and_ask_and_send_waits(virtual):
    class Small(Worker):
        mailbox_spec = MailboxSpec(limit=2, when_full=WhenFull.FAIL)

    async def main():
        actor = Small()
        ref = launch(actor)
        await actor.started
        ref.tell("a")
        ref.tell("b")
        with pytest.raises(MailboxFullError):
            ref.tell("c")
        with pytest.raises(MailboxFullError):
            await ref.ask("c")
        await ref.send("d")
        await ref.stop()  # a stop always has room

        assert ["start", "a", "b", "d", "stop", Exit.NORMAL] == actor.calls
        assert 2 == actor.mailbox.dropped

    virtual(main)


def test_exit_callbacks_fire_once_and_at_once_when_it_is_over(virtual):
    async def main():
        actor, heard = Worker(), []
        ref = launch(actor)
        actor.add_exit_callback(lambda reason: heard.append(("a", reason)))
        actor.add_exit_callback(lambda reason: heard.append(("b", reason)))
        await ref.stop()
        actor.add_exit_callback(lambda reason: heard.append(("late", reason)))

        assert [("a", Exit.NORMAL), ("b", Exit.NORMAL), ("late", Exit.NORMAL)] == heard
        assert Exit.NORMAL == actor.calls[-1]

    virtual(main)


def test_actor_starts_with_fresh_context_variables(virtual):
    async def main():
        marker.set("dirty")
        ref = launch(Worker(), "some/path")

        assert ("clean", "some/path") == await ref.ask("context")
        await ref.stop()

    virtual(main)


def test_rng_depends_on_seed_and_path_only():
    def draw(seed, path):
        actor = Worker()
        actor.context = ActorContext(path=path, seed=seed)
        return actor.rng.getrandbits(64)

    assert draw(1, "a") == draw(1, "a")
    assert 3 == len({draw(1, "a"), draw(2, "a"), draw(1, "b")})


def test_nobody_keeps_the_loop_to_itself(virtual):
    async def main():
        probe = Probe()
        ref = launch(probe)
        for number in range(1000):
            ref.tell(number)
        turns = 0
        while len(probe.received) < 1000:
            await asyncio.sleep(0)
            turns += 1

        assert turns >= 1000 // LoopActor.batch
        await ref.stop()

    virtual(main)


def test_blocking_calls_on_the_loop_are_refused(virtual):
    async def main():
        ref = launch(Worker())
        with pytest.raises(BlockingCallError):
            ref.ask("x", block=True)
        with pytest.raises(BlockingCallError):
            ref.stop(block=True)
        with pytest.raises(BlockingCallError):
            ref.ask(["sleep", 1]).get()
        with pytest.raises(BlockingCallError):
            ref.proxy().calls = []
        await ref.stop()

    virtual(main)


def test_pykka_proxies_and_sync_handlers_work(virtual):
    class Old(LoopActor):
        size = 3

        def handle(self, message):  # pykka's actors have ordinary functions
            return message * 2

        async def add(self, one, two):
            await asyncio.sleep(0)
            return one + two

    async def main():
        ref = Old.start()
        proxy = ref.proxy()

        assert 5 == await proxy.add(2, 3)
        assert 3 == await proxy.size
        assert 14 == await ref.ask(7)
        assert [ref] == ActorRegistry.get_by_class_name("Old")
        assert "old" == ref.path
        await ref.stop()

    virtual(main)


async def test_threads_ask_and_tell_and_stop_by_blocking():
    class Summing(LoopActor):
        mailbox_spec = MailboxSpec(limit=100, when_full=WhenFull.BLOCK)
        total = 0

        async def handle(self, number):
            self.total += number
            return self.total

    ref = launch(Summing())

    def use():
        for _ in range(5000):
            ref.tell(1)
        with pytest.raises(AskTimeoutError):
            ref_slow.ask(["sleep", 30], within=0.001)
        return ref.ask(0, within=10)

    slow = Worker()
    ref_slow = launch(slow)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(asyncio.to_thread(use)) for _ in range(3)]
        for _ in range(5000):
            await ref.send(1)

    assert max(task.result() for task in tasks) <= 20_000
    assert 20_000 == await ref.ask(0)
    assert 100 == ref.actor_inbox.high
    slow.kill()
    assert await asyncio.to_thread(ref.stop) is True
    with pytest.raises(ActorDeadError):
        await asyncio.to_thread(ref.ask, 1)


async def test_waiting_actor_is_not_collected():
    ref = launch(Worker())
    urn = ref.actor_urn
    await settle()
    del ref
    gc.collect()
    again: Any = ActorRegistry.get_by_urn(urn)

    assert ("got", "x") == await again.ask("x")
    await again.stop()


def test_runs_on_uvloop():
    async def main():
        actor = Worker()
        ref = launch(actor)
        assert ("got", "x") == await ref.ask("x", within=5)
        assert ("got", "y") == await asyncio.to_thread(ref.ask, "y", within=5)
        with pytest.raises(AskTimeoutError):
            await ref.ask(["sleep", 30], within=0.01)
        actor.kill()
        await settle()
        assert Exit.KILLED == actor.exit_reason

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def test_default_handler_takes_anything_and_answers_nothing(virtual):
    async def main():
        ref = launch(LoopActor())
        assert await ref.ask("x") is None
        await ref.stop()

    virtual(main)


def test_virtual_loop_knows_a_deadlock():
    loop = VirtualLoop()

    async def main():
        await loop.create_future()

    with pytest.raises(RuntimeError, match="deadlock"):
        loop.run_until_complete(main())
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.close()


def test_manual_clock_moves_when_told():
    clock = ManualClock(now=100, monotonic=5)
    clock.advance(10)
    clock.set(50)

    assert (50, 15) == (clock.now(), clock.monotonic())
