"""This module decides when somebody who fails is left alone, and when it is tried again."""

from enum import StrEnum

FAILURES = 3  # in a row that open it
PAUSE = 60.0  # seconds it stays open at first
LONGEST = 3600.0  # seconds, after every failed trial twice as long as before
MAX_ASKED_FOR = 86_400.0  # seconds, of a pause the other side asked for


class State(StrEnum):
    """Whether requests are made."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"  # one is, and decides


class Breaker:
    """Opens after failures in a row; after a pause lets one request through. ``now`` is monotonic seconds."""

    def __init__(self) -> None:
        self._failures = 0
        self._pauses = 0  # in a row
        self._until: float | None = None  # end of the pause; ``None``: closed
        self._trying = False

    def state(self, now: float) -> State:
        """Return whether requests are made."""
        if self._until is None:
            return State.CLOSED
        return State.OPEN if now < self._until else State.HALF_OPEN

    def pause(self, now: float) -> float:
        """Return how many seconds nobody asks; 0 when a request may be made."""
        if self._until is not None and now < self._until:
            return self._until - now
        return PAUSE if self._trying and self._until is not None else 0.0

    def begin(self, now: float) -> None:
        """Note that a request is made; ``pause`` was 0."""
        self._trying = self.state(now) is State.HALF_OPEN

    def abandon(self) -> None:
        """Note that nobody will hear how the request went."""
        self._trying = False

    def succeed(self) -> None:
        """Note an answer."""
        self._failures = self._pauses = 0
        self._until, self._trying = None, False

    def fail(self, now: float, asked_for: float = 0.0) -> None:
        """Note a failure.

        Args:
            now: monotonic seconds.
            asked_for: seconds for which the other side does not want to be asked; 0 if it said nothing.

        """
        self._failures += 1
        opens = self._until is not None or self._failures >= FAILURES
        self._trying = False
        if not opens and asked_for <= 0.0:
            return
        pause = 0.0
        if opens:
            pause = min(PAUSE * 2.0 ** min(self._pauses, 16), LONGEST)
            self._pauses += 1
        self._until = now + max(pause, min(asked_for, MAX_ASKED_FOR))
