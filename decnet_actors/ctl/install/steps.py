"""This module is a step of an installation: what it would take is seen first, then done, or only said."""

from collections.abc import Callable
from enum import Enum, auto

from attrs import frozen


class Fate(Enum):
    """What an undoing leaves of something."""

    GONE = auto()
    LEFT = auto()  # it was there before, or is of use to others
    KEPT = auto()  # it is to go another time: its record stays


@frozen(kw_only=True)
class Outlook:
    """What one step needs."""

    detail: str = ""
    act: Callable[[], None] | None = None  # None: nothing is to be done, the detail says why
    fate: Fate = Fate.GONE  # of an undoing
