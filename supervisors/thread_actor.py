"""This module is the actor in a thread of its own, for blocking I/O. CPU-bound work belongs in a ProcessActor."""

import asyncio
from asyncio import _get_running_loop
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Condition, Event
from typing import TYPE_CHECKING, Any, ClassVar

import pykka
from pykka import ActorDeadError, ActorRegistry
from pykka._envelope import Envelope  # private, pinned by pykka>=4.5,<5; what pykka's inboxes carry
from pykka.messages import ProxyCall, ProxyGetAttr, ProxySetAttr, _ActorStop

from supervisors.context import ActorContext, InTree
from supervisors.errors import Exit, MailboxFullError, Reason
from supervisors.futures import HybridFuture
from supervisors.log import actor_path, get_logger
from supervisors.mailbox import AnyEnvelope, MailboxSpec, WhenFull
from supervisors.offload import outcome
from supervisors.ref import ActorRef

log = get_logger(__name__)

Message = Any  # an actor's messages are its own business; subclasses narrow the type of ``handle``

if TYPE_CHECKING:

    class _PykkaActor:
        """What is used of pykka.ThreadingActor; mypy sees its untyped hooks otherwise."""

        actor_inbox: Any  # a ThreadMailbox
        actor_stopped: Event
        actor_urn: str

        @classmethod
        def start(cls, *args: Any, **kwargs: Any) -> Any: ...  # as the constructor; answers an ActorRef

        def stop(self) -> None: ...

        def _handle_receive(self, message: Any) -> Any: ...  # as ``Message``

else:
    _PykkaActor = pykka.ThreadingActor


class ThreadMailbox:
    """The mailbox of a thread: same bound, policies and counts as ``Mailbox``."""

    def __init__(self, spec: MailboxSpec) -> None:
        self.spec = spec
        self.dropped = 0
        self.high = 0
        self._items: deque[AnyEnvelope] = deque()
        self._changed = Condition()
        self._senders: list[HybridFuture[None]] = []  # waiting in put_wait
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    def empty(self) -> bool:
        return not self._items

    def put(self, envelope: AnyEnvelope, /, *, force: bool = False) -> None:
        """As ``Mailbox.put``."""
        displaced = None
        with self._changed:
            exempt = force or type(envelope.message) is _ActorStop
            if self.spec.when_full is WhenFull.BLOCK and not exempt and _get_running_loop() is None:
                while self._is_full():
                    self._changed.wait()
            if self._closed:
                raise ActorDeadError("the actor has ended")
            if not exempt and self._is_full():
                self.dropped += 1
                if self.spec.when_full is not WhenFull.DROP_OLDEST:
                    raise MailboxFullError(f"{self.spec.limit} messages wait")
                displaced = self._items.popleft()
            self._append(envelope)
        if displaced is not None and displaced.reply_to is not None:
            error = MailboxFullError("displaced by a newer message")
            displaced.reply_to.set_exception((MailboxFullError, error, None))

    async def put_wait(self, envelope: AnyEnvelope) -> None:
        """As ``Mailbox.put_wait``; waiting senders get room in no particular order."""
        while True:
            with self._changed:
                if self._closed:
                    raise ActorDeadError("the actor has ended")
                if not self._is_full():
                    self._append(envelope)
                    return
                room: HybridFuture[None] = HybridFuture()
                self._senders.append(room)
            await room

    def get(self) -> AnyEnvelope:
        """Take the oldest message, wait for one; on the actor's thread.

        Raises:
            ActorDeadError: the mailbox was closed.

        """
        with self._changed:
            while not self._items and not self._closed:
                self._changed.wait()
            if self._closed:
                raise ActorDeadError("killed")
            envelope = self._items.popleft()
            self._changed.notify_all()  # threads that wait for room
            self._wake_senders()
        return envelope

    def close(self) -> None:
        """Refuse messages from now on; who asked or waits for room gets ActorDeadError."""
        with self._changed:
            self._closed = True
            left = list(self._items)
            self._items.clear()
            self._changed.notify_all()
            self._wake_senders()
        for envelope in left:
            if envelope.reply_to is None:
                continue
            if type(envelope.message) is _ActorStop:
                envelope.reply_to.set(value=True)
            else:
                error = ActorDeadError("ended before handling the message")
                envelope.reply_to.set_exception((ActorDeadError, error, None))

    def _is_full(self) -> bool:
        return len(self._items) >= self.spec.limit and not self._closed

    def _append(self, envelope: AnyEnvelope) -> None:
        self._items.append(envelope)
        self.high = max(self.high, len(self._items))
        self._changed.notify_all()

    def _wake_senders(self) -> None:
        senders, self._senders = self._senders, []
        for sender in senders:
            sender.set(None)


class ThreadActor(InTree, _PykkaActor):
    """A thread that handles one message after the other; hooks are ordinary functions in that thread.

    A thread cannot be killed: it is told to stop and, when it does not, left behind as a zombie. So block
    in short steps, with timeouts, and look at ``self.actor_stopped`` between them.
    """

    mailbox_spec: ClassVar[MailboxSpec] = MailboxSpec()
    expected: ClassVar[tuple[type[Exception], ...]] = ()
    use_daemon_thread: ClassVar[bool] = True
    kill_grace: float = 1.0

    exit_reason: Reason | None = None
    stop_reason: Reason = Exit.NORMAL
    busy_since: float | None = None
    handled: int = 0
    _kill_reason: Reason | None = None

    def __init__(self) -> None:
        super().__init__()
        self._actor_ref: ActorRef = ActorRef(self)
        self.started: HybridFuture[None] = HybridFuture()
        self._exit_callbacks: list[Callable[[Reason], None]] = []
        self._stop_replies: list[HybridFuture[Any]] = []

    def on_start(self) -> None:
        """Prepare; an exception means that the start failed."""

    def handle(self, message: Message) -> Any:
        """Handle one message; the returned value answers an ask."""
        log.warning("actor.unexpected_message", path=self.path, message=type(message).__name__)

    def on_stop(self) -> None:
        """Finish in an orderly stop, after the last message."""

    def on_exit(self, reason: Reason) -> None:
        """Let go of everything; always called, last, in the thread."""

    @property
    def ref(self) -> ActorRef:
        return self._actor_ref

    @property
    def mailbox(self) -> ThreadMailbox:
        inbox = self.actor_inbox
        assert isinstance(inbox, ThreadMailbox)  # noqa: S101 - tells mypy what _create_actor_inbox made
        return inbox

    def launch(self, context: ActorContext) -> ActorRef:
        """As ``LoopActor.launch``."""
        self.context = context
        self._actor_ref.path = context.path
        ActorRegistry.register(self._actor_ref)
        self._start_actor_loop()
        return self._actor_ref

    def request_stop(self, reason: Exit) -> None:
        """As ``LoopActor.request_stop``."""
        self.stop_reason = reason
        with suppress(ActorDeadError):
            self.mailbox.put(Envelope(_ActorStop()))

    def kill(self, reason: Reason = Exit.KILLED) -> None:
        """Tell the thread to end when the function it is in returns."""
        if self._kill_reason is None:
            self._kill_reason = reason
        self._retire()
        self.mailbox.close()

    def add_exit_callback(self, callback: Callable[[Reason], None]) -> None:
        """As ``LoopActor.add_exit_callback``; called on the loop."""
        if self.exit_reason is not None:
            callback(self.exit_reason)
        else:
            self._exit_callbacks.append(callback)

    def _create_actor_inbox(self) -> ThreadMailbox:
        return ThreadMailbox(self.mailbox_spec)

    @staticmethod
    def _create_future() -> HybridFuture[Any]:
        return HybridFuture()

    def on_receive(self, message: Message) -> Any:
        return self.handle(message)

    def _start_actor_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        super()._start_actor_loop()  # type: ignore[misc]  # pykka's, hidden from mypy above

    def _actor_loop(self) -> None:
        actor_path.set(self.path)
        _none, error = outcome(self._live)
        if self._kill_reason is None:
            self._kill_reason = error
        self._retire()
        reason = self.stop_reason if self._kill_reason is None else self._kill_reason
        if not self.started.done():
            self.started.fail(reason if isinstance(reason, Exception) else ActorDeadError(f"{self.path}: {reason}"))
        self.mailbox.close()
        _none, error = outcome(lambda: self.on_exit(reason))
        if error is not None:
            log.error("actor.on_exit_failed", path=self.path, error=repr(error))
        if not self._loop.is_closed():
            with suppress(RuntimeError):  # closed just now: nobody is left to tell
                self._loop.call_soon_threadsafe(self._finish, reason)

    def _live(self) -> None:
        self.on_start()
        self.started.set(None)
        while not self.actor_stopped.is_set():
            try:
                envelope = self.mailbox.get()
            except ActorDeadError:  # killed
                return
            if type(envelope.message) is _ActorStop:
                if isinstance(envelope.reply_to, HybridFuture):
                    self._stop_replies.append(envelope.reply_to)
                self._retire()
                self.on_stop()
                return
            self.busy_since = self._loop.time()
            self._handle(envelope)
            self.busy_since = None
            self.handled += 1

    def _handle(self, envelope: AnyEnvelope) -> None:
        message, reply = envelope.message, envelope.reply_to
        proxy = isinstance(message, ProxyCall | ProxyGetAttr | ProxySetAttr)
        try:
            result = self._handle_receive(message) if proxy else self.handle(message)
        except BaseException as error:
            if reply is not None:
                reply.set_exception((type(error), error, error.__traceback__))
            if reply is None or not isinstance(error, self.expected):
                raise
        else:
            if reply is not None:
                reply.set(result)

    def _finish(self, reason: Reason) -> None:
        self.exit_reason = reason
        for reply in self._stop_replies:
            reply.set(value=True)
        callbacks, self._exit_callbacks = self._exit_callbacks, []
        for callback in callbacks:
            callback(reason)

    def _retire(self) -> None:
        if not self.actor_stopped.is_set():
            ActorRegistry.unregister(self._actor_ref)
            self.actor_stopped.set()
