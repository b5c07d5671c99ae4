"""This module shows errors: one shape, one exit code each, and never a traceback.

CommandFailed
    what stops a command; made from the daemon's error, or here from the catalogue
"""

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from decnet_actors.contracts.errors import CATALOGUE
from decnet_actors.ctl.cells import words

INTERRUPTED = 130


class CommandFailed(click.ClickException):
    """A command cannot do what it was asked.

    Args:
        body: the one error shape: code, title, status, exit, detail, why, fix, errors.

    """

    def __init__(self, body: Mapping[str, Any]) -> None:  # Any: the shape of JSON
        super().__init__(str(body.get("detail", "")))
        self.body = body

    @property
    def status(self) -> int:
        """The exit code of the process."""
        return int(self.body.get("exit", 1))

    @classmethod
    def of(cls, code: str, detail: str, *, fix: Sequence[str] = (), errors: Sequence[str] = ()) -> "CommandFailed":
        """Return the failure ``code`` of the catalogue."""
        kind = CATALOGUE[code]
        return cls(
            {
                "code": code,
                "title": kind.title,
                "status": kind.status,
                "exit": kind.exit,
                "detail": detail,
                "why": kind.why,
                "fix": list(fix or kind.fix),
                "errors": list(errors),
            }
        )


def show(error: CommandFailed, output: str) -> None:
    """Write the error to standard error, as JSON when the command was to answer in JSON."""
    if output in {"json", "jsonl"}:
        click.echo(json.dumps(error.body), err=True)
        return
    body = error.body
    code = words(str(body.get("code", "")))
    label = click.style(f"error {code}".rstrip() + ":", fg="red", bold=True)
    click.echo(f"{label} {words(str(body.get('detail', '')))}", err=True)
    errors = body.get("errors") or ()
    if len(errors) > 1 or (errors and words(str(errors[0])) not in words(str(body.get("detail", "")))):
        for item in errors:
            click.echo(f"  - {words(item)}", err=True)
    if body.get("why"):
        click.echo(f"  why:  {words(body['why'])}", err=True)
    for number, line in enumerate(body.get("fix") or ()):
        click.echo(f"  {'fix: ' if number == 0 else '     '} {words(line)}", err=True)
    if code in CATALOGUE:
        click.echo(f"  more: decnetctl errors show {code}", err=True)


def usage(error: click.UsageError, output: str) -> None:
    """Write a usage error to standard error, with the command's help as the way out."""
    path = error.ctx.command_path if error.ctx is not None else "decnetctl"
    show(CommandFailed.of("DN5001", error.format_message().rstrip("."), fix=(f"{path} --help",)), output)


def install_last_resort() -> None:
    """Let a defect of ours end in DN6500 and the place of its traceback, instead of the traceback."""
    sys.excepthook = _last_resort


def _last_resort(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    place = _keep("".join(traceback.format_exception(kind, error, trace)))
    show(
        CommandFailed.of(
            "DN6500",
            f"decnetctl failed with {kind.__name__}; the traceback is in {place}",
            fix=("report it with that file",),
        ),
        "table",
    )


def _keep(text: str, directory: Callable[[], str] = tempfile.gettempdir) -> str:
    try:
        handle, name = tempfile.mkstemp(prefix="decnetctl-", suffix=".log", dir=directory())
    except OSError:
        return "no file (none could be written)"
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return str(Path(name))
