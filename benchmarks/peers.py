"""Our shell beside Cowrie's, in one run: ``python -m benchmarks.peers [--rounds 25] [--sessions 500]`` prints Markdown.

Cowrie is installed from its public package into ``envs/cowrie`` and runs with its own defaults, as an ordinary user,
on loopback. The same asyncssh client types the same command lines at the same prompts of both, and waits for each
prompt: seconds of CPU of the server's process per 1,000 lines. Then it opens many sessions at once, each with a shell
that ran one line: what the server's process grew by.
"""

import argparse
import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh

from benchmarks.thousand import resident
from tests.daemon import decnetd

ENVS = Path("envs")
ORDINARY = ("unshare", "--user", "--map-user=1000", "--map-group=1000")  # Cowrie does not run as root
CONNECTIONS = 10
TICK = os.sysconf("SC_CLK_TCK")
PROMPT = re.compile(rb"[\w@:~/.-]+[#$] (\x1b\[[0-9;?]*[a-zA-Z])*$")
WITHIN = 20.0  # seconds for an answer
SECRET = "plinth-5821"
LINES = """
uname -a
id
whoami
pwd
ls -la /
ls /tmp
cat /etc/passwd
cat /etc/issue
cat /proc/cpuinfo | grep name | head -1
cat /proc/meminfo
free -m
uptime
w
ps aux
df -h
mount
ifconfig
netstat -an
hostname
env
echo hello > /tmp/.x && cat /tmp/.x
cp /bin/echo /tmp/.y
rm -f /tmp/.x /tmp/.y
mkdir -p /var/tmp/a; cd /var/tmp/a; pwd; cd
touch /root/.b; chmod 600 /root/.b; ls -l /root/.b
which wget curl
echo $SHELL $HOME
export PATH=/bin:/usr/bin
history
crontab -l
cat /proc/version; cat /proc/mounts
uname -s -v -n -r -m
head -5 /etc/passwd | tail -1
grep root /etc/passwd
echo -e "\\x6F\\x6B"
ls /home /var /opt
lscpu
last
date
cat /root/.ssh/authorized_keys
""".strip().splitlines()

COWRIE = """
[ssh]
enabled = true
listen_endpoints = tcp:{port}:interface=127.0.0.1
[telnet]
enabled = false
"""
OURS = """
[[decky]]
name = "bench-01"
address = "127.0.0.1"
distribution = "debian:12"
weak_credentials = 0
[decky.services.ssh]
port = {port}
failure_delay = 0.0
[[decky.bait]]
user = "root"
secret = "{secret}"
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def installed(package: str) -> Path:
    """Return the environment of a peer, made when there is none."""
    home = ENVS.absolute() / package
    if not (home / "bin" / package).exists():
        venv.create(home, with_pip=True)
        subprocess.run([home / "bin" / "pip", "install", "-q", package], check=True)
    return home


@contextmanager
def cowrie() -> Iterator[tuple[int, int]]:
    """Run one; yields its pid and port."""
    env, port = installed("cowrie"), free_port()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        for folder in ("etc", "var/log/cowrie", "var/lib/cowrie/downloads", "var/lib/cowrie/tty", "var/run"):
            (home / folder).mkdir(parents=True)
        (home / "etc/cowrie.cfg").write_text(COWRIE.format(port=port))
        (home / "etc/userdb.txt").write_text("root:x:*\n")
        process = subprocess.Popen(
            [*ORDINARY, env / "bin" / "cowrie", "start", "--", "-n"],
            cwd=home,
            env={"PATH": f"{env}/bin:/usr/bin:/bin", "HOME": name},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            greeted(port)
            yield process.pid, port
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def ours() -> Iterator[tuple[int, int]]:
    """Run a daemon; yields its pid and port."""
    port = free_port()
    with decnetd(OURS.format(port=port, secret=SECRET)) as daemon:
        greeted(port)
        yield daemon.pid, port


def greeted(port: int) -> None:
    deadline = time.monotonic() + 60.0
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5.0) as client:
                if client.recv(4) == b"SSH-":
                    return
        except OSError:
            time.sleep(0.1)
        if time.monotonic() > deadline:
            raise TimeoutError(f"nobody greets at {port}")


def family(pid: int) -> list[int]:
    """Return a process and its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


def cpu(pid: int) -> float:
    """Return seconds of CPU of a process and its descendants."""
    stats = (Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split() for one in family(pid))
    return sum(int(words[11]) + int(words[12]) for words in stats) / TICK


def memory(pid: int) -> float:
    """Return MiB a process and its descendants have in memory."""
    return sum(resident(one) for one in family(pid))


class Shell:
    """One session at a prompt."""

    def __init__(self, connection: asyncssh.SSHClientConnection, process: "asyncssh.SSHClientProcess[bytes]") -> None:
        self._connection = connection
        self._process = process

    @classmethod
    async def open(cls, port: int, number: int) -> "Shell":
        connection = await asyncssh.connect(
            "127.0.0.1",
            port,
            local_addr=(f"127.0.{1 + number // 200}.{2 + number % 200}", 0),
            username="root",
            password=SECRET,
            known_hosts=None,
            client_keys=None,
            config=None,
        )
        process = await connection.create_process(term_type="xterm", encoding=None)
        shell = cls(connection, process)
        await shell.prompt()
        return shell

    async def prompt(self) -> bytes:
        """Return what came until the next prompt."""
        seen = b""
        async with asyncio.timeout(WITHIN):
            while not PROMPT.search(seen[-200:]):
                data = await self._process.stdout.read(65536)
                if not data:
                    raise EOFError(seen[-200:])
                seen += data
        return seen

    async def run(self, line: str) -> bytes:
        self._process.stdin.write(line.encode() + b"\n")
        return await self.prompt()

    async def close(self) -> None:
        self._connection.close()
        await self._connection.wait_closed()


async def typed(pid: int, port: int, rounds: int) -> tuple[float, int]:
    """Type every line so many times in ten shells; return seconds of CPU per 1,000 lines, and bytes that came back."""
    shells = [await Shell.open(port, number) for number in range(CONNECTIONS)]
    before = cpu(pid)

    async def one(shell: Shell) -> int:
        return sum([len(await shell.run(line)) for _ in range(rounds // CONNECTIONS) for line in LINES])

    size = sum(await asyncio.gather(*(one(shell) for shell in shells)))
    await asyncio.sleep(1.0)  # what the server still writes down
    used = cpu(pid) - before
    for shell in shells:
        await shell.close()
    return used * 1000 / (rounds // CONNECTIONS * CONNECTIONS * len(LINES)), size


async def held(pid: int, port: int, sessions: int) -> float:
    """Open so many sessions at once; return how many KiB the server grew by for each."""
    before = memory(pid)
    shells: list[Shell] = []
    for start in range(0, sessions, CONNECTIONS):
        numbers = range(start, min(start + CONNECTIONS, sessions))
        shells += await asyncio.gather(*(Shell.open(port, number) for number in numbers))
    for shell in shells:
        await shell.run("id")
    grown = memory(pid) - before
    for shell in shells:
        await shell.close()
    return grown * 1024 / sessions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50, help="of all lines, over ten shells")
    parser.add_argument("--sessions", type=int, default=500)
    arguments = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}, {len(LINES)} lines x {arguments.rounds}\n")
    print("| | CPU s per 1,000 lines | KiB answered | KiB for each of the sessions | RSS MiB before |")
    print("|---|---|---|---|---|")
    for name, run in (("ours", ours), ("cowrie", cowrie), ("ours again", ours), ("cowrie again", cowrie)):
        with run() as (pid, port):
            resting = memory(pid)
            each = asyncio.run(held(pid, port, arguments.sessions))
            used, size = asyncio.run(typed(pid, port, arguments.rounds))
            print(f"| {name} | {used:.2f} | {size / 1024:.0f} | {each:.0f} | {resting:.0f} |", flush=True)


if __name__ == "__main__":
    main()
