"""This module talks SSH to any server, word for word: the transport is a library's, every request is the test's own.

It writes down what came, as messages without their encryption, so that a decoy and the daemon it claims to be can be
laid side by side.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable

import asyncssh
from asyncssh.connection import SSHClientConnection
from asyncssh.packet import Boolean, SSHPacket, String

ANSWER = 10.0  # seconds; PAM holds a refusal back for three at most
NONE, PASSWORD, PUBLIC_KEY, INTERACTIVE = b"none", b"password", b"publickey", b"keyboard-interactive"
_SERVICE_ACCEPT, _USERAUTH_REQUEST, _GLOBAL_REQUEST = 6, 50, 80
_TOLD = frozenset({1, 3, 6, 7, *range(50, 101), *range(192, 256)})


class Talk(SSHClientConnection):
    """One connection; ``heard`` is what came: (number, payload) of each message outside of key exchange."""

    def __init__(self) -> None:
        options = asyncssh.SSHClientConnectionOptions(
            known_hosts=None, config=[], client_keys=None, agent_path=None, username="x", host="127.0.0.1"
        )
        super().__init__(asyncio.get_running_loop(), options)
        self.heard: list[tuple[int, bytes]] = []
        self.over = asyncio.Event()
        self._came = asyncio.Event()

    def process_packet(self, pkttype: int, pktid: int, packet: SSHPacket) -> bool | Awaitable[None]:
        """Write a message down, and let the library have those of the key exchange."""
        if pkttype not in _TOLD:
            return super().process_packet(pkttype, pktid, packet)
        self.heard.append((pkttype, packet.get_full_payload()[1:]))
        self._came.set()
        return True

    def connection_lost(self, exc: Exception | None = None) -> None:
        """Write the end down."""
        self.heard.append((-1, b"reset" if isinstance(exc, ConnectionResetError) else b"closed"))
        self._came.set()
        self.over.set()
        super().connection_lost(exc)

    async def until(self, count: int) -> list[tuple[int, bytes]]:
        """Return what came once there are so many messages, or the end."""
        async with asyncio.timeout(ANSWER):
            while len(self.heard) < count and not self.over.is_set():
                self._came.clear()
                await self._came.wait()
        return self.heard

    async def asked(self, kind: int, *parts: bytes) -> list[tuple[int, bytes]]:
        """Say one thing; return what came of it: one message, or the end and what stood before it."""
        mark = len(self.heard)
        if not self.over.is_set():
            self.send_packet(kind, *parts)
        await self.until(mark + 1)
        if self.heard[mark][0] == 1:  # a disconnect: its end belongs to it
            await asyncio.wait_for(self.over.wait(), ANSWER)
        return self.heard[mark:]

    async def tried(self, user: bytes, method: bytes, *parts: bytes) -> list[tuple[int, bytes]]:
        """Try to log in once (RFC 4252, section 5)."""
        return await self.asked(_USERAUTH_REQUEST, String(user), String(b"ssh-connection"), String(method), *parts)

    async def password(self, user: bytes, secret: bytes) -> list[tuple[int, bytes]]:
        """Try a password."""
        return await self.tried(user, PASSWORD, Boolean(False), String(secret))


@contextlib.asynccontextmanager
async def talking(address: tuple[str, int]) -> AsyncIterator[Talk]:
    """Connect, and go as far as the server's consent to authentication."""
    _, talk = await asyncio.get_running_loop().create_connection(Talk, *address)
    try:
        async with asyncio.timeout(ANSWER):
            while all(kind != _SERVICE_ACCEPT for kind, _ in talk.heard) and not talk.over.is_set():
                await talk.until(len(talk.heard) + 1)
        talk._auth_complete = True
        yield talk
    finally:
        talk.abort()
        await asyncio.wait_for(talk.over.wait(), ANSWER)
