"""This module asks the daemon over its control socket, and turns what goes wrong into the one error shape."""

import os
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import click

from decnet_actors.contracts.errors import CATALOGUE
from decnet_actors.ctl.cells import words
from decnet_actors.ctl.failure import CommandFailed
from decnet_actors.ctl.world import Daemon, Settings

Plain: TypeAlias = Any  # the shape of JSON

SOCKET = "control.sock"
GROUP = "decnet"  # whose members may use the control socket


class OverSocket:
    """The daemon, as far as the control socket reaches. Connects with each question."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.address = address_of(settings)

    def call(self, name: str, args: Mapping[str, Plain]) -> Plain:
        """Return the answer of an operation.

        Raises:
            CommandFailed: nobody answers, or the daemon's own error.

        """
        from supervisors.control_client import ControlClient, ControlError, ControlUnavailable

        check_socket(self.address)
        try:
            with ControlClient(self.address) as client:
                began = self._settings.world.monotonic()
                answer = client.call(name, dict(args), timeout=self._settings.timeout)
                if self._settings.verbosity > 0:
                    took = self._settings.world.monotonic() - began
                    click.echo(f"{name} on {self.address}: {took * 1000:.1f} ms", err=True)
                return answer
        except ControlUnavailable as error:
            raise unavailable(self.address, str(error)) from None
        except ControlError as error:
            raise failed(error) from None

    def stream(self, name: str, args: Mapping[str, Plain]) -> Generator[Plain]:
        """Yield the answers of a streaming operation until it ends; closing the iterator cancels it.

        Raises:
            CommandFailed: as ``call``.

        """
        from supervisors.control_client import ControlClient, ControlError, ControlUnavailable

        check_socket(self.address)
        try:
            with ControlClient(self.address) as client:
                yield from client.stream(name, dict(args))
        except ControlUnavailable as error:
            raise unavailable(self.address, str(error)) from None
        except ControlError as error:
            raise failed(error) from None


def connect(settings: Settings) -> Daemon:
    """Return the daemon the flags point at; nothing is sent yet."""
    return (settings.world.connect or OverSocket)(settings)


def address_of(settings: Settings) -> str:
    """Return the control socket's address: the flag's, or the first that exists of the usual ones."""
    usual = _usual(settings)
    chosen = settings.control or next((str(path) for path in usual if _is_ours(path)), str(usual[-1]))
    if "://" in chosen and not chosen.startswith("ipc://"):
        raise click.UsageError(f"--control: {words(chosen)} is neither ipc://PATH nor a path")
    return f"ipc://{Path(chosen.removeprefix('ipc://')).expanduser().absolute()}"


def check_socket(address: str) -> None:
    """Tell apart, before connecting, a socket that is not there from one we may not use.

    Raises:
        CommandFailed: DN6001 or DN4003.

    """
    path = Path(address.removeprefix("ipc://"))
    try:
        path.stat()
    except FileNotFoundError:
        raise unavailable(address, "there is no such socket") from None
    except PermissionError:
        raise forbidden(path) from None
    except OSError as error:
        raise unavailable(address, error.strerror or "the path is not usable") from None
    if not os.access(path, os.W_OK):
        raise forbidden(path)


def unavailable(address: str, detail: str) -> CommandFailed:
    """Return DN6001 for an address nobody answers on."""
    return CommandFailed.of("DN6001", f"no daemon answers on {address}: {detail}")


def forbidden(path: Path) -> CommandFailed:
    """Return DN4003 for a socket the user may not open."""
    refused = CommandFailed.of(
        "DN4003",
        f"you may not use the control socket {path}",
        fix=(f"sudo adduser $USER {GROUP}    then sign in again", "or run the command as the daemon's user"),
    )
    why = f"Only the daemon's user, root and the group {GROUP} may open it."
    return CommandFailed({**refused.body, "why": why})


def failed(error: Any) -> CommandFailed:  # Any: ControlError, imported late
    """Return the daemon's error with title, status and exit code of the catalogue."""
    kind = CATALOGUE.get(error.code)
    return CommandFailed(
        {
            "code": error.code,
            "title": kind.title if kind else "",
            "status": kind.status if kind else 500,
            "exit": kind.exit if kind else 1,
            "detail": error.detail,
            "why": error.why or (kind.why if kind else ""),
            "fix": list(error.fix or ()),
            "errors": list(error.errors or ()),
        }
    )


def _usual(settings: Settings) -> Sequence[Path]:
    """Return where the socket may be: of `make run` in this folder, of a user's daemon, of the system's."""
    runtime = settings.world.environ.get("XDG_RUNTIME_DIR")
    users = Path(runtime, "decnet") if runtime else Path(f"/tmp/decnet-{os.getuid()}")  # noqa: S108  its owner is looked at
    return tuple(folder / SOCKET for folder in (Path("run", "sock"), users, Path("/run/decnet")))


def _is_ours(path: Path) -> bool:
    """Return whether the socket is there, and not a trap somebody else laid."""
    try:
        return path.stat().st_uid in {os.getuid(), 0} or path == Path("/run/decnet", SOCKET)
    except OSError:
        return False
