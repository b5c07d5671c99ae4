"""This module listens on the deckies' interface for the daemon, in a process of its own that can do nothing else.

The daemon gets packets, never a packet socket: with that it could send, past the egress rules and in anybody's name.
"""

import contextlib
import os
import signal
import socket

from decnet_actors.kernel.capture import Ring, relay
from plugins.fleet_driver.namespace import privileges
from plugins.fleet_driver.namespace.rules import Rules

_STANDARD = 3  # descriptors everybody has
_FAILED = 70  # EX_SOFTWARE


class Listening:
    """At most one process that relays packets; a new one takes the place of the one before.

    It needs CAP_NET_RAW to begin with, and ends when nobody takes the packets any more.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._pid = 0

    def begin(self) -> socket.socket:
        """Return where the packets come out that are from or to where deckies may be.

        Raises:
            OSError: the kernel permits no packet socket, or there is no such interface.

        """
        self.end()
        try:
            ring = Ring(self._rules.parent, self._rules.ranges)
        except PermissionError as error:
            raise PermissionError(
                error.errno, f"listening on {self._rules.parent} needs CAP_NET_RAW, which decnet-netd does not have"
            ) from error
        with contextlib.closing(ring), contextlib.ExitStack() as undo:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            undo.enter_context(theirs)
            with ours:
                self._pid = os.fork()
                if not self._pid:
                    _listen(ring, ours)
            undo.pop_all()
        return theirs

    def end(self) -> None:
        """End the process if there is one."""
        pid, self._pid = self._pid, 0
        if pid:
            os.kill(pid, signal.SIGKILL)  # it is our child until we have waited for it
            os.waitpid(pid, 0)


def _listen(ring: Ring, to: socket.socket) -> None:
    """Relay in this process until nobody takes the packets; never returns."""
    try:
        _close_all_but(ring.fileno(), to.fileno())  # the others keep deckies alive
        privileges.drop(())
        relay(ring, to)
        os._exit(0)
    finally:
        os._exit(_FAILED)


def _close_all_but(*kept: int) -> None:
    at = _STANDARD
    for descriptor in sorted(kept):
        os.closerange(at, descriptor)
        at = descriptor + 1
    os.closerange(at, os.sysconf("SC_OPEN_MAX"))
