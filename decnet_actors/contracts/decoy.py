"""This module defines the decoy port: what a decoy service gives its host, and what it gets from it.

Two shapes of service exist, and the host serves both the same way:

* *sans-io* (our own codecs): ``connect`` returns a ``Session``, which turns bytes and ``now`` into effects;
* *library-hosted* (asyncssh): ``connect`` returns an ``asyncio.Protocol``, which records through the
  ``SessionLog`` and awaits ``SessionLog.settled()`` before it answers anything it recorded.

The rule both keep: **no reply leaves before the facts that explain it are durable** (``Fact.barrier``).
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Protocol, TypeAlias

from attrs import field, frozen
from msgspec import Struct

from decnet_actors.contracts.machine import Machine
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.peer import Peer
from decnet_actors.domain.persona import Persona


class Send(Struct, frozen=True, gc=False):
    """Send bytes to the peer."""

    data: bytes


class Note(Struct, frozen=True, gc=False):
    """Record a fact. Effects after it in the same list wait until it is durable if it is a barrier."""

    fact: Fact


class HangUp(Struct, frozen=True, gc=False):
    """Close the connection once everything before this is sent; ``reset`` ends with RST instead of FIN."""

    reset: bool = False


class WakeAt(Struct, frozen=True, gc=False):
    """Call ``tick`` at this time (the clock of ``now``); a later WakeAt replaces an earlier one, inf cancels."""

    when: float


Effect: TypeAlias = Send | Note | HangUp | WakeAt


class Session(Protocol):
    """One connection to a sans-io service. Never awaits, sleeps, logs, or reads a clock or socket.

    Every buffer has a cap; reaching it is a fact or a reply, never growth. ``now`` is Unix seconds.
    After it returned ``HangUp`` the session is not called again, except by ``closed``.
    """

    def opened(self, now: float) -> Sequence[Effect]:
        """Return the greeting."""

    def received(self, data: bytes, now: float) -> Sequence[Effect]:
        """Take what the peer sent; any split of the stream must give the same effects."""

    def ended(self, now: float) -> Sequence[Effect]:
        """The peer finished sending (half-close); return ``HangUp`` when done."""

    def tick(self, now: float) -> Sequence[Effect]:
        """The time asked for with ``WakeAt`` has come."""

    def closed(self, now: float) -> Sequence[Effect]:
        """The connection is gone, whoever ended it; return the last facts (other effects are ignored)."""


class CapturingSession(Session, Protocol):
    """A session that takes files from its peer; the host keeps them before it lets the replies go."""

    def take_artifacts(self) -> Sequence[bytes]:
        """Return (once) the contents of the files that the effects just returned call ``FileCaptured``."""


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
