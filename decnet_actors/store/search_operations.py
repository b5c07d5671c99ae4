"""This module defines the search through what was typed and shown in sessions."""

from enum import StrEnum

from attrs import field, frozen, validators

from decnet_actors.contracts.operations import Audit, Operation, Page, Role, Route, about
from decnet_actors.store.argument_fields import cursor, limit, matching, moment

MAX_TEXT = 64  # characters one can look for


class LineKind(StrEnum):
    """Where a line is from."""

    COMMAND = "command"  # a command that ran, as the decoy understood it
    TYPED = "typed"  # keys that were struck
    SHOWN = "shown"  # what the terminal was sent


@frozen(kw_only=True)
class SessionSearchArgs:
    """What to look for, and where."""

    text: str = field(
        validator=[validators.min_len(1), validators.max_len(MAX_TEXT)],
        metadata=about("What to look for; upper and lower case are the same.", positional=True),
    )
    shown: bool = field(default=False, metadata=about("Look through what terminals showed, too."))
    decky: str | None = matching("Only on this decky.")
    service: str | None = matching("Only at this service.")
    source: str | None = matching("Only from this address.")
    session: str | None = matching("Only in this session.")
    since: float | None = moment("Typed not before this time.")
    until: float | None = moment("Typed before this time.")
    limit: int = limit("Lines at most.")
    cursor: str | None = cursor()


@frozen(kw_only=True)
class FoundLine:
    """A line that has the text: ``before``, ``hit`` and ``after`` together are the line, escaped."""

    time: float  # when the line began
    session: str
    decky: str  # empty, like the next two, once retention has removed the session
    service: str
    source: str
    kind: LineKind
    before: str
    hit: str
    after: str
    erased: bool  # the line, as it was sent, does not have it: these are the keys in the order they were struck
    at: float  # seconds after the session was opened
    replay: float | None  # seconds into its replay; None when that does not show the line


SESSION_SEARCH = Operation(
    name="session.search",
    summary="Search everything typed in sessions, also what was erased again; newest first.",
    args=SessionSearchArgs,
    result=Page[FoundLine],
    role=Role.ANALYST,
    audit=Audit.READ,
    route=Route(method="GET", path="/sessions/search"),
    examples=(
        "decnetctl session search authorized_keys",
        "decnetctl session search 'permission denied' --shown --since 7d -o jsonl",
    ),
    columns=("time", "session", "decky", "source", "at", "before", "hit", "after"),
)
