"""This module draws the supervisor tree."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import click

from decnet_actors.ctl import times
from decnet_actors.ctl.cells import words
from decnet_actors.ctl.commands import View
from decnet_actors.ctl.world import Settings

Plain: TypeAlias = Any  # the shape of JSON

COLORS = {"running": "green", "failed": "red", "disabled": "red"}
MAX_ERROR = 80  # characters; wide shows all
STATE_COLUMN = 34  # where states begin, unless names are longer


def tree(root: Plain, settings: Settings) -> None:
    """Write one line an actor, children under their supervisor in start order."""
    for prefix, name, node in _walk(root, "", "", ""):
        state = words(node["state"])
        head = f"{prefix}{words(name)}"
        parts = [click.style(state, fg=COLORS.get(state, "yellow")), times.duration(node["uptime"])]
        if node["restarts"]:
            parts.append(f"{node['restarts']} restarts")
        if node["mailbox_depth"]:
            parts.append(f"{node['mailbox_depth']} waiting")
        if node["dropped"]:
            parts.append(click.style(f"{node['dropped']} dropped", fg="yellow"))
        if node["busy_for"] >= 1:
            parts.append(click.style(f"busy for {times.duration(node['busy_for'])}", fg="yellow"))
        if node["last_error"]:
            error = words(node["last_error"])
            short = settings.output != "wide" and len(error) > MAX_ERROR
            parts.append(click.style(error[:MAX_ERROR] + "\u2026" if short else error, fg="red"))
        click.echo(f"{head:<{STATE_COLUMN}} {'  '.join(parts)}")


def _walk(node: Plain, parent: str, here: str, below: str) -> Iterator[tuple[str, str, Plain]]:
    path = str(node["path"])
    yield here, path.removeprefix(f"{parent}/"), node
    children = node["children"]
    for number, child in enumerate(children, 1):
        last = number == len(children)
        branch, trunk = ("\u2514\u2500 ", "   ") if last else ("\u251c\u2500 ", "\u2502  ")
        yield from _walk(child, path, below + branch, below + trunk)


TREE = View(show=tree)
