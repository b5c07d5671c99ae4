"""This module defines the operations on techniques.

Imports attrs and the operation classes only, so the command line stays light; handlers are in ``techniques.handlers``.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import Attribute, field, frozen, validators

from decnet_actors.contracts.operations import Audit, Nothing, Operation, Page, Role, Route, about
from decnet_actors.contracts.techniques import Mode

MAX_TEXT = 500  # characters of a filter or a reason
MAX_LIMIT = 1000


def _short(_: object, attribute: "Attribute[Any]", value: str | None) -> None:  # Any: text, or its absence
    if value is not None and len(value) > MAX_TEXT:
        raise ValueError(f"{attribute.name} is longer than {MAX_TEXT} characters")


def _matching(text: str) -> str | None:
    value: str | None = field(default=None, validator=_short, metadata=about(text))
    return value


@frozen(kw_only=True)
class TechniqueRow:
    """A technique that was seen, for one tactic. Times are Unix seconds."""

    technique: str
    name: str
    tactic: str
    tactic_id: str
    events: int
    sources: int
    first_seen: float
    last_seen: float
    confidence: float  # the highest, from 0 to 1


@frozen(kw_only=True)
class TechniqueListArgs:
    """Which techniques."""

    source: str | None = _matching("Only from this address.")
    since: float | None = field(default=None, metadata=about("Only events since this time."))


def _ident() -> str:
    value: str = field(validator=_short, metadata=about("Id of the technique: T1110, T1110.001.", positional=True))
    return value


@frozen(kw_only=True)
class TechniqueArgs:
    """Which technique."""

    id: str = _ident()


@frozen(kw_only=True)
class TechniqueEventsArgs(TechniqueListArgs):
    """Which technique, and which of its events."""

    id: str = _ident()
    limit: int = field(
        default=100, validator=[validators.ge(1), validators.le(MAX_LIMIT)], metadata=about("Events at most.")
    )
    cursor: str | None = _matching("Where the page before this one ended.")


@frozen(kw_only=True)
class TagRow:
    """An event that shows a technique, and the rule that says so."""

    time: float
    source: str
    decky: str
    service: str
    technique: str
    rule: str
    confidence: float
    phase: str
    evidence: Mapping[str, str]
    session: str
    event: str
    seq: int


@frozen(kw_only=True)
class TechniqueDetail:
    """A technique with the newest events that show it or one of its sub-techniques."""

    technique: str
    name: str
    tactics: tuple[str, ...]
    url: str
    rules: tuple[str, ...]  # that may find it
    tags: tuple[TagRow, ...]
    truncated: bool  # there are more; ``technique.events`` has all
    notice: str  # must go with names of ATT&CK


@frozen(kw_only=True)
class RuleRow:
    """A rule, and what an operator says of it. Times are Unix seconds."""

    rule: str
    version: int
    name: str
    techniques: tuple[str, ...]
    on: tuple[str, ...]
    own: bool  # from the operator's folder
    mode: Mode
    ceiling: float  # how far it is believed
    until: float | None
    reason: str
    author: str
    events: int
    last_seen: float | None


@frozen(kw_only=True)
class RuleArgs:
    """Which rule, and why."""

    rule: str = field(validator=_short, metadata=about("Id of the rule.", positional=True))
    reason: str = field(default="", validator=_short, metadata=about("Why."))


def _ahead(_: object, attribute: "Attribute[Any]", value: float | None) -> None:  # Any: as above
    if value is not None and value < 0:
        raise ValueError(f"{attribute.name} is no time")


@frozen(kw_only=True)
class RuleDisableArgs(RuleArgs):
    """Which rule, and for how long."""

    until: float | None = field(
        default=None, validator=_ahead, metadata=about("Only events before this time; without it, for good.")
    )


@frozen(kw_only=True)
class RuleClipArgs(RuleDisableArgs):
    """Which rule, and how far it is believed."""

    ceiling: float = field(
        validator=[validators.gt(0), validators.le(1)], metadata=about("Highest confidence it may have, to 1.")
    )


class LayerFormat(StrEnum):
    """Who reads it."""

    NAVIGATOR = "navigator"


@frozen(kw_only=True)
class TechniqueExportArgs(TechniqueListArgs):
    """What to export."""

    format: LayerFormat = field(default=LayerFormat.NAVIGATOR, metadata=about("Who reads it: ATT&CK Navigator."))


@frozen(kw_only=True)
class TechniqueLayer:
    """A layer for ATT&CK Navigator: the text of its JSON file."""

    name: str
    text: str


TECHNIQUE_LIST = Operation(
    name="technique.list",
    summary="List the ATT&CK techniques that were seen, by tactic.",
    args=TechniqueListArgs,
    result=Page[TechniqueRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/techniques"),
    examples=("decnetctl technique list --since 7d", "decnetctl technique list --source 203.0.113.7"),
    columns=("tactic", "technique", "name", "events", "sources", "last_seen", "confidence"),
)
TECHNIQUE_SHOW = Operation(
    name="technique.show",
    summary="Show a technique and the events that show it.",
    args=TechniqueArgs,
    result=TechniqueDetail,
    role=Role.VIEWER,
    route=Route(method="GET", path="/techniques/{id}"),
    examples=("decnetctl technique show T1110",),
)
TECHNIQUE_EVENTS = Operation(
    name="technique.events",
    summary="List the events that show a technique, newest first.",
    args=TechniqueEventsArgs,
    result=Page[TagRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/techniques/{id}/events"),
    examples=("decnetctl technique events T1110 --source 203.0.113.7",),
    columns=("time", "source", "decky", "service", "technique", "rule", "confidence", "evidence"),
)
TECHNIQUE_RULES = Operation(
    name="technique.rules",
    summary="List the rules, how often each matched, and which are disabled or clipped.",
    args=Nothing,
    result=Page[RuleRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/technique-rules"),
    examples=("decnetctl technique rules",),
    columns=("rule", "name", "techniques", "mode", "ceiling", "until", "events", "last_seen"),
)
RULE_ENABLE = Operation(
    name="technique.rule-enable",
    summary="Let a rule match again, as far as it says itself.",
    args=RuleArgs,
    result=RuleRow,
    role=Role.ANALYST,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/technique-rules/{rule}:enable"),
    examples=("decnetctl technique rule-enable SH-7",),
)
RULE_DISABLE = Operation(
    name="technique.rule-disable",
    summary="Let a rule match no longer; what it found stays.",
    args=RuleDisableArgs,
    result=RuleRow,
    role=Role.ANALYST,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/technique-rules/{rule}:disable"),
    examples=("decnetctl technique rule-disable SH-7 --reason 'our own inventory runs find'",),
)
RULE_CLIP = Operation(
    name="technique.rule-clip",
    summary="Believe a rule only so far.",
    args=RuleClipArgs,
    result=RuleRow,
    role=Role.ANALYST,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/technique-rules/{rule}:clip"),
    examples=("decnetctl technique rule-clip SH-7 --ceiling 0.3",),
)
TECHNIQUE_EXPORT = Operation(
    name="technique.export",
    summary="Export the techniques that were seen as a layer for ATT&CK Navigator.",
    args=TechniqueExportArgs,
    result=TechniqueLayer,
    role=Role.VIEWER,
    route=Route(method="GET", path="/techniques:export"),
    examples=("decnetctl technique export --format navigator",),
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (  # Any: operations of unlike classes
    TECHNIQUE_LIST,
    TECHNIQUE_SHOW,
    TECHNIQUE_EVENTS,
    TECHNIQUE_RULES,
    RULE_ENABLE,
    RULE_DISABLE,
    RULE_CLIP,
    TECHNIQUE_EXPORT,
)
