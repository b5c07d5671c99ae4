"""This module defines the operations that show what happened in numbers, and how the database is doing."""

from attrs import frozen

from decnet_actors.contracts.operations import Nothing, Operation, Role, Route
from decnet_actors.store.argument_fields import count, moment
from decnet_actors.store.event_operations import MAX_BUCKETS


@frozen(kw_only=True)
class OverviewArgs:
    """Which span of time; the one before it, as long, is what it is compared with."""

    since: float | None = moment("From this time on; a day ago if missing.")
    until: float | None = moment("Before this time; now if missing.")
    buckets: int = count("Points of the chart, about; each is a whole number of minutes.", 48, 1, MAX_BUCKETS)
    top: int = count("Entries of each ranking.", 10, 1, 100)


@frozen(kw_only=True)
class Figure:
    """A number, and what it was in the span before."""

    value: int
    previous: int


@frozen(kw_only=True)
class Ranked:
    """An entry of a ranking; ``name`` is escaped."""

    name: str
    count: int


@frozen(kw_only=True)
class Point:
    """One point of the chart: what happened from ``time`` on."""

    time: float
    events: int
    sessions: int
    credentials: int
    accepted: int


@frozen(kw_only=True)
class Overview:
    """What happened, in numbers. Whole minutes are counted."""

    since: float
    until: float
    step: float  # seconds between points
    events: Figure
    sessions: Figure
    credentials: Figure
    accepted: Figure
    sources: Figure
    commands: Figure
    files: Figure
    open_sessions: int
    last_event: float | None
    series: tuple[Point, ...]
    deckies: tuple[Ranked, ...]  # by sessions, as the next two
    services: tuple[Ranked, ...]
    top_sources: tuple[Ranked, ...]
    users: tuple[Ranked, ...]  # by attempts, over all time, as is the next
    secrets: tuple[Ranked, ...]


OVERVIEW_SHOW = Operation(
    name="overview.show",
    summary="What happened, in numbers: totals, changes, rankings and a chart.",
    args=OverviewArgs,
    result=Overview,
    role=Role.VIEWER,
    route=Route(method="GET", path="/overview"),
    examples=("decnetctl overview show", "decnetctl overview show --since 7d"),
)


@frozen(kw_only=True)
class DatabaseStatus:
    """How the store is doing."""

    engine: str
    schema: str
    head: int  # highest committed seq
    events: int
    oldest: float | None
    newest: float | None
    size: int  # bytes, 0 when the engine does not tell
    pending: int  # recorded, not yet durable
    pending_bytes: int
    crowded: bool
    stalled_since: float | None
    last_error: str | None
    dead_letters: int
    commit_seconds: float  # of the last batch


DB_STATUS = Operation(
    name="db.status",
    summary="Show how the database is doing.",
    args=Nothing,
    result=DatabaseStatus,
    role=Role.VIEWER,
    route=Route(method="GET", path="/db"),
    examples=("decnetctl db status",),
)
