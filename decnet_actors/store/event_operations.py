"""This module defines the operations on events."""

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from decnet_actors.contracts.operations import Mode, Operation, Page, Role, Route, about
from decnet_actors.store.argument_fields import MAX_LIMIT, count, cursor, kinds, limit, matching, moment, word

MAX_BUCKETS = 1000


@frozen(kw_only=True)
class EventRow:
    """One committed fact. ``fact`` holds the fields of the class ``kind``."""

    seq: int
    id: str
    time: float
    host: str
    decky: str
    service: str
    session: str
    source: str
    source_port: int
    kind: str
    topic: str
    summary: str  # one line, escaped
    fact: Mapping[str, Any]  # Any: JSON


@frozen(kw_only=True)
class EventListArgs:
    """Which events."""

    decky: str | None = matching("Only of this decky.")
    service: str | None = matching("Only of this service.")
    source: str | None = matching("Only from this address.")
    session: str | None = matching("Only of this session.")
    kind: str | None = kinds(
        "Only of this class of facts, e.g. CredentialSeen; several with commas. Without it all but TerminalSeen."
    )
    since: float | None = moment("Not before this time.")
    until: float | None = moment("Before this time.")
    q: str | None = matching("Only events whose fact contains this text (case matters).")
    limit: int = limit("Events at most.")
    cursor: str | None = cursor()


@frozen(kw_only=True)
class EventShowArgs:
    """Which event."""

    event: str = word("Number (seq) or id of the event.")


@frozen(kw_only=True)
class EventTailArgs:
    """Which events to follow."""

    decky: str | None = matching("Only of this decky.")
    service: str | None = matching("Only of this service.")
    source: str | None = matching("Only from this address.")
    session: str | None = matching("Only of this session.")
    kind: str | None = kinds(
        "Only of this class of facts, e.g. CredentialSeen; several with commas. Without it all but TerminalSeen."
    )
    q: str | None = matching("Only events whose fact contains this text (case matters).")
    after: int | None = field(default=None, metadata=about("Begin after this number (seq) instead of now."))
    last: int = count("Begin with this many of the newest events.", 10, 0, MAX_LIMIT)


@frozen(kw_only=True)
class HistogramArgs:
    """Which events to count."""

    decky: str | None = matching("Only of this decky.")
    service: str | None = matching("Only of this service.")
    source: str | None = matching("Only from this address.")
    session: str | None = matching("Only of this session.")
    kind: str | None = kinds("Only of this class of facts, e.g. CredentialSeen; several with commas.")
    since: float | None = moment("From this time on; a day ago if missing.")
    until: float | None = moment("Before this time; now if missing.")
    buckets: int = count("Bars, about; each is a whole number of minutes.", 48, 1, MAX_BUCKETS)


@frozen(kw_only=True)
class Bucket:
    """How many events there were from ``time`` on."""

    time: float
    count: int


@frozen(kw_only=True)
class Histogram:
    """Events over time; every bucket is there, empty ones too."""

    since: float
    until: float
    step: float  # seconds
    items: tuple[Bucket, ...]


EVENT_LIST = Operation(
    name="event.list",
    summary="List events, newest first.",
    args=EventListArgs,
    result=Page[EventRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/events"),
    examples=("decnetctl event list --decky web-01 --since 4h", "decnetctl event list --kind CredentialSeen -o jsonl"),
    columns=("seq", "time", "decky", "service", "source", "kind", "summary"),
)
EVENT_SHOW = Operation(
    name="event.show",
    summary="Show one event with everything that was recorded.",
    args=EventShowArgs,
    result=EventRow,
    role=Role.VIEWER,
    route=Route(method="GET", path="/events/{event}"),
    examples=("decnetctl event show 4711",),
)
EVENT_TAIL = Operation(
    name="event.tail",
    summary="Follow events as they are committed, without a hole.",
    args=EventTailArgs,
    result=EventRow,
    role=Role.VIEWER,
    mode=Mode.STREAM,
    route=Route(method="GET", path="/events/tail"),
    examples=("decnetctl event tail", "decnetctl event tail --decky web-01 -o jsonl"),
    columns=("time", "decky", "service", "source", "kind", "summary"),
)
EVENT_HISTOGRAM = Operation(
    name="event.histogram",
    summary="Count events over time.",
    args=HistogramArgs,
    result=Histogram,
    role=Role.VIEWER,
    route=Route(method="GET", path="/events/histogram"),
    examples=("decnetctl event histogram --since 7d",),
    columns=("time", "count"),
)
