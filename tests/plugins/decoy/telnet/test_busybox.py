"""BusyBox's telnetd, as Debian 12's busybox 1.35.0 spoke on loopback: it asks, answers nothing, and prompts at once."""

import pytest

from decnet_actors.conformance.fakes import NOW, fake_deps
from decnet_actors.contracts.decoy import Effect, HangUp, Note, Send, WakeAt
from decnet_actors.domain.facts import CredentialSeen, LimitReached, TelnetClientSeen
from decnet_actors.domain.peer import Peer
from decnet_actors.machine.persona import generate
from plugins.decoy.telnet import PLUGIN

OPENING = bytes.fromhex("fffd01fffd1ffffb01fffb03") + b"\r\r\n"


class Log:
    id = "s"
    peer = Peer(address="198.51.100.7", port=40000, local_address="192.0.2.10", local_port=23)


class Talk:
    def __init__(self, distribution="dvr:armv7", accepts=()):
        self.persona = generate(3, "dvr-01", "192.0.2.10", NOW, distribution=distribution)
        deps = fake_deps(service="telnet", persona=self.persona, accepts=accepts)
        self.effects: list[Effect] = []
        self.session = PLUGIN.create(PLUGIN.config(failure_delay=0.0), deps).connect(Log())
        self.greeting = self._take(self.session.opened(NOW))

    def _take(self, effects) -> bytes:
        self.effects += effects
        return b"".join(effect.data for effect in effects if isinstance(effect, Send))

    def say(self, data: bytes) -> bytes:
        return self._take(self.session.received(data, NOW))

    def facts(self, kind):
        return [one.fact for one in self.effects if isinstance(one, Note) and isinstance(one.fact, kind)]


def test_the_prompt_comes_with_the_opening():
    talk = Talk()

    assert OPENING + talk.persona.hostname.encode() + b" login: " == talk.greeting
    assert any(isinstance(one, WakeAt) for one in talk.effects)


@pytest.mark.parametrize(
    "said", ["fffd63fffb63", "fffd01fffd03fffc1f", "fffb01fffe03fffb18fffd05", "fffa1f00500018fff0"]
)
def test_no_option_is_answered(said):
    assert b"" == Talk().say(bytes.fromhex(said))


def test_are_you_there_is_met_with_silence_by_old_ones_and_a_doubled_octet_by_new_ones():
    assert b"" == Talk().say(b"\xff\xf6")
    assert b"\xff\xff\xf1" == Talk("alpine:3.19").say(b"\xff\xf6")


def test_a_log_in_records_the_client_once_and_then_the_credential():
    talk = Talk()
    talk.say(bytes.fromhex("fffb1f"))

    assert b"root\r\nPassword: " == talk.say(b"root\r\n")
    for _ in range(2):
        assert talk.say(b"xc3511\r\n").endswith(b" login: ")
        talk.say(b"root\r\n")
    assert [("WILL NAWS",)] * 1 == [fact.options for fact in talk.facts(TelnetClientSeen)]
    assert [b"xc3511"] * 2 == [fact.secret for fact in talk.facts(CredentialSeen)]


def test_the_third_wrong_password_ends_it_without_a_word():
    talk = Talk()
    said = b""
    for _ in range(3):
        talk.say(b"root\r\n")
        said = talk.say(b"wrong\r\n")

    assert b"\r\n\r\nLogin incorrect\r\n" == said
    assert any(isinstance(one, HangUp) for one in talk.effects)
    assert [3] == [fact.value for fact in talk.facts(LimitReached)]
