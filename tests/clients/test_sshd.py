"""The ssh decoy beside the sshd it claims to be: what both say first must be the same, byte for byte."""

import asyncio
import shutil
import struct
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.plugins.decoy.ssh.serving import served, ssh_deps

pytestmark = [pytest.mark.client, pytest.mark.slow]

SSHD = Path(shutil.which("sshd") or "/usr/sbin/sshd")
CLIENT = b"SSH-2.0-x\r\n"
LINES = [
    b"SSH-1337-OpenSSH_9.0\r\n",
    b"SSH-1.5-x\r\n",
    b"SSH-3.0-x\r\n",
    b"SSH-2.0\r\n",
    b"SSH-2.0-\r\n",
    b"   \r\n",
    b"SSH-2.0-\0\r\n",
    b"\n\n\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.0\r\n",
    b"A" * 9000,
    CLIENT + struct.pack(">IBB", 12, 10, 0) + bytes(10),
    CLIENT + b"\xff" * 64,
]


def installed_version() -> str:
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "openssh-server"], capture_output=True, text=True, check=False
    )
    return asked.stdout


@pytest.fixture
async def sshd(tmp_path, unused_tcp_port) -> AsyncIterator[tuple[str, int]]:
    for tool in ("ssh-keygen", "dpkg-query"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is missing")
    if not SSHD.exists():
        pytest.skip("sshd is missing")
    if not Path("/run/sshd").is_dir():
        pytest.skip("/run/sshd is missing, and sshd wants it")
    if not installed_version().startswith("1:9.2p1-2+deb12u"):
        pytest.skip(f"the installed sshd is {installed_version() or 'not a package'}, not Debian 12's 9.2p1")
    lines = [f"Port {unused_tcp_port}", "ListenAddress 127.0.0.1", "PidFile none", "UsePAM no"]
    for kind in ("rsa", "ecdsa", "ed25519"):
        path = tmp_path / kind
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", path], check=True)
        lines.append(f"HostKey {path}")
    config = tmp_path / "sshd_config"
    config.write_text("\n".join(lines) + "\n")
    process = await asyncio.create_subprocess_exec(SSHD, "-D", "-e", "-f", config, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    async with asyncio.timeout(10):
        while b"Server listening" not in await process.stderr.readline():
            assert process.returncode is None, "sshd did not start"
    yield ("127.0.0.1", unused_tcp_port)
    process.kill()
    await process.communicate()


async def first_words(address) -> tuple[bytes, bytes]:
    """Return the identification line and the key exchange offer, without its random cookie."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(CLIENT)
    async with asyncio.timeout(10):
        line = await reader.readline()
        size = await reader.readexactly(4)
        offer = await reader.readexactly(int.from_bytes(size, "big"))
    writer.close()
    return line, size + offer[:2] + offer[18:]


async def said(address, data: bytes) -> bytes:
    """Return all that is answered to this, and how the connection ends; the random cookie is blanked."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(data)
    got = b""
    try:
        async with asyncio.timeout(10):
            while chunk := await reader.read(65536):
                got += chunk
    except ConnectionResetError:
        got += b"<reset>"
    finally:
        writer.close()
    line, _, rest = got.partition(b"\r\n")
    return line + rest[:6] + rest[22:] if rest.startswith(bytes(2)) else got


async def test_the_first_words_and_every_refusal_are_those_of_the_installed_sshd(sshd):
    async with served(ssh_deps(version=installed_version())) as found:
        assert await first_words(sshd) == await first_words(found.address)
        for line in LINES:
            assert (line, await said(sshd, line)) == (line, await said(found.address, line))
