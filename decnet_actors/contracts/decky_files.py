"""This module defines what a decky's file tree hands to the store: one version of one node after each change."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Protocol, TypeAlias

from attrs import field, frozen
from msgspec import Struct

ENTRIES = "entries"  # the action of a directory in which something was done, and nothing else to itself


class Hand(StrEnum):
    """Whose hand changed a file."""

    MACHINE = "machine"  # itself, when it makes room
    ATTACKER = "attacker"
    PLANTING = "planting"  # an operator, or a token that was laid out
    LIFE = "life"  # users and jobs that are not real


class Isolation(StrEnum):
    """Which attackers see one another's changes."""

    NONE = "none"  # all share one tree, as on a real machine
    SOURCE = "source"  # each address has its own changes
    SESSION = "session"  # each session has its own, gone when it ends


class Author(Struct, frozen=True, kw_only=True):
    """Who changes files."""

    hand: Hand
    source: str = ""  # address of an attacker
    session: str = ""  # id of an attacker's session
    name: str = ""  # of an operator, a token or a made-up user


NOBODY = Author(hand=Hand.ATTACKER)  # an attacker whose service did not say who it is


@frozen
class Kept:
    """Content that the store keeps outside of memory; called, it returns all of it.

    ``read`` takes the SHA-256, an offset and a size, and raises ``OSError`` with EIO for what is not there any more.
    """

    sha256: str
    size: int
    read: Callable[[str, int, int], bytes] = field(repr=False, eq=False)

    def __call__(self) -> bytes:
        return self.part(0, self.size)

    def part(self, offset: int, size: int) -> bytes:
        """Return some of it."""
        return self.read(self.sha256, offset, max(0, min(size, self.size - offset)))


Content: TypeAlias = bytes | Kept


class FileVersion(Struct, frozen=True, kw_only=True):
    """What one node became, by whom. Times are Unix seconds, names and paths as the tree has them (surrogateescape).

    ``node`` and ``parent`` are names that nodes keep for life: the path a node of the base was made at, or ``#number``.
    """

    number: int  # counts the versions of a decky
    supersedes: int = 0  # number of the version that is no longer true; 0: none
    live: bool  # whether this is what the tree has now; what was made and removed again is not
    layer: str  # empty: everybody's; else whose alone
    node: str
    inherited: bool  # whether a lower layer has this node too
    removed: bool
    time: float
    author: Author
    action: str
    path: str
    parent: str = ""
    name: str = ""
    inode: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    accessed: float = 0.0
    modified: float = 0.0
    changed: float = 0.0
    target: str = ""
    size: int = 0
    content: Content | None = None  # ``None``: no content, or that of the lower layer


class Ledger(Protocol):
    """The changes of one tree that are not in the store yet."""

    @property
    def decky(self) -> str:
        """Whose tree."""

    def take(self, *, everything: bool) -> Sequence[FileVersion]:
        """Return (once) what changed, in order; large files that still grow only if ``everything``."""

    def stored(self, version: FileVersion, content: Content) -> None:
        """A version is durable: let go of bytes in memory for ``content``."""


class Told(Protocol):
    """Where a ledger says that it has something."""

    def tell(self, ledger: Ledger) -> None:
        """Have the ledger's changes taken soon. Never blocks."""


@frozen(kw_only=True)
class StoredFiles:
    """What the store has of a decky's tree."""

    versions: Sequence[FileVersion] = ()  # the live ones, in the order of their numbers
    numbers: Iterator[int] = field(repr=False)  # of versions to come; shared by all trees of the decky


class FileStore(Told, Protocol):
    """Where changes of deckies' files are kept."""

    async def load(self, deckies: Sequence[str]) -> Mapping[str, StoredFiles]:
        """Return what there is of some deckies' files, changes that are on their way included."""
