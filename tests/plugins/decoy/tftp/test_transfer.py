"""Transfers with losses, repetitions, strangers and caps."""

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.conformance.fakes import NOW, FakeTime
from decnet_actors.contracts.decoy import HangUp, Note, Send, WakeAt
from decnet_actors.domain.facts import CommandSeen, FileCaptured, ProtocolViolated
from decnet_actors.wire import tftp
from decnet_actors.wire.tftp import Ack, Code, Data, Error, Oack, Op, Request
from plugins.decoy.tftp import folder as folders
from plugins.decoy.tftp.folder import Room
from plugins.decoy.tftp.transfer import PATIENCE, STRANGER, TftpConversation
from tests.plugins.decoy.tftp.served import folder


class Talk:
    """The host's part."""

    def __init__(self, *, create=True, room=None, served=None):
        self.time = FakeTime()
        self.folder = served or folder(create=create)
        self.conversation = TftpConversation(self.folder, room or Room())
        self.facts = []
        self.wake = float("inf")
        self.over = False

    def say(self, packet):
        data = packet if isinstance(packet, bytes) else tftp.build(packet)
        return self.take(self.conversation.received(data, self.time()))

    def wait(self):
        self.time.seconds = self.wake
        self.wake = float("inf")
        return self.take(self.conversation.tick(self.time()))

    def take(self, effects):
        for effect in effects:
            if isinstance(effect, WakeAt):
                self.wake = effect.when
            elif isinstance(effect, Note):
                self.facts.append(effect.fact)
            elif isinstance(effect, HangUp):
                self.over = True
        return [tftp.parse(effect.data) for effect in effects if isinstance(effect, Send)]

    def of(self, kind):
        return [fact for fact in self.facts if isinstance(fact, kind)]


def wants(name, mode=b"octet", *options):
    return Request(Op.RRQ, name, mode, options)


def brings(name, mode=b"octet", *options):
    return Request(Op.WRQ, name, mode, options)


def test_stranger_gets_one_packet_and_then_nothing():
    talk = Talk()

    assert [Data(1, b"z" * 512)] == talk.say(wants(b"big.bin"))
    assert [] == talk.wait()
    assert [] == talk.wait()
    assert talk.over
    assert NOW + STRANGER == talk.time()


def test_block_is_sent_again_once_to_a_peer_that_has_answered():
    talk = Talk()
    talk.say(wants(b"big.bin"))
    (second,) = talk.say(Ack(1))

    assert [second] == talk.wait()
    assert [] == talk.wait()
    assert talk.over
    assert NOW + PATIENCE == talk.time()


@pytest.mark.parametrize("packet", [Ack(0), Ack(2), Data(1, b"x"), b"\0\1", b"", Oack(())])
def test_what_is_out_of_place_is_not_answered(packet):
    talk = Talk()
    talk.say(wants(b"big.bin"))

    assert [] == talk.say(packet)
    assert not talk.over
    assert [Data(2, b"z" * 512)] == talk.say(Ack(1))


def test_what_is_no_request_is_recorded_and_ends_in_silence():
    talk = Talk()

    assert [] == talk.say(Ack(1))
    assert talk.over
    assert [b"\0\4\0\1"] == [fact.sample for fact in talk.of(ProtocolViolated)]


def test_request_is_recorded_with_its_options():
    talk = Talk()
    talk.say(wants(b"big.bin", b"octet", (b"blksize", b"16")))

    assert [CommandSeen(verb="RRQ", args=(b"big.bin", b"octet", b"blksize", b"16"))] == talk.of(CommandSeen)


@given(st.lists(st.sampled_from(["ack", "again", "late", "noise"]), max_size=60), st.integers(8, 700), st.booleans())
def test_file_comes_whole_or_not_whatever_is_lost(doings, size, is_text):
    talk = Talk()
    name = b"a.txt" if is_text else b"big.bin"
    expected = tftp.to_netascii(b"hello\nworld\r\nx") if is_text else b"z" * 1300
    said = talk.say(wants(name, b"netascii" if is_text else b"octet", (b"blksize", b"%d" % size)))

    assert [Oack(((b"blksize", b"%d" % size),))] == said

    got, last, sent = b"", 0, 1
    for doing in [*doings, *["ack"] * 200]:
        if talk.over:
            break
        if doing == "late" and talk.wake < float("inf"):
            said = talk.wait()
        else:
            said = talk.say(
                {"ack": Ack(last), "again": Ack(max(0, last - 1)), "noise": Ack(9999)}.get(doing, Ack(last))
            )
        sent += len(said)
        for packet in said:
            if isinstance(packet, Data) and packet.block == last + 1:
                got, last = got + packet.data, last + 1

    assert expected.startswith(got)
    assert got == expected or "late" in doings
    assert sent <= 2 * (last + 1)


@given(st.binary(max_size=3000), st.lists(st.booleans(), max_size=10))
def test_upload_is_kept_however_often_blocks_are_repeated(content, repeats):
    talk = Talk()

    assert [Ack(0)] == talk.say(brings(b"new"))

    blocks = [content[at : at + 512] for at in range(0, len(content) + 1, 512)]
    for number, block in enumerate(blocks, 1):
        assert [Ack(number)] == talk.say(Data(number, block))

        if number < len(blocks) and number <= len(repeats) and repeats[number - 1]:
            assert [Ack(number)] == talk.say(Data(number, block))

    assert content == talk.folder.read(b"new", 0, 4000)
    assert [(len(content), False)] == [(fact.size, fact.truncated) for fact in talk.of(FileCaptured)]
    assert (content,) == tuple(talk.conversation.take_artifacts())
    assert [] == talk.wait()
    assert talk.over


def test_file_that_was_cut_off_is_kept_as_far_as_it_came():
    room = Room()
    talk = Talk(room=room)
    talk.say(brings(b"new"))
    talk.say(Data(1, b"x" * 512))

    assert 512 == room.held

    talk.take(talk.conversation.closed(NOW))

    assert [(512, True)] == [(fact.size, fact.truncated) for fact in talk.of(FileCaptured)]
    assert 0 == room.held


@pytest.mark.parametrize("cap", ["MAX_FILE", "MAX_TOGETHER"])
def test_upload_beyond_a_cap_is_refused_as_by_a_full_disk(monkeypatch, cap):
    monkeypatch.setattr(f"plugins.decoy.tftp.transfer.{cap}", 1000)
    talk = Talk()
    talk.say(brings(b"new"))
    talk.say(Data(1, b"x" * 512))

    assert [Error(Code.DISK_FULL, b"Disk full or allocation exceeded")] == talk.say(Data(2, b"x" * 512))
    assert talk.over
    assert [True] == [fact.truncated for fact in talk.of(FileCaptured)]


@pytest.mark.slow
def test_numbers_of_blocks_begin_again_where_it_was_agreed():
    served = folder(create=True)
    served.write(b"long", b"y" * 8 * 65_540, NOW)
    talk = Talk(served=served)
    talk.say(wants(b"long", b"octet", (b"blksize", b"8"), (b"rollover", b"1")))
    (packet,) = talk.say(Ack(0))
    seen = [packet.block]
    while len(packet.data) == 8:
        (packet,) = talk.say(Ack(packet.block))
        seen.append(packet.block)

    assert [65_534, 65_535, 1, 2] == seen[65_533:65_537]


def test_other_errors_are_said_as_the_c_library_says_them():
    assert Error(Code.UNDEFINED, b"Input/output error") == folders.refusal(OSError(errno.EIO, "x"))
    assert Error(Code.DISK_FULL, b"Disk full or allocation exceeded") == folders.refusal(OSError(errno.EDQUOT, "x"))
