"""This module defines the flags every command has; given before the noun they are the defaults of what follows."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from decnet_actors.ctl.times import parse_duration, parse_time
from decnet_actors.ctl.world import Settings, World

FORMATS = ("table", "wide", "json", "jsonl", "yaml", "csv", "name")
DEFAULT_TIMEOUT = 10.0  # seconds
DEFAULT_WATCH = "2s"
SHORTEST_WATCH = 0.1  # seconds

T = TypeVar("T")


class Duration(click.ParamType[float]):
    """A duration such as ``10s``; its value is seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # Any: click's
        if isinstance(value, float):
            return value
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Moment(click.ParamType[float]):
    """A time such as ``4h`` (ago) or RFC 3339; its value is Unix seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # Any: click's
        if isinstance(value, float):
            return value
        try:
            return parse_time(str(value), world_of(ctx).now())
        except ValueError as error:
            self.fail(str(error), param, ctx)


def world_of(ctx: click.Context | None) -> World:
    """Return the world the command was started in."""
    found = ctx.find_object(World) if ctx is not None else None
    return found if found is not None else World()


def flags(*, without: Sequence[str] = ()) -> list[click.Option]:
    """Return the common flags as click options; ``without`` names the ones the command has of its own."""
    return [option for option in _all_flags() if (option.name or "").removeprefix("flag_") not in without]


def wait() -> click.Option:
    """Return the flag of commands whose work outlasts the daemon's answer."""
    return click.Option(
        ["--wait/--no-wait", "wait"],
        default=None,
        help="Wait until it is done, or only say what was begun. [default: wait]",
    )


@functools.cache
def _all_flags() -> tuple[click.Option, ...]:
    return (
        click.Option(
            ["-o", "--output", "flag_output"],
            type=click.Choice(FORMATS),
            envvar="DECNETCTL_OUTPUT",
            help="Format of the answer. [default: table]",
        ),
        click.Option(
            ["--columns", "flag_columns"],
            metavar="A,B",
            envvar="DECNETCTL_COLUMNS",
            help="Columns of table, wide and csv, in order.",
        ),
        click.Option(
            ["--no-headers", "flag_no_headers"], is_flag=True, default=None, help="Leave the header line out."
        ),
        click.Option(
            ["--sort", "flag_sort"], metavar="COLUMN", help="Sort by a column; -COLUMN for the largest first."
        ),
        click.Option(["--limit", "flag_limit"], type=click.IntRange(min=1), metavar="N", help="Show at most N rows."),
        click.Option(
            ["--watch", "flag_watch"],
            is_flag=False,
            flag_value=DEFAULT_WATCH,
            type=Duration(),
            metavar="[=2s]",
            help="Ask again and again until interrupted.",
        ),
        click.Option(["-q", "--quiet", "flag_quiet"], is_flag=True, default=None, help="No remarks on standard error."),
        click.Option(
            ["-v", "--verbose", "flag_verbose"], is_flag=True, default=None, help="More remarks on standard error."
        ),
        click.Option(
            ["--color", "flag_color"],
            type=click.Choice(["auto", "always", "never"]),
            envvar="DECNETCTL_COLOR",
            help="Colour; NO_COLOR and FORCE_COLOR are heeded. [default: auto]",
        ),
        click.Option(
            ["--utc", "flag_utc"], is_flag=True, default=None, envvar="DECNETCTL_UTC", help="Show times in UTC."
        ),
        click.Option(
            ["--timeout", "flag_timeout"],
            type=Duration(),
            metavar="10s",
            envvar="DECNETCTL_TIMEOUT",
            help="How long to wait for an answer. [default: 10s]",
        ),
        click.Option(
            ["--no-input", "flag_no_input"],
            is_flag=True,
            default=None,
            envvar="DECNETCTL_NO_INPUT",
            help="Never ask a question.",
        ),
        click.Option(["-y", "--yes", "flag_yes"], is_flag=True, default=None, help="Answer yes to every question."),
        click.Option(
            ["--control", "flag_control"],
            metavar="ADDRESS",
            envvar="DECNETCTL_CONTROL",
            help="Control socket of the daemon, ipc://PATH or a path.",
        ),
    )


def settings_of(ctx: click.Context) -> Settings:
    """Return what the flags say; those of the command itself win over those before the noun."""

    def flag(name: str, default: T, convert: Callable[[Any], T] = lambda value: value) -> T:  # Any: click's value
        here: click.Context | None = ctx
        while here is not None:
            value = here.params.get(f"flag_{name}")
            if value is not None:
                return convert(value)
            here = here.parent
        return default

    watch: float | None = flag("watch", None)
    return Settings(
        output=flag("output", "table"),
        columns=flag("columns", (), lambda text: tuple(part.strip() for part in text.split(",") if part.strip())),
        headers=not flag("no_headers", default=False),
        sort=flag("sort", ""),
        limit=flag("limit", None),
        watch=None if watch is None else max(watch, SHORTEST_WATCH),
        verbosity=int(flag("verbose", default=False)) - int(flag("quiet", default=False)),
        utc=flag("utc", default=False),
        timeout=flag("timeout", DEFAULT_TIMEOUT),
        no_input=flag("no_input", default=False),
        yes=flag("yes", default=False),
        control=flag("control", ""),
        world=world_of(ctx),
    )


def heed_color(ctx: click.Context) -> None:
    """Set the colour of ``ctx``: flag, then NO_COLOR, then FORCE_COLOR, then whether it is a terminal."""
    choice = ctx.params.get("flag_color") or "auto"
    environ = world_of(ctx).environ
    if choice == "auto":
        if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
            choice = "never"
        elif environ.get("FORCE_COLOR"):
            choice = "always"
    if choice != "auto" or ctx.parent is None:
        ctx.color = {"always": True, "never": False, "auto": None}[choice]
