"""The telnet decoy beside the daemons it claims to be: what detectors of honeypots ask (T1 to T8), each answers alike.

The daemons are Debian's, started on loopback the way inetd does; what names the machine is left out of the comparison.
"""

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from decnet_actors.conformance.fakes import NOW, fake_deps
from decnet_actors.domain.facts import SessionCrashed
from decnet_actors.machine.persona import generate
from plugins.decoy.telnet import PLUGIN
from tests.hosting import hosted

pytestmark = [pytest.mark.client, pytest.mark.slow]

Address = tuple[str, int]
DAEMONS: Mapping[
    str, tuple[Sequence[str], str, str]
] = {  # command, package and version of the recorded behaviour, persona
    "telnetd": (("/usr/sbin/telnetd",), "inetutils-telnetd", "debian:12"),
    "busybox": (("/bin/busybox", "telnetd", "-i", "-l", "/bin/login"), "busybox-static", "alpine:3.19"),
}
QUIET = 0.5  # seconds without a byte, after which an answer is over
DO, DONT, WILL, WONT, IAC, SB, SE = 253, 254, 251, 252, 255, 250, 240
ROWS: Mapping[str, bytes] = {
    "T1 nothing": b"",
    "T2 are you there": b"\xff\xf6",
    "T3 will 99": b"\xff\xfb\x63",
    "T3 do 99": b"\xff\xfd\x63",
    "T3 wont and dont 99": b"\xff\xfc\x63\xff\xfe\x63",
    "T4 a spray of 0xff": b"\xff" * 200,
    "T4 half a command": b"\xff",
    "T4 a suboption without an end": b"\xff\xfa\x18\x00" + b"x" * 100,
    "an erased line": b"abc\x15",
    "no operation": b"\xff\xf1",
}


@contextlib.asynccontextmanager
async def daemon(name: str) -> AsyncIterator[Address]:
    """Start a daemon for each connection, with the connection as its standard streams."""
    command, package, _ = DAEMONS[name]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{package} is missing")
    running: list[subprocess.Popen[bytes]] = []
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    door = server.sockets[0].dup()
    server.close()
    door.setblocking(False)
    loop = asyncio.get_running_loop()

    async def accept() -> None:
        while True:
            peer, _ = await loop.sock_accept(door)
            with peer:
                peer.setblocking(True)
                running.append(
                    subprocess.Popen(
                        list(command), stdin=peer.fileno(), stdout=peer.fileno(), stderr=subprocess.DEVNULL
                    )
                )

    task = asyncio.create_task(accept())
    try:
        yield door.getsockname()
    finally:
        task.cancel()
        await asyncio.wait([task])
        door.close()
        for process in running:
            process.kill()
            process.wait()


@contextlib.asynccontextmanager
async def decoy(name: str) -> AsyncIterator[Address]:
    persona = generate(3, "web-01", "192.0.2.10", NOW, distribution=DAEMONS[name][2])
    deps = fake_deps(service="telnet", persona=persona)
    async with hosted(PLUGIN.create(PLUGIN.config(failure_delay=0.0), deps), name="telnet") as found:
        yield found.address
        assert [] == found.journal.of(SessionCrashed)


async def heard(reader: asyncio.StreamReader) -> bytes:
    """Return what comes until it is quiet, with ``<end>`` behind it when the server hung up."""
    said = b""
    with contextlib.suppress(TimeoutError):
        while True:
            async with asyncio.timeout(QUIET):
                data = await reader.read(4096)
            if not data:
                return said + b"<end>"
            said += data
    return said


async def answer(address: Address, words: bytes) -> list[bytes]:
    """Return what a server says by itself, and to some words then."""
    reader, writer = await asyncio.open_connection(*address)
    said = [unnamed(await heard(reader))]
    if words:
        writer.write(words)
        said.append(await heard(reader))
    writer.close()
    return said


def unnamed(said: bytes) -> bytes:
    """Return the options alone of what comes first: the banner and the prompt behind them name the machine."""
    return said[: said.rfind(b"\xff") + 3] if b"\xff" in said else said


async def logged_in(address: Address, user: bytes, password: bytes) -> tuple[list[bytes], bytes]:
    """Refuse every option but echo; return the options in the order they came, and what is shown of a log-in."""
    reader, writer = await asyncio.open_connection(*address)
    asked: list[bytes] = []
    shown = b""

    async def until(text: bytes) -> bytes:
        nonlocal shown
        begun = len(shown)
        async with asyncio.timeout(20):
            while text not in shown[begun:]:
                byte = await reader.readexactly(1)
                if byte != b"\xff":
                    shown += byte
                    continue
                verb, option = await reader.readexactly(2)
                asked.append(bytes((verb, option)))
                if verb in {DO, WILL} and asked.count(asked[-1]) == 1:
                    yes = (verb, option) in {(WILL, 1), (WILL, 3), (DO, 1)}
                    reply = {DO: WILL if yes else WONT, WILL: DO if yes else DONT}[verb]
                    writer.write(bytes((IAC, reply, option)))
        return shown[begun:]

    await until(b"login: ")
    writer.write(user + b"\r\n")
    name = await until(b"Password: ")
    writer.write(password + b"\r\n")
    secret = await until(b"\n")
    writer.close()
    return asked, name + secret


def known_difference(name: str, row: str) -> bool:
    """BusyBox takes no suboption but NAWS for one and shows the rest as typed; ours waits for the end of it."""
    return name == "busybox" and row.startswith("T4 a suboption")


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("name", DAEMONS)
async def test_the_decoy_answers_as_the_daemon_does(name, row):
    async with daemon(name) as address:
        expected = await answer(address, ROWS[row])
    async with decoy(name) as address:
        answered = await answer(address, ROWS[row])

    assert (expected == answered) is not known_difference(name, row)


@pytest.mark.parametrize("name", DAEMONS)
async def test_the_prompt_comes_after_the_options_and_no_password_is_shown(name):
    async with daemon(name) as address:
        expected = await logged_in(address, b"root", b"xyzzy-plugh")
    async with decoy(name) as address:
        answered = await logged_in(address, b"root", b"xyzzy-plugh")

    assert expected == answered
    assert b"xyzzy" not in answered[1]


@pytest.mark.parametrize("name", DAEMONS)
async def test_no_detector_takes_it_for_cowrie(name):
    """T1: nmap takes whoever asks for the window's size first, and for nothing else, for Cowrie."""
    async with decoy(name) as address:
        (said,) = await answer(address, b"")

    assert not said.startswith(b"\xff\xfd\x1f")
