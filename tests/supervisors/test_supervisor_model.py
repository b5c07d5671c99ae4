"""The supervisor against a model of supervisor.erl, in virtual time (invariants of the runtime's report, 3.4)."""

import asyncio
from typing import Any

from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pykka import ActorRegistry

from supervisors.actor import LoopActor
from supervisors.errors import ChildStateError, NoSuchActorError, StartError
from supervisors.messages import (
    CountChildren,
    DeleteChild,
    ReplaceChild,
    RestartChild,
    StartChild,
    TerminateChild,
    WhichChildren,
)
from supervisors.report import ReportContext
from supervisors.spec import BRUTAL_KILL, ChildSpec, Restart, Strategy, SupervisorSpec
from supervisors.system import System
from supervisors.testing import LoopClock, VirtualLoop, settle
from supervisors.testing_model import ChildModel, SupervisorModel, World

IDS = ("a", "b", "c", "d")
INNER_IDS = ("x", "y")
TOLD = {
    ReportContext.STARTED: "start",
    ReportContext.START_ERROR: "fail",
    ReportContext.STOPPED: "stop",
    ReportContext.SHUTDOWN_ERROR: "stop",
    ReportContext.CHILD_TERMINATED: "crash",
    ReportContext.ESCALATED: "escalate",
}

kinds = st.sampled_from(Restart)
stops = st.sampled_from([(0.0, 5.0), (0.0, BRUTAL_KILL), (0.3, 5.0), (7.0, 0.7), (9.0, BRUTAL_KILL)])
workers = st.tuples(kinds, stops)
windows = st.tuples(st.sampled_from(Strategy), st.integers(0, 4), st.sampled_from([1.0, 5.0]))


class SupervisorMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.loop = VirtualLoop()
        self.trace: list[tuple[str, str]] = []
        self.alive: dict[str, LoopActor] = {}
        self.starts: dict[str, int] = {}
        self.failing: dict[str, int] = {}
        self.replayed: set[str] = set()
        self.system: Any = None  # until boot
        self.steps = 0  # the end of the tree is not tried before a few

    # The real tree.

    def worker(self, child_id, stop_seconds):
        machine = self

        class Worker(LoopActor):
            async def on_start(self):
                await asyncio.sleep(0)
                if machine.failing.get(child_id, 0) > 0:
                    machine.failing[child_id] -= 1
                    raise OSError(child_id)
                assert child_id not in machine.alive, "two incarnations live"
                machine.alive[child_id] = self
                machine.starts[child_id] = machine.starts.get(child_id, 0) + 1

            async def handle(self, message):
                if message == "boom":
                    raise ValueError(message)
                self.stop()

            async def on_stop(self):
                if self.stop_reason == "shutdown":
                    await asyncio.sleep(stop_seconds)

            def on_exit(self, reason):
                if machine.alive.get(child_id) is self:
                    del machine.alive[child_id]

        return Worker

    def spec(self, child_id, restart, stop):
        seconds, shutdown = stop
        return ChildSpec(child_id, self.worker(child_id, seconds), restart=restart, shutdown=shutdown)

    def report(self, report):
        child_id = report.offender.rpartition("/")[2]
        self.trace.append((TOLD[report.context], child_id))
        if report.context is ReportContext.STARTED:
            self.replayed.add(report.offender)
        else:
            self.replayed.discard(report.offender)

    def run(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    def do(self, function):
        """Run ``function``, then let the tree come to rest; no more time passes than the tree itself needs."""

        async def go():
            try:
                return await function()
            except (ChildStateError, NoSuchActorError, StartError) as error:
                return error
            finally:
                await settle(100)
                while any(supervisor._worker is not None or supervisor._ending for supervisor in self.supervisors()):
                    if self.system._root.exit_reason is not None:
                        break
                    await asyncio.sleep(0.001)
                await settle(20)

        return self.run(go())

    def supervisors(self):
        root = self.system._root
        inner = [child.actor for child in root._children.values() if child.spec.kind == "supervisor" and child.actor]
        return [root, *inner]

    # Both.

    @initialize(
        outer=windows,
        inner=windows,
        children=st.lists(workers, min_size=1, max_size=3),
        below=st.lists(workers, min_size=1, max_size=2),
        nested=st.sampled_from([None, Restart.PERMANENT, Restart.TRANSIENT, Restart.TEMPORARY]),
        place=st.integers(0, 3),
    )
    def boot(self, outer, inner, children, below, nested, place):
        self.world = World(now=self.loop.time())
        strategy, intensity, within = outer
        self.model = SupervisorModel("top", strategy, intensity, within, [], self.world)
        specs = []
        for child_id, (restart, stop) in zip(IDS, children, strict=False):
            specs.append(self.spec(child_id, restart, stop))
            self.model.children.append(ChildModel(child_id, restart, *stop))
        if nested is not None:
            inner_specs, inner_models = [], []
            for child_id, (restart, stop) in zip(INNER_IDS, below, strict=False):
                inner_specs.append(self.spec(child_id, restart, stop))
                inner_models.append((child_id, restart, stop))
            strategy_in, intensity_in, within_in = inner
            more = {"strategy": strategy_in, "intensity": intensity_in, "within": within_in, "restart": nested}
            specs.insert(place, SupervisorSpec("in", inner_specs, **more))
            below_model = SupervisorModel("in", strategy_in, intensity_in, within_in, [], self.world, self.model)
            below_model.children = [ChildModel(child_id, kind, *stop) for child_id, kind, stop in inner_models]
            self.model.children.insert(place, ChildModel("in", nested, shutdown=1e9, below=below_model))
        self.system = System(
            SupervisorSpec("top", specs, strategy=strategy, intensity=intensity, within=within),
            clock=LoopClock(self.loop),
            seed=0,
            reports=self.report,
        )
        self.do(self.system.start)
        assert self.model.boot()

    def step(self):
        """Let the model begin at the time the real tree is at."""
        self.steps += 1
        self.world.now = self.loop.time()

    def living(self):
        return [child for child in self.model.everybody() if child.alive and child.below is None]

    def holder(self, child):
        return next(s for s in self.model_supervisors() if child in s.children)

    def model_supervisors(self):
        return [self.model, *[child.below for child in self.model.children if child.below is not None]]

    up = precondition(lambda self: self.system is not None and not self.model.dead)
    late = precondition(lambda self: self.system is not None and not self.model.dead and self.steps >= 15)

    @up
    @rule(data=st.data(), how=st.sampled_from(["boom", "exit", "kill"]))
    def child_dies(self, data, how):
        living = self.living()
        if not living:
            return
        child = data.draw(st.sampled_from(living))

        async def die():
            actor = self.alive[child.id]
            if how == "kill":
                actor.kill()
            else:
                actor.ref.tell(how)

        self.step()
        self.do(die)
        self.holder(child).ended(child, normal=how == "exit")
        event(f"{self.model.strategy} {how} dead={self.model.dead}")

    @up
    @rule()
    def inner_supervisor_is_killed(self):
        inner = self.model.find("in")
        if inner is None or not inner.alive or inner.below is None:
            return

        async def die():
            self.system._root._children["in"].actor.kill()

        self.step()
        self.do(die)
        inner.below.kill()
        self.model.ended(inner, normal=False)

    @up
    @rule(seconds=st.sampled_from([0.2, 0.5, 1.1, 5.5]))
    def time_passes(self, seconds):
        self.run(asyncio.sleep(seconds))

    @up
    @rule(child_id=st.sampled_from(IDS + INNER_IDS), times=st.integers(1, 3))
    def next_starts_fail(self, child_id, times):
        self.failing[child_id] = self.world.failing[child_id] = times

    @up
    @rule(child_id=st.sampled_from(IDS), kind=workers)
    def start_child(self, child_id, kind):
        restart, stop = kind
        self.step()
        got = self.do(lambda: self.system.ref.ask(StartChild(self.spec(child_id, restart, stop))))
        known = self.model.find(child_id)
        if known is not None:
            assert ("already_started" if known.alive else "already_present") == got.state
            return
        child = ChildModel(child_id, restart, *stop)
        child.starts = self.starts.get(child_id, 0) - (not isinstance(got, StartError))
        self.model.children.append(child)
        if not self.model.start(child):
            self.model.children.remove(child)
            assert isinstance(got, StartError)

    @up
    @rule(
        child_id=st.sampled_from((*IDS, "in")),
        request=st.sampled_from([TerminateChild, RestartChild, ReplaceChild, DeleteChild]),
    )
    def operator_asks(self, child_id, request):
        self.step()
        got = self.do(lambda: self.system.ref.ask(request(child_id)))
        child = self.model.find(child_id)
        if child is None:
            assert isinstance(got, NoSuchActorError)
        elif request is TerminateChild:
            assert got is None
            self.model.terminate([child])
        elif request is ReplaceChild:
            place = self.model.children.index(child)
            self.model.terminate([child])
            if child not in self.model.children:  # a temporary one keeps its place here
                self.model.children.insert(place, child)
            assert isinstance(got, StartError) is not self.model.start(child)
        elif child.alive:
            assert "running" == got.state
        elif request is DeleteChild:
            assert got is None
            self.model.children.remove(child)
        else:
            assert isinstance(got, StartError) is not self.model.start(child)

    @late
    @rule()
    def tree_is_stopped(self):
        self.step()
        self.do(self.system.stop)
        self.model.terminate(self.model.children)
        self.model.dead = True

    @late
    @rule()
    def tree_is_killed(self):
        async def die():
            self.system._root.kill()
            await self.system.wait()

        self.do(die)
        self.model.kill()
        self.trace[:] = self.world.trace  # deaths of several levels at once come in no order

    @rule()
    def nothing_happens(self):
        """Something must be possible after the end."""

    @invariant()
    def agrees(self):
        if self.system is None:
            return
        living = self.living()
        supervisors = [s for s in self.model_supervisors() if not s.dead]

        assert self.world.trace == self.trace
        assert {child.id for child in living} == set(self.alive)
        assert {child.id: child.starts for child in living} == {i: self.starts[i] for i in self.alive}
        assert self.model.dead == (self.system._root.exit_reason is not None)
        everybody = len(living) + len(supervisors)
        assert everybody == len(ActorRegistry.get_all())
        assert everybody == len([task for task in asyncio.all_tasks(self.loop) if not task.done()])
        if self.model.dead:
            assert [] == living
            assert [] == [timer for timer in vars(self.loop)["_scheduled"] if not timer.cancelled()]
            return
        assert {path for path in self.system.directory.paths() if path != "top"} == self.replayed
        rows = self.run(self.ask(WhichChildren()))
        assert [child.id for child in self.model.children] == [row.id for row in rows]
        assert [child.alive for child in self.model.children] == [row.ref is not None for row in rows]
        counts = self.run(self.ask(CountChildren()))
        assert len(rows) == counts.specs == counts.workers + counts.supervisors
        assert sum(child.alive for child in self.model.children) == counts.active
        tree = self.run(self.system.tree())
        assert [f"top/{child.id}" for child in self.model.children] == [node.path for node in tree.children]

    async def ask(self, message):
        return await self.system.ref.ask(message, within=1)

    def teardown(self):
        if self.system is not None:
            if self.system._root.exit_reason is None:
                self.run(self.system.stop())
            assert {} == self.alive
            assert [] == ActorRegistry.get_all()
        self.loop.close()


TestSupervisorModel = SupervisorMachine.TestCase
TestSupervisorModel.settings = settings(
    max_examples=settings().max_examples * 6 // 10,
    stateful_step_count=30,
    suppress_health_check=list(HealthCheck),
)
