"""This module asks an SSH server what detectors of honeypots ask, and writes its answers down, row by row.

``python -m tests.clients.ssh_rows sshd`` (or ``dropbear``) starts the installed daemon on a private port, asks it, and
prints what is kept in ``tests/data/ssh``. Whatever is random is named and not written: cookies, padding, keys.
"""

import asyncio
import contextlib
import json
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import asyncssh
from asyncssh.packet import Boolean, String, UInt32

from tests.clients.ssh_talk import INTERACTIVE, NONE, PASSWORD, PUBLIC_KEY, Talk, talking

Address = tuple[str, int]
Rows = Mapping[str, Sequence[str]]

DATA = Path(__file__).parents[1] / "data" / "ssh"
PACKAGES = {"sshd": "openssh-server", "dropbear": "dropbear-bin"}
ANSWER = 10.0  # seconds
START = 10.0  # seconds
CLIENT = b"SSH-2.0-x\r\n"
_KEXINIT, _COOKIE = 20, 16
_HOST_KEYS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")


def _packet(size: int, padding: int, rest: bytes) -> bytes:
    return struct.pack(">IB", size, padding) + rest


# First words of a client. Each ends with the end of what it sends, so that the server closes at last.
WORDS: Mapping[str, bytes] = {
    "S1 bad version 1337": b"SSH-1337-OpenSSH_9.0\r\n",
    "S1 bad version 1111": b"SSH-1111-OpenSSH_9.0\r\n",
    "S1 version 1.5": b"SSH-1.5-x\r\n",
    "S1 version 3.0": b"SSH-3.0-x\r\n",
    "S1 no software": b"SSH-2.0-\r\n",
    "S1 no dash": b"SSH-2.0\r\n",
    "S1 version 1.99": b"SSH-1.99-x\r\n",
    "S2 eight returns": b"\r" * 8,
    "S2 three newlines": b"\n\n\n",
    "S2 two lines": CLIENT + CLIENT,
    "S2 spaces": b"   \r\n",
    "S2 a NUL": b"SSH-2.0-\0\r\n",
    "S2 words before the line": b"hello\r\nSSH-2.0-x\r\n",
    "S2 a long line": b"A" * 9000,
    "S2 a line without a return": b"SSH-2.0-x\n",
    "S3 HTTP": b"GET / HTTP/1.0\r\n\r\n",
    "S3 HTTP, one line": b"GET / HTTP/1.0\r\n",
    "S5 half a line": b"SSH-2.0-",
    "S5 a good line": CLIENT,
    "S5 a packet of no type": CLIENT + _packet(12, 10, bytes(11)),
    "S5 an impossible length": CLIENT + b"\xff" * 64,
    "S5 a length of nothing": CLIENT + bytes(64),
}

Say = Callable[[Talk], Awaitable[list[tuple[int, bytes]]]]


def _password(user: bytes, secret: bytes) -> Say:
    return lambda talk: talk.password(user, secret)


def _tried(method: bytes, *parts: bytes, user: bytes = b"root") -> Say:
    return lambda talk: talk.tried(user, method, *parts)


def _asked(kind: int, *parts: bytes) -> Say:
    return lambda talk: talk.asked(kind, *parts)


_KEY = String(b"ssh-ed25519") + String(bytes(range(32)))
_NONE, _WRONG, _STRANGER = _tried(NONE), _password(b"root", b"x"), _password(b"nosuch", b"x")
_OFFERED = _tried(PUBLIC_KEY, Boolean(False), String(b"ssh-ed25519"), String(_KEY))
# What is said after the key exchange, one request after the answer to the other.
DIALOGUES: Mapping[str, Sequence[Say]] = {
    "S7 users that there are not": (_STRANGER, _password(b"nosuch", b"y")),
    "S8 passwords until the end": (_NONE, *(_WRONG,) * 10),
    "S8 passwords of a stranger until the end": (_STRANGER,) * 10,
    "S8 keys until the end": (_OFFERED,) * 11,
    "S8 keys, then passwords": (_NONE, _OFFERED, _OFFERED, _WRONG, _NONE, _WRONG, _WRONG),
    "S8 asked for a dialogue": (_tried(INTERACTIVE, String(b""), String(b"")), _WRONG),
    "S8 another user": (_WRONG, _STRANGER),
    "S8 an unknown method": (_tried(b"hostbased", String(b"")), _tried(b"foo")),
    "S8 an empty password": (_password(b"root", b""),),
    "S8 a long password": (_password(b"root", b"x" * 2000),),
    "S8 a long name": (_password(b"r" * 300, b"x"),),
    "S8 a key of no kind": (_tried(PUBLIC_KEY, Boolean(False), String(b"foo"), String(b"bar")),),
    "S8 another service": (
        _asked(50, String(b"root"), String(b"ssh-foo"), String(PASSWORD), Boolean(False), String(b"x")),
    ),
    "S8 half a request": (_asked(50, String(b"root")),),
    "S9 a channel before log-in": (_asked(90, String(b"session"), UInt32(0), UInt32(1000), UInt32(1000)),),
    "S9 a global request before log-in": (_asked(80, String(b"keepalive@openssh.com"), Boolean(True)),),
    "S9 a message of no meaning": (_asked(77),),
    "S9 a message of local use": (_asked(200),),
    "S9 log-in asked for twice": (_asked(5, String(b"ssh-userauth")), _WRONG),
    "S9 another service than log-in": (_asked(5, String(b"foo")),),
}


def _clear(data: bytes) -> list[str]:
    """Return what was said in the clear: the identification line, and packets or text behind it."""
    line, _, rest = data.partition(b"\r\n")
    said = [line.decode("latin-1")]
    while len(rest) > 5 and (size := int.from_bytes(rest[:4], "big")) < len(rest):
        padding, payload = rest[4], rest[5 : 4 + size - rest[4]]
        filler = "zeros" if not any(rest[4 + size - padding : 4 + size]) else "noise"
        body = payload[1 + _COOKIE :] if payload[0] == _KEXINIT else payload[1:]
        said.append(f"{payload[0]} ({size} bytes, {padding} of {filler}) {body.decode('latin-1')}")
        rest = rest[4 + size :]
    return [*said, rest.decode("latin-1")] if rest else said


async def first_words(address: Address, data: bytes) -> list[str]:
    """Return all that is answered, and how it ends."""
    reader, writer = await asyncio.open_connection(*address)
    got, end = b"", "closed"
    try:
        writer.write(data)
        with contextlib.suppress(OSError):  # it was reset meanwhile
            writer.write_eof()
        async with asyncio.timeout(ANSWER):
            while chunk := await reader.read(65536):
                got += chunk
    except ConnectionResetError:
        end = "reset"
    finally:
        writer.close()
    return [*_clear(got), end]


async def dialogue(address: Address, says: Sequence[Say]) -> list[str]:
    """Return the answer to each request, up to the end of the connection."""
    async with talking(address) as talk:
        heard = [*talk.heard]
        for say in says:
            if talk.over.is_set():
                break
            heard += await say(talk)
    return [f"{kind} {payload.decode('latin-1')}" for kind, payload in heard]


async def host_keys(address: Address) -> list[str]:
    """Return the host keys on offer, with the length of their blob."""
    found = []
    for name in _HOST_KEYS:
        try:
            key = await asyncssh.get_server_host_key(*address, server_host_key_algs=[name], config=[])
        except (asyncssh.Error, OSError):
            continue
        found.append(f"{name}: {key.algorithm.decode()} of {len(key.public_data)} bytes" if key else f"{name}: none")
    return found


async def rows(address: Address) -> Rows:
    """Ask everything."""
    found = {name: await first_words(address, data) for name, data in WORDS.items()}
    found["S6 host keys"] = await host_keys(address)
    return found | {name: await dialogue(address, says) for name, says in DIALOGUES.items()}


def recorded(daemon: str) -> tuple[str, Rows]:
    """Return the version that was recorded, and what it said."""
    kept = json.loads((DATA / f"{daemon}.json").read_text())
    return kept["version"], kept["rows"]


def program(daemon: str) -> str | None:
    """Return where the daemon is, if it can run here."""
    needed = {"sshd": ("ssh-keygen",), "dropbear": ("dropbearkey",)}[daemon]
    if any(shutil.which(tool) is None for tool in needed):
        return None
    return shutil.which(daemon, path="/usr/sbin:/usr/local/sbin:/sbin")


def installed(daemon: str) -> str:
    """Return the version of the installed package."""
    command = ["dpkg-query", "-W", "-f", "${Version}", PACKAGES[daemon]]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _command(daemon: str, where: Path, port: int) -> list[str]:
    """Make the keys of a new installation; return the command line."""
    path = program(daemon) or daemon
    kinds = ("rsa", "ecdsa", "ed25519")
    maker = ["dropbearkey"] if daemon == "dropbear" else ["ssh-keygen", "-q", "-N", ""]
    for kind in kinds:
        subprocess.run([*maker, "-t", kind, "-f", str(where / kind)], check=True, capture_output=True)
    if daemon == "dropbear":
        keys = [word for kind in kinds for word in ("-r", str(where / kind))]
        return [path, "-F", "-E", "-p", f"127.0.0.1:{port}", *keys]
    config = where / "config"
    keys = [f"HostKey {where / kind}" for kind in kinds]
    place = [f"Port {port}", "ListenAddress 127.0.0.1", "PidFile none", "MaxStartups 100"]
    config.write_text("\n".join([*place, *keys, "UsePAM no", "KbdInteractiveAuthentication no"]) + "\n")
    return [path, "-D", "-e", "-f", str(config)]


@contextlib.asynccontextmanager
async def running(daemon: str, port: int) -> AsyncIterator[Address]:
    """Run the installed daemon on a port of loopback."""
    with tempfile.TemporaryDirectory() as where:
        command = _command(daemon, Path(where), port)
        process = await asyncio.create_subprocess_exec(
            *command, stderr=asyncio.subprocess.DEVNULL, stdin=asyncio.subprocess.DEVNULL
        )
        try:
            async with asyncio.timeout(START):
                while not await _answers(port):
                    assert process.returncode is None, f"{daemon} did not start"
            yield ("127.0.0.1", port)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        await asyncio.sleep(0.02)
        return False
    writer.close()
    return True


async def _record(daemon: str) -> None:
    async with running(daemon, 20_022) as address:
        found = await rows(address)
    origin = f"Debian 12 package {PACKAGES[daemon]}, its default configuration without PAM, on loopback"
    kept = {"daemon": daemon, "version": installed(daemon), "origin": origin, "rows": found}
    sys.stdout.write(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    asyncio.run(_record(sys.argv[1]))
