"""This module defines what is kept of techniques: what was seen, what the operator wants of rules, open sequences."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from attrs import frozen

from decnet_actors.contracts.analysis import Work


@frozen(kw_only=True)
class Tag:
    """A rule matched an event. Event, rule and technique together are unique: what comes again changes nothing."""

    event: str  # id of the event
    rule: str
    technique: str
    version: int  # of the rule
    tactic: str
    phase: str
    confidence: float  # from 0 to 1
    seq: int
    time: float  # when the event happened, Unix seconds
    source: str
    session: str
    decky: str
    service: str
    evidence: Mapping[str, str]  # fields of the event, safe to show, never a secret


class Mode(StrEnum):
    """What is done with a rule."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    CLIPPED = "clipped"  # it is believed only so far


@frozen(kw_only=True)
class RuleState:
    """What an operator wants of a rule; it is about events that happened before ``until``."""

    rule: str
    mode: Mode
    ceiling: float = 1.0  # of the confidence of a clipped rule
    until: float | None = None  # Unix seconds
    reason: str = ""
    author: str = ""
    time: float = 0.0  # when it was said


@frozen(kw_only=True)
class Window:
    """What a sequence has counted for one source and one value."""

    key: str  # of rule, source and value
    touched: int  # orders them by when they were counted in last
    state: str  # of ``analysis.techniques.windows``


@frozen(kw_only=True)
class Seen:
    """How often a technique was seen. Times are Unix seconds."""

    technique: str
    tactic: str
    events: int
    sources: int
    first: float
    last: float
    confidence: float  # the highest


class TechniqueTags(Protocol):
    """Keeps what the techniques' study finds, and what operators say of its rules."""

    def work(self, tags: Sequence[Tag], windows: Sequence[Window], gone: Sequence[str]) -> Sequence[Work]:
        """Return the work that keeps tags and windows and forgets the windows with the keys ``gone``."""

    async def windows(self) -> Sequence[Window]:
        """Return the windows, those that were touched longest ago first."""

    async def known(self, pairs: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        """Return those of the pairs of source and technique that have been seen."""

    async def states(self) -> Mapping[str, RuleState]:
        """Return what operators said of rules, by rule."""

    async def set_state(self, state: RuleState) -> None:
        """Keep what an operator says of a rule."""

    async def matrix(self, *, source: str | None = None, since: float | None = None) -> Sequence[Seen]:
        """Return the techniques that were seen, by tactic."""

    async def fired(self) -> Mapping[str, tuple[int, float]]:
        """Return how often each rule matched, and when last."""

    async def tags(
        self,
        techniques: Sequence[str],
        *,
        source: str | None = None,
        since: float | None = None,
        before: tuple[int, str, str] | None = None,
        limit: int = 100,
    ) -> Sequence[Tag]:
        """Return tags of these techniques, newest event first.

        Args:
            techniques: ids.
            source: only of this one.
            since: only of events that happened not before this time.
            before: seq, rule and technique of the tag the page before ended with.
            limit: how many at most.

        """
