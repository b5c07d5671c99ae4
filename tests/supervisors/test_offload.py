import asyncio
import os
import threading

import pytest

from supervisors.errors import OffloadFullError
from supervisors.offload import Offload, outcome


@pytest.fixture
def offload():
    pool = Offload(threads=2, limit=3)
    yield pool
    pool.close()


async def test_result_and_error_come_back(offload):
    assert threading.get_ident() != await offload(threading.get_ident, within=5)
    with pytest.raises(ZeroDivisionError):
        await offload(lambda: 1 // 0, within=5)


async def test_a_function_that_ends_with_stop_iteration_is_told_so(offload):
    with pytest.raises(RuntimeError, match="StopIteration"):
        await offload(lambda: next(iter(())), within=5)


async def test_late_function_runs_on_but_nobody_waits(offload):
    gate, done = threading.Event(), threading.Event()

    def late():
        gate.wait(10)
        done.set()

    with pytest.raises(TimeoutError):
        await offload(late, within=0.01)
    assert (1, 1) == (offload.abandoned, offload.pending)
    gate.set()
    assert done.wait(5)


async def test_work_beyond_the_limit_is_refused(offload):
    gate = threading.Event()
    loop = asyncio.get_running_loop()
    waiting = [loop.create_task(offload(gate.wait, 10, within=10)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(OffloadFullError):
        await offload(gate.wait, within=1)
    gate.set()

    assert [True, True, True] == [await task for task in waiting]


async def test_work_that_waits_is_not_begun_once_nobody_wants_it():
    pool = Offload(threads=1, limit=10)
    gate, ran = threading.Event(), list[int]()
    loop = asyncio.get_running_loop()
    first = loop.create_task(pool(gate.wait, 10, within=10))
    second = loop.create_task(pool(ran.append, 1, within=10))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    gate.set()
    await first
    await pool(lambda: None, within=5)

    assert ([], 1) == (ran, pool.abandoned)
    pool.close()
    with pytest.raises(OffloadFullError, match="closed"):
        await pool(lambda: None, within=1)


def test_outcome_keeps_even_a_base_exception():
    error = KeyboardInterrupt()

    def interrupted():
        raise error

    assert (None, error) == outcome(interrupted)
    assert (7, None) == outcome(lambda: 7)


async def test_threads_leave_the_machine_to_others_when_they_are_told_to():
    pool = Offload(threads=1, nice=7)
    try:
        assert 7 == await pool(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()), within=5)
        assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) < 7
    finally:
        pool.close()
