"""This module shows a self-test hop by hop; the exit code is 1 when a hop failed."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import click

from decnet_actors.ctl.cells import words
from decnet_actors.ctl.commands import View
from decnet_actors.ctl.failure import CommandFailed
from decnet_actors.ctl.world import Settings

Plain: TypeAlias = Any  # the shape of JSON


def show(hops: Iterator[Plain], settings: Settings) -> None:
    """Write one line a hop, under a line for each service probed."""
    probed, failed, count = "", 0, 0
    for hop in hops:
        place = f"{words(hop['decky'])} {words(hop['service'])}"
        if place != probed:
            click.echo(click.style(place, bold=True))
            probed = place
        mark = click.style(" ok ", fg="green") if hop["ok"] else click.style("fail", fg="red")
        click.echo(f" {mark}  {words(hop['name']):<10} {words(hop['detail']):<60} {hop['elapsed_ms']:8.1f} ms")
        count += 1
        failed += not hop["ok"]
    if not count:
        raise CommandFailed.of("DN2001", "there is nothing to probe", fix=("decnetctl decky list",))
    if not settings.quiet:
        click.echo("some hops failed" if failed else "every hop passed", err=True)


def judge(hop: Plain) -> int:
    """Return 1 for a failed hop."""
    return 0 if hop["ok"] else 1


VIEW = View(show=show, judge=judge)
