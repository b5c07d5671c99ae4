"""This module waits for work that outlasts its answer, and says at a terminal how far it is."""

import sys
from contextlib import closing
from typing import Any, TypeAlias

import click

from decnet_actors.ctl.cells import words
from decnet_actors.ctl.client import connect
from decnet_actors.ctl.failure import CommandFailed
from decnet_actors.ctl.world import Settings

Plain: TypeAlias = Any  # the shape of JSON

ENDS = frozenset({"succeeded", "failed"})
CLEAR = "\r\033[K"  # to the start of the line, which is erased


def ended(operation: Plain, settings: Settings) -> Plain:
    """Return the operation as it ended.

    Raises:
        CommandFailed: DN6004 it takes longer than ``settings.timeout``; or the daemon's error, or its absence.

    """
    id_, kind = str(operation["id"]), words(operation["kind"])
    deadline = settings.world.monotonic() + settings.timeout
    talk = sys.stderr.isatty() and not settings.quiet
    try:
        with closing(connect(settings).stream("operation.follow", {"id": id_})) as news:
            for newest in news:
                if newest["state"] in ENDS:
                    return newest
                if settings.world.monotonic() >= deadline:
                    detail = f"{kind} has not ended within {settings.timeout:.0f} s; it goes on"
                    raise CommandFailed.of("DN6004", detail, fix=(f"decnetctl operation follow {id_}",))
                if talk:
                    click.echo(f"{CLEAR}{progress(newest)}", nl=False, err=True)
    except KeyboardInterrupt:
        if not settings.quiet:
            click.echo(f"it goes on without you: decnetctl operation follow {id_}", err=True)
        raise
    except CommandFailed as error:
        if error.body["code"] == "DN6001":
            detail = f"{error}; {kind} is taken up again when the daemon starts"
            raise CommandFailed.of("DN6001", detail, fix=(f"decnetctl operation show {id_}",)) from None
        raise
    finally:
        if talk:
            click.echo(CLEAR, nl=False, err=True)
    detail = f"the daemon stopped telling of {kind}"
    raise CommandFailed.of("DN6001", detail, fix=(f"decnetctl operation show {id_}",))


def progress(operation: Plain) -> str:
    """Return how far an operation is, in words."""
    if operation["state"] == "queued":
        return f"{words(operation['kind'])} waits for what was asked for before"
    return f"{words(operation['kind'])}: {words(operation['done'])} of {words(operation['total'])} deckies"
