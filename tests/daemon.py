"""This module runs a real decnetd for one test: own folders, own loopback addresses, stopped by pid."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import define, field

ROOT = Path(__file__).parents[1]
START = 30.0  # seconds until ready
STOP = 20.0  # seconds to stop in
BIN = Path(sys.executable).parent

FLEET = """
[fleet.loopback]
network = "{network}"

[[decky]]
name = "web-01"
services = ["ssh", "http"]

[[decky]]
name = "db-01"
services = ["redis", "telnet"]
"""


def own_network() -> str:
    """Return a /24 of 127.0.0.0/8 that no other test process uses: it follows from our process id."""
    pid = os.getpid()
    return f"127.{64 + pid // 250 % 60}.{pid % 250}.0/24"


@define
class Daemon:
    """A running decnetd."""

    home: Path
    process: subprocess.Popen[bytes]
    config: Path
    environment: Mapping[str, str] = field(factory=dict)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def control(self) -> str:
        return f"ipc://{self.home}/run/control.sock"

    def ctl(self, *words: str, code: int | None = 0, timeout: float = 30.0, stdin: str | None = None) -> str:
        """Run decnetctl and return what it printed; fails when it ends with another code (``None``: any will do)."""
        done = subprocess.run(
            [BIN / "decnetctl", "--control", self.control, *words],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            input=stdin,
            cwd=self.home,
        )
        assert code in {None, done.returncode}, f"{words}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + (done.stderr if code else "")

    def ask(self, *words: str, timeout: float = 30.0) -> Any:
        """Run decnetctl with JSON output and return what it says; of a list, the items."""
        said = json.loads(self.ctl(*words, "-o", "json", timeout=timeout))
        return said["items"] if isinstance(said, dict) and "items" in said else said

    def status(self) -> dict[str, Any]:
        """Return the status report; the command ends with 3 when it says "not ready"."""
        return dict(json.loads(self.ctl("status", "-o", "json", code=None)))

    def listeners(self) -> dict[str, dict[str, tuple[str, int]]]:
        """Return decky -> service -> (address, port)."""
        found: dict[str, dict[str, tuple[str, int]]] = {}
        for row in self.ask("service", "list"):
            found.setdefault(row["decky"], {})[row["service"]] = (row["address"], row["port"])
        return found

    def events(self, **filters: str) -> list[dict[str, Any]]:
        words = [word for name, value in filters.items() for word in (f"--{name}", value)]
        return list(self.ask("event", "list", "--limit", "1000", *words))

    def wait_events(self, count: int, within: float = 10.0, **filters: str) -> list[dict[str, Any]]:
        """Return the events once there are at least ``count``."""
        deadline = time.monotonic() + within
        while len(found := self.events(**filters)) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} events {filters}: {found}"
            time.sleep(0.05)
        return found

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(STOP)

    def log(self) -> str:
        return (self.home / "log").read_text(errors="replace")


def write_config(home: Path, fleet: str, extra: str) -> Path:
    config = home / "decnet.toml"
    config.write_text(
        f'[daemon]\nstate_dir = "{home}/state"\nrun_dir = "{home}/run"\n'
        f'[web]\nlisten = ["127.0.0.1:0"]\n{extra}\n{fleet.format(network=own_network())}'
    )
    return config


def start(home: Path, config: Path, environment: Mapping[str, str] | None = None, within: Sequence[str] = ()) -> Daemon:
    """Start decnetd and return once it says that it is ready; ``within`` is a command line that ends by running it."""
    notify = home / "notify.sock"
    notify.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        ready.bind(str(notify))
        ready.settimeout(0.1)
        with (home / "log").open("ab") as log:
            process = subprocess.Popen(
                [*within, BIN / "decnetd", "-c", str(config)],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=home,
                env={**os.environ, "NOTIFY_SOCKET": str(notify), **(environment or {})},
            )
        daemon = Daemon(home, process, config, environment or {})
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise AssertionError(f"decnetd ended with {process.returncode}:\n{daemon.log()}")
            try:
                if b"READY=1" in ready.recv(4096):
                    return daemon
            except TimeoutError:
                continue
    process.kill()
    process.wait(STOP)
    raise AssertionError(f"decnetd was not ready in {START} s:\n{daemon.log()}")


def stop(daemon: Daemon) -> int:
    """Stop it as systemd would and return its exit code."""
    if daemon.process.poll() is None:
        daemon.process.send_signal(signal.SIGTERM)
    try:
        return daemon.process.wait(STOP)
    except subprocess.TimeoutExpired:
        daemon.kill()
        raise AssertionError(f"decnetd did not stop in {STOP} s:\n{daemon.log()}") from None


@contextmanager
def decnetd(
    fleet: str = FLEET, extra: str = "", environment: Mapping[str, str] | None = None, within: Sequence[str] = ()
) -> Iterator[Daemon]:
    """Run a daemon; afterwards it is stopped, in order, and its folder removed."""
    home = Path(tempfile.mkdtemp(prefix="dn-"))  # not tmp_path: socket paths must stay short
    daemon = None
    try:
        daemon = start(home, write_config(home, fleet, extra), environment, within)
        yield daemon
        if daemon.process.poll() is None:
            assert stop(daemon) == 0, daemon.log()
    finally:
        if daemon is not None and daemon.process.poll() is None:
            daemon.kill()
        shutil.rmtree(home, ignore_errors=True)


def converse(address: tuple[str, int], steps: Sequence[tuple[bytes, bytes]], timeout: float = 10.0) -> bytes:
    """Send each step's first part, wait until its second part has come; return all that came."""
    received = b""
    with socket.create_connection(address, timeout) as client:
        for say, wait in steps:
            client.sendall(say)
            mark = len(received)
            while wait not in received[mark:]:
                chunk = client.recv(65536)
                if not chunk:
                    raise AssertionError(f"closed while waiting for {wait!r}: {received!r}")
                received += chunk
    return received
