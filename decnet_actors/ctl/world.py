"""This module defines what the command line takes from outside: clock, terminal and environment."""

import os
import sys
import time
from collections.abc import Callable, Generator, Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from attrs import Factory, field, frozen

if TYPE_CHECKING:
    from decnet_actors.ctl.install.host import Host


class Input(Protocol):
    """Standard input, as far as a command reads it."""

    def isatty(self) -> bool: ...
    def readline(self) -> str: ...
    def read(self, size: int, /) -> str: ...


class Daemon(Protocol):
    """The daemon as a command sees it. Both questions raise ``CommandFailed``: the daemon's error, or its absence."""

    @property
    def address(self) -> str:
        """Where it is asked, as --control takes it."""

    def call(self, name: str, args: Mapping[str, Any]) -> Any:  # Any: the shape of JSON
        """Return the answer of an operation."""

    def stream(self, name: str, args: Mapping[str, Any]) -> Generator[Any]:  # Any: the shape of JSON
        """Yield the answers of a streaming operation until it ends; closing the iterator cancels it."""


@frozen(kw_only=True)
class World:
    """Everything a command may use of the machine it runs on; tests give their own."""

    environ: Mapping[str, str] = Factory(lambda: os.environ)
    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    zone: tzinfo | None = None  # None: the machine's
    connect: "Callable[[Settings], Daemon] | None" = None  # None: over the control socket
    host: "Callable[[Path], Host] | None" = None  # what is set up below a root; None: with the system's tools
    programs: Path = Factory(lambda: Path(sys.executable).parent)  # where decnetd is
    stdin: Input = field(factory=lambda: sys.stdin)


@frozen(kw_only=True)
class Settings:
    """What the flags every command has say."""

    output: str = "table"
    columns: tuple[str, ...] = ()
    headers: bool = True
    sort: str = ""
    limit: int | None = None
    watch: float | None = None  # seconds
    verbosity: int = 0  # -1 quiet, 0, 1 verbose
    utc: bool = False
    timeout: float = 10.0  # seconds
    no_input: bool = False
    yes: bool = False
    wait: bool = True  # for work that outlasts its answer
    control: str = ""
    world: World = field(factory=World)

    @property
    def zone(self) -> tzinfo | None:
        """The zone times are shown in."""
        return UTC if self.utc else self.world.zone

    @property
    def quiet(self) -> bool:
        """Whether talk on standard error is unwanted."""
        return self.verbosity < 0
