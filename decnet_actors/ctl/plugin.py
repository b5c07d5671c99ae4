"""This module shows one plugin with its options."""

from typing import Any, TypeAlias

import click

from decnet_actors.ctl.cells import counted, words
from decnet_actors.ctl.commands import View
from decnet_actors.ctl.world import Settings

Plain: TypeAlias = Any  # the shape of JSON


def show(plugin: Plain, _settings: Settings) -> None:
    """Write what it is, then its options as they would stand in a configuration file."""
    click.echo(f"{click.style(words(plugin['id']), bold=True)}  {words(plugin['summary'])}")
    if plugin["needs"]:
        click.echo(f"  needs: {words(plugin['needs'])}")
    click.echo(f"  used:  {counted(plugin['used'], 'time')} by the running configuration")
    if plugin["error"]:
        click.echo(f"  {click.style('cannot be loaded:', fg='red')} {words(plugin['error'])}")
    for option in plugin["options"]:
        default = f" = {words(option['default'])}" if option["default"] else click.style("  (required)", fg="yellow")
        click.echo(f"\n  {click.style(words(option['key']), bold=True)}{default}    {words(option['type'])}")
        click.echo(f"      {words(option['help'])}")


SHOW = View(show=show)
