"""This module makes the ssh service of one decky."""

import asyncio
import logging
from functools import partial

import asyncssh
from asyncssh.public_key import SSHKeyPair

from decnet_actors.contracts.decoy import DecoyDeps, SessionLog
from decnet_actors.contracts.machine import Machine
from plugins.decoy.ssh.authentication import Rules
from plugins.decoy.ssh.channels import SshConnection
from plugins.decoy.ssh.daemon import Daemon
from plugins.decoy.ssh.exchange import prepare
from plugins.decoy.ssh.greeter import LOGIN_TIME, Greeter
from plugins.decoy.ssh.keys import HostKeys, public_file
from plugins.decoy.ssh.releases import OpenSsh, offer_of

PATIENCE = (20.0, 300.0)  # seconds; a large fleet that starts has better to do, and does not all begin at once


class SshService:
    """See ``contracts.decoy.DecoyService``. Keeps the host keys."""

    def __init__(self, deps: DecoyDeps, *, failure_delay: float, keyboard_interactive: bool) -> None:
        self._deps = deps
        self._rules = Rules(keyboard_interactive=keyboard_interactive, failure_delay=failure_delay, rng=deps.rng)
        self._daemon: Daemon | None = None
        self._release, self._banner = offer_of(deps.persona)
        self._keys = HostKeys(
            deps.vault,
            partial(_show, deps.machine),
            deps.spawn,
            rsa_bits=self._release.rsa_bits,
            patience=deps.rng.uniform(*PATIENCE),
        )

    async def open(self) -> None:
        """Get the host keys, and the library ready."""
        logging.getLogger("asyncssh").disabled = True  # facts tell what happened
        prepare()
        deps = self._deps
        await self._keys.open()
        self._daemon = Daemon(
            release=self._release,
            keys=self._keys,
            options=_options(self._release, self._banner, self._keys),
            machine=deps.machine,
            policy=deps.policy,
            artifacts=deps.artifacts,
            rules=self._rules,
            loop=asyncio.get_running_loop(),
        )

    def connect(self, log: SessionLog) -> asyncio.Protocol:
        """Return the protocol of one connection."""
        if self._daemon is None:
            raise RuntimeError("not open")
        daemon = self._daemon
        make = partial(SshConnection, daemon)
        release = daemon.release
        return Greeter(
            daemon.options.version, log, self._keys, make, reader=release.reader, offers_first=release.offers_first
        )

    async def aclose(self) -> None:
        """Let go of the keys."""
        self._daemon = None


def _show(machine: Machine, pair: SSHKeyPair) -> None:
    """Put a public key where the machine shows its own."""
    machine.publish(*public_file(pair, machine.persona.hostname))


def _options(release: OpenSsh, banner: bytes, keys: HostKeys) -> asyncssh.SSHServerConnectionOptions:
    """Return options parsed once: nothing is read from files, no name is looked up."""
    owner = asyncssh.SSHServer()
    return asyncssh.SSHServerConnectionOptions(
        server_factory=lambda: owner,
        server_version=banner,
        config=None,
        server_host_keys=list(keys.announced.values()),
        gss_host=None,
        kex_algs=[name.decode() for name in release.kex],
        encryption_algs=[name.decode() for name in release.ciphers],
        mac_algs=[name.decode() for name in release.macs],
        compression_algs=[name.decode() for name in release.compression],
        rekey_seconds=0,
        login_timeout=LOGIN_TIME,
        line_editor=False,
        encoding=None,
        x509_trusted_certs=None,
    )
