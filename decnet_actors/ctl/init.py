"""This module sets up a host: says each step as it is done, and how to go on where one fails."""

import errno
import shlex
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import click

from decnet_actors.contracts.init_operations import InitArgs, InitStep, StepResult
from decnet_actors.ctl.cells import counted, words
from decnet_actors.ctl.commands import View, confirm, remark
from decnet_actors.ctl.failure import CommandFailed
from decnet_actors.ctl.install.errors import InstallError
from decnet_actors.ctl.install.host import Host, SystemHost
from decnet_actors.ctl.install.layout import HELPER_PROGRAM, STATE, Item, layout
from decnet_actors.ctl.install.making import Making, name_of
from decnet_actors.ctl.install.manifest import Manifest
from decnet_actors.ctl.install.steps import Outlook
from decnet_actors.ctl.install.undoing import Undoing
from decnet_actors.ctl.install.undoing import name_of as undoing_of
from decnet_actors.ctl.world import Settings

Plain: TypeAlias = Any  # the shape of JSON
Steps: TypeAlias = Generator[InitStep]

FAILED = "DN6010"
COLORS = {"done": "green", "would": "yellow", "fail": "red"}
ELSEWHERE = (
    "python3 -m venv /opt/decnet",
    "/opt/decnet/bin/pip install decnet",
    "/opt/decnet/bin/decnetctl init",
)


def run(args: Mapping[str, Plain], settings: Settings) -> Generator[Plain]:
    """Yield every step.

    Raises:
        CommandFailed: a step failed, or needs root.

    """
    options = InitArgs(**args)
    host = (settings.world.host or SystemHost)(Path(options.root).absolute())
    if settings.limit is not None:
        raise click.UsageError("--limit would end it in the middle")
    if options.purge and not options.deinit:
        raise click.UsageError("--purge needs --deinit")
    if options.deinit and (options.force or options.no_start or options.neighbours):
        raise click.UsageError("--deinit undoes everything: it goes with --purge, --dry-run and --root only")
    if options.purge and not options.dry_run:
        confirm(f"Remove the evidence in {host.root / STATE.removeprefix('/')}, and changed configuration?", settings)
    try:
        for step in _steps(host, options, settings):
            yield attrs.asdict(step)
    except InstallError as error:
        raise CommandFailed.of(FAILED, str(error), fix=error.fix) from None
    except OSError as error:
        if isinstance(error, PermissionError) and not host.privileged:
            raise _forbidden(options, settings, errors=(_told(error),)) from None
        raise CommandFailed.of(FAILED, _told(error), fix=_mended(error)) from None


def show(steps: Iterator[Plain], settings: Settings) -> None:
    """Write one line a step, and what came of them all."""
    changed = would = 0
    for step in steps:
        result = words(step["result"])
        mark = click.style(f"{result:<5}", fg=COLORS.get(result))
        detail = f"  ({words(step['detail'])})" if step["detail"] else ""
        click.echo(f"{mark}  {words(step['what'])}{detail}")
        changed += result == StepResult.DONE
        would += result == StepResult.WOULD
    if would:
        remark("nothing was changed", settings)
    elif not changed:
        remark("ok  nothing to do", settings)
    else:
        remark(f"ok  {counted(changed, 'step')} done", settings)


def _steps(host: Host, options: InitArgs, settings: Settings) -> Steps:
    if not options.deinit and (why := host.hides(settings.world.programs)):
        raise InstallError(why, fix=ELSEWHERE)
    if host.live and not host.privileged and not options.dry_run:
        return _refuse_changes(_do(host, attrs.evolve(options, dry_run=True), settings), options, settings)
    return _do(host, options, settings)


def _do(host: Host, options: InitArgs, settings: Settings) -> Steps:
    return _undo(host, options) if options.deinit else _make(host, options, settings)


def _make(host: Host, options: InitArgs, settings: Settings) -> Steps:
    making = Making(host=host, manifest=Manifest.read(host.root), force=options.force, start=not options.no_start)
    for item in _items(host, options, settings):
        yield from _step(name_of(item), partial(making.look, item), dry=options.dry_run)


def _items(host: Host, options: InitArgs, settings: Settings) -> tuple[Item, ...]:
    programs = settings.world.programs
    helper = (programs / HELPER_PROGRAM).exists()
    try:
        return layout(programs, helper=helper, neighbours=options.neighbours, live=host.live)
    except ValueError as error:
        raise InstallError(str(error), fix=("install it at a plain path, such as /opt/decnet",)) from None


def _undo(host: Host, options: InitArgs) -> Steps:
    manifest = Manifest.read(host.root)
    undoing = Undoing(host=host, manifest=manifest, purge=options.purge)
    for made in undoing.entries():
        outlook = yield from _step(undoing_of(made), partial(undoing.look, made), dry=options.dry_run)
        undoing.settle(made, outlook, dry=options.dry_run)
    if not options.dry_run and not manifest.entries:
        manifest.remove()  # its folder was there before us


def _step(what: str, look: Callable[[], Outlook], *, dry: bool) -> Generator[InitStep, None, Outlook]:
    """Do one step, or only say it.

    Raises:
        InstallError: as the step does, after it was said that it failed.
        OSError: likewise.

    """
    try:
        outlook = look()
        if outlook.act is not None and not dry:
            outlook.act()
    except (InstallError, OSError) as error:
        yield InitStep(result=StepResult.FAIL, what=what, detail=_told(error))
        raise
    done = StepResult.WOULD if dry else StepResult.DONE
    yield InitStep(result=done if outlook.act is not None else StepResult.SKIP, what=what, detail=outlook.detail)
    return outlook


def _refuse_changes(steps: Steps, options: InitArgs, settings: Settings) -> Steps:
    """Yield the steps that change nothing; for the others there has to be root.

    Raises:
        CommandFailed: DN4003 with every step that needs root.

    """
    seen = list(steps)
    needing = [f"{step.what}  ({step.detail})" if step.detail else step.what for step in seen if step.result == "would"]
    if needing:
        raise _forbidden(options, settings, errors=needing)
    yield from seen


def _forbidden(options: InitArgs, settings: Settings, *, errors: Sequence[str]) -> CommandFailed:
    command = shlex.join(["sudo", str(settings.world.programs / "decnetctl"), "init", *_flags(options)])
    refused = CommandFailed.of("DN4003", "only root can set this host up", fix=(command,), errors=errors)
    return CommandFailed({**refused.body, "why": "Each step listed changes, or reads, what belongs to root."})


def _flags(options: InitArgs) -> Iterator[str]:
    for field in attrs.fields(InitArgs):
        value = getattr(options, field.name)
        if value is True:
            yield f"--{field.name.replace('_', '-')}"


def _told(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _mended(error: OSError) -> tuple[str, ...]:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return ("df -h", "decnetctl init")
        case errno.EROFS:
            return ("findmnt --options ro", "decnetctl init")
        case _:
            return (f"ls -ld {error.filename}", "decnetctl init") if error.filename else ("decnetctl init",)


VIEW = View(show=show)
