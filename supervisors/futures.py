"""This module holds the one future of the runtime: awaited on the loop, blocked on in threads."""

import asyncio
import queue
import sys
from asyncio import _get_running_loop
from collections.abc import Callable, Generator
from threading import Event, Lock
from types import TracebackType
from typing import Any, TypeVar

import pykka
from pykka._future import _Unset  # private: pykka's Future.get compares against it

from supervisors.errors import AskTimeoutError, BlockingCallError

T = TypeVar("T")
_PENDING: Any = object()  # no value yet; of any type so that it fits every T
ExcInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


class HybridFuture(pykka.Future[T]):
    """A reply to come.

    pykka's own ``await future`` blocks the loop (``Future.__await__`` calls ``get``); this one does not.
    """

    # Defaults on the class keep ``__init__`` to one lock: a future is made for every ask.
    _get_hook: Any = None  # Callable[[float | None], T] | None; mypy takes a callable on the class for a method
    _get_hook_result: Any = _Unset()
    _sources: "tuple[pykka.Future[Any], ...]" = ()
    _value: Any = _PENDING
    _error: BaseException | None = None
    _waiters: list[asyncio.Future[None]] | None = None
    _event: Event | None = None
    within: float | None = None  # seconds an ``await`` waits at most

    def __init__(self) -> None:  # pykka's sets three attributes that have defaults here
        self._lock = Lock()

    def done(self) -> bool:
        return self._value is not _PENDING or self._error is not None

    def set(self, value: T | None = None) -> None:
        self._finish(value, None)

    def set_exception(self, exc_info: Any = None) -> None:  # pykka's OptExcInfo is private
        kind, error, trace = exc_info or sys.exc_info()
        if error is None:
            error = kind() if kind is not None else RuntimeError("no exception is being handled")
        self._finish(_PENDING, error.with_traceback(trace))

    def fail(self, error: BaseException) -> None:
        """Set an exception; ``set_exception`` without the triple."""
        self._finish(_PENDING, error)

    def set_get_hook(self, func: Callable[[float | None], T]) -> None:
        if self.done():
            raise queue.Full
        self._get_hook = func

    def get(self, *, timeout: float | None = None) -> Any:  # as pykka types it
        """Return the value; block for it off the loop only.

        Raises:
            BlockingCallError: called on a loop's thread before the value is there.
            AskTimeoutError: not there in time.

        """
        if self._get_hook is not None:
            if not all(_is_done(source) for source in self._sources or (self,)):
                _refuse_on_loop()
            return super().get(timeout=timeout)
        if not self.done():
            _refuse_on_loop()
            with self._lock:
                if self._event is None:
                    self._event = Event()
                    if self.done():
                        self._event.set()
            if not self._event.wait(timeout):
                raise AskTimeoutError(f"{timeout} seconds")
        return self._result()

    def __await__(self) -> Generator[Any, None, T]:
        if self._get_hook is not None:
            for source in self._sources:
                if not _is_done(source):
                    yield from source.__await__()
            return super().get()
        waiter = self._waiter()
        if waiter is not None:
            if self.within is None:
                yield from waiter
            else:
                timer = waiter.get_loop().call_later(self.within, _expire, waiter)
                try:
                    yield from waiter
                finally:
                    timer.cancel()
        return self._result()  # type: ignore[no-any-return]  # _value is Any because of _PENDING

    __iter__ = __await__

    async def failure(self) -> BaseException | None:
        """Wait, and return the exception instead of raising it; None for a value."""
        waiter = self._waiter()
        if waiter is not None:
            await waiter
        return self._error

    def map(self, func: Callable[[T], Any]) -> Any:
        return self._derived(super().map(func), self)

    def filter(self, func: Callable[[Any], bool]) -> Any:
        return self._derived(super().filter(func), self)  # type: ignore[misc]  # pykka narrows self to futures of lists

    def reduce(self, func: Callable[[Any, Any], Any], *args: Any) -> Any:
        return self._derived(super().reduce(func, *args), self)  # type: ignore[misc]  # as above

    def join(self, *futures: pykka.Future[Any]) -> Any:
        return self._derived(super().join(*futures), self, *futures)

    @staticmethod
    def _derived(new: Any, *sources: pykka.Future[Any]) -> Any:
        new._sources = sources  # noqa: SLF001 - a future of this class, made by pykka's combinator
        return new

    def _waiter(self) -> asyncio.Future[None] | None:
        """Return what is done when this is done, None when it is."""
        if self.done():
            return None
        waiter = asyncio.get_running_loop().create_future()
        with self._lock:
            if self.done():  # by another thread, just now
                return None
            if self._waiters is None:
                self._waiters = []
            self._waiters.append(waiter)
        return waiter

    def _finish(self, value: Any, error: BaseException | None) -> None:
        with self._lock:
            if self.done() or self._get_hook is not None:
                raise queue.Full  # pykka's word for "already set"
            self._value, self._error = value, error
            waiters, self._waiters = self._waiters, None
        if self._event is not None:
            self._event.set()
        here = _get_running_loop()
        for waiter in waiters or ():
            loop = waiter.get_loop()
            if loop is here:
                _release(waiter)
            elif not loop.is_closed():
                loop.call_soon_threadsafe(_release, waiter)

    def _result(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._value


def _release(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(AskTimeoutError("no answer in time"))


def _is_done(future: pykka.Future[Any]) -> bool:
    return isinstance(future, HybridFuture) and future.done()


def _refuse_on_loop() -> None:
    if _get_running_loop() is not None:
        raise BlockingCallError("a future's get() on an event loop's thread: await it")
