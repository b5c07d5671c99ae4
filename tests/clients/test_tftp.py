"""Stock TFTP clients against the decoy behind its door."""

import asyncio
import hashlib
import os
import shutil
import subprocess

import pytest

from decnet_actors.conformance.fakes import fake_deps
from decnet_actors.domain.facts import CommandSeen, FileCaptured, LimitReached
from plugins.decoy.tftp import PLUGIN, TftpConfig
from tests.daemon import decnetd
from tests.hosting import hosted

pytestmark = pytest.mark.client

IMAGE = bytes(range(256)) * 300
DIGEST = hashlib.sha256(IMAGE).hexdigest()
FLEET = """
[fleet.loopback]
network = "{network}"
[[decky]]
name = "pbx-01"
distribution = "debian:12"
services = ["ssh", "tftp"]
"""
CLIENTS = {
    "curl": (
        ["curl", "-s", "-o", "got", "tftp://127.0.0.1:{port}/image.bin"],
        ["curl", "-s", "-T", "mine", "tftp://127.0.0.1:{port}/new"],
    ),
    "atftp": (
        ["atftp", "-g", "-r", "image.bin", "-l", "got", "127.0.0.1", "{port}"],
        ["atftp", "-p", "-l", "mine", "-r", "new", "127.0.0.1", "{port}"],
    ),
    "atftp-options": (
        ["atftp", "--option", "blksize 1428", "--option", "tsize", "-g", "-r", "image.bin", "-l", "got", "127.0.0.1",
         "{port}"],
        ["atftp", "--option", "blksize 1428", "-p", "-l", "mine", "-r", "new", "127.0.0.1", "{port}"],
    ),
    "tftp": (
        ["tftp", "-m", "binary", "127.0.0.1", "{port}", "-c", "get", "image.bin", "got"],
        ["tftp", "-m", "binary", "127.0.0.1", "{port}", "-c", "put", "mine", "new"],
    ),
    "busybox": (
        ["busybox", "tftp", "-g", "-r", "image.bin", "-l", "got", "127.0.0.1", "{port}"],
        ["busybox", "tftp", "-p", "-l", "mine", "-r", "new", "127.0.0.1", "{port}"],
    ),
}  # fmt: skip


def service(**options):
    deps = fake_deps(service="tftp")
    files = deps.machine.files
    for path in ("/srv", "/srv/tftp"):
        files.mkdir(path, now=1.0, mode=0o777)
    files.chmod("/srv/tftp", 0o777, now=1.0)
    files.write("/srv/tftp/image.bin", IMAGE, now=1.0)
    return PLUGIN.create(TftpConfig(**options), deps)


async def ran(words, served, folder):
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    line = [word.format(port=served.address[1]) for word in words]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *line, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=asyncio.subprocess.STDOUT, cwd=folder
    )
    async with asyncio.timeout(30):
        return (await process.communicate())[0]


@pytest.mark.parametrize("name", sorted(CLIENTS))
async def test_file_comes_down_and_another_goes_up(name, tmp_path):
    down, up = CLIENTS[name]
    (tmp_path / "mine").write_bytes(IMAGE)
    async with hosted(service(create=True), name="tftp") as served:
        await ran(down, served, tmp_path)

        assert IMAGE == (tmp_path / "got").read_bytes()

        await ran(up, served, tmp_path)

        assert [("/srv/tftp/new", DIGEST)] == [(one.path, one.sha256) for one in served.journal.of(FileCaptured)]
        assert IMAGE == served.artifacts.kept[DIGEST]
        assert ["RRQ", "WRQ"] == [one.verb for one in served.journal.of(CommandSeen)]
        assert [] == served.journal.of(LimitReached)


async def test_client_shows_the_servers_own_words(tmp_path):
    (tmp_path / "mine").write_bytes(b"x")
    async with hosted(service(), name="tftp") as served:
        missing = await ran(["tftp", "127.0.0.1", "{port}", "-c", "get", "nope"], served, tmp_path)
        refused = await ran(["tftp", "127.0.0.1", "{port}", "-c", "put", "mine", "new"], served, tmp_path)

    assert b"Error code 1: File not found" in missing
    assert b"Error code 1: File not found" in refused


def test_telephones_file_of_an_exchange_is_found_by_a_client_and_a_scanner():
    if os.geteuid() != 0 or shutil.which("nmap") is None:
        pytest.skip("needs nmap and root: the script looks at port 69 only")
    with decnetd(FLEET) as daemon:
        address, port = daemon.listeners()["pbx-01"]["tftp"]
        url = f"tftp://{address}:{port}/XMLDefault.cnf.xml"
        got = subprocess.run(["curl", "-s", url], capture_output=True, timeout=20, check=True).stdout

        assert got.startswith(b"<Default>")
        assert 69 == port

        scan = ["nmap", "-n", "-Pn", "-sU", "-p", "69", "--script", "tftp-enum", address]
        said = subprocess.run(scan, capture_output=True, text=True, timeout=100, check=True).stdout

        assert "XMLDefault.cnf.xml" in said, said

        checks = list(daemon.ask("decky", "check", "pbx-01"))

        assert [] == [row for row in checks if not row["ok"]]
        assert [] == [row for row in daemon.events() if row["kind"] == "SessionCrashed"]
