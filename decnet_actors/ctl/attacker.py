"""This module shows attackers to people."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import click

from decnet_actors.ctl import times
from decnet_actors.ctl.cells import NOTHING, counted, size, words
from decnet_actors.ctl.commands import View
from decnet_actors.ctl.world import Settings

Plain: TypeAlias = Any  # the shape of JSON

SHOWN = 20  # of each list; -o json has all


def show(of: Plain, settings: Settings) -> None:
    """Write who it is and how it acts, then its way, its clients, and what it tried and took."""
    tools = f", seems to use {words(of['tools'])}" if of["tools"] else ""
    click.echo(f"{click.style(words(of['address']), bold=True)}  {words(of['behaviour'])}{tools}")
    click.echo(f"  seen      {_moment(of['first_seen'], settings)} to {_moment(of['last_seen'], settings)}")
    click.echo(f"  did       {_deeds(of)}, {counted(of['downloads'], 'download')} asked for")
    click.echo(f"  data      {size(of['bytes_in'])} in, {size(of['bytes_out'])} out")
    click.echo(f"  rhythm    {_rhythm(of['timing'])}")
    click.echo(f"  phases    {_phases(of['phases'], settings)}")
    _list("way", [_visit(one, settings) for one in of["visits"]])
    _list("deckies that changed meanwhile", [_mutation(one, settings) for one in of["mutations"]])
    _list("fingerprints", [_fingerprint(one) for one in of["fingerprints"]])
    _list("credentials tried", [_tried(one) for one in of["tried"]])
    _list("commands", [_seen(one) for one in of["command_lines"]])
    _list("files brought", [_seen(one) for one in of["digests"]])
    _list("downloads asked for", [_seen(one) for one in of["urls"]])
    _list("others like it", [f"{words(one['address'])}  {words(one['kinds'])}" for one in of["related"]])
    if of["left_out"]:
        click.echo(f"\n{counted(of['left_out'], 'time')} it showed something else that no list has room for")


def _list(title: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    click.echo("\n" + click.style(title, bold=True))
    for line in lines[:SHOWN]:
        click.echo(f"  {line}")
    if len(lines) > SHOWN:
        click.echo(f"  and {len(lines) - SHOWN} more (-o json)")


def _moment(time: float | None, settings: Settings) -> str:
    return NOTHING if time is None else times.local(time, settings.zone)


def _deeds(of: Plain) -> str:
    files = counted(of["files"], "file")
    tried = f"{counted(of['credentials'], 'credential')} ({of['accepted']} accepted)"
    return f"{counted(of['sessions'], 'session')}, {tried}, {counted(of['commands'], 'command')}, {files}"


def _rhythm(timing: Plain) -> str:
    acts = counted(timing["acts"], "act")
    if timing["mean"] is None:
        return acts
    home = f", calls home with {timing['jitter']:.0f}% jitter" if timing["interval"] is not None else ""
    return f"{acts}, every {times.duration(timing['mean'])} (variation {timing['variation']:.2f}){home}"


def _phases(phases: Plain, settings: Settings) -> str:
    if phases["exfil_start"] is None:
        return f"only looked around, until {_moment(phases['recon_end'], settings)}"
    after = "" if phases["latency"] is None else f", {times.duration(phases['latency'])} after it had looked around"
    return f"took action at {_moment(phases['exfil_start'], settings)}{after}"


def _visit(visit: Plain, settings: Settings) -> str:
    first = _moment(visit["first_seen"], settings)
    return f"{first}  {words(visit['decky'])}  {words(visit['services'])}: {_deeds(visit)}"


def _mutation(one: Plain, settings: Settings) -> str:
    change = f"{words(one['old'])} -> {words(one['new'])}"
    return f"{_moment(one['time'], settings)}  {words(one['decky'])}  {change} ({words(one['trigger'])})"


def _fingerprint(one: Plain) -> str:
    return f"{words(one['kind'])}  {words(one['value'])}  {one['count']}x, shared by {counted(one['others'], 'other')}"


def _tried(one: Plain) -> str:
    result = "accepted" if one["accepted"] else "refused"
    return f"{words(one['user'])} / {words(one['secret'])}  {one['count']}x, {result}"


def _seen(one: Plain) -> str:
    return f"{one['count']:>4}x  {words(one['value'])}"


SHOW = View(show=show)
