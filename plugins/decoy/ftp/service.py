"""This module makes the FTP service of one decky: the daemon of its persona, and a certificate if it has TLS."""

import re

from attrs import evolve

from decnet_actors.contracts.decky_files import Author, Hand
from decnet_actors.contracts.decoy import DecoyDeps, SessionLog
from decnet_actors.contracts.tls import make_certificate, server_context
from decnet_actors.domain.persona import Persona
from plugins.decoy.ftp.client import Host
from plugins.decoy.ftp.dialect import Dialect
from plugins.decoy.ftp.proftpd import proftpd
from plugins.decoy.ftp.pureftpd import pureftpd
from plugins.decoy.ftp.session import FtpSession
from plugins.decoy.ftp.vsftpd import vsftpd

_VERSION = re.compile(r"(?:\d+:)?([0-9.]+[a-z]?)")


class FtpService:
    """See ``contracts.decoy.DecoyService``. Keeps the certificate; files are the machine's."""

    def __init__(self, deps: DecoyDeps, *, port: int, anonymous: bool, writable: bool, delay: float, tls: bool) -> None:
        self._deps = deps
        self._tls = tls
        self._host = Host(
            dialect=dialect_of(deps.persona, port=port, anonymous=anonymous),
            machine=deps.machine,
            policy=deps.policy,
            rng=deps.rng,
            delay=delay,
            anonymous=anonymous,
            writable=writable,
            tls=None,
        )

    async def open(self) -> None:
        """Get the certificate if there is to be TLS."""
        if self._tls:
            pem = await self._deps.vault.get("ftp-certificate", lambda: make_certificate(self._deps.persona))
            self._host = evolve(self._host, tls=server_context(pem))

    def connect(self, log: SessionLog) -> FtpSession:
        """Return the session of one connection."""
        author = Author(hand=Hand.ATTACKER, source=log.peer.address, session=log.id)
        return FtpSession(evolve(self._host, machine=self._host.machine.seen_by(author)), log.peer)

    async def aclose(self) -> None:
        """Nothing to let go of."""


def dialect_of(persona: Persona, *, port: int, anonymous: bool) -> Dialect:
    """Return the daemon that the persona has installed."""
    server = persona.ftp_server
    found = _VERSION.match(persona.packages.get(server, ""))
    version = found[1] if found else ""
    match server:
        case "proftpd-core":
            return proftpd(version)
        case "pure-ftpd":
            return pureftpd(port, anonymous=anonymous, utc_offset=persona.utc_offset)
        case _:
            return vsftpd(version or "3.0.3")
