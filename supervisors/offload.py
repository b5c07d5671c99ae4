"""This module runs blocking functions in a few threads, with a bound on what waits and on how long."""

import asyncio
import os
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread, get_native_id
from typing import Any, TypeVar

from attrs import frozen

from supervisors.errors import OffloadFullError
from supervisors.log import get_logger

T = TypeVar("T")
log = get_logger(__name__)


def outcome(work: Callable[[], T]) -> tuple[T | None, BaseException | None]:
    """Run ``work`` and return its result or what it raised: for code of others, and for the last line of a thread."""
    try:
        return work(), None
    except BaseException as error:  # noqa: BLE001 - whoever waits for the thread gets it
        return None, error


@frozen(eq=False)
class _Job:
    work: Callable[[], Any]  # of any result
    future: asyncio.Future[Any]


class Offload:
    """A bounded pool of daemon threads: one that hangs delays neither the loop nor the end of the process.

    Args:
        threads: at most so many functions run at once; threads are made when needed.
        limit: at most so many functions run or wait.
        nice: of the threads, 0 to 19: how much the rest of the machine goes before (Linux keeps it by thread).

    """

    def __init__(self, threads: int = 4, limit: int = 1000, *, nice: int = 0) -> None:
        self.threads = threads
        self.limit = limit
        self.nice = nice
        self.pending = 0  # running or waiting
        self.abandoned = 0  # functions nobody waited for to the end, since the start
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = Lock()
        self._started = 0
        self._closed = False

    async def __call__(self, function: Callable[..., T], *args: Any, within: float) -> T:
        """Run ``function(*args)`` in a thread and return its result.

        Args:
            function: what blocks; it must not touch the loop.
            *args: passed on.
            within: seconds to wait; afterwards the function runs on, its result is dropped.

        Raises:
            OffloadFullError: ``limit`` functions run or wait.
            TimeoutError: not done in time.

        """
        with self._lock:
            if self._closed or self.pending >= self.limit:
                raise OffloadFullError("closed" if self._closed else f"{self.pending} functions run or wait")
            self.pending += 1
            more = self._started < min(self.threads, self.pending)
            self._started += more
        if more:
            Thread(target=self._serve, name=f"offload-{self._started}", daemon=True).start()
        job = _Job(lambda: function(*args), asyncio.get_running_loop().create_future())
        self._jobs.put(job)
        try:
            async with asyncio.timeout(within):
                return await job.future  # type: ignore[no-any-return]  # the future of ``work`` above
        except (TimeoutError, asyncio.CancelledError):
            if job.future.cancelled():
                self.abandoned += 1
            raise

    def close(self) -> None:
        """Let the threads end after what waits; new work is refused."""
        with self._lock:
            self._closed = True
            for _ in range(self._started):
                self._jobs.put(None)

    def _serve(self) -> None:
        if self.nice:
            os.setpriority(os.PRIO_PROCESS, get_native_id(), self.nice)
        while (job := self._jobs.get()) is not None:
            if not job.future.cancelled():
                result, error = outcome(job.work)
                loop = job.future.get_loop()
                if not loop.is_closed():
                    loop.call_soon_threadsafe(_deliver, job.future, result, error)
            with self._lock:
                self.pending -= 1


def _deliver(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if isinstance(error, StopIteration):  # a future takes none, as a generator lets none out (PEP 479)
        error = RuntimeError("the function raised StopIteration")
    if future.done():
        if error is not None:
            log.warning("offload.failed_unseen", error=repr(error))
    elif error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
