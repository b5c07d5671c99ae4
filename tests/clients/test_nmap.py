"""The scanner everybody uses names the products of the persona, and none of ours."""

import asyncio
import re
import shutil
import subprocess

import pytest
from attrs import evolve

from decnet_actors.conformance.fakes import fake_deps
from plugins.decoy.telnet import PLUGIN, TelnetConfig
from tests.daemon import decnetd
from tests.hosting import hosted

pytestmark = pytest.mark.client

# Telnet is not among them: nmap 7.93 knows no product for Debian 12's telnetd, neither the real one nor ours.
PRODUCTS = {
    "ftp": r"vsftpd|ProFTPD|Pure-FTPd",
    "http": r"nginx|Apache httpd",
    "redis": r"Redis key-value store \d",
    "ssh": r"OpenSSH \d",
}
FLEET = """
[fleet.loopback]
network = "{network}"
[[decky]]
name = "web-01"
distribution = "debian:12"
services = ["ssh", "http", "redis", "telnet", "ftp"]
"""


def test_version_detection_names_the_products_of_the_persona():
    if shutil.which("nmap") is None:
        pytest.skip("nmap is not installed")
    with decnetd(FLEET) as daemon:
        services = daemon.listeners()["web-01"]
        address = services["ssh"][0]
        ports = {port: name for name, (_, port) in services.items()}
        command = ["nmap", "-n", "-Pn", "-sT", "-sV", "--version-light", "-p", ",".join(map(str, ports)), address]
        said = subprocess.run(command, capture_output=True, text=True, timeout=110, check=True).stdout

        for port, name in ports.items():
            line = next(line for line in said.splitlines() if line.startswith(f"{port}/tcp"))
            assert re.search(PRODUCTS.get(name, "open"), line), line
        assert not re.search(r"decnet|python|aiohttp|asyncssh|honeypot|cowrie|twisted", said, re.IGNORECASE), said
        assert not [row for row in daemon.events() if row["kind"] == "SessionCrashed"]


@pytest.mark.slow
async def test_version_detection_names_the_older_telnet_daemon():
    if shutil.which("nmap") is None:
        pytest.skip("nmap is not installed")
    deps = fake_deps(service="telnet")
    persona = evolve(deps.persona, packages={"telnetd": "0.17-42"})
    service = PLUGIN.create(TelnetConfig(), evolve(deps, persona=persona))
    async with hosted(service, name="telnet") as found:
        host, port = found.address
        command = ("nmap", "-n", "-Pn", "-sT", "-sV", "--version-light", "-p", str(port), host)
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        async with asyncio.timeout(60):
            said, _ = await process.communicate()

        assert re.search(rb"(?m)^%d/tcp +open +telnet +Linux telnetd$" % port, said), said
