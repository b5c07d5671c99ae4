"""Real servers, looked at as attackers' own: what they are told by is what the world knows them by."""

import contextlib
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from decnet_actors.sensors.probes import look_at_ssh, look_at_tls
from tests.decnet_actors.sensors.servers import LOOPBACK, context, target

pytestmark = pytest.mark.client

NOISE = random.Random(1).randbytes
# The README of github.com/salesforce/jarm names it for Metasploit, which leaves everything to OpenSSL as s_server does.
OPENSSL = "07d14d16d21d21d00042d43d000000aa99ce74e2c6d013c745aa52b5cc042d"
# What port scanners list for the OpenSSH of Debian 12, before and after its updates of 2024 and 2025.
OPENSSH = {
    "a65c3b91f743d3f246e72172e77288f1",
    "425d29fe50d8e4f5e37efb6e24bcf660",
    "a984ff804585fabe3cd08f4b3849024a",
}


@contextmanager
def running(*command: str) -> Iterator[int]:
    """Run a server; ``PORT`` in its command is where it listens on loopback."""
    with socket.create_server((LOOPBACK, 0)) as free:
        port = free.getsockname()[1]
    words = [word.replace("PORT", str(port)) for word in command]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            deadline = time.monotonic() + 10
            while server.poll() is None and time.monotonic() < deadline:
                with contextlib.suppress(ConnectionRefusedError), socket.create_connection((LOOPBACK, port)):
                    break
            yield port
        finally:
            server.terminate()


async def test_openssls_own_server_has_its_published_jarm(tmp_path):
    context(tmp_path)
    pem = str(tmp_path / "server.pem")
    with running("openssl", "s_server", "-accept", "127.0.0.1:PORT", "-cert", pem, "-www", "-quiet") as port:
        jarm, certificate = await look_at_tls(target(port), NOISE)

    assert OPENSSL == jarm.value
    assert "CN=Major Cobalt" == dict(certificate.details)["subject"]


@pytest.mark.skipif(
    shutil.which("sshd") is None or not Path("/run/sshd").is_dir(),
    reason="sshd, or /run/sshd which it wants, is missing",
)
async def test_opensshs_server_has_its_known_hassh(tmp_path):
    key = str(tmp_path / "key")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True, timeout=30)
    words = ("-D", "-f", "/dev/null", "-h", key, "-p", "PORT", "-oListenAddress=127.0.0.1", "-oPidFile=none")
    with running(str(shutil.which("sshd")), *words) as port:
        (found,) = await look_at_ssh(target(port), "SSH-2.0-OpenSSH_9.2p1")

    if "OpenSSH_9.2p1 Debian" not in dict(found.details)["version"]:
        pytest.skip("this is not the OpenSSH of Debian 12")
    assert found.value in OPENSSH
