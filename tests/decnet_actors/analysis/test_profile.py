"""Profiles are the same however the facts came in: at once or in parts, again, and late."""

import asyncio
import itertools
import random
import statistics
from collections.abc import Collection, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack

from decnet_actors.analysis import profile as folding
from decnet_actors.analysis.profiler import Profiler
from decnet_actors.contracts.analysis import NOTHING, Found
from decnet_actors.contracts.profiles import Changed
from decnet_actors.domain.facts import (
    CloseReason,
    CommandSeen,
    CredentialSeen,
    DeckyMutated,
    Direction,
    DownloadFetched,
    DownloadRequested,
    Fact,
    FileCaptured,
    HttpRequestSeen,
    LimitReached,
    Outcome,
    SessionClosed,
    SessionOpened,
    ShellCommandSeen,
    SshClientSeen,
    TelnetClientSeen,
    Trigger,
)
from decnet_actors.domain.findings import AttackerObserved, AttackerScored, AttackerTraversed
from decnet_actors.domain.profile import MAX_RECENT, MOMENTS, Gaps, Mark, Mutation, Profile, Visit
from decnet_actors.domain.records import Entry, Record

NOW = 1_800_000_000.0
OPENED = SessionOpened(local_address="192.0.2.1", local_port=22)
MIB = 2**20


def closed(duration: float = 1.0) -> SessionClosed:
    return SessionClosed(reason=CloseReason.PEER, duration=duration, bytes_in=10, bytes_out=20)


def login(*, accepted: bool = False, fingerprint: str = "") -> CredentialSeen:
    outcome = Outcome.ACCEPTED if accepted else Outcome.REFUSED
    return CredentialSeen(user="root", secret=b"hunter2", outcome=outcome, fingerprint=fingerprint)


def request(agent: bytes = b"curl/8", size: int = 0) -> HttpRequestSeen:
    return HttpRequestSeen(
        method="GET",
        target="/",
        version="HTTP/1.1",
        headers=((b"Host", b"x"), (b"User-Agent", agent)),
        body=b"",
        body_size=size,
        body_sha256="0" * 64,
        status=200,
    )


def entry(
    seq: int,
    fact: Fact,
    at: float = 0.0,
    *,
    source: str = "203.0.113.7",
    decky: str = "web-01",
    service: str = "ssh",
    session: str = "s1",
    ident: str = "",
) -> Entry:
    record = Record(
        id=ident or f"{seq:032x}",
        time=NOW + at,
        host="manager",
        decky=decky,
        service=service,
        fact=fact,
        session=session,
        source=source,
    )
    return Entry(seq=seq, record=record)


class Kept:
    """Profiles in memory, as bytes: what is not kept is lost."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}
        self.places: dict[tuple[str, str], bytes] = {}
        self.marks: set[Mark] = set()
        self.mutated: dict[str, bytes] = {}

    async def profiles(self, addresses: Collection[str]) -> dict[str, Profile]:
        return {one: msgpack.decode(self.rows[one], type=Profile) for one in addresses if one in self.rows}

    async def visits(self, places: Collection[tuple[str, str]]) -> dict[tuple[str, str], Visit]:
        return {one: msgpack.decode(self.places[one], type=Visit) for one in places if one in self.places}

    async def mutations(self, deckies: Collection[str]) -> dict[str, list[Mutation]]:
        return {one: msgpack.decode(self.mutated[one], type=list[Mutation]) for one in deckies if one in self.mutated}

    def work(self, changed: Changed) -> Sequence[Changed]:
        return [changed]

    def keep(self, changed: Changed) -> None:
        self.rows |= {key: msgpack.encode(one) for key, one in changed.profiles.items()}
        self.places |= {key: msgpack.encode(one) for key, one in changed.visits.items()}
        self.marks |= set(changed.marks)
        self.mutated |= {key: msgpack.encode(one) for key, one in changed.mutations.items()}

    def profile(self, address: str = "203.0.113.7") -> Profile:
        return msgpack.decode(self.rows[address], type=Profile)


def follow(entries: Sequence[Entry], cuts: Collection[int] = ()) -> tuple[Kept, list[Found]]:
    """Study entries in parts, each by a study that knows nothing but what is kept."""
    kept = Kept()
    found: list[Found] = []
    edges = [0, *sorted({cut % (len(entries) + 1) for cut in cuts}), len(entries)]
    for low, high in itertools.pairwise(edges):
        if low < high:
            findings = asyncio.run(Profiler(kept).study(entries[low:high]))
            found += findings.found
            for changed in findings.work:
                kept.keep(changed)
    return kept, found


def profiled(*entries: Entry) -> Profile:
    return follow(entries)[0].profile()


facts = st.sampled_from(
    [
        OPENED,
        closed(),
        login(),
        login(accepted=True, fingerprint="ssh-ed25519 SHA256:x"),
        CommandSeen(verb="PING", args=(b"\xff",)),
        ShellCommandSeen(line="id", interactive=True),
        SshClientSeen(version="SSH-2.0-Go", hassh="ab", algorithms="x"),
        TelnetClientSeen(options=("DO ECHO",), terminal="vt100"),
        request(),
        request(b"nikto", MIB),
        FileCaptured(path="/x", sha256="0" * 64, size=MIB, direction=Direction.IN, mechanism="scp"),
        DownloadRequested(url="http://x/", mechanism="wget"),
        LimitReached(limit="x", value=1),
        DeckyMutated(old=("ssh",), new=("http",), trigger=Trigger.SCHEDULED),
    ]
)


@st.composite
def histories(draw: st.DrawFn) -> list[Entry]:
    """Facts about three attackers on three deckies; their times need not be in order."""
    parts = st.tuples(
        facts,
        st.floats(0, 400),
        st.sampled_from(["203.0.113.7", "203.0.113.8", "2001:db8::1", ""]),
        st.sampled_from(["web-01", "db-01", "mail-01", ""]),
        st.sampled_from(["ssh", "http", "redis"]),
        st.sampled_from(["s1", "s2", ""]),
    )
    return [
        entry(seq, fact, at, source=source, decky=decky, service=service, session=session)
        for seq, (fact, at, source, decky, service, session) in enumerate(
            draw(st.lists(parts, min_size=1, max_size=40)), 1
        )
    ]


@given(histories(), st.lists(st.integers(0, 40), max_size=6))
def test_any_batches_and_restarts_between_them_give_the_same(history: list[Entry], cuts: list[int]) -> None:
    at_once, told = follow(history)
    in_parts, told_in_parts = follow(history, cuts)

    assert vars(at_once) == vars(in_parts)
    assert told == told_in_parts


@given(histories(), st.lists(st.integers(0, 39), min_size=1, max_size=20))
def test_a_record_that_comes_again_changes_nothing(history: list[Entry], again: list[int]) -> None:
    records = [history[index % len(history)].record for index in again]
    more = [Entry(seq=len(history) + n, record=one) for n, one in enumerate(records, 1)]

    once, told = follow(history)
    twice, told_twice = follow([*history, *more])

    assert vars(once) == vars(twice)
    assert told == told_twice


SUMS = (
    "first_seen", "last_seen", "events", "sessions", "credentials", "accepted", "commands", "files", "downloads",
    "bytes_in", "bytes_out", "large_payloads", "deckies", "services", "taking", "hours",
)  # fmt: skip


@given(histories(), st.randoms(use_true_random=False))
def test_late_facts_change_sums_as_those_in_time(history: list[Entry], chance: random.Random) -> None:
    # without closings: whether a connection was an act of its own is known when it ends
    history = [one for one in history if not isinstance(one.record.fact, SessionClosed)]
    mixed = list(history)
    chance.shuffle(mixed)
    mixed = [Entry(seq=seq, record=one.record) for seq, one in enumerate(mixed, 1)]

    in_order, shuffled = follow(history)[0], follow(mixed)[0]

    assert in_order.places == shuffled.places
    assert in_order.rows.keys() == shuffled.rows.keys()
    for address in in_order.rows:
        one, other = in_order.profile(address), shuffled.profile(address)
        assert [getattr(one, name) for name in SUMS] == [getattr(other, name) for name in SUMS]
        assert (one.gaps, one.behaviour, one.tools) == (other.gaps, other.behaviour, other.tools)


moments = st.lists(st.integers(0, 5000), min_size=1, max_size=MOMENTS)


@given(moments, st.randoms(use_true_random=False))
def test_gaps_are_those_of_the_moments_in_order(tenths: list[int], chance: random.Random) -> None:
    gaps = Gaps()
    late = list(tenths)
    chance.shuffle(late)
    for moment in late:
        gaps.add(moment / 10)
    ordered = sorted({int(moment / 10 * 10) for moment in tenths})
    between = [(after - before) / 10 for before, after in itertools.pairwise(ordered)]

    assert gaps.count == len(ordered)
    assert gaps.mean == (pytest.approx(statistics.fmean(between)) if between else None)
    expected = statistics.pstdev(between) / statistics.fmean(between) if between else None
    assert gaps.variation == (pytest.approx(expected, abs=1e-6) if between else None)


@given(st.lists(st.integers(0, 10_000), max_size=300))
def test_gaps_of_any_moments_are_bounded_and_make_sense(tenths: list[int]) -> None:
    gaps = Gaps()
    for moment in tenths:
        gaps.add(moment / 10)

    assert len(gaps.newest) <= MOMENTS
    assert gaps.newest == sorted(set(gaps.newest))
    assert (gaps.variation or 0.0) >= 0
    if tenths:
        moments = [int(one / 10 * 10) for one in tenths]
        assert (gaps.first, gaps.last) == (min(moments), max(moments))


def test_a_moment_too_late_to_have_neighbours_is_passed_over_but_not_the_first_of_all() -> None:
    gaps = Gaps()
    for moment in range(100, 100 + 2 * MOMENTS):
        gaps.add(float(moment))
    before = (gaps.count, gaps.squares)
    gaps.add(110.5)
    assert before == (gaps.count, gaps.squares)
    gaps.add(90.0)
    assert (before[0] + 1, before[1] + 100**2, 900) == (gaps.count, gaps.squares, gaps.first)


def test_a_first_sight_is_told_once() -> None:
    _, found = follow([entry(1, OPENED), entry(2, login(), 1), entry(3, login(), 59)], cuts=[1, 2])

    observed = AttackerObserved(address="203.0.113.7", decky="web-01", service="ssh", first_seen=NOW)
    assert found == [Found(finding=observed, time=NOW)]


def test_growth_is_told_once_a_minute_of_event_time() -> None:
    _, found = follow([entry(seq, login(), float(seq)) for seq in range(1, 200)])

    scored = [(one.time, one.finding) for one in found if isinstance(one.finding, AttackerScored)]
    assert [(time, finding.credentials) for time, finding in scored] == [
        (NOW + 61, 61),
        (NOW + 121, 121),
        (NOW + 181, 181),
    ]
    assert scored[-1][1].behaviour == "brute_force"


def test_going_on_to_other_deckies_is_told_once_a_minute_too() -> None:
    history = [entry(seq, OPENED, 20.0 * seq, decky=f"web-{seq:02}") for seq in range(1, 6)]
    _, found = follow([*history, entry(6, OPENED, 200, decky="web-05")])

    ways = [one.finding for one in found if isinstance(one.finding, AttackerTraversed)]
    assert [one.deckies for one in ways] == [2, 5]
    assert ways[1].path == tuple(f"web-{number:02}" for number in range(1, 6))


def test_one_decky_visited_often_is_no_traversal() -> None:
    _, found = follow([entry(seq, OPENED, 70.0 * seq) for seq in range(1, 6)])

    assert not [one for one in found if isinstance(one.finding, AttackerTraversed)]


def test_a_connection_is_an_act_only_when_nothing_is_done_in_it() -> None:
    bare = profiled(entry(1, OPENED, 10), entry(2, closed(5.0), 15))
    used = profiled(entry(1, OPENED, 10), entry(2, request(), 12), entry(3, closed(5.0), 15))

    assert [int(10 * (NOW + 10))] == bare.gaps.newest
    assert [int(10 * (NOW + 12))] == used.gaps.newest
    assert (used.busy, sum(used.hours), sum(bare.hours)) == ([], 1, 1)


def test_beaconing_of_one_request_a_connection_has_its_interval_and_its_tool() -> None:
    history: list[Entry] = []
    for beat in range(12):
        at = 60.0 * beat + (12 if beat % 2 else 0)
        for fact, later in ((OPENED, 0.0), (request(b"Mozilla/5.0"), 0.1), (closed(), 0.3)):
            number = len(history) + 1
            history.append(entry(number, fact, at + later, service="http", session=f"s{beat}"))
    profile = profiled(*history)

    assert profile.behaviour == "beaconing"
    assert profile.gaps.mean == pytest.approx(61, abs=1)
    assert profile.tools == ["cobalt_strike"]


def test_phases_end_and_begin_where_the_first_deed_is() -> None:
    history = [
        entry(1, OPENED, 0),
        entry(2, login(), 10),
        entry(3, ShellCommandSeen(line="id", interactive=True), 30),
        entry(4, login(), 40),
    ]
    assert (profiled(*history).recon, profiled(*history).taking) == ([NOW, NOW + 10], NOW + 30)

    late = entry(5, CommandSeen(verb="PING"), 5)
    assert (profiled(*history, late).recon, profiled(*history, late).taking) == ([NOW], NOW + 5)


def test_what_clients_are_known_by_is_listed_with_how_often() -> None:
    kept, _ = follow(
        [
            entry(1, SshClientSeen(version="SSH-2.0-Go\x1b", hassh="ab", algorithms="x")),
            entry(2, SshClientSeen(version="SSH-2.0-Go\x1b", hassh="ab", algorithms="x"), 5),
            entry(3, TelnetClientSeen(options=("DO ECHO", "WILL NAWS"))),
            entry(4, request(b"")),
            entry(5, login(fingerprint="ssh-ed25519 SHA256:x")),
        ]
    )
    marks = {kind: [(one.value, one.count) for one in tally.seen] for kind, tally in kept.profile().marks.items()}

    assert marks == {
        "ssh_version": [("SSH-2.0-Go\\x1b", 2)],
        "hassh": [("ab", 2)],
        "telnet_options": [("DO ECHO WILL NAWS", 1)],
        "http_headers": [("Host,User-Agent", 1)],
        "public_key": [("ssh-ed25519 SHA256:x", 1)],
    }
    assert {(mark.kind, mark.value) for mark in kept.marks} == {
        (kind, value) for kind, seen in marks.items() for value, _ in seen
    }


def test_lists_are_bounded_and_say_how_much_they_leave_out() -> None:
    many = 2 * max(folding.MAX_LINES, folding.MAX_PATH, folding.MAX_BUSY, MAX_RECENT)
    history = [
        entry(
            number + 1,
            ShellCommandSeen(line=f"echo {number}", interactive=True),
            float(number),
            decky=f"d{number}",
            service=f"x{number}",
            session=f"s{number}",
        )
        for number in range(many)
    ]
    agents = [entry(many + n, request(b"a%d" % n), float(many + n)) for n in range(1, 2 * folding.MAX_MARKS)]
    profile = profiled(*history, *agents)

    assert profile.command_lines.more == many - folding.MAX_LINES
    assert len(profile.command_lines.seen) == folding.MAX_LINES
    assert len(profile.marks["user_agent"].seen) == folding.MAX_MARKS
    assert (len(profile.path), profile.deckies) == (folding.MAX_PATH, many + 1)
    assert len(profile.services) == folding.MAX_SERVICES
    assert (len(profile.busy), len(profile.recent)) == (folding.MAX_BUSY, MAX_RECENT)
    assert len(msgpack.encode(profile)) < 20_000


def test_files_and_downloads_are_counted_and_large_ones_apart() -> None:
    fetched = DownloadFetched(url="http://x/", urls=(), status=200, media_type="", sha256="1" * 64, size=MIB)
    profile = profiled(
        entry(1, FileCaptured(path="/x", sha256="0" * 64, size=9, direction=Direction.IN, mechanism="scp")),
        entry(2, DownloadRequested(url="http://x/\x1b", mechanism="wget")),
        entry(3, fetched),
        entry(4, request(size=MIB)),
    )

    assert (profile.files, profile.downloads, profile.large_payloads) == (2, 1, 2)
    assert [one.value for one in profile.digests.seen] == ["0" * 64, "1" * 64]
    assert [one.value for one in profile.urls.seen] == ["http://x/\\x1b"]


def test_mutations_of_a_decky_are_kept_whoever_is_there_and_only_the_newest() -> None:
    many = 2 * folding.MAX_MUTATIONS
    change = [DeckyMutated(old=("a",), new=(f"n{number}",), trigger=Trigger.OPERATOR) for number in range(many)]
    history = [entry(n + 1, one, float(n), source="", session="") for n, one in enumerate(change)]
    kept, found = follow([*history, Entry(seq=many + 1, record=history[-1].record)], cuts=[3, 70])
    known = msgpack.decode(kept.mutated["web-01"], type=list[Mutation])

    assert (found, kept.rows) == ([], {})
    assert [one.new for one in known] == [(f"n{number}",) for number in range(many - folding.MAX_MUTATIONS, many)]


def test_findings_and_facts_without_a_peer_come_to_nothing() -> None:
    finding = AttackerObserved(address="203.0.113.7", decky="", service="", first_seen=NOW)
    entries = [entry(1, finding), entry(2, LimitReached(limit="x", value=1), source="")]

    assert asyncio.run(Profiler(Kept()).study(entries)) is NOTHING
