"""The ssh decoy beside the daemons it claims to be: what detectors of honeypots ask, each answers alike, byte for byte.

The decoy answers as was recorded, on any machine; where a daemon is installed, both are asked.
"""

from pathlib import Path

import pytest
from attrs import evolve

from decnet_actors.conformance.fakes import fake_deps
from decnet_actors.domain.facts import SessionCrashed
from decnet_actors.machine import generate
from tests.clients.ssh_rows import DIALOGUES, WORDS, installed, program, recorded, rows, running
from tests.plugins.decoy.ssh.serving import served, ssh_deps, vault

pytestmark = [pytest.mark.client, pytest.mark.slow]


DEBIAN_12 = {"sshd": "1:9.2p1-2+deb12u", "dropbear": "2022.83-"}


def decoy(daemon: str, version: str):
    """Return the deps of a decoy that claims a daemon."""
    if daemon == "sshd":
        return ssh_deps(version=version)
    persona = generate(3, "ap-01", "192.0.2.1", 1_795_275_767.0, distribution="router:mipsel")
    persona = evolve(persona, packages={**persona.packages, "dropbear": version.partition("-")[0]})
    return fake_deps(service="ssh", persona=persona, vault=vault(rsa_bits=2048))


@pytest.mark.parametrize("daemon", ["sshd", "dropbear"])
async def test_the_decoy_answers_as_the_daemon_did(daemon):
    version, expected = recorded(daemon)
    async with served(decoy(daemon, version)) as found:
        answered = await rows(found.address)
        for row, answer in expected.items():
            assert (row, answer) == (row, answered[row])
        assert [] == found.journal.of(SessionCrashed)


@pytest.mark.parametrize("daemon", ["sshd", "dropbear"])
async def test_the_decoy_answers_as_the_installed_daemon(daemon, unused_tcp_port):
    if program(daemon) is None:
        pytest.skip(f"{daemon} is missing")
    if daemon == "sshd" and not Path("/run/sshd").is_dir():
        pytest.skip("/run/sshd is missing, and sshd wants it")
    version = installed(daemon)
    if not version.startswith(DEBIAN_12[daemon]):
        pytest.skip(f"the installed {daemon} is {version or 'not a package'}, not Debian 12's")
    async with running(daemon, unused_tcp_port) as address:
        expected = await rows(address)
    async with served(decoy(daemon, version)) as found:
        answered = await rows(found.address)

    for row, answer in expected.items():
        assert (row, answer) == (row, answered[row])


@pytest.mark.parametrize("daemon", ["sshd", "dropbear"])
def test_every_row_was_recorded(daemon):
    assert {*WORDS, *DIALOGUES, "S6 host keys"} == recorded(daemon)[1].keys()
