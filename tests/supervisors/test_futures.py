import asyncio
import queue
import threading

import pytest

from supervisors.errors import AskTimeoutError, BlockingCallError
from supervisors.futures import HybridFuture


async def test_several_tasks_await_one_future():
    future: HybridFuture[int] = HybridFuture()

    async def wait():
        return await future

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(wait()) for _ in range(3)]
        await asyncio.sleep(0)
        future.set(7)

    assert [7, 7, 7] == [task.result() for task in tasks]
    assert 7 == await future == future.get()


async def test_thread_sets_and_loop_awaits_and_the_other_way_round():
    to_loop: HybridFuture[int] = HybridFuture()
    to_thread: HybridFuture[int] = HybridFuture()

    def work():
        to_loop.set(1)
        return to_thread.get(timeout=10)

    running = asyncio.get_running_loop().run_in_executor(None, work)
    assert 1 == await to_loop
    to_thread.set(2)
    assert 2 == await running


def test_get_times_out_in_a_thread():
    future: HybridFuture[int] = HybridFuture()

    with pytest.raises(AskTimeoutError):
        future.get(timeout=0.001)
    threading.Timer(0, lambda: future.set(3)).start()
    assert 3 == future.get(timeout=10)


async def test_get_on_the_loop_is_refused_until_done():
    future: HybridFuture[int] = HybridFuture()
    with pytest.raises(BlockingCallError):
        future.get()
    with pytest.raises(BlockingCallError):
        future.map(str).get()
    future.set(1)

    assert 1 == future.get()


async def test_await_gives_up_within_its_time():
    future: HybridFuture[int] = HybridFuture()
    future.within = 0.001
    with pytest.raises(AskTimeoutError):
        await future
    future.set(1)

    assert 1 == await future


async def test_cancelled_waiter_does_not_disturb_the_others():
    future: HybridFuture[int] = HybridFuture()

    async def wait():
        return await future

    loop = asyncio.get_running_loop()
    first, second = loop.create_task(wait()), loop.create_task(wait())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    future.set(5)

    assert 5 == await second


def test_exceptions_come_in_every_form():
    for setter, kind in (
        (lambda future: future.fail(KeyError("k")), KeyError),
        (lambda future: future.set_exception((ValueError, ValueError("v"), None)), ValueError),
        (lambda future: future.set_exception((OSError, None, None)), OSError),
        (lambda future: future.set_exception(), RuntimeError),
    ):
        future: HybridFuture[int] = HybridFuture()
        setter(future)
        with pytest.raises(kind):
            future.get()


def test_set_exception_takes_the_one_being_handled():
    future: HybridFuture[int] = HybridFuture()
    try:
        dict[str, int]()["here"]
    except LookupError:
        future.set_exception()

    with pytest.raises(LookupError, match="here"):
        future.get()


def test_second_set_is_refused():
    future: HybridFuture[int] = HybridFuture()
    future.set(1)
    for again in (lambda: future.set(2), future.set_exception, lambda: future.set_get_hook(lambda _timeout: 1)):
        with pytest.raises(queue.Full):
            again()


async def test_pykka_combinators_can_be_awaited():
    numbers: HybridFuture[list[int]] = HybridFuture()
    more: HybridFuture[list[int]] = HybridFuture()
    derived = [
        numbers.map(len),
        numbers.filter(lambda n: n > 1),
        numbers.reduce(lambda a, b: a + b, 10),
        numbers.join(more),
    ]
    loop = asyncio.get_running_loop()
    loop.call_soon(numbers.set, [1, 2, 3])
    loop.call_soon(more.set, [4])

    assert [3, [2, 3], 16, [[1, 2, 3], [4]]] == [await future for future in derived]
    assert 3 == derived[0].get()


def test_get_hook_is_called_once_in_a_thread():
    calls: list[float | None] = []

    def hook(timeout):
        calls.append(timeout)
        return 9

    future: HybridFuture[int] = HybridFuture()
    future.set_get_hook(hook)

    assert (9, 9) == (future.get(timeout=2), future.get())
    assert [2] == calls
