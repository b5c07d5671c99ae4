"""This module is the actor on the event loop: one task, one mailbox, pykka's refs and registry."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from types import CoroutineType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import pykka
from pykka import ActorDeadError, ActorRegistry
from pykka._envelope import Envelope  # private, pinned by pykka>=4.5,<5; what pykka's inboxes carry
from pykka.messages import ProxyCall, ProxyGetAttr, ProxySetAttr, _ActorStop

from supervisors.context import ActorContext, InTree, Supervised
from supervisors.errors import BlockingCallError, Exit, MailboxFullError, Reason, UnresponsiveError
from supervisors.futures import HybridFuture
from supervisors.log import actor_path, get_logger
from supervisors.mailbox import AnyEnvelope, Mailbox, MailboxSpec, WhenFull
from supervisors.ref import ActorRef

__all__ = [
    "ActorContext",
    "ActorDeadError",
    "ActorRef",
    "BlockingCallError",
    "LoopActor",
    "MailboxFullError",
    "MailboxSpec",
    "Supervised",
    "UnresponsiveError",
    "WhenFull",
]

T = TypeVar("T")
Message = Any  # an actor's messages are its own business; subclasses narrow the type of ``handle``
_FEW_TIMERS = 32
_PROXY_MESSAGES = (ProxyCall, ProxyGetAttr, ProxySetAttr)

log = get_logger(__name__)

if TYPE_CHECKING:

    class _PykkaActor:
        """What is used of pykka.Actor, without its synchronous hooks: a coroutine cannot override those for mypy."""

        actor_inbox: Any  # a protocol of pykka's that lacks what a Mailbox adds
        actor_stopped: Any  # a _Flag; pykka makes a threading.Event
        actor_urn: str

        @classmethod
        def start(cls, *args: Any, **kwargs: Any) -> Any: ...  # as the constructor; answers an ActorRef

        def stop(self) -> None: ...

        def _handle_receive(self, message: Any) -> Any: ...  # as ``Message``

else:
    _PykkaActor = pykka.Actor


class _Flag:
    """What is used of threading.Event, a kilobyte smaller: nobody blocks until an actor on the loop has stopped."""

    __slots__ = ("_set",)

    def __init__(self) -> None:
        self._set = False

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True


class LoopActor(InTree, _PykkaActor):
    """One task of the running loop that handles one message after the other.

    Subclasses override ``handle`` and, where needed, ``on_start``, ``on_stop`` and ``on_exit``.
    An unexpected exception ends the actor and also answers the ask that caused it; those in
    ``expected`` only answer the ask.
    """

    mailbox_spec: ClassVar[MailboxSpec] = MailboxSpec()
    expected: ClassVar[tuple[type[Exception], ...]] = ()
    batch: ClassVar[int] = 128  # messages handled in a row before others on the loop have a turn
    kill_grace: float = 1.0

    _tasks_of_all: ClassVar[set[asyncio.Task[None]]] = set()  # the loop itself keeps only weak references
    # Defaults on the class, so that an idle actor stays small.
    exit_reason: Reason | None = None
    stop_reason: Reason = Exit.NORMAL  # what an orderly stop reports
    busy_since: float | None = None
    handled: int = 0
    keep_mailbox: bool = False  # at its end the mailbox is left to the next incarnation
    crashed_on: AnyEnvelope | None = None  # the message that ended it
    _kill_reason: Reason | None = None
    _ending: bool = False
    _main_over: bool = False
    _task: asyncio.Task[None] | None = None
    _tasks: set[asyncio.Task[Any]] | None = None
    _timers: set[asyncio.TimerHandle] | None = None
    _timers_prune_at: int = _FEW_TIMERS  # cancelled timers are forgotten when there are so many
    _owed: list[HybridFuture[Any]] | None = None
    _reply: HybridFuture[Any] | None = None
    _exit_callbacks: list[Callable[[Reason], None]] | None = None

    def __init__(self) -> None:
        super().__init__()
        self.actor_stopped = _Flag()
        self._actor_ref: ActorRef = ActorRef(self)
        self.started: HybridFuture[None] = HybridFuture()

    # What subclasses override.

    async def on_start(self) -> None:
        """Prepare; an exception means that the start failed."""

    async def handle(self, message: Message) -> Any:
        """Handle one message; the returned value answers an ask."""
        log.warning("actor.unexpected_message", path=self.path, message=type(message).__name__)

    async def on_stop(self) -> None:
        """Finish in an orderly stop, after the last message; not called after a crash or a kill."""

    def on_exit(self, reason: Reason) -> None:
        """Let go of everything; always called, last."""

    # What they use.

    @property
    def ref(self) -> ActorRef:
        return self._actor_ref

    @property
    def mailbox(self) -> Mailbox:
        inbox = self.actor_inbox
        assert isinstance(inbox, Mailbox)  # noqa: S101 - tells mypy what _create_actor_inbox made
        return inbox

    @property
    def is_up(self) -> bool:
        """Whether its start is over and it has not ended."""
        return self.started.done() and not self._ending

    def after(self, seconds: float, message: Message) -> asyncio.TimerHandle:
        """Tell itself a message later; cancelled when the actor ends."""
        return self.call_after(seconds, partial(self.tell_self, message))

    def call_after(self, seconds: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Call something quick later, between two messages or in the middle of one; cancelled when the actor ends."""
        if self._timers is None:
            self._timers = set()
        timers = self._timers
        if len(timers) >= self._timers_prune_at:
            timers.difference_update([timer for timer in timers if timer.cancelled()])
            self._timers_prune_at = 2 * len(timers) + _FEW_TIMERS

        def fire() -> None:
            timers.discard(handle)
            callback()

        handle = asyncio.get_running_loop().call_later(seconds, fire)
        timers.add(handle)
        return handle

    def spawn(
        self, work: Coroutine[Any, Any, T], *, name: str, tag: Callable[[T], Message] | None = None
    ) -> asyncio.Task[T]:
        """Run ``work`` beside the mailbox, as long as the actor lives.

        Its exception crashes the actor. With ``tag`` its result comes back as the message ``tag(result)``.
        """
        task = asyncio.get_running_loop().create_task(work, name=f"{self.path}:{name}")
        if self._tasks is None:
            self._tasks = set()
        self._tasks.add(task)
        task.add_done_callback(partial(self._spawned_ended, tag))
        return task

    def defer(self) -> HybridFuture[Any] | None:
        """Take over answering the message in hand; None when nobody waits for an answer.

        Whoever is still owed an answer when the actor ends gets ActorDeadError.
        """
        reply, self._reply = self._reply, None
        if reply is not None:
            self._owed = [owed for owed in self._owed or () if not owed.done()]
            self._owed.append(reply)
        return reply

    def tell_self(self, message: Message) -> None:
        """Append to the own mailbox past its bound; nothing happens when the actor has ended."""
        with suppress(ActorDeadError):
            self.mailbox.put(Envelope(message), force=True)

    # What supervisors use.

    def launch(self, context: ActorContext) -> ActorRef:
        """Start inside ``context``; ``started`` tells when and whether that worked."""
        self.context = context
        self._actor_ref.path = context.path
        ActorRegistry.register(self._actor_ref)
        self._start_actor_loop()
        return self._actor_ref

    def adopt_mailbox(self, mailbox: Mailbox) -> None:
        """Take over the mailbox of an earlier incarnation, before the start."""
        mailbox.forget_stops()
        self.actor_inbox = mailbox
        self._actor_ref.actor_inbox = mailbox

    def request_stop(self, reason: Exit) -> None:
        """Ask for an orderly stop that will report ``reason``."""
        self.stop_reason = reason
        with suppress(ActorDeadError):
            self.mailbox.put(Envelope(_ActorStop()))

    def kill(self, reason: Reason = Exit.KILLED) -> None:
        """Cancel now. A handler that swallows the cancellation ends the actor when it returns."""
        if self._kill_reason is None:
            self._kill_reason = reason
        self._retire()
        if self._task is not None:
            self._task.cancel()
        for task in tuple(self._tasks or ()):
            task.cancel()

    def add_exit_callback(self, callback: Callable[[Reason], None]) -> None:
        """Call ``callback(reason)`` once, when the actor is gone; at once if it is."""
        if self.exit_reason is not None:
            callback(self.exit_reason)
            return
        if self._exit_callbacks is None:
            self._exit_callbacks = []
        self._exit_callbacks.append(callback)

    def last_rites(self) -> Coroutine[Any, Any, None] | None:
        """Return work that must be done before the actor counts as gone; it cannot be cancelled."""
        return None

    # pykka's hooks.

    def _create_actor_inbox(self) -> Mailbox:
        return Mailbox(self.mailbox_spec)

    @staticmethod
    def _create_future() -> HybridFuture[Any]:
        return HybridFuture()

    def on_receive(self, message: Message) -> Any:
        return self.handle(message)

    def _start_actor_loop(self) -> None:
        if not self.context.path:  # started by pykka's ``start``, outside a tree
            self.context = ActorContext(path=type(self).__name__.lower())
            self._actor_ref.path = self.context.path
        loop = asyncio.get_running_loop()
        self.mailbox.bind(loop)
        task = loop.create_task(self._run(), name=self.path, context=contextvars.Context())
        self._task = task
        self._tasks_of_all.add(task)
        task.add_done_callback(self._main_ended)

    # Its life.

    async def _run(self) -> None:
        actor_path.set(self.path)
        await self.on_start()
        if not self._ending:
            self.started.set(None)
        mailbox, time, expected = self.mailbox, asyncio.get_running_loop().time, self.expected
        left = self.batch
        while not self._ending:
            try:
                envelope = mailbox.get()
            except IndexError:
                left = self.batch
                await mailbox.wait()
                continue
            message = envelope.message
            if type(message) is _ActorStop:
                await self._stop_orderly(envelope)
                return
            self._reply = reply = envelope.reply_to  # type: ignore[assignment]  # our refs make HybridFutures
            self.busy_since = time()
            try:
                result = self._handle_receive(message) if type(message) in _PROXY_MESSAGES else self.handle(message)
                if type(result) is CoroutineType:  # any other awaitable is a value
                    result = await result
            except expected as error:
                if reply is None:
                    self.crashed_on = envelope
                    raise
                self._answer_error(error)
            except BaseException as error:
                self.crashed_on = envelope
                self._answer_error(error)
                raise
            else:
                if self._reply is not None:
                    self._reply.set(result)
            self.busy_since = None
            self.handled += 1
            left -= 1
            if left <= 0:
                left = self.batch
                await asyncio.sleep(0)

    async def _stop_orderly(self, envelope: AnyEnvelope) -> None:
        self._reply = None
        if envelope.reply_to is not None:
            self.add_exit_callback(lambda _reason, reply=envelope.reply_to: reply.set(True))  # type: ignore[misc]  # the default argument is the future
        self._retire()
        await self.on_stop()

    def _answer_error(self, error: BaseException) -> None:
        if self._reply is not None:
            cancelled = isinstance(error, asyncio.CancelledError)
            self._reply.fail(ActorDeadError(f"{self.path} was killed") if cancelled else error)

    def _retire(self) -> None:
        self._ending = True
        if not self.actor_stopped.is_set():
            ActorRegistry.unregister(self._actor_ref)
            self.actor_stopped.set()

    def _spawned_ended(self, tag: Callable[[Any], Message] | None, task: asyncio.Task[Any]) -> None:
        assert self._tasks is not None  # noqa: S101 - spawn made it
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if self._main_over:  # not ``_task.done()``: its own callback may still be to come
            if error is not None:
                log.error("actor.task_failed_while_ending", path=self.path, error=repr(error))
            if not self._tasks:
                self._finish()
        elif error is not None:
            self.kill(error)
        elif tag is not None and not task.cancelled():
            self.tell_self(tag(task.result()))

    def _main_ended(self, task: asyncio.Task[None]) -> None:
        self._main_over = True
        error = None if task.cancelled() else task.exception()
        if self._kill_reason is None:
            self._kill_reason = Exit.KILLED if task.cancelled() else error
        self._retire()
        for timer in self._timers or ():
            timer.cancel()
        for spawned in tuple(self._tasks or ()):
            spawned.cancel()
        if (rites := self.last_rites()) is not None:
            _rites = self.spawn(rites, name="last-rites")
        if not self._tasks:
            self._finish()

    def _finish(self) -> None:
        assert self._task is not None  # noqa: S101 - it has just ended
        self._tasks_of_all.discard(self._task)
        reason = self.stop_reason if self._kill_reason is None else self._kill_reason
        self.exit_reason = reason
        if not self.started.done():
            self.started.fail(reason if isinstance(reason, Exception) else ActorDeadError(f"{self.path}: {reason}"))
        if not self.keep_mailbox:
            self.mailbox.close()
        for owed in self._owed or ():
            if not owed.done():
                owed.fail(ActorDeadError(f"{self.path} ended before answering"))
        try:
            self.on_exit(reason)
        finally:
            callbacks, self._exit_callbacks = self._exit_callbacks, None
            for callback in callbacks or ():
                callback(reason)
