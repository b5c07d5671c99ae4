"""This module defines the port to the inside of a decky that is a real machine: its files and its shells.

Only fleet drivers that put one behind a decky have it; it stands beside ``fleet_driver.FleetDriver``.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from attrs import frozen

from decnet_actors.contracts.machine import Pty


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
        """Give it input."""

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

    def run(
        self, decky: str, command: tuple[str, ...], *, user: str = "", pty: Pty | None = None
    ) -> AbstractAsyncContextManager[Program]:
        """Run a program, on a terminal if ``pty`` is given.

        It is killed when the context ends, and so is what runs in the terminal's foreground; what it left in the
        background stays, as on any machine.
        """
