"""This module sets up trees for supervision tests: workers that obey, and what the tree reported."""

import asyncio
from typing import Any

from pykka import ActorRegistry

from supervisors.actor import LoopActor
from supervisors.report import Report
from supervisors.spec import ChildSpec, SupervisorSpec
from supervisors.system import System
from supervisors.testing import LoopClock, run_virtual, settle


class Worker(LoopActor):
    def __init__(self, world, name, stop_time=0.0, stubborn=False):
        super().__init__()
        self.world, self.name, self.stop_time, self.stubborn = world, name, stop_time, stubborn

    async def on_start(self):
        if self.world.failing.get(self.name, 0) > 0:
            self.world.failing[self.name] -= 1
            raise OSError(self.name)

    async def handle(self, message):
        match message:
            case "boom":
                raise ValueError("boom")
            case "exit":
                self.stop()
            case "hang":
                while True:
                    try:
                        await asyncio.sleep(3600)
                    except asyncio.CancelledError:
                        if not self.stubborn:
                            raise
            case _:
                pass
        return message

    async def on_stop(self):
        await asyncio.sleep(self.stop_time)


class World:
    """A tree under test and what it reported."""

    def __init__(self):
        self.reports: list[Report] = []
        self.failing: dict[str, int] = {}

    def spec(self, name, *, stop_time=0.0, stubborn=False, **more):
        return ChildSpec(name, lambda: Worker(self, name, stop_time, stubborn), **more)

    async def start(self, *children, **more):
        self.system = System(
            SupervisorSpec("top", children, **more),
            clock=LoopClock(asyncio.get_running_loop()),
            seed=1,
            reports=self.reports.append,
        )
        await self.system.start()
        return self.system

    def ref(self, name) -> Any:
        return self.system.directory.whereis(f"top/{name}")

    async def crash(self, name, how="boom"):
        self.ref(name).tell(how)
        await settle()

    def story(self):
        """Return (context, child) of every report and forget them."""
        told = [(str(report.context), report.offender.removeprefix("top/")) for report in self.reports]
        self.reports.clear()
        return told

    async def ask(self, message):
        return await self.system.ref.ask(message, within=1000)


def virtual(test):
    def run(*args, **kwargs):
        ActorRegistry._actor_refs.clear()  # whatever a failed test has left
        run_virtual(test(World(), *args, **kwargs))
        assert [] == ActorRegistry.get_all()

    return run
