"""This module holds what the ssh library wants to be given in place of its own: a logger, an authentication method."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

from asyncssh.logging import SSHLogger
from asyncssh.packet import SSHPacket

from plugins.decoy.ssh.authentication import Authentication

MSG_USERAUTH_INFO_RESPONSE = 61  # RFC 4256


class Silence:
    """A logger of the library's shape: what happened is told by facts."""

    def get_child(self, *_ignored: object, **_context: object) -> "Silence":
        """Return itself."""
        return self

    def __getattr__(self, name: str) -> Callable[..., None]:
        return self._nothing

    def _nothing(self, *_ignored: object, **_context: object) -> None:
        pass


SILENCE = cast("SSHLogger", Silence())


def at_once(step: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine of the library's that never waits, without the cost of a task."""
    try:
        step.send(None)
    except StopIteration:
        return
    step.close()
    raise RuntimeError("the key exchange waited")


class Responses:
    """Stands where the library keeps the method in progress: takes keyboard-interactive answers."""

    def __init__(self, authentication: Authentication) -> None:
        self._authentication = authentication

    def log_received_packet(self, *_ignored: object) -> None:
        """Nothing about packets is logged."""

    def process_packet(self, pkttype: int, _pktid: int, packet: SSHPacket) -> Awaitable[None] | bool:
        """Return what is to be awaited, or whether the message is known."""
        if pkttype != MSG_USERAUTH_INFO_RESPONSE:
            return False
        return self._authentication.respond(packet) or True

    def cancel(self) -> None:
        """Nothing to cancel: the connection ends its tasks."""
