import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.conformance.fake_machine import FakeMachine
from decnet_actors.conformance.fakes import NOW
from decnet_actors.contracts.decoy import HangUp, Note, Send
from decnet_actors.contracts.machine import Pty
from decnet_actors.domain.facts import CommandSeen, FileCaptured
from plugins.decoy.ssh import sftp as module
from plugins.decoy.ssh.releases import release_of
from plugins.decoy.ssh.sftp import Sftp

EXTENSIONS = release_of("1:9.2p1-2+deb12u10").sftp


def s(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def n(*numbers: int) -> bytes:
    return b"".join(struct.pack(">I", number) for number in numbers)


def packet(kind: int, body: bytes) -> bytes:
    return s(bytes((kind,)) + body)


class Talk:
    def __init__(self, user="root", *, greet=True) -> None:
        self.machine = FakeMachine()
        self.program = Sftp(self.machine, user, EXTENSIONS)
        self.facts: list[Any] = []
        self.over = False
        if greet:
            self.ask(1, n(3))

    def feed(self, data: bytes) -> bytes:
        got = b""
        for effect in self.program.received(data, NOW):
            match effect:
                case Send(data=sent):
                    got += sent
                case Note(fact=fact):
                    self.facts.append(fact)
                case HangUp():
                    self.over = True
                case _:
                    raise AssertionError(effect)
        return got

    def ask(self, kind: int, body: bytes) -> bytes:
        return self.feed(packet(kind, body))[4:]

    def put(self, path: bytes, data: bytes) -> None:
        handle = self.ask(3, n(1) + s(path) + n(2 | 8 | 16, 0))[-4:]
        self.ask(6, n(2) + s(handle) + struct.pack(">Q", 0) + s(data))
        self.ask(4, n(3) + s(handle))


def status(number: int, code: int, text: bytes) -> bytes:
    return b"e" + n(number, code) + s(text) + s(b"")


NO_FILE = status(9, 2, b"No such file")
FAILURE = status(9, 4, b"Failure")
OK = status(9, 0, b"Success")


def test_the_greeting_is_the_one_recorded():
    expected = (
        b"\x02\x00\x00\x00\x03\x00\x00\x00\x18posix-rename@openssh.com\x00\x00\x00\x011\x00\x00\x00\x13statvfs@openssh.com"
        b"\x00\x00\x00\x012\x00\x00\x00\x14fstatvfs@openssh.com\x00\x00\x00\x012\x00\x00\x00\x14hardlink@openssh.com"
        b"\x00\x00\x00\x011\x00\x00\x00\x11fsync@openssh.com\x00\x00\x00\x011\x00\x00\x00\x14lsetstat@openssh.com\x00\x00"
        b"\x00\x011\x00\x00\x00\x12limits@openssh.com\x00\x00\x00\x011\x00\x00\x00\x17expand-path@openssh.com\x00\x00\x00"
        b"\x011\x00\x00\x00\tcopy-data\x00\x00\x00\x011\x00\x00\x00\x0ehome-directory\x00\x00\x00\x011\x00\x00\x00\x1e"
        b"users-groups-by-id@openssh.com\x00\x00\x00\x011"
    )

    assert expected == Talk(greet=False).ask(1, n(3))


# Recorded from sftp-server 9.2p1 in a directory with a file "a" and a directory "d".
@pytest.mark.parametrize(
    ("kind", "body", "answer"),
    [
        (16, s(b"."), b"h" + n(9, 1) + s(b"/root") * 2 + n(0)),
        (16, s(b""), b"h" + n(9, 1) + s(b"/root") * 2 + n(0)),
        (16, s(b"/nope"), b"h" + n(9, 1) + s(b"/nope") * 2 + n(0)),
        (16, s(b"/nope/x"), NO_FILE),
        (17, s(b"zz"), NO_FILE),
        (11, s(b"a"), NO_FILE),
        (11, s(b"d"), b"f" + n(9) + s(n(0))),
        (4, s(n(0)), NO_FILE),
        (3, s(b"d") + n(2, 0), FAILURE),
        (3, s(b"q") + n(1, 0), NO_FILE),
        (3, s(b"a") + n(2 | 8 | 32, 0), FAILURE),
        (18, s(b"a") + s(b"d"), FAILURE),
        (14, s(b"d") + n(0), FAILURE),
        (15, s(b"a"), NO_FILE),
        (13, s(b"d"), FAILURE),
        (19, s(b"a"), status(9, 5, b"Bad message")),
        (20, s(b"a") + s(b"lnk"), OK),
        (9, s(b"a") + n(4, 0o600), OK),
        (200, s(b"foo@bar"), status(9, 8, b"Operation unsupported")),
        (200, s(b"limits@openssh.com"), b"\xc9" + n(9) + struct.pack(">4Q", 262144, 261120, 261120, 19995)),
        (200, s(b"expand-path@openssh.com") + s(b"~/x"), b"h" + n(9, 1) + s(b"/root/x") * 2 + n(0)),
        (200, s(b"home-directory") + s(b"root"), b"h" + n(9, 1) + s(b"/root") * 2 + n(0)),
        (200, s(b"home-directory") + s(b"nobody-here"), NO_FILE),
        (
            200,
            s(b"users-groups-by-id@openssh.com") + s(n(0, 99)) + s(n(0)),
            b"\xc9" + n(9) + s(s(b"root") + s(b"")) + s(s(b"root")),
        ),
        (200, s(b"posix-rename@openssh.com") + s(b"a") + s(b"b"), OK),
        (200, s(b"hardlink@openssh.com") + s(b"a") + s(b"b"), FAILURE),
        (99, b"", b""),
    ],
)
def test_answers_are_those_of_the_real_server(kind, body, answer):
    talk = Talk()
    talk.machine.files.write("/root/a", b"hi\n", now=NOW)
    talk.machine.files.mkdir("/root/d", now=NOW)

    assert answer == talk.ask(kind, n(9) + body)


def test_a_listing_looks_like_ls():
    talk = Talk()
    talk.machine.files.write("/root/a", b"hi\n", now=NOW)
    talk.ask(11, n(1) + s(b"."))
    listing = talk.ask(12, n(2) + s(n(0)))

    assert (
        s(b"a") + s(b"-rw-r--r--    1 root     root            3 Nov 14 22:13 a") + n(0xF, 0, 3, 0, 0, 0o100644)
        in listing
    )
    assert n(2, 3) == listing[1:9]
    assert status(3, 1, b"End of file") == talk.ask(12, n(3) + s(n(0)))


def test_a_file_is_read_in_parts():
    talk = Talk()
    talk.machine.files.write("/tmp/f", b"0123456789", now=NOW)
    handle = talk.ask(3, n(1) + s(b"/tmp/f") + n(1, 0))[-4:]

    assert b"g" + n(2) + s(b"345") == talk.ask(5, n(2) + s(handle) + struct.pack(">Q", 3) + n(3))
    assert status(2, 1, b"End of file") == talk.ask(5, n(2) + s(handle) + struct.pack(">Q", 10) + n(3))
    assert b"i" + n(2, 0xF, 0, 10) == talk.ask(8, n(2) + s(handle))[:17]


def test_an_upload_is_captured_when_it_is_closed():
    talk = Talk()
    talk.put(b"/tmp/x", b"payload")

    assert b"payload" == talk.machine.files.read("/tmp/x")
    assert [CommandSeen, FileCaptured] == [type(fact) for fact in talk.facts]
    assert (b"/tmp/x",) == talk.facts[0].args
    assert ("/tmp/x", 7, "sftp", False) == (
        talk.facts[1].path,
        talk.facts[1].size,
        talk.facts[1].mechanism,
        talk.facts[1].truncated,
    )
    assert [b"payload"] == list(talk.program.take_artifacts())
    assert [] == list(talk.program.take_artifacts())


def test_parts_written_in_any_order_make_the_file():
    talk = Talk()
    handle = talk.ask(3, n(1) + s(b"f") + n(1 | 2 | 8, 0))[-4:]
    talk.ask(6, n(2) + s(handle) + struct.pack(">Q", 4) + s(b"9"))
    talk.ask(6, n(2) + s(handle) + struct.pack(">Q", 0) + s(b"ab"))

    assert b"g" + n(2) + s(b"ab\0\x009") == talk.ask(5, n(2) + s(handle) + struct.pack(">Q", 0) + n(99))
    talk.ask(10, n(2) + s(handle) + n(1, 0, 2))
    talk.ask(4, n(2) + s(handle))

    assert b"ab" == talk.machine.files.read("/root/f")


def test_appending_keeps_what_was_there():
    talk = Talk()
    talk.machine.files.write("/root/log", b"one\n", now=NOW)
    handle = talk.ask(3, n(1) + s(b"log") + n(2 | 4 | 8, 0))[-4:]
    talk.ask(6, n(2) + s(handle) + struct.pack(">Q", 0) + s(b"two\n"))
    talk.ask(4, n(2) + s(handle))

    assert b"one\ntwo\n" == talk.machine.files.read("/root/log")


def test_a_full_session_refuses_more_and_says_so_in_the_fact(monkeypatch):
    monkeypatch.setattr(module, "MAX_HELD", 10)
    talk = Talk()
    handle = talk.ask(3, n(1) + s(b"big") + n(2 | 8, 0))[-4:]

    assert OK == talk.ask(6, n(9) + s(handle) + struct.pack(">Q", 0) + s(b"12345678"))
    assert FAILURE == talk.ask(6, n(9) + s(handle) + struct.pack(">Q", 8) + s(b"abc"))
    assert FAILURE == talk.ask(6, n(9) + s(handle) + struct.pack(">Q", 1 << 62) + s(b"a"))
    talk.ask(4, n(9) + s(handle))

    assert talk.facts[-1].truncated
    assert 0 == talk.program._held


def test_handles_run_out():
    talk = Talk()
    for _ in range(100):
        talk.ask(11, n(1) + s(b"."))

    assert FAILURE == talk.ask(11, n(9) + s(b"."))


def test_what_was_not_closed_is_kept_at_the_end():
    talk = Talk()
    handle = talk.ask(3, n(1) + s(b"f") + n(2 | 8, 0))[-4:]
    talk.ask(6, n(2) + s(handle) + struct.pack(">Q", 0) + s(b"half"))
    effects = talk.program.ended(NOW)

    assert [FileCaptured] == [type(effect.fact) for effect in effects if isinstance(effect, Note)]
    assert HangUp() == effects[-1]
    assert [] == list(talk.program.ended(NOW))
    assert (0, (), ()) == (talk.program.status, talk.program.tick(NOW), talk.program.resized(Pty(), NOW))


@pytest.mark.parametrize("stream", [n(0), n(1 << 20), packet(17, n(1) + n(50)), packet(17, n(1) + s(b"x"))])
def test_a_broken_packet_ends_the_session(stream):
    talk = Talk(greet=False)
    talk.feed(stream + bytes(8))

    assert talk.over


@given(st.lists(st.tuples(st.integers(1, 20) | st.just(200), st.binary(max_size=30)), max_size=12), st.booleans())
def test_any_packets_are_answered_or_end_it_and_splits_change_nothing(packets, greet):
    stream = b"".join(packet(kind, n(1) + body) for kind, body in packets)
    whole, single = Talk(greet=greet), Talk(greet=greet)
    expected = whole.feed(stream)
    got = b"".join(single.feed(stream[i : i + 1]) for i in range(len(stream)))

    assert expected == got
    assert whole.facts == single.facts
