"""This module reads facts as traces: what one session leaves that can be compared with others.

A trace is a join of sets, least and greatest values, so neither the order of facts nor a fact told twice changes it.
Every set is capped by keeping the values with the smallest digests, which does not depend on order either.
"""

import hashlib
import ipaddress
import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from msgspec import Struct

from decnet_actors.analysis.commodity import Commodity
from decnet_actors.analysis.phases import Phase, phase_of
from decnet_actors.domain.facts import (
    CommandSeen,
    CredentialSeen,
    Direction,
    DownloadFetched,
    DownloadRequested,
    Fact,
    FileCaptured,
    HttpRequestSeen,
    ShellCommandSeen,
    SshClientSeen,
    TelnetClientSeen,
    TerminalSeen,
)
from decnet_actors.domain.records import Record
from decnet_actors.domain.text import escaped

MAX_VALUES = 64  # of one kind in a session
MAX_KEYS = 400  # keystrokes of a session
MAX_TEXT = 200  # characters of a value
MAX_SPANS = 64  # phases on deckies
NO_SECRET_KINDS = ("public_key",)

# Kinds of features; a command's kind names its phase.
SSH_KEY = "ssh_key"
PAYLOAD = "payload"
C2 = "c2"
SSH = "ssh"
HTTP = "http"
TOOL = "tool"
CREDENTIAL = "credential"
COMMAND = "command."  # and the phase
CLIENTS = (SSH, HTTP)

Feature = tuple[str, str]  # kind, value
_ADDRESSES = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
_RANDOM = re.compile(r"\b(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{12,}\b")


class Span(Struct, frozen=True, gc=False):
    """When a phase was first and last seen on a decky."""

    decky: str
    phase: str
    first: float
    last: float


class Trace(Struct, frozen=True, kw_only=True):
    """What a session left."""

    session: str
    source: str
    first: float  # Unix seconds
    last: float
    client: str = ""  # how its program gave itself away: "ssh:<hassh>", "telnet:<digest>"
    features: frozenset[Feature] = frozenset()
    spans: tuple[Span, ...] = ()
    keys: tuple[tuple[float, int], ...] = ()


def trace_of(record: Record, commodity: Commodity) -> Trace | None:
    """Return what one fact leaves; ``None`` for what belongs to no session of a peer's."""
    if not record.session or not record.source:
        return None
    fact = record.fact
    features = frozenset(_features(fact, commodity))
    phase = phase_of(fact)
    spans = (Span(record.decky, phase.value, record.time, record.time),) if phase is not None else ()
    return Trace(
        session=record.session,
        source=record.source,
        first=record.time,
        last=record.time,
        client=_client(fact),
        features=features,
        spans=spans,
        keys=_keys(record.time, fact),
    )


def join(one: Trace, other: Trace) -> Trace:
    """Return both; the order does not matter, nor how often."""
    return Trace(
        session=one.session,
        source=min(one.source, other.source),
        first=min(one.first, other.first),
        last=max(one.last, other.last),
        client=max(one.client, other.client),
        features=_capped_by_kind(one.features | other.features) if not other.features <= one.features else one.features,
        spans=spans_of((*one.spans, *other.spans)) if other.spans else one.spans,
        keys=tuple(sorted({*one.keys, *other.keys})[:MAX_KEYS]) if other.keys else one.keys,
    )


def spans_of(spans: Iterable[Span], limit: int = MAX_SPANS) -> tuple[Span, ...]:
    """Return one span for each decky and phase, in order; the earliest when there are too many."""
    found: dict[tuple[str, str], Span] = {}
    for span in spans:
        key = (span.decky, span.phase)
        old = found.get(key)
        if old is None:
            found[key] = span
        elif span.first < old.first or span.last > old.last:
            found[key] = Span(span.decky, span.phase, min(old.first, span.first), max(old.last, span.last))
    return tuple(sorted(found.values(), key=_moment)[:limit])


def capped(values: Iterable[str], limit: int) -> frozenset[str]:
    """Return the values, or those with the smallest digests when there are too many."""
    found = frozenset(values)
    return found if len(found) <= limit else frozenset(sorted(found, key=digest)[:limit])


def digest(*parts: str | bytes) -> str:
    """Return 32 hex digits that stand for the parts, each with its length."""
    raw = [part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part for part in parts]
    whole = b"".join(b"%d:%s" % (len(part), part) for part in raw)
    return hashlib.blake2b(whole, digest_size=16).hexdigest()


def network_of(address: str) -> str:
    """Return the /24 or /48 of an address, empty for what is none."""
    try:
        return str(ipaddress.ip_network((address, 24 if "." in address else 48), strict=False))
    except ValueError:
        return ""


def normal(line: str) -> str:
    """Return a command line without what a program puts in anew each time: addresses and random names."""
    line = " ".join(line[: 4 * MAX_TEXT].split())
    return escaped(_RANDOM.sub("RANDOM", _ADDRESSES.sub("ADDRESS", line)), MAX_TEXT)


def _moment(span: Span) -> tuple[float, str, str]:
    return span.first, span.decky, span.phase


def _capped_by_kind(features: frozenset[Feature]) -> frozenset[Feature]:
    if len(features) <= MAX_VALUES:
        return features
    kinds: dict[str, list[str]] = {}
    for kind, value in features:
        kinds.setdefault(kind, []).append(value)
    return frozenset((kind, value) for kind, values in kinds.items() for value in capped(values, MAX_VALUES))


def _client(fact: Fact) -> str:
    match fact:
        case SshClientSeen(hassh=hassh):
            return f"ssh:{hassh[:MAX_TEXT]}"
        case TelnetClientSeen():
            return f"telnet:{_telnet(fact)}"
        case _:
            return ""


def _features(fact: Fact, commodity: Commodity) -> Iterable[Feature]:
    match fact:
        case SshClientSeen(version=version, hassh=hassh):
            yield (TOOL if version.startswith(commodity.clients) else SSH), escaped(hassh, MAX_TEXT)
        case TelnetClientSeen():
            yield TOOL, _telnet(fact)
        case HttpRequestSeen(headers=headers):
            order = ",".join(name.decode("latin-1") for name, _ in headers[:MAX_VALUES])
            yield HTTP, digest(order)
        case CredentialSeen():
            yield from _credential(fact, commodity)
        case ShellCommandSeen(line=line):
            text = normal(line)
            phase = phase_of(fact) or Phase.EXECUTION
            if text and text not in commodity.commands:
                yield f"{COMMAND}{phase.value}", text
        case CommandSeen(verb=verb, args=args):
            phase = phase_of(fact) or Phase.EXECUTION
            if args:
                yield f"{COMMAND}{phase.value}", normal(" ".join([verb, *(_text(arg) for arg in args[:8])]))
        case FileCaptured(sha256=sha256, size=size, direction=Direction.IN) if size:
            yield PAYLOAD, sha256
        case DownloadRequested(url=url):
            yield from _endpoint(url)
        case DownloadFetched(url=url, sha256=sha256, size=size):
            if size:
                yield PAYLOAD, sha256
            yield from _endpoint(url)
        case _:
            return


def _telnet(fact: TelnetClientSeen) -> str:
    return digest(*fact.options[:MAX_VALUES], fact.terminal)


def _credential(fact: CredentialSeen, commodity: Commodity) -> Iterable[Feature]:
    if fact.fingerprint:
        yield SSH_KEY, escaped(fact.fingerprint, MAX_TEXT)
    elif fact.challenge is None and fact.kind not in NO_SECRET_KINDS:
        user = fact.user or ""
        if (user, fact.secret) not in commodity.credentials:
            yield CREDENTIAL, digest(fact.kind, user, fact.secret)


def _endpoint(url: str) -> Iterable[Feature]:
    try:
        parts = urlsplit(url[:2048])
        host, port = parts.hostname, parts.port
    except ValueError:
        return
    if host:
        yield C2, escaped(f"{host}:{port}" if port else host, MAX_TEXT)


def _text(value: bytes) -> str:
    return value[:MAX_TEXT].decode("utf-8", "surrogateescape")


def _keys(time: float, fact: Fact) -> tuple[tuple[float, int], ...]:
    if isinstance(fact, TerminalSeen) and fact.direction is Direction.IN and len(fact.data) == 1:
        return ((time, fact.data[0]),)
    return ()


AsnOf = Callable[[str], str]  # address -> "AS64500", empty where it is not known
