"""This module runs a throw-away instance: a daemon with temporary state on loopback, and somebody who attacks it."""

import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click
from attrs import evolve

from decnet_actors.ctl import options
from decnet_actors.ctl.cells import words
from decnet_actors.ctl.client import connect
from decnet_actors.ctl.commands import remark
from decnet_actors.ctl.failure import CommandFailed
from decnet_actors.ctl.helping import write_examples, write_options
from decnet_actors.ctl.world import Daemon, Settings

START = 30.0  # seconds the daemon may take to be ready
NAP = 0.5  # seconds between two looks for Ctrl-C
STOP = 10.0  # seconds it may take to end
TAIL = 20  # lines of its log shown when it fails
FLEET = {"web-01": ("ssh", "http"), "cache-01": ("ssh", "redis"), "term-01": ("telnet",)}
EXAMPLES = ("decnetctl demo", "decnetctl demo --rounds 3 --no-open", "decnetctl demo --rounds 1 --exit")


class DemoCommand(click.Command):
    """A command whose help begins with examples."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what it does, then the examples."""
        super().format_help_text(ctx, formatter)
        write_examples(formatter, EXAMPLES)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options apart from those of every command."""
        write_options(self, ctx, formatter)


def _run(rounds: int, pause: float, seed: int, browse: bool, leave: bool, **_flags: Any) -> None:  # noqa: FBT001  click's
    ctx = click.get_current_context()
    options.heed_color(ctx)
    settings = options.settings_of(ctx)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # being told to end must clean up like Ctrl-C
    with tempfile.TemporaryDirectory(prefix="decnet-demo-") as folder, _daemon(Path(folder), settings) as daemon:
        link = _link(daemon)
        services = daemon.call("service.list", {})["items"]
        remark(f"ok  {len(services)} decoys listen on this machine only", settings)
        click.echo(f"dashboard  {link}")
        click.echo(f"ask it     {_me()} --control {daemon.address} event tail")
        if browse and sys.stdout.isatty():
            import webbrowser

            webbrowser.open(link)
        chance = random.Random(seed)  # noqa: S311  a show, not a secret
        for number in range(rounds):
            if number:
                settings.world.sleep(pause)
            attack(services, chance, settings)
        events = daemon.call("status.show", {})["events_total"]
        click.echo(f"recorded   {events} events")
        if not leave:
            remark("Ctrl-C ends the demonstration and removes all it made.", settings)
            _wait_for_interrupt(settings.world.sleep)


demo = DemoCommand(
    "demo",
    help="Run a throw-away instance on loopback with a synthetic attacker; Ctrl-C leaves nothing behind.",
    params=[
        click.Option(["--rounds"], type=click.IntRange(0, 1000), default=3, show_default=True, help="Visits to make."),
        click.Option(["--pause"], type=options.Duration(), default="2s", show_default=True, help="Between visits."),
        click.Option(["--seed"], type=int, default=1, show_default=True, help="Of the attacker's choices."),
        click.Option(["--open/--no-open", "browse"], default=True, help="Open the dashboard in a browser."),
        click.Option(["--exit", "leave"], is_flag=True, help="End after the last visit instead of waiting."),
        *options.flags(),
    ],
    callback=_run,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def attack(services: Sequence[Mapping[str, Any]], chance: random.Random, settings: Settings) -> None:
    """Visit every service there is a script for, all at the same time, and say what was done."""
    from decnet_actors.ctl.attackers import ATTACKS

    visits = [
        threading.Thread(target=_visit, args=(row, random.Random(chance.random()), settings), daemon=True)  # noqa: S311  a show
        for row in services
        if row["service"] in ATTACKS and row["port"]
    ]
    for visit in visits:
        visit.start()
    for visit in visits:
        visit.join()


def _visit(row: Mapping[str, Any], chance: random.Random, settings: Settings) -> None:
    from decnet_actors.ctl.attackers import ATTACKS

    try:
        done = ATTACKS[row["service"]]((row["address"], row["port"]), chance)
    except (OSError, TimeoutError) as error:
        done = f"gave up: {type(error).__name__}"
    remark(f"    {words(row['decky'])} {words(row['service'])}: {words(done)}", settings)


@contextmanager
def _daemon(folder: Path, settings: Settings) -> Iterator[Daemon]:
    """Start a daemon with all it keeps in ``folder``; end it, whatever happens."""
    run, log = folder / "run", folder / "decnetd.log"
    run.mkdir(mode=0o700)
    config = folder / "decnet.toml"
    config.write_text(_configuration(), encoding="utf-8")
    command = [sys.executable, "-m", "decnet_actors.main", "-c", str(config), "--log-format", "json"]
    command += ["--state-dir", str(folder / "state"), "--run-dir", str(run)]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices, log.open("wb") as output:
        notices.bind(str(run / "notify"))
        notices.settimeout(0.1)
        environ = {**settings.world.environ, "NOTIFY_SOCKET": str(run / "notify")}
        process = subprocess.Popen(  # noqa: S603  our own daemon
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=environ,
            start_new_session=True,  # Ctrl-C is for us; we tell it
        )
        try:
            _wait_ready(process, notices, settings.world.monotonic, log)
            yield connect(evolve(settings, control=str(run / "control.sock")))
        finally:
            _end(process)


def _configuration() -> str:
    """Return a configuration that gets in nobody's way: free ports, and addresses no other daemon has."""
    from decnet_actors.ctl.attackers import DOOR

    network = f"127.{64 + secrets.randbelow(128)}.{secrets.randbelow(256)}.0/24"
    lines = ["[web]", 'listen = ["127.0.0.1:0"]', "[fleet.loopback]", f'network = "{network}"', 'shift = "always"']
    for name, services in FLEET.items():
        lines += ["[[decky]]", f'name = "{name}"', f"services = {list(services)!r}"]
        lines.append('bait = [{{ user = "{}", secret = "{}" }}]'.format(*DOOR))
    return "\n".join(lines) + "\n"


def _wait_ready(
    process: "subprocess.Popen[bytes]", notices: socket.socket, monotonic: Callable[[], float], log: Path
) -> None:
    deadline = monotonic() + START
    while True:
        try:
            if b"READY=1" in notices.recv(4096).split(b"\n"):
                return
        except TimeoutError:
            if process.poll() is not None:
                last = log.read_text("utf-8", "replace").splitlines()[-TAIL:]
                detail = f"decnetd ended with status {process.returncode} before it was ready"
                raise CommandFailed.of("DN6001", detail, errors=last) from None
        if monotonic() > deadline:
            raise CommandFailed.of("DN6004", f"decnetd was not ready within {START:g} s")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _me() -> str:
    """Return what to type for ``decnetctl``; a virtual environment's is in no shell's path."""
    here = Path(sys.argv[0])
    return str(here) if here.name == "decnetctl" and not shutil.which(here.name) else "decnetctl"


def _link(daemon: Daemon) -> str:
    return str(daemon.call("user.setup-link", {})["url"])


def _wait_for_interrupt(sleep: Callable[[float], None]) -> None:
    """Return at Ctrl-C; in naps, for one that comes just before ``signal.pause`` would never end that."""
    with suppress(KeyboardInterrupt):  # the wanted end
        while True:
            sleep(NAP)
