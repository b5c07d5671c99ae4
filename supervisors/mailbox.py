"""This module holds an actor's mailbox: many producers in any thread, one consumer on the loop, bounded, counted."""

import asyncio
from collections import deque
from contextlib import suppress
from enum import StrEnum
from threading import Lock, get_ident
from types import TracebackType
from typing import Any

from attrs import field, frozen, validators
from pykka import ActorDeadError
from pykka._envelope import Envelope  # private, pinned by pykka>=4.5,<5; the shape ActorRef and Actor exchange
from pykka.messages import _ActorStop  # private, as above

from supervisors.errors import MailboxFullError

__all__ = ["Mailbox", "MailboxFullError", "MailboxSpec", "WhenFull"]

AnyEnvelope = Envelope[Any]  # an actor's messages are its own business


class WhenFull(StrEnum):
    """What a ``tell`` to a full mailbox does. ``send`` waits for room whatever the answer is."""

    BLOCK = "block"  # a thread waits; on the loop MailboxFullError: use ``await send``
    DROP_OLDEST = "drop_oldest"  # the oldest message goes; who asked gets MailboxFullError
    FAIL = "fail"  # MailboxFullError


@frozen(kw_only=True)
class MailboxSpec:
    """Bound and policy of one actor class."""

    limit: int = field(default=10_000, validator=validators.ge(1))
    when_full: WhenFull = WhenFull.FAIL


class Mailbox:
    """FIFO of envelopes.

    ``put`` may be called from any thread; ``get``, ``wait`` and ``put_wait`` only on the loop of ``bind``.
    """

    __slots__ = (
        "_closed",
        "_items",
        "_lock",
        "_loop",
        "_senders",
        "_thread",
        "_waiter",
        "_waking",
        "dropped",
        "high",
        "spec",
    )

    def __init__(self, spec: MailboxSpec) -> None:
        self.spec = spec
        self.dropped = 0  # displaced or refused since the start
        self.high = 0  # greatest depth seen
        self._items: deque[AnyEnvelope] = deque()
        self._senders: deque[tuple[asyncio.Future[None], AnyEnvelope]] | None = None  # waiting in put_wait
        self._lock = Lock()  # put against put and close; the consumer needs none
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._waiter: asyncio.Future[None] | None = None
        self._waking = False
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, envelope: object) -> bool:
        """Say whether this very envelope still waits; linear."""
        return envelope in self._items  # envelopes have no equality of their own

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the consumer's loop; called on that loop's thread."""
        self._loop = loop
        self._thread = get_ident()

    def empty(self) -> bool:
        return not self._items

    def put(self, envelope: AnyEnvelope, /, *, force: bool = False) -> None:
        """Append, or do what the policy says.

        Args:
            envelope: the message; a stop request ignores the bound.
            force: ignore the bound, for messages whose number the runtime bounds itself.

        Raises:
            MailboxFullError: no room.
            ActorDeadError: the actor has ended.

        """
        items = self._items
        displaced = None
        with self._lock:
            if self._closed:
                raise ActorDeadError("the actor has ended")
            depth = len(items)
            room = depth < self.spec.limit or force or type(envelope.message) is _ActorStop
            if not room and self.spec.when_full is WhenFull.DROP_OLDEST:
                displaced, room = self._displace(), True
                depth = len(items)
            if room:
                items.append(envelope)
                if depth >= self.high:
                    self.high = depth + 1
        if not room:
            self._put_when_room(envelope)
            return
        if self._thread == get_ident():
            if (waiter := self._waiter) is not None:
                self._waiter = None
                if not waiter.done():
                    waiter.set_result(None)
        elif self._loop is not None and not self._waking:
            self._waking = True
            self._loop.call_soon_threadsafe(self._woken)
        if displaced is not None and displaced.reply_to is not None:
            displaced.reply_to.set_exception(exc_info(MailboxFullError("displaced by a newer message")))

    async def put_wait(self, envelope: AnyEnvelope) -> None:
        """Append as soon as there is room, in the order of the callers.

        A caller cancelled in the moment it gets room has sent its message.
        """
        with self._lock:  # other threads must not take the room between the look and the append
            if self._closed:
                raise ActorDeadError("the actor has ended")
            waiting: asyncio.Future[None] | None = None
            room = len(self._items) < self.spec.limit and not self._senders
            if room:
                self._items.append(envelope)
                self.high = max(self.high, len(self._items))
            else:
                if self._senders is None:
                    self._senders = deque()
                waiting = asyncio.get_running_loop().create_future()
                self._senders.append((waiting, envelope))
        if waiting is None:
            self._wake()
            return
        try:
            await waiting
        except asyncio.CancelledError:
            if self._senders is not None:  # else the mailbox was closed just now
                with suppress(ValueError):  # it was let in already
                    self._senders.remove((waiting, envelope))
            raise

    def put_first(self, envelope: AnyEnvelope) -> None:
        """Append at the head, past the bound; on the loop only."""
        self._items.appendleft(envelope)
        self._wake()

    def get(self) -> AnyEnvelope:
        """Take the oldest message.

        Raises:
            IndexError: the mailbox is empty.

        """
        envelope = self._items.popleft()
        if self._senders:
            self._let_in()
        return envelope

    async def wait(self) -> None:
        """Return when there is something to take."""
        while not self._items:
            self._waiter = waiter = asyncio.get_running_loop().create_future()
            try:
                await waiter
            finally:
                self._waiter = None

    def stop_waits(self) -> bool:
        """Say whether a stop request is among the messages; linear."""
        return any(type(envelope.message) is _ActorStop for envelope in list(self._items))  # other threads append

    def forget_stops(self) -> None:
        """Answer and drop stop requests: they were meant for an incarnation that has ended."""
        for envelope in [item for item in list(self._items) if type(item.message) is _ActorStop]:
            self._items.remove(envelope)
            if envelope.reply_to is not None:
                envelope.reply_to.set(value=True)

    def close(self) -> None:
        """Refuse messages from now on; who asked or waits for room gets ActorDeadError."""
        with self._lock:
            self._closed = True
            left, senders = list(self._items), self._senders
            self._items.clear()
            self._senders = None
        for envelope in left:
            if envelope.reply_to is None:
                continue
            if type(envelope.message) is _ActorStop:
                envelope.reply_to.set(value=True)
            else:
                envelope.reply_to.set_exception(exc_info(ActorDeadError("ended before handling the message")))
        for waiting, _ in senders or ():
            if not waiting.done():
                waiting.set_exception(ActorDeadError("ended before there was room"))

    def _displace(self) -> AnyEnvelope | None:
        """Drop the oldest message that is not a stop request; the lock is held."""
        stops: list[AnyEnvelope] = []
        displaced = None
        while displaced is None and self._items:
            try:
                oldest = self._items.popleft()  # no iteration: the consumer takes messages meanwhile, without the lock
            except IndexError:
                break
            if type(oldest.message) is _ActorStop:
                stops.append(oldest)
            else:
                displaced = oldest
                self.dropped += 1
        self._items.extendleft(reversed(stops))
        return displaced

    def _put_when_room(self, envelope: AnyEnvelope) -> None:
        loop = self._loop
        if self.spec.when_full is WhenFull.FAIL or loop is None or asyncio._get_running_loop() is not None:  # noqa: SLF001 - get_running_loop raises, which costs more
            with self._lock:
                self.dropped += 1
            raise MailboxFullError(f"{self.spec.limit} messages wait")
        asyncio.run_coroutine_threadsafe(self.put_wait(envelope), loop).result()

    def _let_in(self) -> None:
        with self._lock:
            senders = self._senders
            while senders and len(self._items) < self.spec.limit:
                waiting, envelope = senders.popleft()
                if not waiting.done():
                    self._items.append(envelope)
                    self.high = max(self.high, len(self._items))
                    waiting.set_result(None)

    def _woken(self) -> None:
        self._waking = False
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and self._items:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)


def exc_info(error: BaseException) -> tuple[type[BaseException], BaseException, TracebackType | None]:
    """Return the triple pykka's futures take."""
    return type(error), error, error.__traceback__
