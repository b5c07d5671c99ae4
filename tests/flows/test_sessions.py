"""What an operator does with a session: find what was typed in it, slow it down, have what it wanted to download."""

import asyncio
import time
from typing import Any

import asyncssh
import pytest

from tests.daemon import decnetd

FLEET = """
[fleet.loopback]
network = "{network}"

[[decky]]
name = "web-01"
services = ["ssh"]
distribution = "debian:12"
bait = [{{ user = "root", secret = "hunter2-bait" }}]
"""
DOWNLOADS = "[downloads]\nfetch = true\n"


async def test_a_session_is_searched_slowed_and_its_download_guarded() -> None:
    with decnetd(FLEET, DOWNLOADS) as daemon:
        address = daemon.listeners()["web-01"]["ssh"]
        async with asyncssh.connect(
            *address, username="root", password="hunter2-bait", known_hosts=None, client_keys=None, config=[]
        ) as connection:
            shell = await connection.create_process(term_type="xterm", encoding=None)
            await read_until(shell, b"# ")
            await typed(shell, b"cat /etc/hosXX\x7f\x7ftname\r")
            await typed(shell, b"wget -T 0.1 -t 1 http://127.0.0.1:8080/x\r")

            (found,) = await searched(daemon, "/ETC/HOSTNAME")
            assert ("cat ", "/etc/hostname", "typed") == (found["before"], found["hit"], found["kind"])
            assert found["replay"] is not None
            (erased,) = await searched(daemon, "hosXX")
            assert erased["erased"]
            (failed,) = await asyncio.to_thread(daemon.wait_events, 1, kind="DownloadFailed")
            assert "127.0.0.1 is no address of the Internet" == failed["fact"]["reason"]
            assert found["session"] == failed["session"]

            done = await asyncio.to_thread(
                daemon.ask, "decky", "tarpit-set", "web-01", "--service", "ssh", "--delay", "300"
            )
            assert (["web-01"], []) == ([one["name"] for one in done["operation"]["outcomes"]], done["interrupts"])
            shell.stdin.write(b"id\r")
            await asyncio.to_thread(daemon.wait_events, 3, kind="ShellCommandSeen")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await shell.stdout.read(1)
            await asyncio.to_thread(daemon.ask, "decky", "tarpit-clear", "web-01", "--service", "ssh")
            await read_until(shell, b"# ")
            assert [] == daemon.events(kind="ServiceStopped")


async def searched(daemon, text: str) -> list[dict[str, Any]]:
    """Return the lines a search finds once there is one: the tables follow the journal a moment later."""
    deadline = time.monotonic() + 10
    while True:
        found = await asyncio.to_thread(daemon.ask, "session", "search", text)
        if found:
            return [line for line in found if line["kind"] == "typed"]
        assert time.monotonic() < deadline, text


async def typed(shell: asyncssh.SSHClientProcess[bytes], keys: bytes) -> None:
    """Type, and read until the next prompt."""
    shell.stdin.write(keys)
    await read_until(shell, b"# ")


async def read_until(shell: asyncssh.SSHClientProcess[bytes], mark: bytes) -> None:
    async with asyncio.timeout(30):
        seen = b""
        while not seen.endswith(mark):
            seen += await shell.stdout.read(4096)
