"""This module shows events as they come, one line each, and counts over time as bars."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import click

from decnet_actors.ctl import times
from decnet_actors.ctl.cells import words
from decnet_actors.ctl.commands import View
from decnet_actors.ctl.world import Settings

Plain: TypeAlias = Any  # the shape of JSON

BAR = 50  # characters of the longest
MAX_VALUE = 120  # characters of one field on a line of the tail
STAMPS = ("seq", "id", "time", "host", "decky", "service", "session", "source", "source_port", "kind", "topic")


def tail(events: Iterator[Plain], settings: Settings) -> None:
    """Write each event on one line: when, where, who, what."""
    for event in events:
        when = times.clock(event.get("time", 0.0), settings.zone)
        where = "/".join(words(event[name]) for name in ("decky", "service") if event.get(name))
        who = words(event.get("source") or "-")
        kind = click.style(words(event.get("kind", "?")), bold=True)
        click.echo(f"{when}  {where:<24} {who:<15}  {kind} {_fields(event, settings)}".rstrip())


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


def _fields(event: Plain, settings: Settings) -> str:
    fields = event.get("fact") or event.get("payload") or event.get("fields") or {}
    if not isinstance(fields, Mapping):
        fields = {"fact": fields}
    own = {key: value for key, value in event.items() if key not in STAMPS and not isinstance(value, Mapping)}
    texts = []
    for key, value in {**own, **fields}.items():
        if value in (None, "", []):  # an empty field tells nothing on a line
            continue
        text = words(value)
        if settings.output != "wide" and len(text) > MAX_VALUE:
            text = text[:MAX_VALUE] + "\u2026"
        texts.append(f"{words(str(key))}={text}")
    return " ".join(texts)


TAIL = View(show=tail)
HISTOGRAM = View(show=histogram)
