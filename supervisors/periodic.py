"""This module tells an actor the same message again and again."""

from typing import Any

from pykka import ActorDeadError
from pykka._envelope import Envelope  # private, pinned by pykka>=4.5,<5; what mailboxes carry

from supervisors.actor import LoopActor


class Periodic:
    """A beat for one actor; ends with it.

    Args:
        actor: whom to tell; it must be running (make this in ``on_start``).
        seconds: between two messages.
        message: what to tell.
        jitter: +- share of ``seconds``, drawn from the actor's ``rng``, so that many actors spread out.
        at_once: tell the first one now.

    """

    def __init__(
        self, actor: LoopActor, seconds: float, message: Any, *, jitter: float = 0.1, at_once: bool = False
    ) -> None:
        self.skipped = 0  # beats that found the one before still waiting: a slow actor gets no pile of them
        self._actor = actor
        self._seconds = seconds
        self._jitter = jitter
        self._envelope: Envelope[Any] = Envelope(message)  # any message
        self._timer = actor.call_after(0.0 if at_once else self._delay(), self._beat)

    def cancel(self) -> None:
        """Stop beating; a beat that waits in the mailbox is still handled."""
        self._timer.cancel()

    def _delay(self) -> float:
        return self._seconds * (1 + self._jitter * self._actor.rng.uniform(-1, 1))

    def _beat(self) -> None:
        self._timer = self._actor.call_after(self._delay(), self._beat)
        mailbox = self._actor.mailbox
        if self._envelope in mailbox:
            self.skipped += 1
            return
        try:
            mailbox.put(self._envelope, force=True)
        except ActorDeadError:
            self.cancel()
