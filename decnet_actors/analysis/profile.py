"""This module folds facts into profiles of attackers, one record at a time: pure, and the same in batches of any size.

What is late changes the same sums as it would have in time: they are additions, minima, maxima and whole numbers. Two
things know only a stretch of the past (``domain.profile``): the gaps between acts, and when looking around ended. A
record that comes twice within ``MAX_RECENT`` of the same attacker changes nothing; the journal lets none in twice.
"""

from bisect import insort
from hashlib import blake2b

from attrs import define, field

from decnet_actors.analysis.behaviour import behaviour, named, rhythmic
from decnet_actors.analysis.marks import marks_of
from decnet_actors.contracts.analysis import Found
from decnet_actors.domain.behaviour import Behaviour
from decnet_actors.domain.facts import (
    CommandSeen,
    CredentialSeen,
    DeckyMutated,
    DownloadFetched,
    DownloadRequested,
    Fact,
    FileCaptured,
    ForwardRequested,
    HttpRequestSeen,
    Outcome,
    ProtocolViolated,
    SessionClosed,
    SessionOpened,
    ShellCommandSeen,
    SshClientSeen,
    TelnetClientSeen,
    TerminalSeen,
)
from decnet_actors.domain.findings import AttackerObserved, AttackerScored, AttackerTraversed, Finding
from decnet_actors.domain.profile import HOURS, MAX_RECENT, Mark, Mutation, Profile, Tally, Visit
from decnet_actors.domain.records import Entry, Record
from decnet_actors.domain.text import escaped

TELL = 60.0  # seconds of event time between two findings of a kind about one attacker
MAX_SERVICES = 32
MAX_PATH = 32  # deckies named
MAX_MARKS = 32  # values of each kind
MAX_LINES = 64  # command lines, files, addresses of downloads: each
MAX_LINE = 300  # characters of one
MAX_BUSY = 64  # open sessions
MAX_RECON = 16  # times
MAX_MUTATIONS = 64  # of a decky
LARGE = 2**20  # bytes of a large payload

DEEDS = (
    CredentialSeen,
    CommandSeen,
    ShellCommandSeen,
    HttpRequestSeen,
    FileCaptured,
    DownloadRequested,
    ForwardRequested,
    ProtocolViolated,
)
RECON = (SessionOpened, SshClientSeen, TelnetClientSeen, CredentialSeen, HttpRequestSeen, ProtocolViolated)
LISTED = (
    SessionClosed,
    CommandSeen,
    ShellCommandSeen,
    FileCaptured,
    DownloadFetched,
    HttpRequestSeen,
    DownloadRequested,
)
TAKING = (CommandSeen, ShellCommandSeen, FileCaptured, DownloadRequested, ForwardRequested)


@define
class State:
    """What the tables say of whom a batch is about, and then what it came to."""

    profiles: dict[str, Profile] = field(factory=dict)
    visits: dict[tuple[str, str], Visit] = field(factory=dict)
    mutations: dict[str, list[Mutation]] = field(factory=dict)
    marks: list[Mark] = field(factory=list)
    found: list[Found] = field(factory=list)


def is_touch(entry: Entry) -> bool:
    """Return whether an entry is something an attacker did."""
    return bool(entry.record.source) and not isinstance(entry.record.fact, Finding)


def fold(state: State, entry: Entry) -> None:
    """Take one entry into the state, which knows everybody the entry is about; ``judge`` whom it touched in the end."""
    record = entry.record
    if isinstance(record.fact, DeckyMutated):
        _mutate(state.mutations.setdefault(record.decky, []), record.time, record.fact)
    if not is_touch(entry):
        return
    profile = state.profiles.get(record.source)
    is_new = profile is None
    if profile is None:
        profile = Profile(record.source, record.time, record.time, entry.seq, entry.seq)
        state.profiles[record.source] = profile
    if not _is_new_record(profile, record.id):
        return
    _count(profile, entry)
    _visit(state, profile, record)
    if not isinstance(record.fact, TerminalSeen):
        _mark(state, profile, record)
        _behave(profile, record)
    _tell(state, profile, record, is_new=is_new)


def _mutate(known: list[Mutation], time: float, fact: DeckyMutated) -> None:
    mutation = Mutation(time, fact.old, fact.new, fact.trigger.value)
    if mutation not in known:
        insort(known, mutation, key=lambda one: one.time)
        del known[:-MAX_MUTATIONS]


def _is_new_record(profile: Profile, ident: str) -> bool:
    digest = int.from_bytes(blake2b(ident.encode(), digest_size=7).digest(), "big")
    if digest in profile.recent:
        return False
    profile.recent.append(digest)
    del profile.recent[:-MAX_RECENT]
    return True


def _count(profile: Profile, entry: Entry) -> None:
    record, fact = entry.record, entry.record.fact
    profile.first_seen = min(profile.first_seen, record.time)
    profile.last_seen = max(profile.last_seen, record.time)
    profile.last_seq = entry.seq
    _sum(profile, fact)
    _place(profile.services, record.service, MAX_SERVICES)
    if isinstance(fact, LISTED):
        _list(profile, record)


def _list(profile: Profile, record: Record) -> None:
    fact = record.fact
    match fact:
        case SessionClosed():
            profile.bytes_in += fact.bytes_in
            profile.bytes_out += fact.bytes_out
        case CommandSeen():
            line = b" ".join((fact.verb.encode(), *fact.args))
            profile.command_lines.add(escaped(line, MAX_LINE), record.time, MAX_LINES)
        case ShellCommandSeen():
            profile.command_lines.add(escaped(fact.line, MAX_LINE), record.time, MAX_LINES)
        case FileCaptured() | DownloadFetched():
            profile.digests.add(fact.sha256, record.time, MAX_LINES)
            profile.large_payloads += fact.size >= LARGE
        case HttpRequestSeen():
            profile.large_payloads += fact.body_size >= LARGE
        case DownloadRequested():
            profile.downloads += 1
            profile.urls.add(escaped(fact.url, MAX_LINE), record.time, MAX_LINES)
        case _:
            pass  # an event, nothing more


def _sum(row: Profile | Visit, fact: Fact) -> None:
    row.events += 1
    match fact:
        case TerminalSeen():  # the commonest by far
            pass
        case CredentialSeen():
            row.credentials += 1
            row.accepted += fact.outcome is Outcome.ACCEPTED
        case SessionOpened():
            row.sessions += 1
        case CommandSeen() | ShellCommandSeen() | HttpRequestSeen():
            row.commands += 1
        case FileCaptured() | DownloadFetched():
            row.files += 1
        case _:
            pass  # an event, nothing more


def _visit(state: State, profile: Profile, record: Record) -> None:
    if not record.decky:
        return
    key = (record.source, record.decky)
    visit = state.visits.get(key)
    if visit is None:
        visit = state.visits[key] = Visit(*key, record.time, record.time)
        profile.deckies += 1
        if len(profile.path) < MAX_PATH:
            profile.path.append(record.decky)
    visit.first_seen = min(visit.first_seen, record.time)
    visit.last_seen = max(visit.last_seen, record.time)
    _sum(visit, record.fact)
    _place(visit.services, record.service, MAX_SERVICES)


def _place(names: list[str], name: str, cap: int) -> None:
    if name and name not in names and len(names) < cap:
        insort(names, name)


def _mark(state: State, profile: Profile, record: Record) -> None:
    for kind, value in marks_of(record.fact):
        tally = profile.marks.get(kind)
        if tally is None:
            tally = profile.marks[kind] = Tally()
        if tally.add(value, record.time, MAX_MARKS):
            state.marks.append(Mark(kind, value, profile.address, record.time))
    if isinstance(record.fact, HttpRequestSeen):
        for tool in named(record.fact.headers):
            _place(profile.agents, tool, MAX_SERVICES)


def _behave(profile: Profile, record: Record) -> None:
    """Note when it acted. A connection in which nothing is done is one act, another is only the way to what is done."""
    fact = record.fact
    if isinstance(fact, DEEDS):
        _act(profile, record.time)
        if record.session and record.session not in profile.busy:
            profile.busy.append(record.session)
            del profile.busy[:-MAX_BUSY]
    elif isinstance(fact, SessionClosed):
        if record.session in profile.busy:
            profile.busy.remove(record.session)
        else:
            _act(profile, record.time - fact.duration)
    _phase(profile, record)


def judge(profile: Profile) -> None:
    """Say what follows from the sums: how it acts, and with which tools."""
    kind = behaviour(profile.gaps, len(profile.services))
    rhythm = rhythmic(profile.gaps) if kind is Behaviour.BEACONING else ()
    profile.behaviour = kind.value
    profile.tools = sorted({*profile.agents, *rhythm})


def _act(profile: Profile, time: float) -> None:
    profile.gaps.add(time)
    profile.hours[int(time // 3600) % HOURS] += 1


def _phase(profile: Profile, record: Record) -> None:
    if isinstance(record.fact, TAKING) and (profile.taking is None or record.time < profile.taking):
        profile.taking = taking = record.time
        profile.recon = [time for time in profile.recon if time <= taking]
    if isinstance(record.fact, RECON) and (profile.taking is None or record.time <= profile.taking):
        insort(profile.recon, record.time)
        del profile.recon[:-MAX_RECON]


def _tell(state: State, profile: Profile, record: Record, *, is_new: bool) -> None:
    now = profile.last_seen
    if is_new:
        profile.scored = now
        observed = AttackerObserved(
            address=profile.address,
            decky=record.decky,
            service=record.service,
            first_seen=profile.first_seen,
        )
        state.found.append(Found(finding=observed, time=now))
    elif now - profile.scored >= TELL:
        profile.scored = now
        judge(profile)
        state.found.append(Found(finding=_scored(profile), time=now))
    is_first = not profile.told
    if profile.deckies > max(profile.told, 1) and (is_first or now - profile.traversed >= TELL):
        profile.traversed, profile.told = now, profile.deckies
        state.found.append(Found(finding=_traversed(profile), time=now))


def _scored(profile: Profile) -> AttackerScored:
    return AttackerScored(
        address=profile.address,
        events=profile.events,
        sessions=profile.sessions,
        services=len(profile.services),
        deckies=profile.deckies,
        credentials=profile.credentials,
        accepted=profile.accepted,
        commands=profile.commands,
        files=profile.files,
        behaviour=profile.behaviour,
        tools=tuple(profile.tools),
        is_traversal=profile.deckies > 1,
    )


def _traversed(profile: Profile) -> AttackerTraversed:
    return AttackerTraversed(
        address=profile.address,
        deckies=profile.deckies,
        path=tuple(profile.path),
        first_seen=profile.first_seen,
        last_seen=profile.last_seen,
    )
