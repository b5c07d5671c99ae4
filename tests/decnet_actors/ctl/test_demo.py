"""The demonstration shows a populated daemon, and leaves nothing behind when it is interrupted."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from decnet_actors.ctl.main import run
from decnet_actors.ctl.world import World


@pytest.fixture
def tmp_path():
    """A short folder: pytest's own, under xdist, is too long for the path of a socket."""
    with tempfile.TemporaryDirectory(prefix="d-", dir="/tmp") as folder:
        yield Path(folder)


COMMAND = "from decnet_actors.ctl.main import main; main()"


@pytest.mark.slow  # starts a real daemon and attacks it
def test_the_demonstration_records_attacks_and_cleans_up(tmp_path, capsys):
    demo = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "demo", "--rounds", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert demo.stdout is not None
    assert demo.stderr is not None
    try:
        lines: list[str] = []
        while not lines or not lines[-1].startswith("Ctrl-C"):
            lines.append(demo.stderr.readline())
            assert lines[-1], (lines, demo.stdout.read())
        said = "".join(demo.stdout.readline() for _ in range(3))
        address = re.search(r"ipc://\S+", said)
        assert address is not None
        code = run(["session", "list", "-o", "json", "--control", address[0]], World(environ={}))
        demo.send_signal(signal.SIGINT)
        rest = demo.communicate(timeout=60)
    finally:
        demo.kill()
        demo.wait()

    assert code == 0
    assert '"service": "redis"' in capsys.readouterr().out
    assert re.search(r"dashboard  http://127\.0\.0\.1:\d+/setup#\S+\n", said)
    assert re.search(r"recorded   [1-9]\d* events", said)
    assert not [line for line in lines if "gave up" in line and "ssh" not in line], lines
    assert "Traceback" not in rest[1]
    assert demo.returncode == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow  # starts a daemon that cannot start
def test_a_daemon_that_does_not_start_is_an_error_with_its_log(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "demo", "--rounds", "0", "--exit"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path), "DECNET__WEB__MIN_PASSWORD": '"no number"'},
    )

    assert done.returncode == 3
    assert "decnetd ended with status 78 before it was ready" in done.stderr
    assert "DN1012" in done.stderr
    assert list(tmp_path.iterdir()) == []
