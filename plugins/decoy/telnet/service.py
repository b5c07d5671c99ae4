"""This module makes the telnet service of one decky."""

from decnet_actors.contracts.decoy import DecoyDeps, Send, Session, SessionLog
from decnet_actors.domain.persona import Persona
from plugins.decoy.telnet.daemons import daemon_of
from plugins.decoy.telnet.dialogue import opening
from plugins.decoy.telnet.session import Host, TelnetSession


class TelnetService:
    """See ``contracts.decoy.DecoyService``. Keeps nothing between sessions but the machine's own state."""

    def __init__(self, deps: DecoyDeps, *, failure_delay: float, patience: float) -> None:
        persona = deps.persona
        daemon = daemon_of(persona)
        self._host = Host(
            daemon=daemon,
            opening=Send(opening(daemon)),
            banner=daemon.banner.format(
                kernel=persona.kernel, host=_address(persona), tty="pts/0", issue=_issue(persona)
            ).encode(),
            prompt=f"{persona.hostname} login: ".encode(),
            machine=deps.machine,
            policy=deps.policy,
            rng=deps.rng,
            failure_delay=failure_delay,
            patience=patience,
        )

    async def open(self) -> None:
        """Nothing to get ready."""

    def connect(self, log: SessionLog) -> Session:
        """Return the session of one connection."""
        return TelnetSession(self._host, log.peer, log.id)

    async def aclose(self) -> None:
        """Nothing to let go of."""


def _address(persona: Persona) -> str:
    return f"{persona.hostname}.{persona.domain}" if persona.domain else persona.hostname


def _issue(persona: Persona) -> str:
    """Return the line of ``/etc/issue.net``: Debian leaves the point release out, Ubuntu does not."""
    if persona.distribution == "rocky":
        return f"\r\nKernel {persona.kernel} on an {persona.architecture}"
    if persona.distribution == "debian":
        return f"Debian GNU/Linux {persona.release.partition('.')[0]}"
    return persona.pretty_name
