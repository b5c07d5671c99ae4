import asyncio
from itertools import pairwise

import pytest

from supervisors.errors import ChildStateError, EscalatedError, Exit, NoSuchActorError, SpecError, StartError
from supervisors.messages import (
    CountChildren,
    DeleteChild,
    RemoveChildren,
    RestartChild,
    StartChild,
    StartChildren,
    TerminateChild,
    WhichChildren,
)
from supervisors.report import ReportContext
from supervisors.restart import RestartPolicy
from supervisors.spec import BRUTAL_KILL, AutoShutdown, ChildSpec, DynamicSpec, Restart, Strategy, SupervisorSpec
from supervisors.testing import settle
from tests.supervisors.world import Worker, virtual


def test_s1_children_start_in_order_and_stop_in_reverse():
    @virtual
    async def check(world):
        await world.start(world.spec("a"), world.spec("b"), world.spec("c"))

        assert [("started", "a"), ("started", "b"), ("started", "c")] == world.story()
        assert await world.system.stop() is Exit.SHUTDOWN
        assert [("stopped", "c"), ("stopped", "b"), ("stopped", "a")] == world.story()

    check()


@pytest.mark.parametrize(
    ("strategy", "group"),
    [(Strategy.ONE_FOR_ONE, "b"), (Strategy.REST_FOR_ONE, "bc"), (Strategy.ONE_FOR_ALL, "abc")],
)
def test_e4_strategy_names_who_is_restarted(strategy, group):
    @virtual
    async def check(world):
        await world.start(world.spec("a"), world.spec("b"), world.spec("c"), strategy=strategy)
        world.story()
        await world.crash("b")

        stopped = [("stopped", name) for name in reversed(group) if name != "b"]
        assert [("child_terminated", "b"), *stopped, *[("started", name) for name in group]] == world.story()
        await world.system.stop()

    check()


def test_i1_window_slides():
    @virtual
    async def check(world):
        await world.start(world.spec("a"), intensity=2, within=5)
        for _ in range(20):
            await world.crash("a")
            await asyncio.sleep(2.6)

        assert world.ref("a") is not None
        await world.system.stop()

    check()


def test_i2_used_up_restarts_end_the_supervisor():
    @virtual
    async def check(world):
        await world.start(world.spec("a"), world.spec("b"), intensity=2, within=5)
        for _ in range(3):
            await world.crash("b")

        assert isinstance(await world.system.wait(), EscalatedError)
        assert [("child_terminated", "b"), ("escalated", "top"), ("stopped", "a")] == world.story()[-3:]

    check()


def test_escalation_is_restarted_by_the_parent():
    @virtual
    async def check(world):
        await world.start(SupervisorSpec("inner", [world.spec("x")], intensity=1), world.spec("z"))
        first, sibling = world.ref("inner"), world.ref("z")
        for _ in range(2):
            await world.crash("inner/x")

        assert world.ref("inner") not in {first, None}
        assert world.ref("inner/x").is_alive()
        assert sibling is world.ref("z")
        await world.system.stop()

    check()


def test_t1_each_child_has_its_own_deadline_and_zombies_are_left_behind():
    @virtual
    async def check(world):
        loop = asyncio.get_running_loop()
        stubborn = Worker(world, "zombie", stubborn=True)
        await world.start(
            world.spec("fast", stop_time=1),
            world.spec("slow", stop_time=100, shutdown=2.0),
            world.spec("brutal", stop_time=100, shutdown=BRUTAL_KILL),
            ChildSpec("zombie", lambda: stubborn, shutdown=3.0),
        )
        world.story()
        world.ref("zombie").tell("hang")
        await settle()
        began = loop.time()
        await world.system.stop()

        assert pytest.approx(3 + 1 + 0 + 2 + 1, abs=0.01) == loop.time() - began
        assert [("zombie", "zombie"), ("stopped", "brutal"), ("shutdown_error", "slow"), ("stopped", "fast")] == (
            world.story()
        )
        stubborn.stubborn = False
        stubborn.kill()
        await settle()

    check()


def test_s2_failed_boot_stops_what_was_up_in_reverse():
    @virtual
    async def check(world):
        world.failing["c"] = 1
        with pytest.raises(StartError, match="top/c"):
            await world.start(world.spec("a"), world.spec("b"), world.spec("c"))

        assert [("start_error", "c"), ("stopped", "b"), ("stopped", "a")] == world.story()[2:]

    check()


def test_e7_failed_restart_is_tried_again_and_counts():
    @virtual
    async def check(world):
        await world.start(world.spec("a"), intensity=3)
        world.failing["a"] = 2
        await world.crash("a")

        assert world.ref("a").is_alive()
        assert 2 == world.story().count(("start_error", "a"))
        world.failing["a"] = 99
        await world.crash("a")
        assert isinstance(await world.system.wait(), EscalatedError)

    check()


def test_backoff_doubles_up_to_its_limit_and_resets_after_a_long_run():
    @virtual
    async def check(world):
        policy = RestartPolicy(backoff_min=1, backoff_max=10, jitter=0, reset_after=60)
        await world.start(world.spec("a", backoff=policy), intensity=100)
        for _ in range(6):
            await world.crash("a")
            (row,) = await world.ask(WhichChildren())
            assert "restarting" == row.state
            await world.system.directory.wait_up("top/a", 20)
        deaths = [r.at for r in world.reports if r.context is ReportContext.CHILD_TERMINATED]
        starts = [r.at for r in world.reports if r.context is ReportContext.STARTED][1:]

        assert [1, 2, 4, 8, 10, 10] == [round(up - down, 3) for down, up in zip(deaths, starts, strict=True)]
        await asyncio.sleep(61)
        await world.crash("a")
        await asyncio.sleep(1.01)
        assert world.ref("a").is_alive()
        await world.system.stop()

    check()


def test_failed_starts_after_a_long_run_are_tried_at_growing_intervals():
    @virtual
    async def check(world):
        policy = RestartPolicy(backoff_min=1, backoff_max=10, jitter=0, reset_after=60)
        await world.start(world.spec("a", backoff=policy), intensity=100)
        await asyncio.sleep(1000)
        world.failing["a"] = 5
        await world.crash("a")
        await asyncio.sleep(100)
        fates = {ReportContext.CHILD_TERMINATED, ReportContext.START_ERROR, ReportContext.STARTED}
        times = [report.at for report in world.reports if report.context in fates][1:]

        assert [1, 2, 4, 8, 10, 10] == [round(after - before, 3) for before, after in pairwise(times)]
        await world.system.stop()

    check()


def test_disabled_child_leaves_the_tree_degraded_and_comes_back_by_hand():
    @virtual
    async def check(world):
        await world.start(world.spec("a"), world.spec("opt", on_exhausted="disable"), intensity=2)
        for _ in range(3):
            await world.crash("opt")

        tree = await world.system.tree()
        assert ("degraded", ["running", "failed"]) == (tree.state, [node.state for node in tree.children])
        assert ("disabled", "opt") == world.story()[-1]
        await world.system.start_child("top/opt")
        assert "running" == (await world.system.tree()).state
        await world.system.stop()

    check()


def test_optional_child_does_not_fail_the_boot():
    @virtual
    async def check(world):
        world.failing["opt"] = 2
        await world.start(world.spec("opt", on_exhausted="disable"), world.spec("b"))
        await settle()

        assert world.ref("opt").is_alive()
        assert world.ref("b").is_alive()
        await world.system.stop()

    check()


def test_t7_auto_shutdown():
    for mode, count in ((AutoShutdown.ANY, 1), (AutoShutdown.ALL, 2)):

        @virtual
        async def check(world, mode=mode, count=count):
            await world.start(
                world.spec("a", restart=Restart.TRANSIENT, significant=True),
                world.spec("b", restart=Restart.TEMPORARY, significant=True),
                world.spec("c"),
                auto_shutdown=mode,
            )
            for name in "ab"[:count]:
                assert world.system.ref.is_alive()
                await world.crash(name, "exit")

            assert await world.system.wait() is Exit.SHUTDOWN

        check()


def test_t6_killing_a_supervisor_kills_its_subtree():
    @virtual
    async def check(world):
        await world.start(SupervisorSpec("inner", [world.spec("x"), world.spec("y")]), world.spec("z"))
        world.system._root.kill()

        assert await world.system.wait() is Exit.KILLED
        assert (None, None) == (world.ref("inner/x"), world.ref("z"))

    check()


def test_s4_start_child_refuses_known_ids_and_forgets_failed_starts():
    @virtual
    async def check(world):
        await world.start(world.spec("a"))
        with pytest.raises(ChildStateError, match="already_started"):
            await world.ask(StartChild(world.spec("a")))
        await world.ask(TerminateChild("a"))
        with pytest.raises(ChildStateError, match="already_present"):
            await world.ask(StartChild(world.spec("a")))
        world.failing["b"] = 1
        with pytest.raises(StartError):
            await world.ask(StartChild(world.spec("b")))

        assert ["a"] == [row.id for row in await world.ask(WhichChildren())]
        await world.system.stop()

    check()


def test_e8_requests_answer_what_forbids_them():
    @virtual
    async def check(world):
        await world.start(world.spec("a"))
        for message in (RestartChild("a"), DeleteChild("a")):
            with pytest.raises(ChildStateError, match="running"):
                await world.ask(message)
        with pytest.raises(NoSuchActorError, match="top/x"):
            await world.ask(TerminateChild("x"))
        await world.ask(TerminateChild("a"))
        await world.ask(DeleteChild("a"))

        assert 0 == (await world.ask(CountChildren())).specs
        await world.system.stop()

    check()


def test_t5_dynamic_children_stop_all_at_once():
    @virtual
    async def check(world):
        loop = asyncio.get_running_loop()
        await world.start(DynamicSpec("pool", max_children=3))
        pool = world.ref("pool")
        for name in "abc":
            await pool.ask(StartChild(world.spec(name, stop_time=2)), within=1)
        with pytest.raises(ChildStateError, match="max_children"):
            await pool.ask(StartChild(world.spec("d")), within=1)
        began = loop.time()
        await world.system.stop()

        assert pytest.approx(2, abs=0.01) == loop.time() - began

    check()


@pytest.mark.parametrize(("at_once", "seconds"), [(1, 6), (2, 4), (3, 2)])
def test_children_that_do_not_need_one_another_stop_as_many_at_a_time_as_is_said(at_once, seconds):
    @virtual
    async def check(world):
        loop = asyncio.get_running_loop()
        await world.start(*(world.spec(name, stop_time=2) for name in "abc"), at_once=at_once)
        began = loop.time()
        await world.system.stop()

        assert pytest.approx(seconds, abs=0.01) == loop.time() - began

    check()


def test_many_are_started_and_removed_together_and_who_failed_is_named():
    @virtual
    async def check(world):
        loop = asyncio.get_running_loop()
        await world.start(world.spec("old"))
        old = world.ref("old")
        world.failing["b"] = 1
        began = loop.time()
        failed = await world.ask(StartChildren(tuple(world.spec(name, stop_time=2) for name in ("a", "b", "c", "old"))))

        assert (["b", "old"], StartError, ChildStateError) == (
            sorted(failed),
            type(failed["b"]),
            type(failed["old"]),
        )
        assert (old, None) == (world.ref("old"), world.ref("b"))
        await world.ask(RemoveChildren(("a", "b", "c", "nobody")))
        assert ["old"] == [row.id for row in await world.ask(WhichChildren())]
        assert pytest.approx(2, abs=0.01) == loop.time() - began
        await world.system.stop()

    check()


def test_children_that_need_one_another_are_not_started_together():
    with pytest.raises(SpecError, match="one after the other"):
        SupervisorSpec("top", at_once=2, strategy=Strategy.ONE_FOR_ALL)

    @virtual
    async def check(world):
        await world.start(world.spec("a"), strategy=Strategy.REST_FOR_ONE)
        with pytest.raises(SpecError, match="one after the other"):
            await world.ask(StartChildren((world.spec("b"),)))
        await world.system.stop()

    check()


def test_each_actor_killed_a_hundred_times_leaves_its_siblings_untouched():
    @virtual
    async def check(world):
        names = ("a", "b", "c")
        await world.start(*(world.spec(name) for name in names), intensity=10_000)
        for victim in names:
            siblings = {name: world.ref(name) for name in names if name != victim}
            for _ in range(100):
                before = world.ref(victim)
                before._actor_weakref().kill()
                await settle(10)
                assert world.ref(victim) not in {before, None}
            assert siblings == {name: world.ref(name) for name in siblings}

        assert [100, 100, 100] == [node.restarts for node in (await world.system.tree()).children]
        await world.system.stop()

    check()
