"""This module defines the operations on intelligence: what providers say of addresses, and how they are doing.

Imports attrs and the operation classes only, so the command line stays light. Times are Unix seconds.
"""

from enum import StrEnum
from typing import Any

from attrs import Attribute, field, frozen, validators

from decnet_actors.contracts.operations import Audit, Nothing, Operation, Page, Role, Route, about
from decnet_actors.domain.intel import Verdict

MAX_LIMIT = 1000
MAX_TEXT = 500  # characters of a filter


def _short(_instance: object, attribute: "Attribute[Any]", value: str | None) -> None:  # Any: text, or its absence
    if value is not None and len(value) > MAX_TEXT:
        raise ValueError(f"{attribute.name} is longer than {MAX_TEXT} characters")


@frozen(kw_only=True)
class IntelOpinion:
    """What one provider says. ``error`` is why the last request brought nothing; what it said before stays."""

    provider: str
    verdict: Verdict
    says: tuple[str, ...]  # ``name=value``
    asked: float | None
    answered: float | None
    expires: float
    error: str


@frozen(kw_only=True)
class IntelDetail:
    """What is known of one address; ``time`` is when the newest answer came."""

    address: str
    verdict: Verdict
    time: float | None
    opinions: tuple[IntelOpinion, ...]


@frozen(kw_only=True)
class IntelRow:
    """One address that providers were asked about."""

    address: str
    verdict: Verdict
    time: float
    opinions: tuple[str, ...]  # ``provider=verdict``


class ProviderState(StrEnum):
    """How a provider is doing."""

    OFF = "off"  # intelligence is not enabled
    LACKING = "lacking"  # it cannot be asked: its key is missing
    READY = "ready"
    SPENT = "spent"  # asked so often that it must wait
    PAUSED = "paused"  # it failed, and is left alone for a while
    TRYING = "trying"  # the pause is over: the next request decides


@frozen(kw_only=True)
class ProviderRow:
    """One provider. ``left`` is how many requests its budget has now, ``resumes`` when it may be asked again."""

    provider: str
    state: ProviderState
    left: int
    answers: int  # to requests since the daemon's start
    failures: int
    listed: int | None  # addresses of its list, for one that gives a list
    resumes: float | None
    error: str  # of the last request, or what it lacks


@frozen(kw_only=True)
class IntelArgs:
    """Which address."""

    address: str = field(validator=_short, metadata=about("IPv4 or IPv6 address.", positional=True))


@frozen(kw_only=True)
class IntelListArgs:
    """Which addresses."""

    verdict: Verdict | None = field(default=None, metadata=about("Only those of which this is thought."))
    q: str | None = field(default=None, validator=_short, metadata=about("Only addresses that begin with this."))
    since: float | None = field(default=None, metadata=about("Answered since this time."))
    limit: int = field(
        default=100,
        validator=[validators.ge(1), validators.le(MAX_LIMIT)],
        metadata=about("Addresses at most."),
    )
    cursor: str | None = field(default=None, validator=_short, metadata=about("Where the page before this one ended."))


INTEL_SHOW = Operation(
    name="intel.show",
    summary="Show what providers of intelligence say of an address.",
    args=IntelArgs,
    result=IntelDetail,
    role=Role.VIEWER,
    route=Route(method="GET", path="/intel/addresses/{address}"),
    examples=("decnetctl intel show 203.0.113.7",),
)
INTEL_LIST = Operation(
    name="intel.list",
    summary="List the addresses providers of intelligence were asked about, the last answered first.",
    args=IntelListArgs,
    result=Page[IntelRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/intel/addresses"),
    examples=("decnetctl intel list --verdict malicious --since 7d",),
    columns=("address", "verdict", "time", "opinions"),
)
INTEL_REFRESH = Operation(
    name="intel.refresh",
    summary="Ask the providers about an address now, within their limits, however fresh what is known is.",
    args=IntelArgs,
    result=IntelDetail,
    role=Role.ANALYST,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/intel/addresses/{address}/refresh"),
    examples=("decnetctl intel refresh 203.0.113.7",),
)
INTEL_STATUS = Operation(
    name="intel.status",
    summary="Show how each provider of intelligence is doing, and what is left of its budget.",
    args=Nothing,
    result=Page[ProviderRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/intel/providers"),
    examples=("decnetctl intel status",),
    columns=("provider", "state", "left", "answers", "failures", "listed", "resumes", "error"),
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (  # Any: operations of unlike classes
    INTEL_SHOW,
    INTEL_LIST,
    INTEL_REFRESH,
    INTEL_STATUS,
)
