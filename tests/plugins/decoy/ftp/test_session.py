"""Tests of what an FTP session records, keeps and bounds."""

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.contracts.decoy import EndData, HangUp, ListenData, Send
from decnet_actors.domain.facts import (
    CommandSeen,
    CredentialSeen,
    Direction,
    FileCaptured,
    ForwardRequested,
    LimitReached,
    Outcome,
)
from plugins.decoy.ftp.session import MAX_QUEUED
from plugins.decoy.ftp.transfers import MAX_UPLOAD, PATIENCE
from tests.plugins.decoy.ftp.replay import PACKAGES, machine, stage

every_daemon = pytest.mark.parametrize("daemon", PACKAGES)


def inside(daemon="vsftpd", **options):
    made = stage(daemon, **options)
    made.say(b"USER ops\r\nPASS s3cret\r\n")
    made.answers()
    return made


def of(made, kind):
    return [fact for fact in made.facts if isinstance(fact, kind)]


@every_daemon
def test_log_in_is_recorded_before_it_is_answered(daemon):
    made = stage(daemon)
    effects = made.session.received(b"USER ops\r\nPASS s3cret\r\n", made.time())
    kinds = [getattr(effect, "fact", effect) for effect in effects]
    seen = CredentialSeen(user="ops", secret=b"s3cret", mechanism="ftp", outcome=Outcome.ACCEPTED)

    assert seen in kinds
    assert kinds.index(seen) < max(i for i, effect in enumerate(kinds) if isinstance(effect, Send))


@every_daemon
def test_refusal_takes_as_long_as_the_daemons(daemon):
    made = stage(daemon)
    made.say(b"USER ops\r\nPASS wrong\r\n")
    made.answers()
    made.wait(0.9)

    assert made.answers() == ()

    made.wait(20)

    assert made.answers()[0].startswith("530 ")


def test_account_that_is_not_there_never_logs_in():
    made = stage("vsftpd")
    made.say(b"USER nobody-here\r\nPASS s3cret\r\n")
    made.wait(20)

    assert [Outcome.REFUSED] == [fact.outcome for fact in of(made, CredentialSeen)]


def test_name_of_a_peer_that_leaves_without_a_password_is_kept():
    made = stage("vsftpd")
    made.say(b"USER admin\r\n")
    made.take(made.session.closed(made.time()))

    assert CommandSeen(verb="USER", args=(b"admin",)) in made.facts


@every_daemon
def test_upload_persists_is_listed_and_captured(daemon):
    there = machine()
    made = inside(daemon, files=there)
    made.say(b"TYPE I\r\nPASV\r\nSTOR dropper.sh\r\n")
    made.upload(b"#!/bin/sh\n" * 100)
    data = b"#!/bin/sh\n" * 100
    digest = hashlib.sha256(data).hexdigest()
    captured = FileCaptured(
        path="/home/ops/dropper.sh", sha256=digest, size=len(data), direction=Direction.IN, mechanism="ftp"
    )

    assert captured in made.facts
    assert [data] == list(made.session.take_artifacts())

    again = inside(daemon, files=there)
    again.say(b"PASV\r\nLIST\r\n")

    assert any("dropper.sh" in line for line in again.downloaded())

    again.say(b"TYPE I\r\nPASV\r\nRETR dropper.sh\r\n")

    assert data == "".join(again.downloaded()).replace("\\n", "\n").encode()


def test_upload_cut_off_is_kept_as_far_as_it_came():
    made = inside()
    made.say(b"PASV\r\nSTOR part.bin\r\n")
    made.take(made.session.data_received(b"abc", made.time()))
    made.take(made.session.closed(made.time()))

    assert [(3, True)] == [(fact.size, fact.truncated) for fact in of(made, FileCaptured)]


@every_daemon
def test_upload_beyond_the_cap_is_refused_and_recorded(daemon):
    made = inside(daemon)
    made.say(b"TYPE I\r\nPASV\r\nSTOR big.bin\r\n")
    made.answers()
    piece = b"\0" * (1 << 20)
    for _ in range(MAX_UPLOAD // len(piece) + 2):
        if made.is_open:
            made.take(made.session.data_received(piece, made.time()))

    assert not made.is_open
    assert [True] == [fact.truncated for fact in of(made, FileCaptured)]
    assert ["upload_bytes"] == [fact.limit for fact in of(made, LimitReached)]
    assert made.answers()[-1][0] in "45"


@every_daemon
@pytest.mark.parametrize(
    ("command", "host", "port"),
    [
        ("PORT 203,0,113,9,20,20", "203.0.113.9", 5140),
        ("PORT 10,0,0,9,20,20", "10.0.0.9", 5140),
        ("EPRT |1|203.0.113.9|5140|", "203.0.113.9", 5140),
    ],
)
def test_bounce_is_recorded_and_reaches_nobody(daemon, command, host, port):
    made = inside(daemon)
    effects = made.session.received(f"{command}\r\nLIST\r\n".encode(), made.time())
    made.take(effects)
    kind = f"ftp {command[:4].lower()}"

    assert [ForwardRequested(kind=kind, host=host, port=port)] == of(made, ForwardRequested)
    assert not [effect for effect in effects if isinstance(effect, ListenData)]
    assert made.answers()[-1].startswith("425 ")


def test_peer_that_does_not_connect_is_waited_for_and_given_up():
    made = inside()
    made.late = True
    made.say(b"PASV\r\nLIST\r\nPWD\r\n")

    assert len(made.answers()) == 1

    made.wait(PATIENCE + 1)

    assert [line[:4] for line in made.answers()] == ["425 ", "257 "]


def test_commands_sent_during_a_transfer_wait_and_are_bounded():
    made = inside()
    made.say(b"PASV\r\nSTOR a\r\n")
    made.say(b"NOOP\r\n")
    made.answers()
    made.say(b"NOOP x\r\n" * (MAX_QUEUED // 7))

    assert made.over
    assert ["queued_commands"] == [fact.limit for fact in of(made, LimitReached)]


def test_port_of_vsftpd_is_any_and_of_others_the_kernels():
    ports = set()
    made = inside("vsftpd")
    for _ in range(20):
        made.say(b"EPSV\r\n")
        ports.add(made.port)

    assert len(ports) > 10
    assert min(ports) >= 1024

    effects = inside("proftpd").session.received(b"EPSV\r\n", 0.0)

    assert [0] == [effect.port for effect in effects if isinstance(effect, ListenData)]


def test_host_that_cannot_listen_is_told_as_the_daemon_does():
    made = inside()
    made.session.received(b"PASV\r\n", made.time())
    made.take(made.session.data_listening(0, made.time()))

    assert made.answers() == ("425 Failed to establish connection.\\r\\n",)


def test_guest_sees_nothing_above_its_root():
    made = stage("vsftpd", anonymous=True)
    made.say(b"USER anonymous\r\nPASS a@b\r\nCWD ../../etc\r\nCWD ..\r\nPWD\r\nPASV\r\nRETR ../../etc/group\r\n")

    assert made.downloaded() == ()
    assert '257 "/" is the current directory\\r\\n' in made.answers()


def test_read_only_server_takes_nothing():
    made = inside(writable=False)
    made.say(b"PASV\r\nSTOR x\r\nMKD y\r\nDELE notes.txt\r\nSITE CHMOD 777 notes.txt\r\nRNFR notes.txt\r\n")

    assert ["550"] * 5 == [line[:3] for line in made.answers()[1:]]


_SAID = (
    "USER ops|USER x|PASS s3cret|PASS y|PASV|EPSV|PORT 127,0,0,1,20,20|PORT 9,9,9,9,1,1|LIST|NLST|MLSD|STOU|REST 3"
    "|RETR notes.txt|RETR nothing|STOR n|APPE n|RNFR notes.txt|RNTO m|CWD docs|CWD ..|CDUP|MKD d|RMD d|DELE n|ABOR"
    "|STAT|STAT .|TYPE A|TYPE I|SIZE notes.txt|MDTM notes.txt|SITE CHMOD 600 m|EPSV ALL|NOOP|FEAT|HELP|FOO|AUTH TLS"
    "|OPTS UTF8 ON|PROT P|{0}|MKD {x}|CWD %s"
)
WORDS = st.sampled_from(_SAID.split("|"))
HAPPENS = st.one_of(
    WORDS.map(lambda word: ("say", word)),
    st.sampled_from([("connect", ""), ("upload", "data"), ("close", ""), ("wait", ""), ("gone", "")]),
)


@pytest.mark.slow
@every_daemon
@given(happens=st.lists(HAPPENS, max_size=30), seed=st.integers(0, 3))
def test_any_order_of_commands_and_data_is_answered_once(daemon, happens, seed):
    """The control machine: it never fails, never answers when over, and waits only for what can come."""
    made = stage(daemon)
    made.late = bool(random.Random(seed).randrange(2))
    commands = 0
    for kind, word in happens:
        if made.over:
            break
        match kind:
            case "say":
                commands += 1
                made.say(word.encode() + b"\r\n")
            case "connect" if made.port and not made.is_open:
                made.connect()
            case "upload":
                made.upload(word.encode())
            case "close":
                made.close()
            case "wait":
                made.wait(120)
            case _:
                pass
    if not made.over:
        made.close()
        made.wait(120)
        made.late = False
        made.say(b"NOOP\r\n")
        made.wait(120)

        assert made.answers()
    made.session.closed(made.time())
    assert EndData not in map(type, made.session.closed(made.time()))
    assert HangUp not in map(type, made.session.closed(made.time()))
