"""This module shows the doctor's checks, and makes the ones that need no daemon when there is none."""

import resource
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import click

from decnet_actors.contracts.runtime_operations import Check, CheckResult
from decnet_actors.ctl import settings_files
from decnet_actors.ctl.cells import size, words
from decnet_actors.ctl.commands import View
from decnet_actors.ctl.failure import CommandFailed
from decnet_actors.ctl.world import Settings

Plain: TypeAlias = Any  # the shape of JSON

ENOUGH_FILES = 4096  # descriptors: 2,000 idle peers, their journals and some air
ENOUGH_DISK = 1 << 30  # bytes
COLORS = {"ok": "green", "warn": "yellow", "fail": "red"}


def show(answer: Plain, settings: Settings) -> None:
    """Write the checks by group, remedies below the ones that need them, and the sum."""
    checks: Sequence[Plain] = answer["items"]
    for group in dict.fromkeys(check["group"] for check in checks):
        click.echo(click.style(words(group), bold=True))
        for check in checks:
            if check["group"] == group:
                _write(check, settings)
    counts = {result: sum(check["result"] == result for check in checks) for result in COLORS}
    click.echo(", ".join(f"{count} {result}" for result, count in counts.items()))


def judge(answer: Plain) -> int:
    """Return 1 when a check failed."""
    return int(any(check["result"] == CheckResult.FAIL for check in answer["items"]))


def without_daemon(args: Mapping[str, Plain], settings: Settings, reason: CommandFailed) -> Plain:
    """Return the answer of the checks that can be made from here, the first being why there is no daemon."""
    wanted = set(args.get("checks", ()))
    groups = {word.partition(".")[0] for word in wanted}
    checks = [
        check
        for group, make in (("daemon", partial(_daemon, reason)), ("host", _host), ("config", _configuration))
        if not wanted or group in groups
        for check in make(settings)
        if not wanted or wanted & {check.id, check.group}
    ]
    if not checks:
        raise CommandFailed.of("DN5001", f"without a daemon there is no check called {words(sorted(wanted))}")
    return {"items": [attrs.asdict(check) for check in checks], "next": None}


def _write(check: Plain, settings: Settings) -> None:
    result = words(check["result"])
    if settings.quiet and result == CheckResult.OK:
        return
    mark = click.style(f"{result:<4}", fg=COLORS.get(result))
    click.echo(f"  {mark}  {words(check['id']):<24} {words(check['evidence'])}")
    if check["remedy"]:
        click.echo(f"        {'':<24} fix: {words(check['remedy'])}")


def _daemon(reason: CommandFailed, _settings: Settings) -> Iterator[Check]:
    yield Check(
        id="daemon.control",
        group="daemon",
        result=CheckResult.FAIL,
        evidence=str(reason.body["detail"]),
        remedy=str((reason.body.get("fix") or ("decnetd",))[0]),
    )


def _host(settings: Settings) -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check(id="host.python", group="host", result=CheckResult.OK, evidence=f"Python {version}")
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = 0 <= most < ENOUGH_FILES  # the soft limit can be raised up to the hard one; -1 is no limit
    yield Check(
        id="host.open-files",
        group="host",
        result=CheckResult.WARN if few else CheckResult.OK,
        evidence=f"{files} open files allowed, {most} at most",
        remedy=f"LimitNOFILE={ENOUGH_FILES} in the unit, or ulimit -n {ENOUGH_FILES}" if few else "",
    )
    place = next(
        folder for folder in (Path("/var/lib/decnet"), Path(settings.world.environ.get("HOME", "/")), Path("/"))
        if folder.exists()
    )  # fmt: skip
    free = shutil.disk_usage(place).free
    yield Check(
        id="host.disk",
        group="host",
        result=CheckResult.OK if free >= ENOUGH_DISK else CheckResult.WARN,
        evidence=f"{size(free)} free at {place}",
        remedy="" if free >= ENOUGH_DISK else "make room, or shorten [retention]",
    )


def _configuration(settings: Settings) -> Iterator[Check]:
    problems = settings_files.problems((), settings)
    yield Check(
        id="config.files",
        group="config",
        result=CheckResult.FAIL if problems else CheckResult.OK,
        evidence=f"{len(problems)} errors" if problems else "no errors",
        remedy="decnetctl config check" if problems else "",
    )


VIEW = View(show=show, judge=judge)
