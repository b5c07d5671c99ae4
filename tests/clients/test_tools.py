"""What everybody has on their machine, run against a real decnetd: each is served, and what it tried is recorded."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from tests.daemon import Daemon, decnetd

pytestmark = [pytest.mark.client, pytest.mark.slow]

FLEET = """
[fleet.loopback]
network = "{network}"

[[decky]]
name = "web-01"
distribution = "debian:12"
services = ["ssh", "telnet", "ftp"]
[[decky.bait]]
user = "root"
secret = "toor"

[[decky]]
name = "ap-01"
distribution = "router:mipsel"
services = ["ssh", "telnet"]
[[decky.bait]]
user = "root"
secret = "toor"
"""
SSH = (
    "-F/dev/null",
    "-oStrictHostKeyChecking=no",
    "-oUserKnownHostsFile=/dev/null",
    "-oLogLevel=ERROR",
    "-oIdentityAgent=none",
    "-oNumberOfPasswordPrompts=1",
)
NMAP = ("nmap", "-n", "-Pn", "-sT", "-sV", "--version-light")
TRIED = ("first", "second")
SECONDS = 60


@frozen
class Row:
    """A program; ``{host}``, ``{folder}`` and ``{passwords}`` of its words are filled in.

    ``says`` are patterns in its output, ``never`` one that must not be there.
    """

    name: str
    words: Sequence[str]
    status: int | None = 0  # None: any
    says: Sequence[str] = ()
    never: str = ""
    typed: str = ""
    decky: str = "web-01"
    secrets: frozenset[str] = frozenset()  # that are recorded


def ssh(name: str, *words: str, **options: Any) -> Row:
    return Row(name, ("ssh", *SSH, *words), **options)


def hunt(name: str, *words: str, **options: Any) -> Row:
    return Row(name, words, secrets=frozenset(TRIED), **options)


ROWS = [
    ssh("exec", "root@{host}", "echo out; echo err >&2; exit 3", status=3, says=("out", "err")),
    ssh("exec, no terminal", "-T", "root@{host}", "tty", status=1, says=("not a tty",)),
    ssh("exec, a terminal", "-tt", "root@{host}", "tty; exit 4", status=4, says=("/dev/pts/0",)),
    ssh("exec by dropbear", "root@{host}", "exit 3", status=3, decky="ap-01"),
    ssh("sftp of a machine without it", "-s", "root@{host}", "sftp", status=127, says=("sftp-server",), decky="ap-01"),
    ssh(
        "forwarding from there",
        "-N", "-oExitOnForwardFailure=yes", "-R", "9999:127.0.0.1:80", "root@{host}",
        status=255,
        says=("remote port forwarding failed for listen port 9999",),
    ),
    ssh("forwarding to there", "-W", "10.0.0.1:80", "root@{host}", status=255, says=("stdio forwarding failed",)),
    Row(
        "rsync",
        ("rsync", "-e", " ".join(("ssh", *SSH)), "/etc/hostname", "root@{host}:/tmp/h"),
        status=None,
        says=(r"rsync: command not found", r"rsync error: .* \(code (12|127)\)"),
    ),
    Row(
        "sftp",
        ("sftp", *SSH, "root@{host}"),
        typed="put /etc/hostname /tmp/by-sftp\nls -l /tmp/by-sftp\nget /tmp/by-sftp {folder}/sftp\nrm /tmp/by-sftp\n",
        says=("/tmp/by-sftp",),
    ),
    Row("scp, the old protocol", ("scp", "-O", *SSH, "/etc/hostname", "root@{host}:/tmp/by-scp")),
    Row("scp, by sftp", ("scp", "-s", *SSH, "root@{host}:/etc/hostname", "{folder}/scp")),
    Row("dbclient", ("dbclient", "-y", "-y", "root@{host}", "exit 5"), status=5),
    Row("dbclient to dropbear", ("dbclient", "-y", "-y", "root@{host}", "exit 5"), status=5, decky="ap-01"),
    Row("lftp", ("lftp", "-c", "open -u root,toor ftp://{host}; cat /etc/hostname; put /etc/hostname -o /tmp/l")),
    Row(
        "tnftp",
        ("tnftp", "-n", "-v", "{host}"),
        typed="user root toor\nput /etc/hostname /tmp/t\nls /tmp/t\nget /tmp/t {folder}/t\nquit\n",
        says=("230 ", "221 "),
        never="Login failed",
    ),
    Row("curl", ("curl", "-sS", "ftp://root:toor@{host}//etc/passwd"), says=("root:x:0:0",)),
    hunt("hydra, ssh", "hydra", "-I", "-l", "root", "-P", "{passwords}", "-t", "2", "ssh://{host}"),
    hunt("hydra, dropbear", "hydra", "-I", "-l", "root", "-P", "{passwords}", "-t", "2", "ssh://{host}", decky="ap-01"),
    hunt("hydra, ftp", "hydra", "-I", "-l", "root", "-P", "{passwords}", "-t", "1", "ftp://{host}"),
    # hydra 9.4 cuts the second name and password by itself; medusa 2.2 finds no prompt of the real daemon's either.
    Row(
        "hydra, telnet",
        ("hydra", "-I", "-l", "root", "-P", "{passwords}", "-t", "1", "telnet://{host}"),
        secrets=frozenset(TRIED[:1]),
    ),
    hunt("medusa, ssh", "medusa", "-h", "{host}", "-u", "root", "-P", "{passwords}", "-M", "ssh"),
    hunt("medusa, ftp", "medusa", "-h", "{host}", "-u", "root", "-P", "{passwords}", "-M", "ftp"),
    hunt("ncrack, ssh", "ncrack", "-u", "root", "-P", "{passwords}", "ssh://{host}"),
    hunt("ncrack, ftp", "ncrack", "-u", "root", "-P", "{passwords}", "ftp://{host}"),
    Row("ssh-audit", ("ssh-audit", "-n", "{host}"), status=None, says=(r"software: OpenSSH 9\.2p1", "Debian")),
    Row("ssh-audit, dropbear", ("ssh-audit", "-n", "{host}"), status=None, says=("Dropbear SSH",), decky="ap-01"),
    Row("ssh-keyscan", ("ssh-keyscan", "{host}"), says=("ssh-rsa", "ecdsa-sha2-nistp256", "ssh-ed25519")),
    Row(
        "nmap, ssh",
        (
            *NMAP, "-p", "22", "--script-args", "ssh.user=root",
            "--script", "ssh2-enum-algos,ssh-hostkey,ssh-auth-methods,sshv1", "{host}",
        ),
        says=(r"OpenSSH 9\.2p1 Debian", r"256 .*\(ECDSA\)", r"256 .*\(ED25519\)", "password"),
        never="sshv1: Server supports",
    ),
    Row(
        "nmap, dropbear",
        # on a busy machine one of its scripts was twice seen to wait for longer than a minute; what for is not known
        (*NMAP, "--script-timeout", "20", "-p", "22", "--script", "ssh-hostkey,ssh2-enum-algos", "{host}"),
        says=(r"Dropbear sshd 20\d\d\.\d+",),
        decky="ap-01",
    ),
    Row(
        "nmap, ftp",
        (*NMAP, "-p", "21", "--script", "ftp-anon,ftp-bounce,ftp-syst", "{host}"),
        says=(r"vsftpd|ProFTPD|Pure-FTPd",),
        never="bounce working",
    ),
    Row(
        "nmap, telnet",
        (*NMAP, "-p", "23", "--script", "telnet-encryption,telnet-ntlm-info", "{host}"),
        says=("23/tcp open",),
        never="Cowrie|honeypot",
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def fleet() -> Iterator[Daemon]:
    with decnetd(FLEET) as daemon:
        yield daemon

        assert not [row for row in daemon.events() if row["kind"] == "SessionCrashed"]


def environment(folder: Path) -> dict[str, str]:
    """Return what makes an SSH client take the password from a program."""
    asker = folder / "askpass"
    asker.write_text("#!/bin/sh\necho toor\n")
    asker.chmod(0o700)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "SSH_ASKPASS": str(asker),
        "SSH_ASKPASS_REQUIRE": "force",
        "DROPBEAR_PASSWORD": "toor",
    }


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_stock_program_is_served(fleet, tmp_path, row):
    if shutil.which(row.words[0]) is None:
        pytest.skip(f"{row.words[0]} is missing")
    host = fleet.listeners()[row.decky]["ssh"][0]
    passwords = tmp_path / "passwords"
    passwords.write_text("".join(f"{secret}\n" for secret in TRIED))
    fill = {"host": host, "folder": tmp_path, "passwords": passwords}
    before = len(tried(fleet))
    done = subprocess.run(
        [word.format(**fill) for word in row.words],
        input=row.typed.format(**fill),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=SECONDS,
        check=False,
        env=environment(tmp_path),
        start_new_session=True,
    )

    assert row.status in {None, done.returncode}, done.stdout
    for pattern in row.says:
        assert re.search(pattern, done.stdout), done.stdout
    assert not (row.never and re.search(row.never, done.stdout)), done.stdout
    assert row.secrets <= {*tried(fleet)[before:]}


def tried(fleet: Daemon) -> list[str]:
    """Return the secrets that were recorded, oldest first."""
    return [event["fact"]["secret"]["text"] for event in reversed(fleet.events(kind="CredentialSeen"))]
