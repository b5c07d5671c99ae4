"""This module defines the decoy port: what a decoy service gives its host, and what it gets from it.

Two shapes of service exist, and the host serves both the same way:

* *sans-io* (our own codecs): ``connect`` returns a ``Session``, which turns bytes and ``now`` into effects;
* *library-hosted* (asyncssh): ``connect`` returns an ``asyncio.Protocol``, which records through the
  ``SessionLog`` and awaits ``SessionLog.settled()`` before it answers anything it recorded.

The rule both keep: **no reply leaves before the facts that explain it are durable** (``Fact.barrier``).
"""

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from attrs import field, frozen
from msgspec import Struct

from decnet_actors.contracts.machine import Machine
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.peer import Peer
from decnet_actors.domain.persona import Persona


class Send(Struct, frozen=True, gc=False):
    """Send bytes to the peer."""

    data: bytes
    is_error: bool = False  # what a program prints on standard error, where the protocol tells it from output


class Note(Struct, frozen=True, gc=False):
    """Record a fact. Effects after it in the same list wait until it is durable if it is a barrier."""

    fact: Fact


class HangUp(Struct, frozen=True, gc=False):
    """Close the connection once everything before this is sent; ``reset`` ends with RST instead of FIN."""

    reset: bool = False


class WakeAt(Struct, frozen=True, gc=False):
    """Call ``tick`` at this time (the clock of ``now``); a later WakeAt replaces an earlier one, inf cancels."""

    when: float


# What is done beside a session: it is given what to call when it has something for ``tick``.
Work: TypeAlias = Callable[[Callable[[], None]], Coroutine[Any, Any, None]]  # Any: what nobody sends or awaits


class Attend(Struct, frozen=True, gc=False):
    """Do work beside the session until it is done, or cancel it when the peer is gone; ``closed`` comes after it.

    Each time it says so ``tick`` is called, as soon as the peer has taken what was sent and replies do not wait.
    """

    work: Work


class Heed(Struct, frozen=True, gc=False):
    """Whether to take more from the peer; what it sends meanwhile waits at its end."""

    peer: bool


Effect: TypeAlias = Send | Note | HangUp | WakeAt | Attend | Heed


class StartTls(Struct, frozen=True, gc=False):
    """Go on under TLS once everything before this is sent; what the peer sent in the clear meanwhile is dropped."""

    context: ssl.SSLContext


class ListenData(Struct, frozen=True, gc=False):
    """Wait for one connection of this peer on another port, 0 being any; a later one replaces an earlier one."""

    port: int = 0


class SecureData(Struct, frozen=True, gc=False):
    """Begin TLS on the data connection, as its server."""

    context: ssl.SSLContext


class SendData(Struct, frozen=True, gc=False):
    """Send bytes on the data connection; ``data_wanted`` follows once they are gone."""

    data: bytes


class EndData(Struct, frozen=True, gc=False):
    """Close the data connection, or stop waiting for one, once everything before this is sent on it."""


DataEffect: TypeAlias = ListenData | SecureData | SendData | EndData
SessionEffect: TypeAlias = Effect | StartTls | DataEffect


class Session(Protocol):
    """One connection to a sans-io service. Never awaits, sleeps, logs, or reads a clock or socket.

    Every buffer has a cap; reaching it is a fact or a reply, never growth. ``now`` is Unix seconds.
    After it returned ``HangUp`` the session is not called again, except by ``closed``.
    """

    def opened(self, now: float) -> Sequence[SessionEffect]:
        """Return the greeting."""

    def received(self, data: bytes, now: float) -> Sequence[SessionEffect]:
        """Take what the peer sent; any split of the stream must give the same effects."""

    def ended(self, now: float) -> Sequence[SessionEffect]:
        """The peer finished sending (half-close); return ``HangUp`` when done."""

    def tick(self, now: float) -> Sequence[SessionEffect]:
        """The time asked for with ``WakeAt`` has come."""

    def closed(self, now: float) -> Sequence[SessionEffect]:
        """The connection is gone, and what was done beside it over; return the last facts (the rest is ignored)."""


class CapturingSession(Session, Protocol):
    """A session that takes files from its peer; the host keeps them before it lets the replies go."""

    def take_artifacts(self) -> Sequence[bytes]:
        """Return (once) the contents of the files that the effects just returned call ``FileCaptured``."""


class DataSession(Session, Protocol):
    """A session that has its peer open second connections, one at a time.

    The host listens on the decky's own address, takes only a connection from the peer's own, and opens none itself:
    nobody can make a decky call somebody. What it takes counts among the bytes and the time of the session.
    """

    def data_listening(self, port: int, now: float) -> Sequence[SessionEffect]:
        """The host waits on this port; 0 when it cannot. Answers each ``ListenData``."""

    def data_opened(self, now: float) -> Sequence[SessionEffect]:
        """The peer has connected."""

    def data_received(self, data: bytes, now: float) -> Sequence[SessionEffect]:
        """Take what the peer sent there."""

    def data_ended(self, now: float) -> Sequence[SessionEffect]:
        """The peer finished sending there; it may still read."""

    def data_wanted(self, now: float) -> Sequence[SessionEffect]:
        """Everything sent there is gone; more may follow."""

    def data_closed(self, now: float) -> Sequence[SessionEffect]:
        """The data connection is gone, whoever ended it."""


class SessionLog(Protocol):
    """What the host gives to a library-hosted service for one connection."""

    @property
    def id(self) -> str:
        """The session's identifier."""

    @property
    def peer(self) -> Peer:
        """Both ends of the connection."""

    def now(self) -> float:
        """Return Unix seconds."""

    def note(self, fact: Fact) -> None:
        """Record a fact now; order is kept. Never blocks."""

    async def settled(self) -> None:
        """Return when everything noted so far is durable, and the journal has room for more."""

    def hang_up(self, *, reset: bool = False) -> None:
        """Close the connection after what was written is sent."""

    def attend(
        self, work: Work, ready: Callable[[], None], over: Callable[[], None] | None = None
    ) -> Callable[[], object]:
        """Do work beside the connection, which is not told that it is gone before the work is over.

        Args:
            work: to do; cancelled when the connection ends.
            ready: what the work is to call.
            over: called when it is done or was cancelled.

        Returns:
            What cancels it sooner.

        """


class DecoyService(Protocol):
    """One service of one decky, made by ``PLUGIN.create(config, deps)``; keeps what outlives a session."""

    async def open(self) -> None:
        """Get ready (keys, base data). Called once before the first connection."""

    def connect(self, log: SessionLog) -> Session | asyncio.Protocol:
        """Return the object that serves one connection."""

    async def aclose(self) -> None:
        """Let go of everything; works after a failed ``open``."""


class CredentialPolicy(Protocol):
    """Decides which credentials open a door: bait and rarity, never any."""

    def accepts(self, user: str, secret: bytes, *, service: str) -> bool:
        """Return whether the pair logs in. The same pair gives the same answer for the life of the decky."""


class Artifacts(Protocol):
    """Keeps files that peers brought, by their SHA-256."""

    async def keep(self, data: bytes) -> str:
        """Store the bytes durably (once per content) and return the SHA-256 as 64 hex digits."""


class Vault(Protocol):
    """Keeps secrets of the persona (host keys, certificates) across restarts."""

    async def get(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the bytes kept under ``name``, made once (off the loop) if there are none."""

    async def get_all(self, makes: Mapping[str, Callable[[], bytes]]) -> Mapping[str, bytes]:
        """Return the same for several names, for little more than one costs."""

    async def prepared(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the same as ``get``, made when this machine has nothing better to do; that can take minutes."""


@frozen(kw_only=True)
class DecoyDeps:
    """Everything a decoy service may use. There is nothing else: no globals, no clock, no network.

    What is given to ``spawn`` runs beside the service and ends with it; if it fails, the service has failed.
    """

    decky: str
    service: str
    persona: Persona
    machine: Machine
    policy: CredentialPolicy
    artifacts: Artifacts
    vault: Vault
    rng: random.Random
    now: Callable[[], float]
    offload: Callable[[Callable[[], bytes]], Awaitable[bytes]] = field(repr=False)
    spawn: Callable[[Coroutine[object, object, None]], asyncio.Task[None]] = field(repr=False)
