"""This module shows the lines a search found: who and when on one line, what was typed on the next, the hit marked."""

from typing import Any, TypeAlias

import click

from decnet_actors.ctl import times
from decnet_actors.ctl.cells import words
from decnet_actors.ctl.commands import View, remark
from decnet_actors.ctl.world import Settings

Plain: TypeAlias = Any  # the shape of JSON

AROUND = 60  # characters shown on each side of the hit; wide shows all
LEFT, RIGHT = "\u00bb", "\u00ab"  # around the hit, also where there is no colour


def lines(answer: Plain, settings: Settings) -> None:
    """Write each line with where it is from and how to see what went on around it."""
    for item in answer["items"]:
        when = times.local(item["time"], settings.zone)
        place = f"{words(item['decky'])}/{words(item['service'])}"
        said = f"{words(item['kind'])}, erased" if item["erased"] else words(item["kind"])
        click.echo(f"{when}  {place:<20} {words(item['source']):<15}  {said}")
        click.echo(f"    {marked(item, wide=settings.output == 'wide')}")
        start = "" if item["replay"] is None else f" --start {max(0, int(item['replay']) - 1)}s"
        verb = "show" if item["replay"] is None else "replay"
        click.echo(click.style(f"    decnetctl session {verb} {words(item['session'])}{start}", dim=True))
    if not answer["items"]:
        remark("nothing found; --shown looks through what terminals showed, too", settings)
    elif answer.get("next") is not None:
        remark(f"more: --cursor {words(answer['next'])}, or a larger --limit", settings)


def marked(item: Plain, *, wide: bool) -> str:
    """Return the line with its hit between marks."""
    before, after = words(item["before"]), words(item["after"])
    if not wide and len(before) > AROUND:
        before = "\u2026" + before[-AROUND:]
    if not wide and len(after) > AROUND:
        after = after[:AROUND] + "\u2026"
    return before + click.style(f"{LEFT}{words(item['hit'])}{RIGHT}", bold=True) + after


VIEW = View(show=lines)
