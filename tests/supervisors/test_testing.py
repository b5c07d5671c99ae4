import asyncio
from typing import Any

import pytest

from supervisors.testing import CrashError, LoopClock, Probe, crash_at, crash_everywhere, launch, run_virtual


class Disk:
    """Writes rows and then moves its head, as a journal does; ``hasty`` does it the wrong way round."""

    def __init__(self):
        self.rows, self.head = [], 0

    async def append(self, row, *, hasty=False):
        if hasty:
            self.head += 1
            await asyncio.sleep(0)
            self.rows.append(row)
        else:
            self.rows.append(row)
            await asyncio.sleep(0)
            self.head += 1
        await asyncio.sleep(0)


def attempts(*, hasty):
    def make():
        disk = Disk()

        async def scenario():
            for row in range(3):
                await disk.append(row, hasty=hasty)

        async def check():
            assert list(range(disk.head)) == disk.rows[: disk.head]

        return scenario(), check

    return make


async def test_crash_at_every_await_visits_each_suspension():
    assert 6 == await crash_everywhere(attempts(hasty=False))


async def test_crash_at_every_await_finds_the_hole():
    with pytest.raises(AssertionError):
        await crash_everywhere(attempts(hasty=True))


async def test_crash_that_is_caught_is_told_apart():
    async def catches():
        try:
            await asyncio.sleep(0)
        except CrashError:
            return
        await asyncio.sleep(0)

    async def passes():
        await asyncio.sleep(0)

    assert 1 == await crash_at(1, catches())
    assert await crash_at(1, passes()) is None
    assert 1 == await crash_at(0, passes())


async def test_error_of_the_scenario_itself_comes_through():
    async def fails():
        await asyncio.sleep(0)
        async with asyncio.timeout(0):
            await asyncio.sleep(10)

    with pytest.raises(TimeoutError):
        await crash_at(0, fails())


def test_virtual_time_costs_nothing_and_leftovers_are_found():
    async def main():
        clock = LoopClock(asyncio.get_running_loop())
        before = clock.now(), clock.monotonic()
        await asyncio.sleep(86_400)
        return clock.now() - before[0], clock.monotonic() - before[1]

    assert (86_400, 86_400) == run_virtual(main())

    tasks: list[Any] = []

    async def leaves_a_task():
        tasks.append(asyncio.get_running_loop().create_task(asyncio.sleep(10), name="forgotten"))
        await asyncio.sleep(0)

    with pytest.raises(AssertionError, match="forgotten"):
        run_virtual(leaves_a_task())
    tasks[0]._log_destroy_pending = False


def test_probe_keeps_and_answers():
    async def main():
        probe = Probe({int: "number", str: str.upper})
        ref = launch(probe)
        waiting = asyncio.get_running_loop().create_task(probe.wait_for(3))
        answers = [await ref.ask(1), await ref.ask("a"), await ref.ask(None)]

        assert ["number", "A", None] == answers
        assert [1, "a", None] == await waiting == await probe.wait_for(1)
        with pytest.raises(TimeoutError):
            await probe.wait_for(4, within=0.1)
        await ref.stop()

    run_virtual(main())
