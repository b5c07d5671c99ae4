"""This module is what sets dropbear apart from OpenSSH before anybody is in (recorded from Debian 12's 2022.83).

It says nothing about what is wrong: it closes. Its identification line is the first line or none, a line that is too
long is cut where its buffer ends, and what is behind the cut is taken for packets.
"""

import asyncio
from collections.abc import Awaitable

from plugins.decoy.ssh.authentication import Authentication
from plugins.decoy.ssh.identification import Identified, Refusal, Refused

MAX_LINE = 255  # bytes; common-session.c, ident_readln
MAX_TRIES = 10  # MAX_AUTH_TRIES, default_options.h

_LEAST_DELAY, _SPREAD = 0.25, 0.1  # seconds; svr-auth.c, send_msg_userauth_failure
_CR, _LF = 13, 10


class DropbearIdentification:
    """Reads one line, however it is cut."""

    def __init__(self) -> None:
        self._line = bytearray()

    def receive(self, data: bytes) -> Identified | Refused | None:
        """Judge the line with what came now; ``None`` when it is not over. Holds ``MAX_LINE`` bytes at most."""
        line = self._line
        for position, octet in enumerate(data):
            if octet not in {_CR, _LF}:
                line.append(octet)
            if octet == _LF or len(line) == MAX_LINE:
                return _judge(bytes(line), data[position + 1 :])
        return None


def _judge(line: bytes, rest: bytes) -> Identified | Refused:
    if not line.startswith((b"SSH-2.", b"SSH-1.99-")):
        return Refused(refusal=Refusal.SILENT, line=line, unread=bool(rest))
    return Identified(line=line.partition(b"\0")[0], rest=rest)


class DropbearAuthentication(Authentication):
    """Keys cost nothing, everything else a third of a second and one of ten tries."""

    max_tries = MAX_TRIES
    other_service_ends = True

    def delay(self) -> float:
        """Return the seconds before a refusal; no more than the option allows."""
        return min(self._rules.failure_delay, _LEAST_DELAY + _SPREAD * self._rules.rng.random())

    def _other_method(self, method: bytes) -> Awaitable[None] | None:
        return self._fail(counted=False) if method == b"none" else self._refused()

    async def _refused_key(self) -> None:
        self._fail(counted=False)

    async def _refused(self) -> None:
        await asyncio.sleep(self.delay())
        await self._count()
