"""This module defines the operations registry: one definition for REST, control socket, CLI and permissions.

A feature lists its operations as data in ``<feature>/operations.py`` (imports attrs and this module only, so the CLI
stays light) and binds handlers to them at run time: ``table.bind(SESSION_LIST, handler)``. Every surface calls
``OperationTable.call`` (or ``stream``), which checks the role, structures the arguments and audits.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Generic, TypeAlias, TypeVar

from attrs import Attribute, Factory, field, frozen, validators

A = TypeVar("A")
R = TypeVar("R")


class Role(StrEnum):
    """What a caller may do; each includes the ones before it."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Return whether this role may do what ``other`` may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


class Audit(StrEnum):
    """Which calls leave an audit record."""

    NONE = "none"  # plain reading
    READ = "read"  # reading something sensitive: secrets, artifacts, replays
    CHANGE = "change"


class Mode(StrEnum):
    """How an operation answers."""

    REPLY = "reply"
    STREAM = "stream"


def about(
    text: str, *, positional: bool = False, secret: bool = False, audited: bool = True
) -> dict[str, Any]:  # Any: attrs' metadata
    """Return the metadata of an argument.

    Args:
        text: its help.
        positional: whether the CLI takes it by place.
        secret: whether it is a secret: never kept, and never on the command line.
        audited: whether audit rows keep it; what may hold secrets of decoys is not.

    """
    return {"help": text, "positional": positional, "secret": secret, "audited": audited and not secret}


MAX_FILE = 512 * 1024  # bytes of a file given as an argument


def _bounded(_: object, attribute: "Attribute[str]", value: str) -> None:
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise ValueError(f"{attribute.name} is not Unicode") from None
    if size > MAX_FILE:
        raise ValueError(f"{attribute.name} is larger than {MAX_FILE // 1024} KiB")


@frozen(kw_only=True)
class File:
    """A file as an argument: the client reads it and sends its text, with its name for errors.

    The command line takes its path, ``-`` for standard input.
    """

    name: str = field(validator=validators.max_len(255), metadata=about("Name of the file, for errors."))
    text: str = field(repr=False, validator=_bounded, metadata=about("What stands in it.", audited=False))


@frozen(kw_only=True)
class Nothing:
    """No arguments, or no result."""


@frozen(kw_only=True)
class Route:
    """Where an operation lives under ``/api/v1``; ``{name}`` parts are argument fields."""

    method: str
    path: str


@frozen(kw_only=True)
class Operation(Generic[A, R]):
    """One thing an operator can ask for.

    ``args`` and ``result`` are frozen attrs classes of plain fields (``result`` is the item's class of a stream).
    Field metadata: see ``about``. ``route`` may be ``None``, and a CLI verb missing, only with a reason in ``exempt``
    under ``"rest"`` or ``"cli"``. An operation that has a ``dry_run`` argument changes nothing when it is true.
    One whose work ``outlasts`` its answer has an ``operation`` in its result (``contracts.lifecycle.Lifecycle``), or
    ``None`` there when there is nothing to do.
    """

    name: str  # noun.verb, e.g. session.list
    summary: str
    args: type[A]
    result: type[R]
    role: Role
    audit: Audit = Audit.NONE
    mode: Mode = Mode.REPLY
    outlasts: bool = False
    route: Route | None
    examples: tuple[str, ...]  # decnetctl command lines
    columns: tuple[str, ...] = ()  # result fields shown in the CLI's table, in order
    exempt: Mapping[str, str] = field(factory=dict)

    @property
    def noun(self) -> str:
        """The part before the dot."""
        return self.name.partition(".")[0]

    @property
    def verb(self) -> str:
        """The part after the dot."""
        return self.name.partition(".")[2]


@frozen(kw_only=True)
class Page(Generic[R]):
    """One page of a list, newest first unless the operation says otherwise."""

    items: Sequence[R] = Factory(tuple)
    next: str | None = None  # cursor of the next page


@frozen(kw_only=True)
class Caller:
    """Who asks, as the surface has verified it."""

    name: str
    role: Role
    via: str  # control, web, token, local
    address: str = ""


Handler: TypeAlias = Callable[[Any, Caller], Awaitable[Any]] | Callable[[Any, Caller], AsyncIterator[Any]]
