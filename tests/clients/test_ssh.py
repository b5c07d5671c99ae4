"""Stock SSH clients against the ssh decoy: they must be satisfied, and everything they do must be seen."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator

import asyncssh
import pytest

from decnet_actors.domain.facts import (
    CredentialSeen,
    FileCaptured,
    ForwardRequested,
    Outcome,
    SessionCrashed,
    ShellCommandSeen,
    SshClientSeen,
)
from tests.hosting import Hosted
from tests.plugins.decoy.ssh.serving import served, ssh_deps

pytestmark = [pytest.mark.client, pytest.mark.slow]

SETTINGS = {
    "StrictHostKeyChecking": "no",
    "UserKnownHostsFile": "/dev/null",
    "LogLevel": "ERROR",
    "BatchMode": "no",
    "IdentityAgent": "none",
    "NumberOfPasswordPrompts": "1",
}
OPTIONS = ["-F/dev/null", *(f"-o{name}={value}" for name, value in SETTINGS.items())]


def need(*tools: str) -> None:
    for tool in tools:
        if not shutil.which(tool):
            pytest.skip(f"{tool} is missing")


@pytest.fixture
async def found() -> AsyncIterator[Hosted]:
    async with served(ssh_deps()) as hosted:
        yield hosted

        assert [] == hosted.journal.of(SessionCrashed)


@pytest.fixture
def run(tmp_path):
    """Run a program that asks for a password by SSH_ASKPASS; return its status and output."""
    asker = tmp_path / "askpass"
    asker.write_text('#!/bin/sh\necho "$PASSWORD"\n')
    asker.chmod(0o700)

    async def run(*words: str, password: str = "toor", typed: bytes = b"", seconds: float = 20) -> tuple[int, str]:
        environment = {
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(tmp_path),
            "PASSWORD": password,
            "SSH_ASKPASS": str(asker),
            "SSH_ASKPASS_REQUIRE": "force",
            "DROPBEAR_PASSWORD": password,
        }
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(seconds):
                output, _ = await process.communicate(typed)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        return process.returncode or 0, output.decode("utf-8", "replace")

    return run


def at(found: Hosted, flag: str = "-p") -> list[str]:
    return [*OPTIONS, flag, str(found.address[1])]


async def test_ssh_runs_a_command(found, run):
    need("ssh")
    status, output = await run("ssh", *at(found), "root@127.0.0.1", "uname -a")

    assert (0, "uname -a\n") == (status, output)
    assert ["uname -a"] == [seen.line for seen in found.journal.of(ShellCommandSeen)]
    assert [Outcome.ACCEPTED] == [seen.outcome for seen in found.journal.of(CredentialSeen)]
    assert 1 == len(found.journal.of(SshClientSeen))


async def test_ssh_is_refused(found, run):
    need("ssh")
    status, output = await run("ssh", *at(found), "admin@127.0.0.1", password="admin123")

    assert (255, "admin@127.0.0.1: Permission denied (publickey,password).") == (status, output.rstrip())
    assert [("admin", b"admin123")] == [(seen.user, seen.secret) for seen in found.journal.of(CredentialSeen)]


async def test_ssh_is_disconnected_after_six_tries(found, run):
    need("ssh")
    words = [*at(found), "-oNumberOfPasswordPrompts=9"]
    words.remove("-oNumberOfPasswordPrompts=1")
    status, output = await run("ssh", *words, "root@127.0.0.1", password="x")

    assert 255 == status
    assert f"Received disconnect from 127.0.0.1 port {found.address[1]}:2: Too many authentication failures" in output
    assert 6 == len(found.journal.of(CredentialSeen))


@pytest.mark.parametrize(
    "kex",
    [
        "sntrup761x25519-sha512@openssh.com",
        "curve25519-sha256",
        "ecdh-sha2-nistp521",
        "diffie-hellman-group-exchange-sha256",
        "diffie-hellman-group14-sha256",
    ],
)
async def test_ssh_agrees_on_every_kind_of_key_exchange(found, run, kex):
    need("ssh")

    assert (0, "ok\n") == await run("ssh", *at(found), f"-oKexAlgorithms={kex}", "root@127.0.0.1", "ok")


@pytest.mark.parametrize("key", ["rsa-sha2-512", "rsa-sha2-256", "ecdsa-sha2-nistp256", "ssh-ed25519"])
async def test_ssh_trusts_every_host_key(found, run, key):
    need("ssh")

    assert (0, "ok\n") == await run("ssh", *at(found), f"-oHostKeyAlgorithms={key}", "root@127.0.0.1", "ok")


@pytest.mark.parametrize(
    ("cipher", "mac"),
    [
        ("chacha20-poly1305@openssh.com", "hmac-sha2-256"),
        ("aes128-ctr", "umac-64-etm@openssh.com"),
        ("aes256-ctr", "umac-128@openssh.com"),
        ("aes192-ctr", "hmac-sha1"),
        ("aes256-gcm@openssh.com", "hmac-sha2-512-etm@openssh.com"),
    ],
)
async def test_ssh_agrees_on_ciphers_with_compression(found, run, cipher, mac):
    need("ssh")

    assert (0, "ok\n") == await run("ssh", *at(found), "-C", "-c", cipher, "-m", mac, "root@127.0.0.1", "ok")


async def test_ssh_learns_the_other_host_keys_and_has_them_proven(found, run, tmp_path):
    need("ssh")
    known = tmp_path / "known"
    words = [word for word in at(found) if "KnownHosts" not in word]
    for _ in range(2):  # it asks for the other keys of a host it knows already
        words = [*words, f"-oUserKnownHostsFile={known}", "-oUpdateHostKeys=yes"]

        assert (0, "ok\n") == await run("ssh", *words, "root@127.0.0.1", "ok")
    assert {"ssh-rsa", "ecdsa-sha2-nistp256", "ssh-ed25519"} == {
        line.split()[1] for line in known.read_text().splitlines()
    }


async def test_ssh_opens_a_shell_in_a_terminal(found, run):
    need("ssh")
    status, output = await run("ssh", *at(found), "-tt", "root@127.0.0.1", typed=b"id\nexit\n")

    assert 0 == status
    assert "id\r\n" in output


async def test_ssh_forwards_nothing(found, run):
    need("ssh")
    status, output = await run("ssh", *at(found), "-W", "10.0.0.1:80", "root@127.0.0.1")

    assert 255 == status
    assert "stdio forwarding failed" in output
    assert [ForwardRequested(kind="direct-tcpip", host="10.0.0.1", port=80)] == found.journal.of(ForwardRequested)
    status, output = await run(
        "ssh", *at(found), "-oExitOnForwardFailure=yes", "-R", "9999:localhost:80", "root@127.0.0.1", "x"
    )

    assert 255 == status
    assert "remote port forwarding failed for listen port 9999" in output


async def test_sftp_moves_files(found, run, tmp_path):
    need("sftp")
    (tmp_path / "bot").write_bytes(b"\x7fELF" + bytes(100_000))
    batch = f"put {tmp_path}/bot\nls -la\nrename bot b\nmkdir d\nget b {tmp_path}/back\nrm b\nrmdir d\npwd\ndf\n"
    status, output = await run("sftp", *at(found, "-P"), "root@127.0.0.1", typed=batch.encode())

    assert 0 == status
    assert "Remote working directory: /root" in output
    assert (tmp_path / "bot").read_bytes() == (tmp_path / "back").read_bytes()
    assert ["/root/bot"] == [seen.path for seen in found.journal.of(FileCaptured)]


@pytest.mark.parametrize("protocol", ["-O", "-s"])
async def test_scp_moves_files_by_either_protocol(found, run, tmp_path, protocol):
    need("scp")
    (tmp_path / "bot").write_bytes(b"\x7fELF" + bytes(100_000))
    there = [protocol, *at(found, "-P")]

    assert (0, "") == await run("scp", *there, str(tmp_path / "bot"), "root@127.0.0.1:/tmp/bot")
    assert (0, "") == await run("scp", *there, "root@127.0.0.1:/tmp/bot", str(tmp_path / "back"))
    assert (tmp_path / "bot").read_bytes() == (tmp_path / "back").read_bytes()
    assert ["scp" if protocol == "-O" else "sftp"] == [seen.mechanism for seen in found.journal.of(FileCaptured)]
    assert 1 == (await run("scp", *there, "root@127.0.0.1:/nope", str(tmp_path / "x")))[0]


async def test_scp_moves_trees(found, run, tmp_path):
    need("scp")
    (tmp_path / "tree" / "a").mkdir(parents=True)
    (tmp_path / "tree" / "a" / "f").write_bytes(b"1")
    (tmp_path / "tree" / "g").write_bytes(b"2")

    assert (0, "") == await run("scp", "-O", "-p", "-r", *at(found, "-P"), f"{tmp_path}/tree", "root@127.0.0.1:/tmp/")
    assert (0, "") == await run("scp", "-O", "-r", *at(found, "-P"), "root@127.0.0.1:/tmp/tree", f"{tmp_path}/back")
    assert (b"1", b"2") == ((tmp_path / "back/a/f").read_bytes(), (tmp_path / "back/g").read_bytes())


async def test_plink_runs_a_command(found, run):
    need("plink")
    async with asyncssh.connect(
        *found.address,
        username="root",
        password="toor",
        known_hosts=None,
        config=[],
        server_host_key_algs=["ssh-ed25519"],
    ) as connection:
        key = connection.get_server_host_key()
        assert key is not None
        trusted = key.get_fingerprint()
    words = ["-ssh", "-batch", "-P", str(found.address[1]), "-pw", "toor", "-hostkey", trusted]

    assert (0, "uname\n") == await run("plink", *words, "root@127.0.0.1", "uname")


async def test_dropbear_runs_a_command(found, run):
    need("dbclient")
    status, output = await run("dbclient", "-y", "-p", str(found.address[1]), "root@127.0.0.1", "uname")

    assert 0 == status
    assert output.endswith("uname\n")
