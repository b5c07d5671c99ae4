"""This module shows what a restore did, or would do, and what to do next."""

from typing import Any, TypeAlias

import click

from decnet_actors.ctl.cells import words
from decnet_actors.ctl.commands import View, remark
from decnet_actors.ctl.world import Settings

Plain: TypeAlias = Any  # the shape of JSON


def show(report: Plain, settings: Settings) -> None:
    """Write what went where, table by table, and how to start on it."""
    done = "restored" if report["restored"] else "would restore"
    click.echo(f"{done} {words(report['name'])} to {words(report['into'])}")
    counts = [*report["tables"].items(), ("artifacts", report["artifacts"])]
    width = max(len(words(name)) for name, _ in counts)
    for name, count in counts:
        if count or settings.output == "wide":
            click.echo(f"  {words(name):<{width}}  {words(count)}")
    if report["restored"]:
        remark(f"next: decnetd --state-dir {words(report['into'])}", settings)
    else:
        remark("nothing was changed", settings)


VIEW = View(show=show)
