"""This module serves the ssh decoy to tests, with host keys made once a test run."""

import contextlib
from collections.abc import AsyncIterator
from functools import cache

import asyncssh
from attrs import evolve

from decnet_actors.conformance.fakes import FakeVault, fake_deps
from decnet_actors.contracts.decoy import DecoyDeps
from plugins.decoy.ssh import PLUGIN, SshConfig
from plugins.decoy.ssh.keys import _KINDS, _make
from tests.hosting import Hosted, hosted

VERSION = "1:9.2p1-2+deb12u10"


@cache
def made(kind: str, rsa_bits: int) -> bytes:
    return _make(kind, rsa_bits if kind == "ssh-rsa" else None)


def vault(rsa_bits: int = 3072) -> FakeVault:
    return FakeVault({f"ssh_host_{kind}": made(kind, rsa_bits) for kind in _KINDS})


def ssh_deps(*, version: str = VERSION, accepts=(("root", b"toor"),), **options) -> DecoyDeps:
    return fake_deps(service="ssh", accepts=accepts, vault=vault(), packages={"openssh-server": version}, **options)


@contextlib.asynccontextmanager
async def served(deps: DecoyDeps | None = None, *, journal=None, limits=None, **config) -> AsyncIterator[Hosted]:
    """Serve the decoy, without delays unless told otherwise."""
    settings = evolve(SshConfig(failure_delay=0), **config)
    service = PLUGIN.create(settings, deps or ssh_deps())
    async with hosted(service, name="ssh", journal=journal, limits=limits) as found:
        yield found


def client(found: Hosted, **options):
    """Return a connection to be entered; the client's own configuration files stay out."""
    settings = {
        "username": "root",
        "password": "toor",
        "known_hosts": None,
        "config": [],
        "client_keys": None,
        "agent_path": None,
        **options,
    }
    return asyncssh.connect(*found.address, **settings)
