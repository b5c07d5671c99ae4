"""The scanner everybody uses names the products of the persona, and none of ours."""

import re
import shutil
import subprocess

import pytest

from tests.daemon import decnetd

pytestmark = pytest.mark.client

# Telnet is not among them: nmap guesses another product with every run from what a telnetd says before it is answered.
PRODUCTS = {"ssh": r"OpenSSH \d", "http": r"nginx|Apache httpd", "redis": r"Redis key-value store \d"}
FLEET = """
[fleet.loopback]
network = "{network}"
[[decky]]
name = "web-01"
distribution = "debian:12"
services = ["ssh", "http", "redis", "telnet"]
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
