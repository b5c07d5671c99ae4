"""The fold, without a database."""

import functools
import itertools
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.domain.facts import (
    CloseReason,
    CommandSeen,
    Direction,
    FileCaptured,
    HttpRequestSeen,
    SessionClosed,
    SessionOpened,
    ShellCommandSeen,
    SshClientSeen,
    TelnetClientSeen,
    TerminalSeen,
)
from decnet_actors.domain.records import Entry
from decnet_actors.store import statements
from decnet_actors.store.projection import Deltas, credential_digest, fold
from tests.decnet_actors.store.samples import NOW, login, record, session_id

FACTS = st.sampled_from(
    [
        SessionOpened(local_address="192.0.2.1", local_port=22),
        SessionClosed(reason=CloseReason.IDLE, duration=1.0, bytes_in=3, bytes_out=4),
        login(),
        login(None, b"\x00"),
        login("admin", accepted=True),
        login(None, b"", accepted=True),
        CommandSeen(verb="PING"),
        ShellCommandSeen(line="id", interactive=True),
        TerminalSeen(direction=Direction.IN, data=b"x"),
        SshClientSeen(version="SSH-2.0-Go", hassh="", algorithms=""),
        TelnetClientSeen(options=("DO ECHO",)),
        TelnetClientSeen(options=(), terminal="vt100"),
        FileCaptured(path="x", sha256="", size=1, direction=Direction.IN, mechanism="scp"),
    ]
)
RECORDS = st.builds(
    record,
    st.integers(0, 200),
    FACTS,
    session=st.none() | st.integers(0, 3),
    source=st.sampled_from(["", "192.0.2.1", "2001:db8::1"]),
)


RULES: dict[str, Callable[[Any, Any], Any]] = {
    "sum": lambda a, b: a + b,
    "new": lambda _, b: b,
    "coalesce": lambda a, b: a if b is None else b,
    "keep": lambda a, b: b if a is None else a,
    "least": min,
    "greatest": max,
}


def entries(records) -> list[Entry]:
    return [Entry(seq=seq, record=item) for seq, item in enumerate(records, 1)]


def merged(first: Deltas, second: Deltas) -> Deltas:
    """Add two batches the way the database does, by ``statements.MERGE_*``."""
    sides = (
        ("sessions", statements.MERGE_SESSION),
        ("sources", statements.MERGE_SOURCE),
        ("credentials", statements.MERGE_CREDENTIAL),
        ("uses", statements.MERGE_USE),
        ("minutes", statements.MERGE_MINUTE),
    )
    for side, merge in sides:
        old, new = getattr(first, side), getattr(second, side)
        for key, delta in new.items():
            if key not in old:
                old[key] = delta
                continue
            for name, how in merge.items():
                mine, other = getattr(old[key], name), getattr(delta, name)
                setattr(old[key], name, RULES[how](mine, other))
    return first


@given(st.lists(RECORDS, max_size=30), st.lists(st.integers(0, 30), max_size=4))
def test_any_split_into_batches_adds_up_to_the_same(records, cuts) -> None:
    stored = entries(records)
    edges = sorted({0, len(stored), *(cut for cut in cuts if cut <= len(stored))})
    batches = [fold(stored[begin:end]) for begin, end in itertools.pairwise(edges)]

    got = functools.reduce(merged, batches, Deltas())
    assert fold(stored) == got


@given(st.lists(RECORDS, max_size=30))
def test_everything_is_counted_once(records) -> None:
    deltas = fold(entries(records))

    assert len(records) == sum(minute.events for minute in deltas.minutes.values())
    assert sum(bool(item.session) for item in records) == sum(item.events for item in deltas.sessions.values())
    assert sum(bool(item.source) for item in records) == sum(item.events for item in deltas.sources.values())
    logins = sum(item.kind == "CredentialSeen" for item in records)
    assert logins == sum(item.count for item in deltas.credentials.values())
    assert logins == sum(minute.credentials for minute in deltas.minutes.values())


def test_a_log_in_names_the_user_of_its_session() -> None:
    deltas = fold(entries([record(1, login("a\x00", accepted=True)), record(2, login("b"))]))

    assert deltas.sessions[session_id(1)].user == r"a\x00"


def test_a_user_agent_names_the_client() -> None:
    request = HttpRequestSeen(
        method="GET",
        target="/",
        version="HTTP/1.1",
        headers=((b"USER-agent", b"curl/8"),),
        body=b"",
        body_size=0,
        body_sha256="",
        status=200,
    )

    assert fold(entries([record(1, request)])).sessions[session_id(1)].client == "curl/8"


def test_a_clock_that_is_set_back_widens_what_was_seen() -> None:
    deltas = fold(entries([record(1, time=NOW + 90), record(2, time=NOW)]))

    assert (deltas.sources["203.0.113.7"].first_seen, deltas.sources["203.0.113.7"].last_seen) == (NOW, NOW + 90)
    assert sorted(deltas.minutes) == [int(NOW // 60), int(NOW // 60) + 1]


@given(
    st.tuples(st.text(), st.none() | st.text(), st.binary()), st.tuples(st.text(), st.none() | st.text(), st.binary())
)
def test_unlike_credentials_have_unlike_digests(one, other) -> None:
    assert (one == other) == (credential_digest(*one) == credential_digest(*other))


def test_the_parts_of_a_credential_cannot_be_moved() -> None:
    assert credential_digest("plaintext", "ab", b"c") != credential_digest("plaintext", "a", b"bc")
    assert credential_digest("plaintext", "", b"") != credential_digest("plaintext", None, b"")
