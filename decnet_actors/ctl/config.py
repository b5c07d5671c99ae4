"""This module shows the configuration in force, and checks files without a daemon: every error where it is."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import click

from decnet_actors.contracts.errors import CATALOGUE
from decnet_actors.ctl import render, settings_files
from decnet_actors.ctl.cells import shown
from decnet_actors.ctl.commands import View, remark
from decnet_actors.ctl.world import Settings

Plain: TypeAlias = Any  # the shape of JSON


def check(args: Mapping[str, Plain], settings: Settings) -> Plain:
    """Return every error of the files, or of the ones the daemon would read."""
    return {"items": settings_files.problems(tuple(args.get("files", ())), settings), "next": None}


def show(answer: Plain, settings: Settings) -> None:
    """Write each error as ``file:line:column: error CODE: text``, its source line, and the sum of all."""
    for problem in answer["items"]:
        for line in problem["shown"].splitlines():
            click.echo(shown(line))
    if not settings.quiet:
        count = len(answer["items"])
        click.echo(f"{count} error{'s' * (count > 1)}; nothing was changed." if count else "ok  no errors", err=True)


def judge(answer: Plain) -> int:
    """Return 78 when there are errors."""
    return CATALOGUE["DN1012"].exit if answer["items"] else 0


def show_values(answer: Plain, settings: Settings) -> None:
    """Write key and value, and where it comes from if that was asked for."""
    rows = answer["items"]
    if not rows:
        remark("nothing sets a value there", settings)
    columns = ("key", "value", *(("origin",) if any(row["origin"] for row in rows) else ()))
    render.many(answer, columns, settings)


SHOW = View(show=show_values)
CHECK = View(show=show, judge=judge)
