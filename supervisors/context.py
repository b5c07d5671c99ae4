"""This module is the seam between actors and supervisors: what each may expect of the other."""

import random
from collections.abc import Callable
from typing import Any, Protocol

from attrs import evolve, field, frozen

from supervisors.clock import Clock, SystemClock
from supervisors.directory import Directory
from supervisors.errors import Exit, Reason
from supervisors.futures import HybridFuture
from supervisors.ref import ActorRef
from supervisors.report import Report


def _ignore(_report: Report) -> None:
    """Drop reports of a tree that nobody watches."""


@frozen(kw_only=True)
class ActorContext:
    """What an actor knows of its surroundings; its supervisor injects it before the start."""

    path: str
    clock: Clock = field(factory=SystemClock)
    seed: int = 0  # of the installation
    directory: Directory = field(factory=Directory)
    reports: Callable[[Report], None] = _ignore

    def child(self, child_id: str) -> "ActorContext":
        return evolve(self, path=f"{self.path}/{child_id}")


class InTree:
    """What every actor can ask about its place, whatever it runs on."""

    context: ActorContext = ActorContext(path="")
    _rng: random.Random | None = None

    @property
    def path(self) -> str:
        return self.context.path

    @property
    def clock(self) -> Clock:
        return self.context.clock

    @property
    def directory(self) -> Directory:
        return self.context.directory

    @property
    def rng(self) -> random.Random:
        """Chance that is the same after every restart: seeded from the installation's seed and the path."""
        if self._rng is None:
            self._rng = random.Random(f"{self.context.seed}:{self.path}")  # noqa: S311 - not for secrets
        return self._rng


class Supervised(Protocol):
    """What a supervisor needs of an actor, whatever it runs on."""

    @property
    def started(self) -> HybridFuture[None]: ...  # set when on_start is done; fails when the start failed

    @property
    def exit_reason(self) -> Reason | None: ...  # None while it lives

    @property
    def busy_since(self) -> float | None: ...  # loop time when the present message was begun

    @property
    def handled(self) -> int: ...

    @property
    def kill_grace(self) -> float: ...  # seconds a kill may take

    @property
    def ref(self) -> ActorRef: ...

    @property
    def mailbox(self) -> Any: ...  # Mailbox or ThreadMailbox: len(), high, dropped

    def launch(self, context: ActorContext) -> ActorRef: ...

    def request_stop(self, reason: Exit) -> None: ...

    def kill(self, reason: Reason = Exit.KILLED) -> None: ...

    def add_exit_callback(self, callback: Callable[[Reason], None]) -> None: ...
