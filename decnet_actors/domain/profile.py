"""This module holds what is known of an attacker: sums that grow, and short lists with what is left out counted.

One attacker is one address here. New fields come at the end with a default: what was stored before has none.
"""

import math
from bisect import bisect_left

from msgspec import Struct, field

TENTH = 10  # moments a second: what happens within one is one act
MOMENTS = 64  # newest moments that are known one by one
HOURS = 24
MAX_RECENT = 128  # newest records that would be known again


class Gaps(Struct, array_like=True):
    """The time between acts of an attacker, in tenths of a second: whole numbers, so that their order is all the same.

    A moment that is late finds its place as long as it is among the newest ``MOMENTS``, or before all others; between
    them nobody knows its neighbours, and it is passed over.
    """

    count: int = 0  # of different moments
    first: int = 0
    last: int = 0
    squares: int = 0  # of the gaps, summed
    newest: list[int] = field(default_factory=list)  # ascending

    def add(self, time: float) -> None:
        """Take note of a moment, Unix seconds."""
        moment = int(time * TENTH)
        place = bisect_left(self.newest, moment)
        if place < len(self.newest) and self.newest[place] == moment:
            return
        if place == 0 and self.count > len(self.newest):
            if moment >= self.first:
                return
            self.squares += (self.first - moment) ** 2
        else:
            self._between(place, moment)
        self.first = min(self.first, moment) if self.count else moment
        self.last = max(self.last, moment) if self.count else moment
        self.count += 1

    def _between(self, place: int, moment: int) -> None:
        before = self.newest[place - 1] if place else None
        after = self.newest[place] if place < len(self.newest) else None
        if before is not None:
            self.squares += (moment - before) ** 2
        if after is not None:
            self.squares += (after - moment) ** 2
        if before is not None and after is not None:
            self.squares -= (after - before) ** 2
        self.newest.insert(place, moment)
        if len(self.newest) > MOMENTS:
            del self.newest[0]

    @property
    def mean(self) -> float | None:
        """Seconds, ``None`` while there is no gap."""
        if self.count < 2:  # noqa: PLR2004  a gap has two ends
            return None
        return (self.last - self.first) / (self.count - 1) / TENTH

    @property
    def variation(self) -> float | None:
        """The gaps' standard deviation over their mean, ``None`` while there is no gap."""
        gaps, span = self.count - 1, self.last - self.first
        if gaps < 1:
            return None
        variance = (self.squares * gaps - span * span) / (gaps * gaps)
        return math.sqrt(variance) / (span / gaps)


class Seen(Struct, array_like=True):
    """One thing an attacker showed, and how often."""

    value: str  # escaped
    count: int
    first: float
    last: float


class Tally(Struct, array_like=True):
    """Different things in the order in which they came; those beyond the cap are only counted."""

    seen: list[Seen] = field(default_factory=list)
    more: int = 0

    def add(self, value: str, time: float, cap: int) -> bool:
        """Count a thing; return whether it is on the list for the first time."""
        for one in self.seen:
            if one.value == value:
                one.count += 1
                one.first, one.last = min(one.first, time), max(one.last, time)
                return False
        if len(self.seen) >= cap:
            self.more += 1
            return False
        self.seen.append(Seen(value, 1, time, time))
        return True


class Profile(Struct, array_like=True):
    """What one address did. Times are Unix seconds."""

    address: str
    first_seen: float
    last_seen: float
    first_seq: int
    last_seq: int
    events: int = 0
    sessions: int = 0
    credentials: int = 0
    accepted: int = 0
    commands: int = 0
    files: int = 0
    downloads: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    large_payloads: int = 0
    deckies: int = 0
    services: list[str] = field(default_factory=list)  # sorted
    path: list[str] = field(default_factory=list)  # deckies in the order in which they were reached, the first of them
    marks: dict[str, Tally] = field(default_factory=dict)  # what its clients are known by, by kind
    command_lines: Tally = field(default_factory=Tally)
    digests: Tally = field(default_factory=Tally)  # SHA-256 of files it brought
    urls: Tally = field(default_factory=Tally)  # that it asked for
    gaps: Gaps = field(default_factory=Gaps)
    hours: list[int] = field(default_factory=lambda: [0] * HOURS)  # acts by hour of the day, UTC
    recon: list[float] = field(default_factory=list)  # newest times it looked around before it took, ascending
    taking: float | None = None  # when it first did more than look around
    behaviour: str = "unknown"
    tools: list[str] = field(default_factory=list)  # sorted
    agents: list[str] = field(default_factory=list)  # tools that told their names, sorted
    scored: float = 0.0  # event time when its sums were told last
    traversed: float = 0.0  # event time when its way was told last
    told: int = 0  # deckies when its way was told last
    busy: list[str] = field(default_factory=list)  # sessions that are open and in which it did something
    recent: list[int] = field(default_factory=list)  # newest records, by a short digest


class Visit(Struct):
    """What one address did on one decky."""

    address: str
    decky: str
    first_seen: float
    last_seen: float
    events: int = 0
    sessions: int = 0
    credentials: int = 0
    accepted: int = 0
    commands: int = 0
    files: int = 0
    services: list[str] = field(default_factory=list)  # sorted


class Mark(Struct, frozen=True):
    """That an address showed something its clients are known by."""

    kind: str
    value: str
    address: str
    first_seen: float


class Mutation(Struct, array_like=True, frozen=True):
    """That a decky began to serve something else."""

    time: float
    old: tuple[str, ...]
    new: tuple[str, ...]
    trigger: str
