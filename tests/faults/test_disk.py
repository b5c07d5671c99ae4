"""A full disk: decoys stall, the alarm is clear, nothing acknowledged is lost, and it recovers by itself.

A read-only disk under a running journal is in tests/decnet_actors/store.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import FLEET, Daemon, start, stop, write_config

TMPFS = 48  # MiB


@pytest.fixture
def small_disk():
    """A daemon whose state lies on a small file system of its own."""
    if os.getuid() != 0:
        pytest.skip("mounting a file system needs root")
    home = Path(tempfile.mkdtemp(prefix="dn-"))
    state = home / "state"
    state.mkdir(mode=0o700)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={TMPFS}m,mode=0700", "tmpfs", state],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        shutil.rmtree(home)
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    daemon = None
    try:
        daemon = start(home, write_config(home, FLEET, ""))
        yield daemon
        (state / "hog").unlink(missing_ok=True)
        if daemon.process.poll() is None:
            assert stop(daemon) == 0, daemon.log()
    finally:
        if daemon is not None and daemon.process.poll() is None:
            daemon.kill()
        subprocess.run(["umount", "-l", state], check=True)
        shutil.rmtree(home, ignore_errors=True)


def attempt(address: tuple[str, int], secret: bytes, wait: float) -> bool:
    """Offer a credential; return whether it was answered in time. A stalled decoy need not even accept."""
    try:
        with socket.create_connection(address, wait) as client:
            client.sendall(b"*2\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n" % (len(secret), secret))
            return client.recv(1000).endswith(b"\r\n")
    except (TimeoutError, ConnectionError):
        return False


def secrets(daemon: Daemon) -> set[str]:
    return {row["secret"]["text"] for row in daemon.ask("credential", "list", "--limit", "1000")}


def until_stalled(daemon: Daemon) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while not (report := daemon.status())["journal_stalled"]:
        assert time.monotonic() < deadline, report
        time.sleep(0.1)
    return dict(report)


def until_recovered(daemon: Daemon) -> None:
    deadline = time.monotonic() + 30
    while daemon.status()["journal_stalled"]:
        assert time.monotonic() < deadline, daemon.log()
        time.sleep(0.2)


def test_a_full_disk_stalls_decoys_and_recovers_without_loss(small_disk):
    daemon = small_disk
    address = daemon.listeners()["db-01"]["redis"]
    assert attempt(address, b"before-full", 5)

    hog = daemon.home / "state" / "hog"
    with hog.open("wb") as file:
        try:
            while True:
                file.write(bytes(1 << 20))
                file.flush()
        except OSError:
            pass
    answered = {b"during-%03d" % n for n in range(200) if attempt(address, b"during-%03d" % n, 0.2)}
    pending = b"x" * 60_000  # more than what room the database file still had
    assert not attempt(address, pending, 1.0), "an attempt that cannot be recorded must not be answered"
    report = until_stalled(daemon)

    assert any(problem["code"] == "DN3002" for problem in report["problems"]), report
    assert not report["ready"]
    hog.unlink()
    until_recovered(daemon)
    assert attempt(address, b"after-full", 10)
    assert {"before-full", "after-full"} | {one.decode() for one in answered} <= secrets(daemon)
    assert "journal" in daemon.log()
