"""This module defines the operations on what was changed of deckies' files."""

from attrs import field, frozen
from attrs.validators import ge, le, max_len, optional

from decnet_actors.contracts.decky_files import Hand
from decnet_actors.contracts.operations import Audit, Operation, Page, Role, Route, about

MAX_TEXT = 500  # characters of a filter
MAX_LIMIT = 1000


def _absolute(_: object, __: object, value: str) -> None:
    if value and not value.startswith("/"):
        raise ValueError(f"path: {value[:80]!r} is not absolute; begin it with /")


@frozen(kw_only=True)
class DeckyFilesArgs:
    """Which changes."""

    name: str = field(metadata=about("Name of the decky.", positional=True))
    path: str = field(
        default="", validator=_absolute, metadata=about("Only of this path and what is below it.", positional=True)
    )
    source: str | None = field(
        default=None, validator=optional(max_len(MAX_TEXT)), metadata=about("Only by this address.")
    )
    hand: Hand | None = field(default=None, metadata=about("Only by attackers, planting or life."))
    current: bool = field(default=False, metadata=about("Only what the decky's tree has now."))
    limit: int = field(default=100, validator=[ge(1), le(MAX_LIMIT)], metadata=about("Changes at most."))
    cursor: str | None = field(
        default=None, validator=optional(max_len(MAX_TEXT)), metadata=about("Where the page before this one ended.")
    )


@frozen(kw_only=True)
class FileChange:
    """What a file or directory became, by whom. ``path`` is escaped."""

    number: int  # counts the changes of a decky
    live: bool  # whether the decky's tree has it now
    layer: str  # empty: everybody sees it; else who does
    time: float
    hand: str
    source: str
    session: str
    author: str  # an operator, a token, a user of the decky
    action: str
    path: str
    size: int
    sha256: str | None  # of content that was changed


@frozen(kw_only=True)
class DeckyRestoreArgs:
    """What to put back."""

    name: str = field(metadata=about("Name of the decky.", positional=True))
    path: str = field(
        default="/",
        validator=_absolute,
        metadata=about("This path and what is below it; by default all files.", positional=True),
    )


@frozen(kw_only=True)
class FilesRestored:
    """What was put back."""

    name: str
    path: str
    undone: int  # files and directories that were changed


DECKY_FILES = Operation(
    name="decky.files",
    summary="List what was changed of a decky's files: when, by whom, and what became of it.",
    args=DeckyFilesArgs,
    result=Page[FileChange],
    role=Role.VIEWER,
    route=Route(method="GET", path="/deckies/{name}/files"),
    examples=("decnetctl decky files web-01", "decnetctl decky files web-01 /tmp --source 192.0.2.7"),
    columns=("time", "hand", "source", "author", "action", "path", "size", "live"),
)
DECKY_RESTORE = Operation(
    name="decky.restore",
    summary="Put a decky's files back to how they were before anybody changed them.",
    args=DeckyRestoreArgs,
    result=FilesRestored,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/deckies/{name}/files:restore"),
    examples=("decnetctl decky restore web-01", "decnetctl decky restore web-01 /etc/passwd"),
)
