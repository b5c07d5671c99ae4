from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.conformance.fake_machine import FakeMachine
from decnet_actors.conformance.fakes import NOW
from decnet_actors.contracts.decoy import HangUp, Note, Send
from decnet_actors.contracts.machine import Pty
from plugins.decoy.ssh import scp as module
from plugins.decoy.ssh.scp import Scp, scp_of


class Talk:
    def __init__(self, command: str, *, machine=None) -> None:
        self.machine = machine or FakeMachine()
        arguments = scp_of(command)
        assert arguments is not None
        self.program = Scp(arguments, self.machine, "root")
        self.facts: list[Any] = []
        self.over = False
        self.first = self._take(self.program.opened(NOW))

    def _take(self, effects) -> bytes:
        got = b""
        for effect in effects:
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

    def say(self, data: bytes) -> bytes:
        return self._take(self.program.received(data, NOW))

    def end(self) -> bytes:
        return self._take(self.program.ended(NOW))


@pytest.mark.parametrize("command", ["scp -t /tmp", "scp -r -p -t -- /tmp", "/usr/bin/scp -v -f x y", "scp -rt 'a b'"])
def test_the_servers_command_line_is_known(command):
    assert scp_of(command) is not None


@pytest.mark.parametrize(
    "command",
    [
        "scp a b",
        "scp -t",
        "scp -t -f x",
        "scp -t x; id",
        "scp -t $(id)",
        "ls -t",
        "scp -t 'x",
        "scp -S /bin/sh -t x",
        "",
    ],
)
def test_anything_else_is_the_shells(command):
    assert scp_of(command) is None


def test_a_file_is_taken_and_captured():
    talk = Talk("scp -t /tmp")

    assert b"\0" == talk.first
    assert b"\0" == talk.say(b"C0755 5 bot\n")
    assert b"" == talk.say(b"he")
    assert b"\0" == talk.say(b"llo\0")
    assert b"hello" == talk.machine.files.read("/tmp/bot")
    assert ("/tmp/bot", 5, "scp", False) == (
        talk.facts[0].path,
        talk.facts[0].size,
        talk.facts[0].mechanism,
        talk.facts[0].truncated,
    )
    assert [b"hello"] == list(talk.program.take_artifacts())
    talk.end()

    assert talk.over
    assert 0 == talk.program.status


def test_a_target_that_is_no_directory_is_the_files_name():
    talk = Talk("scp -t /tmp/new")
    talk.say(b"C0644 0 old\n\0")

    assert b"" == talk.machine.files.read("/tmp/new")


def test_a_tree_is_taken_with_its_times():
    talk = Talk("scp -r -p -t /tmp")

    assert b"\0" * 6 == talk.say(b"T1000 0 2000 0\nD0750 0 d\nT3 0 4 0\nC0600 1 f\n" + b"x\0" + b"E\n")
    assert (4.0, 3.0) == (talk.machine.files.stat("/tmp/d/f").accessed, talk.machine.files.stat("/tmp/d/f").modified)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"C0644 1 ../x\n", b"\x01scp: error: unexpected filename: ../x\n"),
        (b"C0644 1 ..\n", b"\x01scp: error: unexpected filename: ..\n"),
        (b"D0755 0 d\n", b"\x01scp: received directory without -r\n"),
        (b"E\n", b"\x01scp: protocol error: unexpected <newline>\n"),
        (b"what\n", b"\x01scp: protocol error: expected control record\n"),
        (b"A" * 3000, b"\x01scp: protocol error: lost connection\n"),
    ],
)
def test_a_broken_peer_is_told(line, answer):
    talk = Talk("scp -t /tmp")

    assert answer == talk.say(line)
    assert talk.over
    assert 1 == talk.program.status


def test_a_directory_that_must_be_one_is_looked_for():
    assert b"\x01scp: /nope: Not a directory\n" == Talk("scp -d -t /nope").first


def test_a_file_that_cannot_be_written_is_captured_all_the_same():
    talk = Talk("scp -t /nope/x")
    talk.say(b"C0644 2 x\n")

    assert b"\x01scp: /nope/x: No such file or directory\n" == talk.say(b"ab\0")
    assert [b"ab"] == list(talk.program.take_artifacts())
    assert not talk.over


def test_a_huge_file_is_read_to_its_end_and_kept_in_part(monkeypatch):
    monkeypatch.setattr(module, "MAX_FILE", 4)
    talk = Talk("scp -t /tmp")
    talk.say(b"C0644 10 big\n")

    assert b"\0" == talk.say(b"0123456789\0")
    assert talk.facts[0].truncated
    assert b"0123" == talk.machine.files.read("/tmp/big")


def test_an_upload_cut_short_is_kept():
    talk = Talk("scp -t /tmp")
    talk.say(b"C0644 10 big\n012")
    talk.end()

    assert (3, True) == (talk.facts[0].size, talk.facts[0].truncated)
    assert 1 == talk.program.status


def test_a_file_is_given():
    machine = FakeMachine()
    machine.files.write("/tmp/f", b"data", now=NOW)
    talk = Talk("scp -p -f /tmp/f", machine=machine)

    assert b"" == talk.first
    assert b"T%d 0 %d 0\n" % (NOW, NOW) == talk.say(b"\0")
    assert b"C0644 4 f\n" == talk.say(b"\0")
    assert b"data\0" == talk.say(b"\0")
    assert b"" == talk.say(b"\0")
    assert talk.over


def test_a_tree_is_given():
    machine = FakeMachine()
    machine.files.mkdir("/tmp/d", now=NOW)
    machine.files.write("/tmp/d/f", b"x", now=NOW)
    talk = Talk("scp -r -f /tmp/d", machine=machine)

    assert b"D0755 0 d\nC0644 1 f\nx\0E\n" == b"".join(talk.say(b"\0") for _ in range(5))


def test_a_pattern_is_expanded():
    machine = FakeMachine()
    for name in ("a.txt", "b.txt", "c.bin", ".hidden.txt"):
        machine.files.write(f"/tmp/{name}", b"", now=NOW)
    talk = Talk("scp -f /tmp/*.txt", machine=machine)

    assert b"C0644 0 a.txt\n\0C0644 0 b.txt\n\0" == b"".join(talk.say(b"\0") for _ in range(5))


def test_what_is_not_there_is_told_without_waiting_for_an_answer():
    talk = Talk("scp -f /nope")

    assert b"\x01scp: /nope: No such file or directory\n" == talk.say(b"\0")
    assert talk.over
    assert 1 == talk.program.status


def test_a_directory_needs_its_flag():
    assert b"\x01scp: /tmp: not a regular file\n" == Talk("scp -f /tmp").say(b"\0")


def test_a_fatal_answer_ends_it():
    talk = Talk("scp -f /etc/hostname")
    talk.say(b"\x02lost\n")

    assert talk.over
    assert ((), ()) == (talk.program.tick(NOW), talk.program.resized(Pty(), NOW))


@given(
    st.lists(
        st.sampled_from(
            [b"C0644 3 f\n", b"abc\0", b"\0", b"E\n", b"D0755 0 d\n", b"T1 0 2 0\n", b"x", b"\n", b"\1no\n"]
        )
    )
)
def test_splits_change_nothing(parts):
    stream = b"".join(parts)
    whole, single = Talk("scp -r -t /tmp"), Talk("scp -r -t /tmp")
    expected = whole.say(stream)
    got = b"".join(single.say(stream[i : i + 1]) for i in range(len(stream)) if not single.over)

    assert expected == got
    assert whole.facts == single.facts
