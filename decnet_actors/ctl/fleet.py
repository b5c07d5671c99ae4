"""This module shows changes of the fleet: before they are made, as a question, and after, as what was done."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import click

from decnet_actors.ctl.cells import counted, words
from decnet_actors.ctl.commands import Preview, View, remark
from decnet_actors.ctl.waiting import ENDS, progress
from decnet_actors.ctl.world import Settings

Plain: TypeAlias = Any  # the shape of JSON

FAILED = 1
PARTIAL = 8  # some of many failed
PATIENCE = 600.0  # seconds a large fleet may take to come up
MARKS = {"created": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow"), "moved": ("=", "yellow")}
STATES = {"up": "green", "down": "red", "stopped": "yellow"}


def preview(answer: Plain) -> Preview:
    """Return what a change would come to, and the question when somebody's connections end with it."""
    ends = answer["interrupts"]
    text = f"This ends the connections to {_listed(ends)}. Go on?" if ends else ""
    return Preview(lines=tuple(_lines(answer)), question=text, carried={"base": answer["base"]})


def preview_restart(answer: Plain) -> Preview:
    """Return the question before a restart."""
    return Preview(question=f"This ends the connections to {_listed(answer['interrupts'])}. Go on?")


def show_change(answer: Plain, settings: Settings) -> None:
    """Write what would change, or what was done."""
    if answer["dry_run"]:
        for line in _lines(answer):
            click.echo(line)
        remark("nothing was changed", settings)
        return
    _show_operation(answer["operation"], settings)
    if answer["revision"] == answer["base"]:
        remark(f"nothing to change; revision {words(answer['revision'])} stands", settings)
    else:
        back = f"; back: decnetctl fleet rollback {words(answer['base'])}" if answer["changes"] else ""
        remark(f"ok  revision {words(answer['revision'])}{back}", settings)
    if answer["paused"]:
        remark("the fleet rests: no decky changes by itself until decnetctl fleet resume", settings)


def show_restart(answer: Plain, settings: Settings) -> None:
    """Write what was restarted."""
    if answer["operation"] is not None:
        _show_operation(answer["operation"], settings)
    else:
        remark(f"would end the connections to {_listed(answer['interrupts'])}; nothing was changed", settings)


def show_diff(answer: Plain, settings: Settings) -> None:
    """Write what would change."""
    for line in _lines(answer):
        click.echo(line)
    if not answer["changes"]:
        remark(f"no difference to revision {words(answer['base'])}", settings)


def show_text(answer: Plain, _settings: Settings) -> None:
    """Write the file."""
    for line in answer["text"].splitlines():
        click.echo(words(line))


def follow(news: Iterator[Plain], settings: Settings) -> None:
    """Write how far an operation is, one line for each time it says so, and what became of each decky at the end."""
    before = ""
    for operation in news:
        if operation["state"] in ENDS:
            _show_operation(operation, settings)
            click.echo(f"{words(operation['kind'])} {words(operation['state'])}")
        elif (line := progress(operation)) != before:
            click.echo(line)
            before = line


def judge_change(answer: Plain) -> int:
    """Return how what was asked for ended."""
    return judge_operation(answer["operation"]) if answer["operation"] is not None else 0


def judge_operation(operation: Plain) -> int:
    """Return 8 when some of the deckies are down, 1 when it failed otherwise."""
    if any(one["state"] == "down" for one in operation["outcomes"]):
        return PARTIAL
    return FAILED if operation["state"] == "failed" else 0


def judge_diff(answer: Plain) -> int:
    """Return 1 when there are differences, as diff does."""
    return 1 if answer["changes"] else 0


def _show_operation(operation: Plain, settings: Settings) -> None:
    if operation["state"] not in ENDS:
        remark(f"begun; how it goes: decnetctl operation follow {words(operation['id'])}", settings)
        return
    outcomes = operation["outcomes"]
    width = max((len(words(one["name"])) for one in outcomes), default=0)
    for one in outcomes:
        state = click.style(words(one["state"]), fg=STATES.get(one["state"]))
        error = f"  {words(one['error'])}" if one["error"] else ""
        click.echo(f"{words(one['name']):<{width}}  {state}{error}")
    failed = sum(one["state"] == "down" for one in outcomes)
    if failed:
        click.echo(
            f"{counted(failed, 'decky' if failed == 1 else 'deckie')} not up; what is down is tried again", err=True
        )
    elif operation["state"] == "failed":
        click.echo(f"it failed: {words(operation['error'])}", err=True)


def _lines(answer: Plain) -> Iterator[str]:
    width = max((len(words(one["name"])) for one in answer["changes"]), default=0)
    for one in answer["changes"]:
        mark, color = MARKS.get(one["action"], ("?", None))
        services = f"  {words(one['services'])}" if one["action"] == "created" else ""
        yield click.style(f"{mark} {words(one['name']):<{width}}  {words(one['action'])}{services}", fg=color)
        for field in one["fields"]:
            if one["action"] == "changed" or not str(field["field"]).startswith(("services", "name")):
                yield f"    {words(field['field'])}: {_change(field, one['action'])}"
    for note in answer.get("notes", ()):
        yield f"! {words(note)}"


def _change(field: Plain, action: str) -> str:
    old, new = (str(field[side]) for side in ("old", "new"))
    if "present" in {old, new}:
        return "added" if new else "removed"
    if action == "created":
        return words(new)
    if old == new:
        return f"{words(new)} differs"
    return f"{words(old) or '(none)'} -> {words(new) or '(none)'}"


def _listed(names: Plain) -> str:
    shown = [words(name) for name in names]
    most = 5
    return ", ".join(shown[:most]) + (f" and {len(shown) - most} more" if len(shown) > most else "")


CHANGE = View(show=show_change, judge=judge_change, preview=preview, patience=PATIENCE)
RESTART = View(show=show_restart, judge=judge_change, preview=preview_restart, patience=PATIENCE)
FOLLOW = View(show=follow, judge=judge_operation)
DIFF = View(show=show_diff, judge=judge_diff)
TEXT = View(show=show_text)
