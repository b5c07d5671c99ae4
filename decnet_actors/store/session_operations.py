"""This module defines the operations on sessions."""

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen

from decnet_actors.contracts.operations import Audit, Operation, Page, Role, Route, about
from decnet_actors.store.argument_fields import cursor, limit, matching, moment, word
from decnet_actors.store.event_operations import EventRow


@frozen(kw_only=True)
class SessionRow:
    """One session; ``user`` is that of the last accepted log-in, ``client`` how the client names itself."""

    id: str
    decky: str
    service: str
    source: str
    source_port: int
    opened: float
    last_seen: float
    closed: float | None
    reason: str | None
    duration: float | None  # seconds
    bytes_in: int
    bytes_out: int
    events: int
    commands: int
    credentials: int
    files: int
    replayable: bool
    user: str | None
    client: str | None
    host: str
    first_seq: int
    last_seq: int


class SessionState(StrEnum):
    """Whether a session is over."""

    OPEN = "open"
    CLOSED = "closed"


@frozen(kw_only=True)
class SessionListArgs:
    """Which sessions."""

    decky: str | None = matching("Only of this decky.")
    service: str | None = matching("Only of this service.")
    source: str | None = matching("Only from this address.")
    state: SessionState | None = field(default=None, metadata=about("Only open or closed ones."))
    since: float | None = moment("Opened not before this time.")
    until: float | None = moment("Opened before this time.")
    q: str | None = matching("Only sessions whose user or client contains this text.")
    limit: int = limit("Sessions at most.")
    cursor: str | None = cursor()


@frozen(kw_only=True)
class SessionArgs:
    """Which session."""

    id: str = word("Id of the session.")


@frozen(kw_only=True)
class CredentialUse:
    """A credential in a session."""

    credential: str
    session: str
    decky: str
    service: str
    source: str
    time: float  # when the session was opened
    user: str | None
    secret: bytes
    kind: str
    count: int
    accepted: int


@frozen(kw_only=True)
class SessionDetail(SessionRow):
    """One session with the first of what happened in it."""

    kinds: Mapping[str, int]  # events of each class
    uses: tuple[CredentialUse, ...]
    timeline: tuple[EventRow, ...]  # without the bytes of the terminal
    truncated: bool  # the timeline has more; ``event.list --session`` has all


@frozen(kw_only=True)
class Replay:
    """A session's terminal as asciicast v2: the lines of the file, the header first."""

    session: str
    duration: float  # seconds
    lines: tuple[str, ...]
    truncated: bool


SESSION_LIST = Operation(
    name="session.list",
    summary="List sessions, newest first.",
    args=SessionListArgs,
    result=Page[SessionRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/sessions"),
    examples=("decnetctl session list --since 4h", "decnetctl session list --source 203.0.113.7 -o json"),
    columns=("id", "opened", "decky", "service", "source", "user", "commands", "credentials", "files", "duration"),
)
SESSION_SHOW = Operation(
    name="session.show",
    summary="Show one session: what was tried, typed and taken.",
    args=SessionArgs,
    result=SessionDetail,
    role=Role.VIEWER,
    route=Route(method="GET", path="/sessions/{id}"),
    examples=("decnetctl session show 0199a3b2c4d57e8f9a0b1c2d3e4f5061",),
)
SESSION_REPLAY = Operation(
    name="session.replay",
    summary="Get a session's terminal as asciicast v2.",
    args=SessionArgs,
    result=Replay,
    role=Role.VIEWER,
    audit=Audit.READ,
    route=Route(method="GET", path="/sessions/{id}/replay"),
    examples=("decnetctl session replay 0199a3b2c4d57e8f9a0b1c2d3e4f5061",),
)
