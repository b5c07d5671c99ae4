"""This module replays the terminal of a session without letting it drive the one it plays on."""

import sys
from typing import Any, TypeAlias

import click

from decnet_actors.ctl import options, registry
from decnet_actors.ctl.cast import Frame, Pace, frames, safe
from decnet_actors.ctl.client import connect
from decnet_actors.ctl.commands import OperationCommand, remark, run
from decnet_actors.ctl.world import Settings

Plain: TypeAlias = Any  # the shape of JSON

SLOWEST, FASTEST = 0.01, 1000.0


class ReplayCommand(OperationCommand):
    """``session replay``: the generated command, with the options of a player."""

    def __init__(self) -> None:
        super().__init__(registry.commands_of("session")["replay"], "replay")
        self.params[1:1] = [
            click.Option(
                ["--speed"], type=click.FloatRange(SLOWEST, FASTEST), default=1.0, help="Times the real pace."
            ),
            click.Option(["--max-idle"], type=options.Duration(), default="2s", help="Longest pause."),
            click.Option(
                ["--start"], type=options.Duration(), default="0s", help="Begin here; what was before is there."
            ),
            click.Option(["--raw"], is_flag=True, help="Let the peer's bytes reach your terminal as they were."),
        ]

    def _run(self, /, **typed: Any) -> int:  # Any: click's values
        ctx = click.get_current_context()
        options.heed_color(ctx)
        settings = options.settings_of(ctx)
        args = {"id": typed["id"]}
        if settings.output not in {"table", "wide"}:
            return run(self.operation, args, settings)
        raw = typed["raw"] and sys.stdout.isatty()
        if typed["raw"] and not raw:
            remark("--raw is for terminals; this is the safe form", settings)
        recording = connect(settings).call(self.operation.name, args)
        pace = Pace(speed=typed["speed"], max_idle=typed["max_idle"], start=typed["start"])
        play(recording, settings, pace, raw=raw)
        return 0


def play(recording: Plain, settings: Settings, pace: Pace, *, raw: bool) -> None:
    """Write the recording, at its pace on a terminal and at once elsewhere."""
    paced = sys.stdout.isatty()
    kept = ""  # the first half of a line end that two frames share
    for frame in frames(recording["lines"], pace):
        if paced and frame.wait:
            settings.world.sleep(frame.wait)
        text, kept = _halves(kept, frame)
        click.echo(text if raw else safe(text), nl=False, color=True if raw else None)
    click.echo(safe(kept))
    if recording["truncated"]:
        remark("the recording goes on; only its beginning is kept", settings)


def _halves(kept: str, frame: Frame) -> tuple[str, str]:
    text = kept + frame.text
    return (text[:-1], "\r") if text.endswith("\r") else (text, "")


replay = ReplayCommand()
