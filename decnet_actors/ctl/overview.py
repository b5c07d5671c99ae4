"""This module shows what happened in numbers: figures beside those of the span before, and rankings."""

from typing import Any, TypeAlias

import click

from decnet_actors.ctl import times
from decnet_actors.ctl.cells import words
from decnet_actors.ctl.commands import View
from decnet_actors.ctl.world import Settings

Plain: TypeAlias = Any  # the shape of JSON

FIGURES = ("events", "sessions", "credentials", "accepted", "sources", "commands", "files")
RANKINGS = ("deckies", "services", "top_sources", "users", "secrets")


def show(answer: Plain, settings: Settings) -> None:
    """Write the figures and rankings; the chart's points are for machines (``-o json``)."""
    span = times.duration(answer["until"] - answer["since"])
    click.echo(f"{times.local(answer['since'], settings.zone)} to {times.local(answer['until'], settings.zone)}")
    click.echo(f"  {'':<12} {'last ' + span:>12} {'before':>12}")
    for name in FIGURES:
        figure = answer[name]
        click.echo(f"  {name:<12} {figure['value']:>12} {figure['previous']:>12}")
    click.echo(f"  {'open now':<12} {answer['open_sessions']:>12}")
    if answer["last_event"] is not None:
        click.echo(f"  the last event was {times.relative(answer['last_event'], settings.world.now())}")
    for name in RANKINGS:
        if answer[name]:
            click.echo("\n" + click.style(name.replace("_", " "), bold=True))
            for item in answer[name]:
                click.echo(f"  {item['count']:>8}  {words(item['name'])}")


VIEW = View(show=show)
