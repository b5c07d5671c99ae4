"""This module is the address of one incarnation of an actor: tell, ask, send, stop."""

from asyncio import _get_running_loop
from typing import Any

import pykka
from pykka import ActorDeadError
from pykka._envelope import Envelope  # private, pinned by pykka>=4.5,<5; what pykka's inboxes carry
from pykka.messages import ProxySetAttr, _ActorStop

from supervisors.errors import BlockingCallError, MailboxFullError
from supervisors.futures import HybridFuture

Message = Any  # an actor's messages are its own business


class ActorRef(pykka.ActorRef[Any]):
    """Where to send to one incarnation of an actor. Hold an ``Address`` rather than this."""

    path: str = ""
    actor_inbox: Any  # Mailbox or ThreadMailbox; pykka's protocol lacks what we add

    def tell(self, message: Message) -> None:
        """Send and forget.

        Raises:
            ActorDeadError: the actor has ended.
            MailboxFullError: no room; a thread waits instead when the policy is BLOCK.

        """
        if self.actor_stopped.is_set():
            raise ActorDeadError(f"{self} has ended")
        self.actor_inbox.put(Envelope(message))

    def ask(  # unlike pykka's it does not block by default: on the loop that is a deadlock
        self, message: Message, *, within: float | None = None, block: bool | None = None, timeout: float | None = None
    ) -> Any:
        """Send and get the answer: an awaitable on a loop, the answer itself elsewhere.

        Args:
            message: what to ask.
            within: seconds to wait, then AskTimeoutError.
            block: pykka's; False returns a future anywhere, True is refused on a loop.
            timeout: pykka's name for ``within``.

        """
        on_loop = _get_running_loop() is not None
        if on_loop and (block or type(message) is ProxySetAttr):
            raise BlockingCallError(f"blocking ask of {self} on an event loop's thread")
        limit = timeout if within is None else within
        reply: HybridFuture[Any] = HybridFuture()
        reply.within = limit
        try:
            if self.actor_stopped.is_set():
                reply.fail(ActorDeadError(f"{self} has ended"))
            else:
                self.actor_inbox.put(Envelope(message, reply))
        except (ActorDeadError, MailboxFullError) as error:
            reply.fail(error)
        if on_loop or block is False:
            return reply
        return reply.get(timeout=limit)

    async def send(self, message: Message) -> None:
        """Send as soon as there is room; messages of waiting senders keep their order.

        Raises:
            ActorDeadError: the actor has ended.

        """
        if self.actor_stopped.is_set():
            raise ActorDeadError(f"{self} has ended")
        await self.actor_inbox.put_wait(Envelope(message))

    def stop(  # as ``ask``
        self, *, block: bool | None = None, timeout: float | None = None
    ) -> Any:
        """Ask to stop after the messages that wait; the answer comes when the actor is gone.

        Returns:
            True when this stopped it, False when it had ended; awaitable on a loop.

        """
        on_loop = _get_running_loop() is not None
        if on_loop and block:
            raise BlockingCallError(f"blocking stop of {self} on an event loop's thread")
        reply: HybridFuture[bool] = HybridFuture()
        reply.within = timeout
        try:
            if self.actor_stopped.is_set():
                reply.set(value=False)
            else:
                self.actor_inbox.put(Envelope(_ActorStop(), reply))
        except ActorDeadError:
            reply.set(value=False)
        if on_loop or block is False:
            return reply
        return reply.get(timeout=timeout)
