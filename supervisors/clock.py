"""This module tells the time, as a parameter that tests can replace."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where actors get the time from."""

    def now(self) -> float:
        """Return Unix seconds, UTC; may jump when an operator sets the clock."""
        ...

    def monotonic(self) -> float:
        """Return seconds since an arbitrary start; never goes back."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> float:
        return time.time()  # noqa: TID251 - the one place that reads the wall clock

    def monotonic(self) -> float:
        return time.monotonic()  # noqa: TID251 - the one place that reads the monotonic clock
