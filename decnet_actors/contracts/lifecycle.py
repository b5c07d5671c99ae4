"""This module defines lifecycle operations: what somebody asked of the running deckies, and how it goes.

One is kept before anything is done, so that it comes to its end also when the daemon dies in the middle.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from attrs import frozen


class State(StrEnum):
    """Where a lifecycle operation stands."""

    QUEUED = "queued"  # others come first
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def is_end(self) -> bool:
        """Whether nothing more comes."""
        return self in {State.SUCCEEDED, State.FAILED}


class Outcome(StrEnum):
    """How a decky is after a change."""

    UP = "up"
    DOWN = "down"
    STOPPED = "stopped"
    GONE = "gone"


@frozen(kw_only=True)
class DeckyOutcome:
    """What was done with one decky."""

    name: str
    state: Outcome
    error: str = ""  # why it is down


@frozen(kw_only=True)
class Lifecycle:
    """One lifecycle operation. Times are Unix seconds."""

    id: str  # 32 hex digits; a later one is greater
    kind: str  # fleet.apply, decky.restart, ...
    author: str
    via: str  # control, web, token, local, daemon, or configuration
    reason: str
    revision: int  # what the deckies are to be brought to
    requested: float
    decky: str = ""  # which one to restart; empty: the fleet is brought to the revision
    started: float | None = None
    ended: float | None = None
    state: State = State.QUEUED
    error: str = ""  # why it failed
    attempts: int = 0  # how often it was begun: more than once when it was cut off
    done: int = 0  # of ``total`` deckies
    total: int = 0
    outcomes: tuple[DeckyOutcome, ...] = ()  # empty where operations are listed


class Lifecycles(Protocol):
    """Keeps lifecycle operations. Those that have ended long ago are forgotten."""

    async def add(self, lifecycle: Lifecycle) -> None:
        """Keep one more; ``FleetRevisions.add`` keeps one together with its revision."""

    async def change(self, lifecycle: Lifecycle) -> None:
        """Keep it as it is now."""

    async def get(self, id: str) -> Lifecycle | None: ...  # noqa: A002  the field's own word
    async def next(self) -> Lifecycle | None:
        """Return the oldest that has not ended."""

    async def list(self, *, before: str | None = None, limit: int = 100) -> Sequence[Lifecycle]:
        """Return them newest first, without outcomes; those before the id if one is given."""
