"""This module folds facts into the rows of the small tables: sessions, sources, credentials and minutes.

A pure fold over one batch. Each row it makes is the *difference* the batch makes to that row; ``store.statements``
adds it to what is stored, so a thousand facts of one session cost one statement.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from attrs import define, field
from msgspec import Struct

from decnet_actors.domain.facts import (
    CommandSeen,
    CredentialSeen,
    DownloadFetched,
    FileCaptured,
    HttpRequestSeen,
    Outcome,
    SessionClosed,
    SessionOpened,
    ShellCommandSeen,
    SshClientSeen,
    TelnetClientSeen,
    TerminalResized,
    TerminalSeen,
)
from decnet_actors.domain.findings import Finding
from decnet_actors.domain.records import Entry, Record
from decnet_actors.domain.text import escaped

Row: TypeAlias = tuple[object, ...]

MAX_TEXT = 1000  # characters of a name a peer chose; the fact has all of it
USER_AGENT = b"user-agent"


class SessionDelta(Struct, gc=False):
    """What a batch adds to a session; fields in the order of ``statements.SESSION_COLUMNS``."""

    id: str
    first_seq: int
    last_seq: int
    host: str
    decky: str
    service: str
    source: str
    source_port: int
    opened: float
    last_seen: float
    closed: float | None = None
    reason: str | None = None
    duration: float | None = None
    bytes_in: int = 0
    bytes_out: int = 0
    events: int = 0
    commands: int = 0
    credentials: int = 0
    files: int = 0
    terminal: int = 0
    user: str | None = None
    client: str | None = None


class SourceDelta(Struct, gc=False):
    """What a batch adds to a source."""

    address: str
    first_seen: float
    last_seen: float
    first_seq: int
    last_seq: int
    events: int = 0
    sessions: int = 0
    credentials: int = 0
    accepted: int = 0


class CredentialDelta(Struct, gc=False):
    """What a batch adds to a credential."""

    digest: str
    user: str | None
    secret: bytes
    kind: str
    mechanism: str
    hashcat: str | None
    first_seen: float
    last_seen: float
    first_seq: int
    last_seq: int
    count: int = 0
    accepted: int = 0


class UseDelta(Struct, gc=False):
    """What a batch adds to the use of a credential in a session."""

    session: str
    credential: str
    first_seq: int
    last_seq: int
    count: int = 0
    accepted: int = 0


class MinuteDelta(Struct, gc=False):
    """What a batch adds to a minute."""

    minute: int
    first_seq: int
    last_seq: int
    events: int = 0
    sessions: int = 0
    credentials: int = 0
    accepted: int = 0


@define
class Deltas:
    """What a batch adds to all of them."""

    sessions: dict[str, SessionDelta] = field(factory=dict)
    sources: dict[str, SourceDelta] = field(factory=dict)
    credentials: dict[str, CredentialDelta] = field(factory=dict)
    uses: dict[tuple[str, str], UseDelta] = field(factory=dict)
    minutes: dict[int, MinuteDelta] = field(factory=dict)


def credential_digest(kind: str, user: str | None, secret: bytes) -> str:
    """Return the identity of a credential: SHA-256 over kind, user and secret, each with its length."""
    name = b"-" if user is None else b"+" + user.encode("utf-8", "surrogateescape")
    label = kind.encode()
    return hashlib.sha256(b"%d:%s%d:%s%s" % (len(label), label, len(name), name, secret)).hexdigest()


def fold(entries: Iterable[Entry]) -> Deltas:
    """Return what ``entries`` (in the order of their seq) add."""
    deltas = Deltas()
    sessions, sources, minutes = deltas.sessions, deltas.sources, deltas.minutes
    for entry in entries:
        seq, record = entry.seq, entry.record
        if isinstance(record.fact, Finding):
            continue  # what we think is not what they did
        now = record.time
        number = int(now // 60)
        minute = minutes.get(number)
        if minute is None:
            minute = minutes[number] = MinuteDelta(number, seq, seq)
        minute.last_seq = seq
        minute.events += 1
        source = None
        if record.source:
            source = sources.get(record.source)
            if source is None:
                source = sources[record.source] = SourceDelta(record.source, now, now, seq, seq)
            source.last_seq = seq
            if now > source.last_seen:
                source.last_seen = now
            elif now < source.first_seen:
                source.first_seen = now
            source.events += 1
        session = None
        if record.session:
            session = sessions.get(record.session)
            if session is None:
                session = sessions[record.session] = _new_session(seq, record)
            session.last_seq = seq
            session.last_seen = max(session.last_seen, now)
            session.events += 1
        _count(deltas, entry, minute, source, session)
    return deltas


def _new_session(seq: int, record: Record) -> SessionDelta:
    return SessionDelta(
        record.session,
        seq,
        seq,
        record.host,
        record.decky,
        record.service,
        record.source,
        record.source_port,
        record.time,
        record.time,
    )


def _count(
    deltas: Deltas, entry: Entry, minute: MinuteDelta, source: SourceDelta | None, session: SessionDelta | None
) -> None:
    """Count what is special about one fact."""
    fact = entry.record.fact
    if isinstance(fact, CredentialSeen):
        _count_credential(deltas, entry, fact)
        accepted = fact.outcome is Outcome.ACCEPTED
        minute.credentials += 1
        minute.accepted += accepted
        if source is not None:
            source.credentials += 1
            source.accepted += accepted
        if session is not None:
            session.credentials += 1
            if accepted and fact.user is not None:
                session.user = shown(fact.user)
    elif isinstance(fact, SessionOpened):
        minute.sessions += 1
        if source is not None:
            source.sessions += 1
    elif session is not None:
        _count_in_session(session, entry.record.time, fact)


def _count_in_session(session: SessionDelta, now: float, fact: object) -> None:
    if type(fact) is SessionClosed:  # the commonest by far, but for those of terminals
        session.closed = now
        session.reason = fact.reason.value
        session.duration = fact.duration
        session.bytes_in += fact.bytes_in
        session.bytes_out += fact.bytes_out
        return
    match fact:
        case TerminalSeen() | TerminalResized():
            session.terminal += 1
        case CommandSeen() | ShellCommandSeen():
            session.commands += 1
        case HttpRequestSeen():
            session.commands += 1
            session.client = session.client or _user_agent(fact.headers)
        case FileCaptured() | DownloadFetched():
            session.files += 1
        case SshClientSeen():
            session.client = session.client or shown(fact.version)
        case TelnetClientSeen():
            session.client = session.client or shown(fact.terminal) or None
        case _:
            pass  # counted as an event, nothing more


def _count_credential(deltas: Deltas, entry: Entry, fact: CredentialSeen) -> None:
    record, seq = entry.record, entry.seq
    accepted = fact.outcome is Outcome.ACCEPTED
    digest = credential_digest(fact.kind, fact.user, fact.secret)
    credential = deltas.credentials.get(digest)
    if credential is None:
        user = None if fact.user is None else shown(fact.user)
        credential = deltas.credentials[digest] = CredentialDelta(
            digest, user, fact.secret, fact.kind, fact.mechanism, fact.hashcat, record.time, record.time, seq, seq
        )
    credential.last_seq = seq
    credential.first_seen = min(credential.first_seen, record.time)
    credential.last_seen = max(credential.last_seen, record.time)
    credential.mechanism = fact.mechanism
    credential.count += 1
    credential.accepted += accepted
    if record.session:
        key = (record.session, digest)
        use = deltas.uses.get(key)
        if use is None:
            use = deltas.uses[key] = UseDelta(record.session, digest, seq, seq)
        use.last_seq = seq
        use.count += 1
        use.accepted += accepted


def shown(text: str | bytes) -> str:
    """Return text a peer chose as it is kept in the small tables."""
    return escaped(text, MAX_TEXT)


def _user_agent(headers: Sequence[tuple[bytes, bytes]]) -> str | None:
    return next((shown(value) for name, value in headers if name.lower() == USER_AGENT), None)
