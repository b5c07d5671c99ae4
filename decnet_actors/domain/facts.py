"""This module defines the facts: what was observed, in the past tense, one frozen class each.

A fact carries only what its observer saw. Who saw it, where and when is stamped around it by the
host that observed it (``domain.records.Record``), so nothing a peer claims can forge an identity.

Here are those of decoys and of the fleet; ``sensed`` has what was seen on the wire, ``findings`` what was derived.

Adding a fact: write the class in one of the three, keep every field keyword-only with a plain type, never change the
meaning of a field, add new ones with a default. ``make catalogue`` writes ``docs/events.md`` from them.
"""

from enum import StrEnum
from typing import ClassVar

from msgspec import Struct


class Outcome(StrEnum):
    """How a decoy answered an attempt to authenticate."""

    REFUSED = "refused"
    ACCEPTED = "accepted"
    PENDING = "pending"  # one step of several: the decoy asked for more


class CloseReason(StrEnum):
    """Who ended a session, and why."""

    PEER = "peer"
    DECOY = "decoy"
    IDLE = "idle"
    LIMIT = "limit"
    CRASH = "crash"
    SHUTDOWN = "shutdown"


class DeckyState(StrEnum):
    """How a decky is, all its services together."""

    UP = "up"  # every service listens
    DEGRADED = "degraded"  # some do
    DOWN = "down"  # none does, and they should
    STOPPED = "stopped"  # none should
    ABSENT = "absent"  # there is no such decky


class Trigger(StrEnum):
    """Why a decky serves something else."""

    CREATION = "creation"
    RETIREMENT = "retirement"
    SCHEDULED = "scheduled"  # its interval has passed
    OPERATOR = "operator"


class Direction(StrEnum):
    """Which way bytes went, seen from the decoy."""

    IN = "in"
    OUT = "out"


class Fact(Struct, frozen=True, kw_only=True, gc=False):
    """Something that was observed.

    ``barrier``: whether a reply that follows this fact must wait until the fact is durable.
    ``area``: the first token of its topic; the second is the host, the third the decky if it is about one.
    ``tail``: the last token where other programs know it by another name than the class's.
    """

    barrier: ClassVar[bool] = False
    area: ClassVar[str] = "decky"
    tail: ClassVar[str] = ""


class SessionOpened(Fact, frozen=True, kw_only=True, gc=False):
    """A peer connected to a service."""

    local_address: str
    local_port: int


class SessionClosed(Fact, frozen=True, kw_only=True, gc=False):
    """A session ended; the last fact of its session."""

    reason: CloseReason
    duration: float  # seconds
    bytes_in: int
    bytes_out: int


class SessionCrashed(Fact, frozen=True, kw_only=True, gc=False):
    """Our own code failed while serving a session; the session was closed, nothing else was touched."""

    error: str  # exception class and place, never peer bytes


class CredentialSeen(Fact, frozen=True, kw_only=True, gc=False):
    """A peer tried to authenticate.

    ``kind`` says what ``secret`` is: plaintext, public_key, http_bearer, http_digest_md5, ...
    For a challenge-response ``challenge`` is what we sent and ``hashcat`` the line to crack it with.
    """

    barrier: ClassVar[bool] = True

    user: str | None
    secret: bytes  # raw: encodings are evidence
    kind: str = "plaintext"
    mechanism: str = ""  # ssh password, http form, http basic, redis auth, ...
    outcome: Outcome = Outcome.REFUSED
    challenge: bytes | None = None
    hashcat: str | None = None
    fingerprint: str = ""  # of a public key: "ssh-ed25519 SHA256:..."


class CommandSeen(Fact, frozen=True, kw_only=True, gc=False):
    """A peer sent one command of a command protocol (Redis and the like)."""

    barrier: ClassVar[bool] = True

    verb: str  # upper case, printable; the raw first word is args[0] of an unknown verb
    args: tuple[bytes, ...] = ()


class ShellCommandSeen(Fact, frozen=True, kw_only=True, gc=False):
    """A peer ran one command line in a shell."""

    barrier: ClassVar[bool] = True

    line: str
    interactive: bool
    cwd: str = ""
    user: str = ""


class TerminalSeen(Fact, frozen=True, kw_only=True, gc=False):
    """Bytes that crossed a terminal; the replay of a session is made of these."""

    direction: Direction
    data: bytes
    channel: int = 0


class TerminalResized(Fact, frozen=True, kw_only=True, gc=False):
    """The peer asked for a terminal, or changed its size."""

    columns: int
    rows: int
    term: str = ""
    channel: int = 0


class SshClientSeen(Fact, frozen=True, kw_only=True, gc=False):
    """An SSH client introduced itself.

    ``hassh`` is the MD5 hex digest of ``algorithms`` (HASSH, Salesforce, BSD-3 specification).
    """

    version: str
    hassh: str
    algorithms: str  # kex;ciphers;macs;compressions, client to server


class TelnetClientSeen(Fact, frozen=True, kw_only=True, gc=False):
    """What a telnet client told of itself in option negotiation."""

    options: tuple[str, ...]  # in the order they came: "DO ECHO", "WILL NAWS", ...
    terminal: str = ""


class HttpRequestSeen(Fact, frozen=True, kw_only=True, gc=False):
    """A peer sent an HTTP request; everything it sent, in the order it was sent."""

    barrier: ClassVar[bool] = True

    method: str
    target: str
    version: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes  # the first MAX_BODY bytes
    body_size: int
    body_sha256: str
    status: int  # what we answered


class FileCaptured(Fact, frozen=True, kw_only=True, gc=False):
    """A file a peer brought, or asked for, was kept as an artifact."""

    barrier: ClassVar[bool] = True

    path: str
    sha256: str
    size: int
    direction: Direction
    mechanism: str  # sftp, scp, redirect, ...
    truncated: bool = False


class DownloadRequested(Fact, frozen=True, kw_only=True, gc=False):
    """A peer asked the decoy to fetch something (wget, curl, SLAVEOF, MODULE LOAD)."""

    barrier: ClassVar[bool] = True

    url: str
    mechanism: str


class DownloadFetched(Fact, frozen=True, kw_only=True, gc=False):
    """What a peer asked the decoy to fetch was fetched by us, into quarantine; the peer did not get it."""

    url: str  # as it was asked for
    urls: tuple[str, ...]  # that we asked for: redirects in order
    status: int
    media_type: str  # as the server says
    sha256: str
    size: int
    truncated: bool = False
    request: str = ""  # id of the event of the request
    again: bool = False  # it had been fetched for another request within the hour


class DownloadFailed(Fact, frozen=True, kw_only=True, gc=False):
    """What a peer asked the decoy to fetch was not to be had, or we would not go there."""

    url: str
    reason: str  # words of ours
    request: str = ""  # id of the event of the request
    again: bool = False  # it had failed for another request within the hour


class ForwardRequested(Fact, frozen=True, kw_only=True, gc=False):
    """A peer asked the decoy to relay a connection; recorded, never done."""

    barrier: ClassVar[bool] = True

    kind: str  # direct-tcpip, tcpip-forward, ...
    host: str
    port: int


class ProtocolViolated(Fact, frozen=True, kw_only=True, gc=False):
    """A peer broke the protocol; ``sample`` is the head of what it sent."""

    detail: str
    sample: bytes = b""


class LimitReached(Fact, frozen=True, kw_only=True, gc=False):
    """A cap of ours was reached: connections, bytes, time, commands."""

    limit: str
    value: int


class ServiceStarted(Fact, frozen=True, kw_only=True, gc=False):
    """A decoy service listens."""

    address: str
    port: int


class ServiceStopped(Fact, frozen=True, kw_only=True, gc=False):
    """A decoy service no longer listens."""

    reason: str


class DeckyStateChanged(Fact, frozen=True, kw_only=True, gc=False):
    """A decky is in another state than before; never told twice."""

    tail: ClassVar[str] = "state"

    old: DeckyState
    new: DeckyState


class AddressChanged(Fact, frozen=True, kw_only=True, gc=False):
    """A decky that leases its address was given another one; what was connected to the old one is cut off."""

    old: str  # empty: it had none
    new: str


class DeckyMutated(Fact, frozen=True, kw_only=True, gc=False):
    """A decky serves something else than before; what attackers do then is to be seen in this light."""

    tail: ClassVar[str] = "mutation"

    old: tuple[str, ...]  # names of services
    new: tuple[str, ...]
    trigger: Trigger


class OperationStarted(Fact, frozen=True, kw_only=True, gc=False):
    """Work on the fleet that somebody asked for began, or went on after it was cut off."""

    area: ClassVar[str] = "fleet"

    operation: str  # its id
    kind: str  # fleet.apply
    author: str
    revision: int


class OperationProgressed(Fact, frozen=True, kw_only=True, gc=False):
    """Some of the deckies are done; told once a second at most."""

    area: ClassVar[str] = "fleet"

    operation: str
    done: int
    total: int


class OperationEnded(Fact, frozen=True, kw_only=True, gc=False):
    """Work on the fleet came to its end."""

    area: ClassVar[str] = "fleet"

    operation: str
    kind: str
    succeeded: bool
    error: str  # why it failed, or which deckies are not up
    done: int
    total: int
