"""This module shows events as they come, one line each, and counts over time as bars."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import click

from decnet_actors.ctl import times
from decnet_actors.ctl.cells import words
from decnet_actors.ctl.commands import View
from decnet_actors.ctl.world import Settings

Plain: TypeAlias = Any  # the shape of JSON

BAR = 50  # characters of the longest
MAX_SUMMARY = 200  # characters


def tail(events: Iterator[Plain], settings: Settings) -> None:
    """Write each event on one line: when, where, who, what; wide has every field instead of the summary."""
    for event in events:
        when = times.clock(event["time"], settings.zone)
        where = "/".join(words(event[name]) for name in ("decky", "service") if event[name])
        kind = click.style(words(event["kind"]), bold=True)
        what = words(event["fact"]) if settings.output == "wide" else words(event["summary"])[:MAX_SUMMARY]
        click.echo(f"{when}  {where:<20} {words(event['source']) or '-':<15}  {kind} {what}".rstrip())


def histogram(answer: Plain, settings: Settings) -> None:
    """Write one bar for each span of time."""
    items = answer["items"]
    most = max((item["count"] for item in items), default=0)
    for item in items:
        when = times.local(item["time"], settings.zone)
        bar = "\u2588" * round(BAR * item["count"] / most) if most else ""
        click.echo(f"{when}  {item['count']:>8}  {bar}".rstrip())
    if not items and not settings.quiet:
        click.echo("nothing found", err=True)


TAIL = View(show=tail)
HISTOGRAM = View(show=histogram)
