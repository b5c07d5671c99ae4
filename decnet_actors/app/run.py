"""This module runs the daemon in the foreground: boot, tell, wait for signals, reload, stop."""

import asyncio
import gc
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import uvloop

from decnet_actors.app.bind import bind
from decnet_actors.app.daemon import Daemon
from decnet_actors.app.fleet_view import plainly
from decnet_actors.app.load import Configuration
from decnet_actors.app.places import places
from decnet_actors.app.reload import reload as apply
from decnet_actors.app.tree import WEB
from decnet_actors.app.tree import WITHIN as RESTART_WINDOW
from decnet_actors.contracts.errors import OperatorError
from decnet_actors.fleet.decky_operations import ServiceRow, ServiceState
from decnet_actors.store.errors import StoreError
from supervisors import log as logs
from supervisors.clock import SystemClock
from supervisors.config import ConfigError
from supervisors.errors import StartError
from supervisors.log import get_logger
from supervisors.net import PathTakenError
from supervisors.sdnotify import ServiceManager

log = get_logger(__name__)

FAILED = 1
GAVE_UP = 70  # EX_SOFTWARE: the root supervisor's restarts are used up; a service manager starts us anew
GC_THRESHOLDS = (20_000, 20, 50)  # allocations per collection of the youngest, runs of it per next, and so on
STOP = 60.0  # seconds an orderly stop may take

Reload = Callable[[], Configuration]


def run(configuration: Configuration, *, reload: Reload, environ: Mapping[str, str] | None = None) -> int:
    """Serve until told to stop and return the exit code."""
    if environ is None:
        environ = os.environ  # noqa: TID251  the process's own, handed on as a value from here
    settings = configuration.settings.daemon
    form = _format(settings.log_format, environ)
    logs.configure(settings.log_level, form)
    os.umask(0o077)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # a session is a descriptor; the hard limit is policy
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(configuration, reload, environ, form))


async def _serve(configuration: Configuration, reload: Reload, environ: Mapping[str, str], form: str) -> int:
    manager = ServiceManager(environ, pid=os.getpid())
    daemon = Daemon(
        configuration=configuration,
        places=places(configuration.settings.daemon, environ, os.getuid()),
        clock=SystemClock(),
        version=version("decnet"),
    )
    try:
        try:
            await daemon.open()
        except (OSError, StoreError, ConfigError) as error:  # the last: a newer program's fleet in the store
            return _refuse(error)
        status = bind(daemon)
        daemon.unready = status.unready
        try:
            await daemon.system.start()
        except StartError as error:
            return _refuse(error)
        return await _attend(daemon, manager, reload, form)
    finally:
        await daemon.close()


async def _attend(daemon: Daemon, manager: ServiceManager, reload: Reload, form: str) -> int:
    loop = asyncio.get_running_loop()
    wanted: asyncio.Event = asyncio.Event()
    asked: list[signal.Signals] = []

    def note(number: signal.Signals) -> None:
        if number is not signal.SIGHUP and number in asked:
            os._exit(128 + number)  # a second Ctrl-C: the operator will not wait
        asked.append(number)
        wanted.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, note, number)
    await _greet(daemon)
    _settle_memory()
    manager.ready(f"{len(daemon.fleet.planned)} services")
    async with asyncio.TaskGroup() as group:
        beats = group.create_task(_beat(manager))
        ended = group.create_task(daemon.system.wait())
        while True:
            waiting = group.create_task(wanted.wait())
            await asyncio.wait({waiting, ended}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                waiting.cancel()
                beats.cancel()
                log.critical("daemon.gave_up", reason=repr(ended.result()), window=RESTART_WINDOW)
                return GAVE_UP
            wanted.clear()
            if signal.SIGINT in asked or signal.SIGTERM in asked:
                break
            asked.clear()
            manager.reloading(daemon.clock.monotonic())
            await _reload(daemon, reload, form)
            manager.ready(daemon.refused or f"{len(daemon.fleet.planned)} services")
        manager.stopping()
        log.info("daemon.stopping")
        await daemon.system.stop(within=STOP)
        beats.cancel()
    log.info("daemon.stopped")
    return 0


def _settle_memory() -> None:
    """Keep the garbage collector off what boot has made: machines are large, live for ever and are no garbage.

    Measured with telnet log-ins at 50 connections: full collections over the decoys' file trees took more time than
    the log-ins themselves.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


async def _beat(manager: ServiceManager) -> None:
    """Tell the service manager that the loop turns."""
    if manager.watchdog_period is None:
        return
    while True:
        manager.watchdog()
        await asyncio.sleep(manager.watchdog_period / 2)


async def _reload(daemon: Daemon, reload: Reload, form: str) -> None:
    """Validate, then apply; a bad file changes nothing and is shown until a good one comes."""
    try:
        configuration = await asyncio.to_thread(reload)
    except ConfigError as error:
        daemon.refused = str(error)
        log.error("config.refused", problems=len(error.problems), text=str(error))  # noqa: TRY400  its text is the message
        return
    daemon.refused = ""
    try:
        changes = await apply(daemon, configuration)
    except (OSError, StartError, TimeoutError, OperatorError) as error:
        daemon.refused = f"only part of the configuration could be applied: {error}"
        log.error("config.not_applied", reason=str(error))  # noqa: TRY400  the world's fault, told in one line
        return
    logs.configure(configuration.settings.daemon.log_level, form)  # the form is as it was at the start
    log.info("config.applied", **changes)


async def _greet(daemon: Daemon) -> None:
    """Say where the decoys listen and how to get into the console."""
    deckies = await daemon.fleet.deckies()
    lines = ["decnetd is ready.", ""]
    width = max((len(decky.name) for decky in deckies), default=0)
    for decky in deckies:
        lines += [f"  {decky.name:<{width}}  {row.service:<8} {_where(row)}".rstrip() for row in decky.details]
    lines.append("")
    urls = await daemon.dashboard()
    if urls and not await daemon.doorkeeper.has_admin():
        token = daemon.doorkeeper.setup_link.issue()
        minutes = int(daemon.settings.web.setup_valid // 60)
        lines.append(f"  console   {urls[0]}/setup#{token}")
        lines.append(f"            one use, valid {minutes} min; a new one: {_ctl()} user setup-link")
    elif urls:
        lines.append(f"  console   {urls[0]}/")
    elif daemon.settings.web.enabled:
        errors = [report.reason for report in daemon.reports if report.offender == WEB]
        lines.append(f"  console   DOWN  {plainly(errors[-1]) if errors else f'{_ctl()} actor tree says why'}")
    lines += [f"  state     {daemon.places.state}", f"  look      {_ctl()} event tail    stop: Ctrl-C", ""]
    if any("DOWN" in line for line in lines):
        lines += [
            "  What is DOWN is tried again. Does another decnetd use these addresses? Stop it, or configure others:",
            "  [fleet.loopback] network and [web] listen.",
            "",
        ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _where(row: ServiceRow) -> str:
    match row.state:
        case ServiceState.UP:
            return f"{row.address}:{row.port}"
        case ServiceState.DOWN:
            return f"DOWN  {row.error}"
        case ServiceState.STOPPED:
            return "stopped, as was wanted"


def _ctl() -> str:
    """Return what to type for ``decnetctl``: the one beside this program, unless the shell finds one."""
    return "decnetctl" if shutil.which("decnetctl") else str(Path(sys.argv[0]).with_name("decnetctl"))


def _refuse(error: Exception) -> int:
    """Say why the daemon does not start, without a traceback."""
    causes = [str(error)]
    cause = error.__cause__
    while cause is not None and len(causes) < 5:  # noqa: PLR2004  deep enough for any chain of ours
        causes.append(str(cause))
        cause = cause.__cause__
    text = ": ".join(dict.fromkeys(filter(None, causes))) or type(error).__name__
    hint = ""
    if isinstance(error, PermissionError):
        hint = "  fix:  choose folders of your own: decnetd --state-dir DIR --run-dir DIR\n"
    elif any(isinstance(one, PathTakenError) for one in (error, error.__cause__)):
        hint = "  fix:  another decnetd uses this run folder: stop it, or choose another --run-dir\n"
    sys.stderr.write(f"error DN6007: decnetd cannot start: {text}\n{hint}")
    return FAILED


def _format(wanted: str, environ: Mapping[str, str]) -> str:
    if wanted != "auto":
        return wanted
    if environ.get("JOURNAL_STREAM"):
        return "journal"
    return "console" if sys.stderr.isatty() else "json"
