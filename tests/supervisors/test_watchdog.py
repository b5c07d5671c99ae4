import asyncio

import pytest

from supervisors.testing import LoopClock, ManualClock, VirtualLoop, launch, run_virtual
from supervisors.watchdog import AskLag, Watchdog, stacks


def test_lag_is_measured_between_beats():
    async def main():
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        dog = Watchdog(interval=0.1, samples=100)
        ref = launch(dog, clock=LoopClock(loop))
        await asyncio.sleep(1.05)
        loop.skip(0.5)  # somebody blocks the loop for half a second
        await asyncio.sleep(0.2)
        lag = await ref.ask(AskLag(), within=1)

        assert 0 == lag.p50
        assert pytest.approx(0.45, abs=0.01) == lag.max
        assert lag.p99 == lag.max
        assert 11 <= lag.samples <= 13
        await ref.stop()

    run_virtual(main())


async def test_stall_is_told_once_and_the_end_comes_when_it_lasts():
    clock, aborted = ManualClock(), []
    dog = Watchdog(interval=1000, stall_after=2, abort_after=30, abort=lambda: aborted.append(True))
    ref = launch(dog, clock=clock)
    await dog.started
    began = clock.monotonic()
    dog.check(began + 1)
    assert 0 == dog.stalls
    dog.check(began + 3)
    dog.check(began + 4)
    assert (1, []) == (dog.stalls, aborted)
    dog.check(began + 31)
    assert [True] == aborted
    dog._beat(0.0)
    clock.advance(1)
    dog.check(clock.monotonic())
    dog.check(clock.monotonic() + 5)

    assert 2 == dog.stalls == dog.snapshot().stalls
    await ref.stop()


def test_stacks_name_the_function_each_thread_is_in():
    assert "test_stacks_name_the_function_each_thread_is_in" in stacks()
