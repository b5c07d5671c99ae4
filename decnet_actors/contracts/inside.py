"""This module defines the port to the inside of a decky that is a real machine: its files and its shells.

Only fleet drivers that put one behind a decky have it; it stands beside ``fleet_driver.FleetDriver``.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from attrs import field, frozen

from decnet_actors.contracts.machine import Pty
from decnet_actors.domain.persona import Account


@frozen(kw_only=True)
class System:
    """What the machines behind deckies are installed with."""

    distribution: str  # as /etc/os-release says: debian, ubuntu; empty when it says nothing
    release: str  # 12, 22.04
    name: str  # for people: PRETTY_NAME
    kernel: str  # uname -r
    kernel_build: str  # uname -v
    architecture: str  # uname -m
    accounts: tuple[Account, ...]


@frozen(kw_only=True)
class Command:
    """What is to run, and as whom."""

    words: tuple[str, ...]
    user: str = ""  # name of an account; empty is root
    folder: str = ""  # where; empty is the image's own
    environment: Mapping[str, str] = field(factory=dict)
    pty: Pty | None = None  # on a terminal of this size


@frozen(kw_only=True)
class File:
    """A file that somebody brought or made inside."""

    path: str
    data: bytes


@frozen(kw_only=True)
class Output:
    """What a program printed; all of it is output on a terminal."""

    data: bytes
    is_error: bool = False  # on standard error


class Program(Protocol):
    """A program that runs inside.

    What it prints waits while nobody reads, so that its memory is bounded. Every method raises
    ``fleet_driver.DriverUnreachableError`` when what does the work cannot be reached.
    """

    async def read(self) -> Output | None:
        """Return what it has printed since, waiting for something; ``None`` at its end."""

    async def write(self, data: bytes) -> None:
        """Give it input, waiting until there is room for more."""

    async def end_input(self) -> None:
        """Tell it that no more input comes; on a terminal nothing happens."""

    async def resize(self, pty: Pty) -> None:
        """Change its terminal's size."""

    async def status(self) -> int | None:
        """Return its exit status; ``None`` while it runs."""


class Inside(Protocol):
    """Reaches into the machines behind deckies.

    Paths are absolute. Errors are ``OSError`` or ``ValueError`` with a sentence that names the decky, or
    ``fleet_driver.DriverUnreachableError``.
    """

    async def plant(self, decky: str, path: str, data: bytes, *, mode: int, modified: float) -> None:
        """Put a file there, of root, in place of one that is there; its directory must exist.

        Args:
            decky: its name.
            path: of the file.
            data: what it is to hold.
            mode: permission bits.
            modified: Unix seconds.

        """

    async def read(self, decky: str, path: str, *, limit: int) -> bytes:
        """Return what a regular file holds.

        Raises:
            OSError: it is not there (``FileNotFoundError``), larger than ``limit`` bytes (EFBIG) or not a file.

        """

    @property
    def system(self) -> System:
        """What all of them are installed with; known once the driver is open."""

    def run(self, decky: str, command: Command) -> AbstractAsyncContextManager[Program]:
        """Run a program.

        It is killed when the context ends, and so is what runs in the terminal's foreground; what it left in the
        background stays until ``tidy``.
        """

    async def tidy(self, decky: str) -> None:
        """Kill everything that visitors left running."""

    async def brought(self, decky: str, *, user: str, count: int, limit: int) -> Sequence[File]:
        """Return the regular files that were not there when the machine was made, as far as a user may read them.

        Args:
            decky: its name.
            user: who looks.
            count: files at most.
            limit: bytes at most, of all together; a file that does not fit is left out.

        """
