"""What OTP's supervisor promises beyond test_supervisor.py, one test a line of the checklist, and our extras."""

import asyncio
from typing import Any

import pytest

from supervisors.actor import ActorDeadError
from supervisors.errors import Exit, SpecError, StartError
from supervisors.messages import (
    CountChildren,
    DeleteChild,
    ReplaceChild,
    RestartChild,
    StartChild,
    TerminateChild,
    Tree,
    WhichChildren,
)
from supervisors.report import ReportContext
from supervisors.restart import RestartPolicy
from supervisors.spec import AutoShutdown, ChildSpec, DynamicSpec, Restart, Strategy, SupervisorSpec
from supervisors.supervisor import Supervisor
from supervisors.testing import settle
from tests.supervisors.world import Worker, virtual


class SlowStart(Worker):
    async def on_start(self):
        await asyncio.sleep(8)


@virtual
async def test_s1_next_child_starts_only_when_the_one_before_is_up(world):
    began = asyncio.get_running_loop().time()
    await world.start(ChildSpec("slow", lambda: SlowStart(world, "slow")), world.spec("b"))

    assert [8, 8] == [report.at - world.reports[0].at + 8 for report in world.reports]
    assert 8 == asyncio.get_running_loop().time() - began
    await world.system.stop()


@virtual
async def test_s2_start_that_takes_too_long_fails(world):
    with pytest.raises(StartError, match="not up after 3"):
        await world.start(world.spec("a"), ChildSpec("slow", lambda: SlowStart(world, "slow"), start_timeout=3.0))

    assert [("started", "a"), ("start_error", "slow"), ("stopped", "a")] == world.story()


@virtual
async def test_s2_factory_that_raises_fails_the_start(world):
    def broken():
        raise TypeError("factory")

    with pytest.raises(StartError, match="factory"):
        await world.start(world.spec("a"), ChildSpec("broken", broken))

    assert [("started", "a"), ("start_error", "broken"), ("stopped", "a")] == world.story()


@virtual
async def test_s3_ignored_child_keeps_its_spec_unless_temporary(world):
    await world.start(ChildSpec("a", lambda: None), ChildSpec("b", lambda: None, restart=Restart.TEMPORARY))

    assert [("a", "stopped")] == [(row.id, row.state) for row in await world.ask(WhichChildren())]
    await world.system.stop()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda ok: SupervisorSpec("s", [ok("a"), ok("a")]),
        lambda ok: SupervisorSpec("s", [ok("a", significant=True)], auto_shutdown=AutoShutdown.ANY),
        lambda ok: SupervisorSpec("s", [ok("a", significant=True, restart=Restart.TRANSIENT)]),
        lambda ok: ok("A"),
        lambda ok: ok("a/b"),
        lambda ok: ok(""),
        lambda ok: ok("a" * 129),
        lambda ok: ok("a", shutdown=-1),
        lambda ok: ok("a", restart="sometimes"),
        lambda _: DynamicSpec("d", max_children=0),
    ],
)
def test_s5_contradictory_specs_are_refused(wrong):
    with pytest.raises(ValueError):
        wrong(lambda child_id, **more: ChildSpec(child_id, lambda: None, **more))


def test_s5_defaults_are_otp_s_and_elixir_s():
    child, top = ChildSpec("c", lambda: None), SupervisorSpec("s")

    assert (Restart.PERMANENT, 5.0, "worker") == (child.restart, child.shutdown, child.kind)
    assert (Strategy.ONE_FOR_ONE, 3, 5.0) == (top.strategy, top.intensity, top.within)


@virtual
async def test_s5_dynamic_start_checks_significance(world):
    await world.start()
    with pytest.raises(SpecError):
        await world.ask(StartChild(world.spec("a", significant=True, restart=Restart.TRANSIENT)))
    await world.system.stop()


@pytest.mark.parametrize(
    ("restart", "how", "state"),
    [
        (Restart.PERMANENT, "boom", "running"),
        (Restart.PERMANENT, "exit", "running"),
        (Restart.TRANSIENT, "boom", "running"),
        (Restart.TRANSIENT, "exit", "stopped"),
        (Restart.TEMPORARY, "boom", None),
        (Restart.TEMPORARY, "exit", None),
    ],
)
def test_e1_e2_who_comes_back_and_whose_spec_stays(restart, how, state):
    @virtual
    async def check(world):
        await world.start(world.spec("a", restart=restart), world.spec("b"))
        await world.crash("a", how)
        expected = [("a", state)] if state is not None else []

        assert [*expected, ("b", "running")] == [(row.id, row.state) for row in await world.ask(WhichChildren())]
        await world.system.stop()

    check()


@virtual
async def test_e3_exit_of_an_older_incarnation_is_ignored(world):
    await world.start(world.spec("a"), world.spec("b"), strategy=Strategy.ONE_FOR_ALL, intensity=1)
    world.ref("a").tell("boom")
    world.ref("b").tell("boom")  # it dies before its supervisor gets to stopping it
    await settle()

    assert [1, 1] == [node.restarts for node in (await world.system.tree()).children]
    await world.system.stop()


@virtual
async def test_e5_e6_group_restart_drops_temporary_and_starts_stopped_children(world):
    await world.start(
        world.spec("a"),
        world.spec("t", restart=Restart.TEMPORARY),
        world.spec("off"),
        strategy=Strategy.ONE_FOR_ALL,
    )
    await world.ask(TerminateChild("off"))
    await world.crash("a")

    assert [("a", "running"), ("off", "running")] == [(r.id, r.state) for r in await world.ask(WhichChildren())]
    await world.system.stop()


@virtual
async def test_e7_after_a_failed_group_restart_those_before_stay_up_and_all_come_back(world):
    await world.start(world.spec("a"), world.spec("b"), world.spec("c"), strategy=Strategy.ONE_FOR_ALL)
    world.story()
    world.failing["b"] = 1
    await world.crash("c")

    assert [
        *[("child_terminated", "c"), ("stopped", "b"), ("stopped", "a"), ("started", "a"), ("start_error", "b")],
        *[("stopped", "a"), ("started", "a"), ("started", "b"), ("started", "c")],
    ] == world.story()
    await world.system.stop()


@virtual
async def test_e8_child_in_backoff_can_be_terminated_and_nothing_starts_afterwards(world):
    await world.start(world.spec("a", backoff=RestartPolicy(backoff_min=10, jitter=0)))
    await world.crash("a")
    for request in (RestartChild, DeleteChild):
        with pytest.raises(RuntimeError, match="restarting"):
            await world.ask(request("a"))
    node = (await world.system.tree()).children[0]
    assert 10 == pytest.approx(node.next_restart - asyncio.get_running_loop().time() - 1.7e9, abs=0.01)
    await world.ask(TerminateChild("a"))
    await asyncio.sleep(100)

    assert world.ref("a") is None
    assert 1 == [context for context, _ in world.story()].count("started")
    await world.system.stop()


@virtual
async def test_e8_replace_starts_afresh_whatever_the_state(world):
    policy = RestartPolicy(backoff_min=10, jitter=0)
    await world.start(world.spec("a", backoff=policy), world.spec("t", restart=Restart.TEMPORARY))
    first = world.ref("a")
    await world.ask(ReplaceChild("a"))
    second = world.ref("a")
    await world.crash("a")
    await world.ask(ReplaceChild("a"))
    await world.ask(ReplaceChild("t"))

    assert 3 == len({first, second, world.ref("a")} - {None})
    assert world.ref("t").is_alive()
    await asyncio.sleep(100)
    assert 3 == world.story().count(("started", "a"))
    await world.system.stop()


@virtual
async def test_i1_intensity_zero_gives_up_at_the_first_crash(world):
    await world.start(world.spec("a"), intensity=0)
    await world.crash("a")

    assert world.system.ref.is_alive() is False


@virtual
async def test_i3_restarted_supervisor_has_an_empty_window(world):
    await world.start(SupervisorSpec("in", [world.spec("x")], intensity=1), intensity=1)
    crashes = 0
    while world.system.ref.is_alive():
        await world.crash("in/x")
        crashes += 1

    assert (1 + 1) * (1 + 1) == crashes


@virtual
async def test_t3_unexpected_end_during_a_stop_is_a_shutdown_error(world):
    class FailsToStop(Worker):
        async def on_stop(self):
            raise OSError("flush")

    await world.start(ChildSpec("a", lambda: FailsToStop(world, "a")), world.spec("b"))
    await world.system.stop()

    assert "OSError: flush" == world.reports[-1].reason
    assert [("stopped", "b"), ("shutdown_error", "a")] == world.story()[-2:]


@virtual
async def test_t4_child_that_dies_by_itself_while_stopping_is_not_restarted(world):
    await world.start(world.spec("a", stop_time=3), world.spec("b"))
    asked = world.system.ref.ask(TerminateChild("a"), within=100)
    await asyncio.sleep(1)
    world.system._root._children["a"].actor.kill(OSError("by itself"))
    await asked

    assert world.ref("a") is None
    assert ("shutdown_error", "a") == world.story()[-1]
    await world.system.stop()


@virtual
async def test_q1_questions_are_answered_while_a_child_starts_and_stops(world):
    loop = asyncio.get_running_loop()
    await world.start(world.spec("slow", stop_time=4))
    began = loop.time()
    starting = world.system.ref.ask(StartChild(ChildSpec("new", lambda: SlowStart(world, "new"))), within=100)
    await asyncio.sleep(1)
    rows = await world.ask(WhichChildren())
    assert [("slow", "running"), ("new", "starting")] == [(row.id, row.state) for row in rows]
    await starting
    stopping = world.system.ref.ask(TerminateChild("slow"), within=100)
    await asyncio.sleep(1)
    assert ["stopping", "running"] == [node.state for node in (await world.ask(Tree())).children]
    assert 1 == (await world.ask(CountChildren())).active
    assert 8 + 1 == loop.time() - began
    await stopping
    await world.system.stop()


@virtual
async def test_q2_report_of_a_crash_says_who_why_and_where(world):
    await world.start(world.spec("a"))
    await world.crash("a")
    (report,) = [report for report in world.reports if report.context is ReportContext.CHILD_TERMINATED]

    assert ("top", "top/a", "ValueError: boom") == (report.supervisor, report.offender, report.reason)
    assert 'raise ValueError("boom")' in report.traceback
    assert report.is_crash
    assert [False, True, False] == [told.is_crash for told in world.reports]
    await world.system.stop()


@virtual
async def test_reports_tell_exactly_one_death_for_every_start(world):
    await world.start(world.spec("a"), SupervisorSpec("in", [world.spec("x")]), intensity=100)
    for _ in range(5):
        await world.crash("a")
        await world.crash("in/x")
    await world.ask(ReplaceChild("in"))
    await world.system.stop()
    deaths = {ReportContext.CHILD_TERMINATED, ReportContext.STOPPED, ReportContext.SHUTDOWN_ERROR}
    for path in ("top/a", "top/in", "top/in/x"):
        told = [report.context for report in world.reports if report.offender == path]
        told = [context for context in told if context is not ReportContext.ESCALATED]
        assert [ReportContext.STARTED] * (len(told) // 2) == told[::2]
        assert set(told[1::2]) <= deaths


@virtual
async def test_report_listener_that_fails_does_not_hurt_the_tree(world):
    def fail(_report):
        raise OSError("listener")

    world.reports = type("Failing", (list,), {"append": staticmethod(fail)})()
    await world.start(world.spec("a"))
    await world.crash("a")

    assert world.ref("a").is_alive()
    await world.system.stop()


@virtual
async def test_invariant_10_every_ask_has_exactly_one_outcome(world):
    await world.start(world.spec("a"), intensity=10_000)
    outcomes: list[object] = []

    async def client(number):
        for turn in range(30):
            try:
                ref = await world.system.directory.wait_up("top/a", 10)
                outcomes.append(await ref.ask("boom" if (turn + number) % 7 == 0 else "hello", within=5))
            except (ActorDeadError, ValueError) as error:
                outcomes.append(type(error))

    async with asyncio.TaskGroup() as clients:
        for number in range(20):
            clients.create_task(client(number))

    assert 20 * 30 == len(outcomes)
    assert {"hello", ActorDeadError, ValueError} == set(outcomes)
    await world.system.stop()


@virtual
async def test_invariant_17_stop_during_boot_leaves_nothing_alive(world):
    loop = asyncio.get_running_loop()
    boot = loop.create_task(
        world.start(world.spec("a"), ChildSpec("slow", lambda: SlowStart(world, "slow")), world.spec("c"))
    )
    await asyncio.sleep(1)
    assert await world.system.stop() is not None
    with pytest.raises(StartError, match="stopped while starting"):
        await boot

    assert [("started", "a"), ("started", "slow"), ("stopped", "slow"), ("stopped", "a")] == world.story()


@virtual
async def test_invariant_17_stop_does_not_wait_for_a_child_that_is_starting(world):
    loop = asyncio.get_running_loop()
    await world.start(world.spec("a"))
    starting = world.system.ref.ask(StartChild(ChildSpec("slow", lambda: SlowStart(world, "slow"))), within=100)
    await asyncio.sleep(1)
    began = loop.time()
    await world.system.stop()

    assert began == loop.time()
    with pytest.raises(ActorDeadError):
        await starting


@virtual
async def test_invariant_19_busy_actor_is_killed_and_restarted_once(world):
    await world.start(world.spec("a", max_handle_time=5.0))
    first = world.ref("a")
    asked = first.ask("hang", within=1000)
    await asyncio.sleep(4.9)
    assert first is world.ref("a")
    node = (await world.system.tree()).children[0]
    assert node.busy_since is not None
    await asyncio.sleep(1.5)
    with pytest.raises(ActorDeadError):
        await asked

    assert world.ref("a") not in {first, None}
    assert ["UnresponsiveError"] == [r.reason[:17] for r in world.reports if r.context == "child_terminated"]
    await asyncio.sleep(30)
    assert 1 == (await world.system.tree()).children[0].restarts
    await world.system.stop()


@virtual
async def test_invariant_19_busy_actor_that_swallows_the_kill_is_replaced_and_counted_as_a_zombie(world):
    actors: list[Any] = []

    def make():
        actors.append(Worker(world, "a", stubborn=True))
        return actors[-1]

    await world.start(ChildSpec("a", make, max_handle_time=1.0))
    world.ref("a").tell("hang")
    await asyncio.sleep(5)

    assert world.ref("a").is_alive()
    assert 1 == (await world.system.tree()).zombies
    actors[0].stubborn = False
    actors[0]._task.cancel()
    await settle()
    assert 0 == (await world.system.tree()).zombies
    assert 2 == len(actors)
    await world.system.stop()


class Eats(Worker):
    """Crashes on poison; the others it eats are kept in the world."""

    async def handle(self, message):
        self.world.eaten.append(message)
        if message == "poison":
            raise ValueError(message)


@pytest.mark.parametrize(("poison_after", "tries"), [(1, 1), (3, 3)])
def test_kept_mailbox_survives_the_crash_and_the_poison_is_dropped(poison_after, tries):
    @virtual
    async def check(world):
        world.eaten = []
        spec = ChildSpec("a", lambda: Eats(world, "a"), keep_mailbox=True, poison_after=poison_after)
        await world.start(spec, intensity=10)
        ref = world.ref("a")
        for message in ("one", "poison", "two"):
            ref.tell(message)
        asked = ref.ask("three", within=10)
        await settle()

        assert await asked is None
        assert ["one", *["poison"] * tries, "two", "three"] == world.eaten
        node = (await world.system.tree()).children[0]
        assert (tries, 1) == (node.restarts, node.dropped)
        await world.system.stop()

    check()


@virtual
async def test_lost_mailbox_answers_who_waits_when_the_actor_crashes(world):
    world.eaten = []
    await world.start(ChildSpec("a", lambda: Eats(world, "a")))
    world.ref("a").tell("poison")
    asked = world.ref("a").ask("next", within=10)
    with pytest.raises(ActorDeadError):
        await asked

    assert ["poison"] == world.eaten
    await world.system.stop()


@virtual
async def test_kept_mailbox_is_closed_when_nobody_will_come_back(world):
    world.eaten = []
    spec = ChildSpec("a", lambda: Eats(world, "a"), keep_mailbox=True, backoff=RestartPolicy(backoff_min=10))
    await world.start(spec)
    world.ref("a").tell("poison")
    asked = world.ref("a").ask("next", within=1000)
    await settle()
    world.system._root.kill()
    assert Exit.KILLED == await world.system.wait()
    with pytest.raises(ActorDeadError):
        await asked


@virtual
async def test_optional_child_that_fails_in_a_group_restart_does_not_hold_up_the_group(world):
    await world.start(
        world.spec("a"), world.spec("opt", on_exhausted="disable"), world.spec("c"), strategy=Strategy.ONE_FOR_ALL
    )
    world.failing["opt"] = 99
    await world.crash("a")

    story = world.story()
    assert [2, 1, 2] == [story.count(("started", name)) for name in ("a", "opt", "c")]
    assert ["running", "failed", "running"] == [node.state for node in (await world.system.tree()).children]
    await world.system.stop()


@virtual
async def test_brought_up_and_down_again_before_the_supervisor_looked(world):
    class Brief(Worker):
        async def on_start(self):
            self.after(0, "x")
            self.stop()

    await world.start(ChildSpec("a", lambda: Brief(world, "a"), restart=Restart.TRANSIENT))
    await settle()

    assert ["stopped"] == [row.state for row in await world.ask(WhichChildren())]
    await world.system.stop()


@virtual
async def test_unknown_messages_and_unanswered_refusals_are_only_logged(world):
    await world.start(world.spec("a"))
    world.system.ref.tell("nonsense")
    world.system.ref.tell(TerminateChild("nobody"))
    await settle()

    assert world.ref("a").is_alive()
    assert isinstance(world.system._root, Supervisor)
    await world.system.stop()
