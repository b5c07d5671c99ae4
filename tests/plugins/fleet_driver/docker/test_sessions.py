"""Stock SSH and telnet clients on the LAN of a decky that is a container: real shells, and all of it on record."""

import contextlib
import fcntl
import hashlib
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.daemon import Daemon, decnetd, start
from tests.plugins.fleet_driver.docker.lan import SFTP_SERVER, ask

pytestmark = [pytest.mark.server, pytest.mark.client, pytest.mark.slow]
ADDRESS, PASSWORD = "10.99.5.201", "letmein-42"
WITHIN = 10.0  # seconds
SETTINGS = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "IdentityAgent=none")
SSH = ("-F/dev/null", *(f"-o{one}" for one in SETTINGS))


def fleet_of(config, extra=""):
    return f"""
[fleet]
driver = "docker"

[fleet.docker]
image = "{config.image}"
network = "{config.network}"
pool = "{config.pool}"
socket = "{config.socket}"
installation = "{config.installation}"

[[decky]]
name = "srv-01"
address = "{ADDRESS}"
services = ["ssh", "telnet"]
{extra}
[[decky.bait]]
user = "root"
secret = "{PASSWORD}"

[[decky.bait]]
user = "deploy"
secret = "{PASSWORD}"
"""


@pytest.fixture
def daemon(config):
    for tool in ("ssh", "telnet", "nsenter"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is missing")
    with decnetd(fleet_of(config)) as running:
        yield running


class Attacker:
    """Somebody at the cable's end, with the stock clients."""

    def __init__(self, namespace: int, home: Path) -> None:
        self.enter = ["nsenter", f"--net=/proc/{os.getpid()}/fd/{namespace}"]
        asker = home / "askpass"
        asker.write_text(f"#!/bin/sh\necho {PASSWORD}\n")
        asker.chmod(0o700)
        path = os.environ["PATH"]
        self.environment = {"PATH": path, "HOME": str(home), "SSH_ASKPASS": str(asker), "SSH_ASKPASS_REQUIRE": "force"}

    @contextlib.contextmanager
    def running(self, *words: str) -> "Iterator[subprocess.Popen[bytes]]":
        pipe = subprocess.PIPE
        with subprocess.Popen(
            [*self.enter, *words], stdin=pipe, stdout=pipe, stderr=pipe, env=self.environment, start_new_session=True
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def run(self, *words: str, typed: bytes = b"") -> tuple[int, bytes, bytes]:
        with self.running(*words) as process:
            output, errors = process.communicate(typed, timeout=WITHIN)
        return process.returncode, output, errors

    def ssh(self, *words: str, user: str = "root", typed: bytes = b"") -> tuple[int, bytes, bytes]:
        return self.run("ssh", *SSH, f"{user}@{ADDRESS}", *words, typed=typed)


@pytest.fixture
def attacker(made_lan, tmp_path):
    made = Attacker(made_lan.attacker, tmp_path)
    made.run("ip", "neigh", "flush", "dev", "eth0")  # the decky of the test before had this address, and another MAC
    return made


def eventually(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while not look():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def resident(daemon: Daemon) -> int:
    """Return how much memory the daemon has, in bytes."""
    return int(Path(f"/proc/{daemon.process.pid}/statm").read_text().split()[1]) * 4096


def lines(daemon: Daemon, count: int) -> list[str]:
    return [event["fact"]["line"] for event in reversed(daemon.wait_events(count, kind="ShellCommandSeen"))]


def processes(config) -> str:
    """Return what runs in the decky, as the engine sees it."""
    return ask(config.socket, "GET", f"/containers/{config.installation}-srv-01/top").decode()


def test_a_command_is_the_containers_own_and_tells_its_status(daemon, attacker):
    status, output, errors = attacker.ssh("id; hostname; echo oops >&2; exit 7")

    name = daemon.ask("decky", "show", "srv-01")["hostname"]
    assert (7, f"uid=0(root) gid=0 groups=0\n{name}\n".encode(), b"oops\n") == (status, output, errors)
    assert ["id; hostname; echo oops >&2; exit 7"] == lines(daemon, 1)


def test_a_command_runs_as_who_logged_in_and_reads_to_the_end_of_its_input(daemon, attacker):
    text = bytes(range(256)) * 4096
    status, output, errors = attacker.ssh("id -u; cat", user="deploy", typed=text)

    assert (0, b"1000\n" + text, b"") == (status, output, errors)


class Terminal:
    """A client on a terminal of its own, with its window."""

    def __init__(self, attacker: Attacker, *words: str, columns: int = 80, rows: int = 24) -> None:
        self.keyboard, end = pty.openpty()
        self.columns, self.rows = columns, rows
        self.resize(columns, rows)
        self.process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *attacker.enter, *words],
            stdin=end,
            stdout=end,
            stderr=end,
            env=attacker.environment,
        )
        os.close(end)
        self.shown = b""

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.keyboard, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str) -> None:
        os.write(self.keyboard, text.encode())

    def until(self, text: str) -> str:
        """Read until a text is shown; return what was shown since the last one."""
        deadline = time.monotonic() + WITHIN
        while text.encode() not in self.shown:
            ready, _, _ = select.select([self.keyboard], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{text!r} is not in {self.shown!r}"
            with contextlib.suppress(OSError):  # the client has ended
                self.shown += os.read(self.keyboard, 4096)
        before, _, self.shown = self.shown.partition(text.encode())
        return before.decode()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.keyboard)


@pytest.fixture
def on_terminal(attacker):
    with contextlib.ExitStack() as stack:

        def begin(*words: str, **window: int) -> Terminal:
            made = Terminal(attacker, *words, **window)
            stack.callback(made.close)
            return made

        yield begin


def test_an_interactive_log_in_is_a_real_shell_on_a_terminal_and_all_of_it_is_recorded(config, daemon, on_terminal):
    client = on_terminal("ssh", *SSH, f"root@{ADDRESS}", columns=91, rows=17)
    assert "Authorised use only." in client.until("# ")
    client.type("stty size; tty; echo $USER $HOME\r")
    assert client.until("root /root\r\n").endswith("17 91\r\n/dev/pts/0\r\n")
    client.resize(100, 30)
    client.type("lz\x7fs -d /etc\r")
    client.until("\r\n/etc\r\n")
    client.until("# ")
    client.type("\x1b[A\r")  # once more, from the history
    client.until("\r\n/etc\r\n")
    client.type("stty size\r")
    client.until("30 100")
    client.type("sleep 1000\r")
    eventually(lambda: "sleep 1000" in processes(config))
    client.type("\x03")
    client.until("^C")
    client.type("exit 5\r")

    assert client.process.wait(WITHIN) == 5
    said = ["stty size; tty; echo $USER $HOME", "ls -d /etc", "ls -d /etc", "stty size", "sleep 1000", "exit 5"]
    assert said == lines(daemon, 6)
    (seen,) = daemon.wait_events(1, kind="SessionClosed")
    replay = daemon.ctl("session", "replay", seen["session"])
    assert [text for text in ("17 91", "/dev/pts/0", "30 100", "^C") if text not in replay] == []
    assert {"in", "out"} == {event["fact"]["direction"] for event in daemon.events(kind="TerminalSeen")}


def test_a_telnet_log_in_is_a_real_shell_too(daemon, on_terminal):
    client = on_terminal("telnet", ADDRESS)
    client.until("login: ")
    client.type("deploy\r")
    client.until("Password: ")
    client.type(f"{PASSWORD}\r")
    client.until("$ ")
    client.type("id -un; hostname\r")
    client.until(f"deploy\r\n{daemon.ask('decky', 'show', 'srv-01')['hostname']}\r\n")
    client.type("exit\r")

    assert "closed by foreign host" in client.until("host.\r\n") + "host.\r\n"
    assert ["id -un; hostname", "exit"] == lines(daemon, 2)


def test_what_a_visitor_brings_is_kept_and_told_once(daemon, attacker):
    payload = os.urandom(100_000)
    digest = hashlib.sha256(payload).hexdigest()
    for command in ("umask 077; cat > /tmp/.x; ln -s .x /tmp/y", "true", "echo 2 > /tmp/z"):
        assert (0, b"", b"") == attacker.ssh(command, user="deploy", typed=payload)

    captured = [event["fact"] for event in daemon.wait_events(2, kind="FileCaptured")]
    assert ["/tmp/z", "/tmp/.x"] == [one["path"] for one in captured]
    assert (digest, 100_000) == (captured[1]["sha256"], captured[1]["size"])
    (kept,) = (daemon.home / "state").rglob(f"{digest}*")
    assert payload == kept.read_bytes()


def test_a_program_ends_with_its_peer_and_what_it_left_behind_with_the_last_one(config, daemon, attacker, on_terminal):
    staying = on_terminal("ssh", *SSH, f"root@{ADDRESS}")
    staying.until("# ")
    with attacker.running("ssh", *SSH, f"root@{ADDRESS}", "(sleep 1111 &) ; sleep 2222"):
        eventually(lambda: "sleep 2222" in processes(config))
    eventually(lambda: "sh -c (sleep 1111" not in processes(config))

    assert "sleep 1111" in processes(config)
    staying.process.kill()
    eventually(lambda: "sleep 1111" not in processes(config))


def test_nothing_of_a_daemon_that_was_killed_runs_on(config, daemon, on_terminal):
    client = on_terminal("ssh", *SSH, f"root@{ADDRESS}")
    client.until("# ")
    client.type("sleep 3333 & sleep 4444\r")
    eventually(lambda: "sleep 3333" in processes(config) and "sleep 4444" in processes(config))
    daemon.kill()
    assert "sleep 3333" in processes(config)

    daemon.process = start(daemon.home, daemon.config).process

    assert not re.search("sleep (3333|4444)", processes(config))


def test_a_daemon_that_stops_takes_its_programs_along(config, daemon, on_terminal):
    client = on_terminal("ssh", *SSH, f"root@{ADDRESS}")
    client.until("# ")
    client.type("sleep 5555\r")
    eventually(lambda: "sleep 5555" in processes(config))
    daemon.process.terminate()
    daemon.process.wait(WITHIN)

    assert "sleep 5555" not in processes(config)


def test_a_peer_that_does_not_read_makes_the_program_wait(daemon, attacker):
    def written() -> bytes:
        output: bytes = attacker.ssh("cat /tmp/log")[1]
        return output

    forever = "while :; do cat /bin/busybox; echo x >>/tmp/log; done"
    with attacker.running("ssh", *SSH, f"root@{ADDRESS}", forever):
        eventually(lambda: b"x" in written())
        eventually(lambda: written() == written())
        before = resident(daemon)
        for _ in range(3):
            written()
        assert resident(daemon) - before < 8 * 1024 * 1024


def test_sftp_is_the_images_own(daemon, attacker, tmp_path):
    if not Path(SFTP_SERVER).exists() or shutil.which("sftp") is None:
        pytest.skip("no sftp here")
    batch = tmp_path / "batch"
    (tmp_path / "tool").write_bytes(b"\x7fELF tool")
    batch.write_text(f"put {tmp_path}/tool /tmp/tool\nget /etc/passwd {tmp_path}/passwd\n")
    options = [option for option in SSH if "BatchMode" not in option]
    status, _, errors = attacker.run("sftp", *options, "-oBatchMode=no", "-b", str(batch), f"root@{ADDRESS}")

    assert (0, b"") == (status, errors)
    assert (tmp_path / "passwd").read_bytes().startswith(b"root:x:0:0:")
    (captured,) = daemon.wait_events(1, kind="FileCaptured")
    assert ("/tmp/tool", hashlib.sha256(b"\x7fELF tool").hexdigest()) == tuple(
        captured["fact"][key] for key in ("path", "sha256")
    )
