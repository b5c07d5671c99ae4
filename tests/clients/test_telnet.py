"""The stock telnet client against the telnet decoy."""

import asyncio
import contextlib
import os
import pty
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from decnet_actors.conformance.fakes import fake_deps
from decnet_actors.domain.facts import CredentialSeen, Outcome, ShellCommandSeen, TelnetClientSeen
from plugins.decoy.telnet import PLUGIN, TelnetConfig
from tests.hosting import hosted

pytestmark = [pytest.mark.client, pytest.mark.slow]


@contextlib.asynccontextmanager
async def telnet(host: str, port: int) -> AsyncIterator[Callable[..., Awaitable[str]]]:
    """Run the client in a terminal; return what to call with words to type and the text to wait for then.

    ``port`` is as the client takes it: with a minus before it the client negotiates first, as it does on port 23.
    """
    if not shutil.which("telnet"):
        pytest.skip("telnet is missing")
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    process = await asyncio.create_subprocess_exec(
        "telnet",
        "--",
        host,
        str(port),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={"TERM": "xterm", "PATH": "/usr/bin:/bin"},
        start_new_session=True,
    )
    os.close(theirs)

    async def until(text: str, typed: str = "") -> str:
        os.write(ours, typed.encode())
        seen = ""
        async with asyncio.timeout(10):
            while text not in seen:
                try:
                    seen += os.read(ours, 65536).decode("latin-1")
                except BlockingIOError:
                    await asyncio.sleep(0.01)
        return seen

    try:
        yield until
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        os.close(ours)


async def test_telnet_is_refused_then_let_in():
    deps = fake_deps(service="telnet", accepts=[("root", b"toor")])
    async with hosted(PLUGIN.create(TelnetConfig(failure_delay=0), deps), name="telnet") as found:
        async with telnet(*found.address) as until:
            assert "Linux 6.1.0-18-amd64 (web-01.corp.example) (pts/0)\r\n\r\n" in await until("web-01 login: ")
            assert "root\r\nPassword: " in await until("Password: ", "root\r")
            assert "Login incorrect\r\nweb-01 login: " in await until("login: ", "wrong\r")
            await until("Password: ", "root\r")
            assert "toor" not in await until("$ ", "toor\r")
            assert "id" in await until("$ ", "id\r")
            await until("Connection closed by foreign host.", "exit\r")

        assert [
            CredentialSeen(user="root", secret=b"wrong", mechanism="telnet login"),
            CredentialSeen(user="root", secret=b"toor", mechanism="telnet login", outcome=Outcome.ACCEPTED),
        ] == found.journal.of(CredentialSeen)
        (client,) = found.journal.of(TelnetClientSeen)

        assert "XTERM" == client.terminal.upper()
        assert {"WILL TTYPE", "WILL NAWS", "DO SGA"} <= set(client.options)
        assert ["id"] == [seen.line for seen in found.journal.of(ShellCommandSeen)]


@pytest.mark.parametrize("speaks_first", [False, True])
async def test_a_client_that_answers_sees_the_prompt_without_the_end_of_patience(speaks_first):
    deps = fake_deps(service="telnet")
    async with hosted(PLUGIN.create(TelnetConfig(patience=0), deps), name="telnet") as found:  # 0: it never ends
        host, port = found.address
        async with telnet(host, -port if speaks_first else port) as until:
            await until("web-01 login: ")
            await until("Password: ", "root\r")
