"""This module defines what is asked and told of the changes of deckies' files."""

from attrs import field, frozen
from attrs.validators import ge, le, max_len, optional

from decnet_actors.contracts.decky_files import Hand
from decnet_actors.contracts.operations import about

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
