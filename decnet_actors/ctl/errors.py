"""This module explains error codes from the catalogue, without a daemon."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import attrs
import click

from decnet_actors.contracts.errors import CATALOGUE
from decnet_actors.ctl.cells import words
from decnet_actors.ctl.commands import View
from decnet_actors.ctl.failure import CommandFailed
from decnet_actors.ctl.nearest import did_you_mean
from decnet_actors.ctl.world import Settings

Plain: TypeAlias = Any  # the shape of JSON


def show(args: Mapping[str, Plain], _settings: Settings) -> Plain:
    """Return one entry of the catalogue; ``dn2107`` and ``2107`` will do.

    Raises:
        CommandFailed: there is no such code.

    """
    code = str(args["code"]).upper()
    code = code if code.startswith("DN") else f"DN{code}"
    if code not in CATALOGUE:
        raise CommandFailed.of(
            "DN3001", f"there is no error {words(code)}{did_you_mean(code, CATALOGUE)}", fix=("decnetctl errors list",)
        )
    return _plain(code)


def list_all(_args: Mapping[str, Plain], _settings: Settings) -> Plain:
    """Return the whole catalogue."""
    return {"items": [_plain(code) for code in CATALOGUE], "next": None}


def card(entry: Plain, _settings: Settings) -> None:
    """Write one entry in words."""
    click.echo(click.style(f"{entry['code']}  {entry['title']}", bold=True))
    click.echo(f"  why:   {entry['why']}")
    for number, line in enumerate(entry["fix"]):
        click.echo(f"  {'fix:  ' if number == 0 else '      '} {line}")
    click.echo(f"  shown: exit code {entry['exit']}, HTTP status {entry['status']}")


def _plain(code: str) -> Plain:
    return attrs.asdict(CATALOGUE[code]) | {"fix": list(CATALOGUE[code].fix)}


VIEW = View(show=card)
