from itertools import pairwise

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.conformance.fake_machine import FakeMachine
from decnet_actors.conformance.fakes import NOW, FakeTime, fake_deps
from decnet_actors.contracts.decoy import Effect, HangUp, Note, Send, WakeAt
from decnet_actors.domain.facts import (
    CredentialSeen,
    Fact,
    LimitReached,
    Outcome,
    ShellCommandSeen,
    TelnetClientSeen,
)
from decnet_actors.domain.peer import Peer
from plugins.decoy.telnet import PLUGIN, TelnetConfig
from plugins.decoy.telnet.session import TelnetSession

PEER = Peer(address="198.51.100.7", port=40000, local_address="192.0.2.10", local_port=23)
# Recorded from Debian 12's telnetd 2.4-2+deb12u3 and login 4.13 (loopback, 2026-11-21).
OPENING = bytes.fromhex("fffb25fffb26fffd18fffd20fffd23fffd27fffd24")
REFUSAL = bytes.fromhex("fffe25fffe26fffc18fffc20fffc23fffc27fffc24")
TERMINAL = bytes.fromhex("fffb03fffd01fffd22fffd1ffffb05fffd21")
TERMINAL_REFUSAL = bytes.fromhex("fffd03fffc01fffc22fffc1ffffe05fffc21")
LAST = bytes.fromhex("fffb01fffd06fffd00")
LAST_REFUSAL = bytes.fromhex("fffd01fffc06fffc00")
BANNER = b"\r\nLinux 6.1.0-18-amd64 (web-01.corp.example) (pts/0)\r\n\r\nweb-01 login: "


class Log:
    id = "s"
    peer = PEER

    def now(self) -> float:
        return NOW

    def note(self, fact: Fact) -> None:
        raise AssertionError

    async def settled(self) -> None:
        raise AssertionError

    def hang_up(self, *, reset: bool = False) -> None:
        raise AssertionError


class Talk:
    """A session and what it did; commands recorded in between are left to the machine's own tests."""

    def __init__(self, *, packages=None, accepts=(), **options) -> None:
        self.time = FakeTime()
        self.deps = fake_deps(service="telnet", accepts=accepts, packages=packages, now=self.time)
        session = PLUGIN.create(evolve(TelnetConfig(), **options), self.deps).connect(Log())
        assert isinstance(session, TelnetSession)
        self.session = session
        self.effects: list[Effect] = []
        self.wake = float("inf")
        self._take(session.opened(NOW))

    def _take(self, effects) -> bytes:
        self.effects += effects
        for effect in effects:
            if isinstance(effect, WakeAt):
                self.wake = effect.when
        return b"".join(effect.data for effect in effects if isinstance(effect, Send))

    def say(self, data: bytes) -> bytes:
        return self._take(self.session.received(data, self.time.seconds))

    def wait(self) -> bytes:
        self.time.seconds = self.wake
        self.wake = float("inf")
        return self._take(self.session.tick(self.time.seconds))

    def refuse_all(self) -> bytes:
        self.say(REFUSAL)
        self.say(TERMINAL_REFUSAL)
        return self.say(LAST_REFUSAL)

    @property
    def facts(self) -> list[Fact]:
        return [effect.fact for effect in self.effects if isinstance(effect, Note)]

    @property
    def over(self) -> bool:
        return any(isinstance(effect, HangUp) for effect in self.effects)


def test_a_client_that_refuses_everything_gets_what_the_daemon_sends():
    talk = Talk()

    assert [Send(OPENING), WakeAt(NOW + 3.0)] == talk.effects
    assert TERMINAL == talk.say(REFUSAL)
    assert LAST + BANNER == talk.say(TERMINAL_REFUSAL)
    assert b"" == talk.say(LAST_REFUSAL)


def test_a_client_that_knows_everything_is_asked_for_values_in_the_daemons_order():
    talk = Talk()
    values = b"\xff\xfa\x20\x0038400,38400\xff\xf0\xff\xfa\x27\x00\xff\xf0\xff\xfa\x18\x00xterm\xff\xf0"

    assert bytes.fromhex("fffa2001fff0fffa2701fff0fffa1801fff0") == talk.say(
        bytes.fromhex("fffe25fffe26fffb18fffb20fffc23fffb27fffc24")
    )
    assert TERMINAL == talk.say(values)
    assert b"" == talk.say(bytes.fromhex("fffd03fffb01"))
    # NAWS closes the wait; a client that would echo itself is told not to.
    assert bytes.fromhex("fffe01fffb01fffd06fffd00") + BANNER == talk.say(bytes.fromhex("fffb1ffffa1f00640028fff0"))
    assert bytes.fromhex("fffd03fffa220103fff000fffa2103fff000") == talk.say(
        bytes.fromhex("fffd01fffb03fffb22fffe05fffb21")
    )
    assert [
        TelnetClientSeen(
            options=(
                "DONT AUTHENTICATION",
                "DONT ENCRYPT",
                "WILL TTYPE",
                "WILL TSPEED",
                "WONT XDISPLOC",
                "WILL NEW-ENVIRON",
                "WONT OLD-ENVIRON",
                "DO SGA",
                "WILL ECHO",
                "WILL NAWS",
            ),
            terminal="xterm",
        )
    ] == talk.facts


def test_a_client_with_line_mode_is_put_out_of_it_before_the_prompt():
    talk = Talk()
    talk.say(REFUSAL)
    got = talk.say(bytes.fromhex("fffd03fffc01fffb22fffb1ffffa1f00500018fff0"))

    assert bytes.fromhex("fffa220103fff000fffb01fffd00fffe22") + BANNER == got


def test_a_client_that_speaks_first_is_asked_nothing_twice_and_sees_the_prompt_once_it_answered():
    # Recorded: PuTTY 0.78, and the stock client on port 23, offer options before they are asked; NAWS is one of them.
    talk = Talk(patience=0)

    assert bytes.fromhex("fffd1ffffb01fffd03fffb03") == talk.say(
        bytes.fromhex("fffb1ffffb20fffb18fffb27fffd01fffb03fffd03")
    )
    assert bytes.fromhex("fffa2001fff0fffa2701fff0fffa1801fff0") == talk.say(
        bytes.fromhex("fffe25fffe26fffc23fffc24fffa1f00640028fff0")
    )
    assert bytes.fromhex("fffd01fffd22fffb05fffd21") == talk.say(
        b"\xff\xfa\x20\x0038400,38400\xff\xf0\xff\xfa\x27\x00\xff\xf0\xff\xfa\x18\x00XTERM\xff\xf0"
    )
    assert bytes.fromhex("fffd06fffd00") + BANNER == talk.say(bytes.fromhex("fffc01fffc22fffe05fffc21"))


def test_the_stock_client_on_port_23_gets_what_the_daemon_sends():
    # Recorded: it agrees to line mode, flow control and encryption before there is a terminal to tell it of.
    talk = Talk(patience=0)

    assert bytes.fromhex("fffd26fffa2601fff0fffb03fffd1ffffd21fffd22fffa220110fff000fffb05") == talk.say(
        bytes.fromhex("fffd26fffb26fffd03fffb18fffb1ffffb20fffb21fffb22fffb27fffd05")
    )
    assert bytes.fromhex("fffa2001fff0fffa2701fff0fffa1801fff0") == talk.say(
        bytes.fromhex("fffd25fffa2601fff0fffc23fffc24fffa1f00640028fff0fffd03fffa220114fff0")
    )
    assert bytes.fromhex("fffd01") == talk.say(
        b"\xff\xfa\x20\x0038400,38400\xff\xf0\xff\xfa\x27\x00\xff\xf0\xff\xfa\x18\x00XTERM\xff\xf0"
    )
    assert bytes.fromhex("fffb01fffd00fffa2103fff000fffe22") + BANNER == talk.say(bytes.fromhex("fffc01"))
    assert b"" == talk.say(bytes.fromhex("fffd01fffb00fffc22"))


def test_flow_control_taken_back_is_not_told_of():
    talk = Talk()

    assert bytes.fromhex("fffd21fffe21") == talk.say(bytes.fromhex("fffb21fffc21"))
    assert TERMINAL == talk.say(REFUSAL)
    assert LAST + BANNER == talk.say(TERMINAL_REFUSAL)


def test_status_lists_the_options_in_force():
    talk = Talk()
    talk.say(REFUSAL)
    talk.say(bytes.fromhex("fffd03fffc01fffc22fffb1ffffa1f00500018fff0fffd05fffc21"))
    talk.say(bytes.fromhex("fffd01fffc06fffb00fffd00"))

    assert bytes.fromhex("fffa0500fb00fd00fb01fb03fb05fd1ffff0") == talk.say(bytes.fromhex("fffa0501fff0"))


def test_an_unknown_terminal_is_asked_for_until_it_repeats_itself():
    talk = Talk()
    send = bytes.fromhex("fffa1801fff0")

    assert send == talk.say(bytes.fromhex("fffe25fffe26fffb18fffc20fffc23fffc27fffc24"))
    assert send == talk.say(b"\xff\xfa\x18\x00bogus9\xff\xf0")
    assert TERMINAL == talk.say(b"\xff\xfa\x18\x00bogus9\xff\xf0")


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (b"\xff\xf6", b"\r\n[Yes]\r\n"),
        (b"\xff\xfb\x63", b"\xff\xfe\x63"),
        (b"\xff\xfb\x25", b"\xff\xfd\x25\xff\xfa\x25\x01\x02\x02\x02\x00\xff\xf0"),
        (b"\xff\xfb\x26" * 2, b"\xff\xfd\x26\xff\xfa\x26\x01\xff\xf0"),
        (b"\xff\xfd\x63", b"\xff\xfc\x63"),
        (b"\xff" * 200, b""),
        (b"\xff\xf1", b""),
        (b"\xff\xf5", b"\xff\xf2"),
        (b"\xff\xfd\x06", b"\xff\xfb\x06"),
    ],
)
def test_a_probe_before_any_answer_gets_the_daemons_reply(asked, answer):
    assert answer == Talk().say(asked)


def test_a_silent_client_sees_the_prompt_when_patience_ends():
    talk = Talk()

    assert TERMINAL + bytes.fromhex("fffe01fffb01fffd06fffd00") + BANNER == talk.wait()


def test_a_silent_client_waits_for_ever_when_told_so():
    assert [Send(OPENING), WakeAt(float("inf"))] == Talk(patience=0).effects


def test_a_wrong_password_is_recorded_then_refused_after_a_delay():
    talk = Talk()
    talk.refuse_all()

    assert b"bob\r\nPassword: " == talk.say(b"bob\r\n")
    assert b"\r\n" == talk.say(b"hunter2\r\n")
    assert CredentialSeen(user="bob", secret=b"hunter2", mechanism="telnet login") == talk.facts[-1]
    assert NOW + 1.5 < talk.wake < NOW + 4.5
    assert b"\r\nLogin incorrect\r\nweb-01 login: " == talk.wait()


def test_the_fact_comes_before_anything_that_is_said_after_the_password():
    talk = Talk(failure_delay=0)
    talk.refuse_all()
    talk.say(b"bob\r\n")
    del talk.effects[:]
    talk.say(b"x\r\n")

    assert [
        Note(CredentialSeen(user="bob", secret=b"x", mechanism="telnet login")),
        Send(b"\r\n\r\nLogin incorrect\r\nweb-01 login: "),
    ] == talk.effects


def test_the_fifth_wrong_password_is_the_last():
    talk = Talk(failure_delay=0)
    talk.refuse_all()
    for _ in range(4):
        talk.say(b"bob\r\nx\r\n")

        assert not talk.over
    got = talk.say(b"bob\r\nx\r\n")

    assert got.endswith(b"\r\n\r\nLogin incorrect\r\nMaximum number of tries exceeded (5)\r\n")
    assert talk.over
    assert LimitReached(limit="login_tries", value=5) == talk.facts[-1]


def test_a_log_in_that_takes_a_minute_is_ended():
    talk = Talk()
    talk.refuse_all()
    talk.say(b"bob\r\n")

    assert b"\r\nLogin timed out after 60 seconds.\r\n" == talk.wait()
    assert talk.over
    assert NOW + 60 == talk.time.seconds


def test_a_refusal_does_not_outlive_the_log_in():
    talk = Talk(failure_delay=60)
    talk.refuse_all()
    talk.time.seconds += 59
    talk.say(b"bob\r\nx\r\n")

    assert b"\r\nLogin timed out after 60 seconds.\r\n" == talk.wait()


def test_the_terminal_edits_the_name_and_hides_the_password():
    talk = Talk(failure_delay=0)
    talk.refuse_all()

    assert b"ab\b \bc^Hd\r\nPassword: " == talk.say(b"ab\x7fc\x08d\r\n")
    talk.say(b"zz\x15pw\r\0")

    assert CredentialSeen(user="ac\bd", secret=b"pw", mechanism="telnet login") == talk.facts[-1]
    assert b"x\b \by\r\nPassword: " == talk.say(b"x\x15y\r\n")


def test_interrupt_at_the_prompt_ends_the_session():
    talk = Talk()
    talk.refuse_all()

    assert b"ab^C\xff\xf2" == talk.say(b"ab\x03ignored")
    assert talk.over


def test_the_interrupt_command_is_the_interrupt_key():
    talk = Talk()
    talk.refuse_all()

    assert b"^C\xff\xf2" == talk.say(b"\xff\xf4")


def test_end_of_file_counts_as_a_try():
    talk = Talk(failure_delay=0)
    talk.refuse_all()

    assert b"\r\n\r\nLogin incorrect\r\nweb-01 login: " == talk.say(b"\x04")


def test_half_close_at_the_prompt_ends_the_session_without_a_word():
    talk = Talk()
    talk.refuse_all()

    assert [HangUp()] == talk.session.ended(NOW)


def test_what_is_typed_before_the_prompt_is_not_lost():
    talk = Talk(failure_delay=0)

    assert b"" == talk.say(b"root\r\nadmin\r\n")
    talk.say(REFUSAL)
    got = talk.say(TERMINAL_REFUSAL)

    assert LAST + BANNER + b"root\r\nPassword: \r\n\r\nLogin incorrect\r\nweb-01 login: " == got
    assert CredentialSeen(user="root", secret=b"admin", mechanism="telnet login") == talk.facts[-1]


def test_bait_opens_the_machines_shell_in_the_peers_terminal():
    talk = Talk(accepts=[("root", b"toor")])
    talk.say(REFUSAL)
    talk.say(bytes.fromhex("fffd03fffc01fffc22fffb1ffffa1f0064001efff0fffe05fffc21"))
    got = talk.say(b"root\r\ntoor\r\n")

    assert b"root\r\nPassword: \r\n$ " == got
    assert CredentialSeen(user="root", secret=b"toor", mechanism="telnet login", outcome=Outcome.ACCEPTED) in talk.facts
    assert float("inf") == talk.wake
    assert isinstance(talk.deps.machine, FakeMachine)
    assert {1: "root"} == talk.deps.machine.logins
    assert b"id\r\n$ " == talk.say(b"id\r\n")
    assert ShellCommandSeen(line="id", interactive=True, cwd="/root", user="root") == talk.facts[-1]
    assert b"\r\n[Yes]\r\n" == talk.say(b"\xff\xf6")
    talk.say(b"exit\r\n")

    assert talk.over
    talk.session.closed(NOW)

    assert {} == talk.deps.machine.logins


def test_older_machines_run_the_older_daemon():
    talk = Talk(packages={"inetutils-telnetd": "", "telnetd": "0.17-42"})
    persona = evolve(talk.deps.persona, packages={"telnetd": "0.17-42"})
    deps = evolve(talk.deps, persona=persona)
    session = PLUGIN.create(TelnetConfig(), deps).connect(Log())

    assert Send(bytes.fromhex("fffd18fffd20fffd23fffd27")) == session.opened(NOW)[0]
    session.received(bytes.fromhex("fffc18fffc20fffc23fffc27"), NOW)
    got = session.received(bytes.fromhex("fffd03fffc01fffc1ffffe05fffc21"), NOW)

    assert Send(b"\xff\xfb\x01Debian GNU/Linux 12\r\nweb-01 login: ") in got


talks = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.sampled_from(
            [REFUSAL, TERMINAL_REFUSAL, LAST_REFUSAL, b"root\r\n", b"toor\r\n", b"\xff\xfa\x1f", b"\xff\xf0"]
        ),
    ),
    max_size=12,
).map(b"".join)


@given(talks, st.lists(st.integers(0, 300), max_size=20))
def test_no_bytes_break_it_and_no_split_changes_it(stream, cuts):
    places = sorted({0, *(min(cut, len(stream)) for cut in cuts), len(stream)})
    whole = Talk(failure_delay=0, accepts=[("root", b"toor")])
    pieces = Talk(failure_delay=0, accepts=[("root", b"toor")])
    sent = whole.say(stream)
    got = b""
    for start, end in pairwise(places):
        if not pieces.over:
            got += pieces.say(stream[start:end])

    assert sent == got
    assert whole.facts == pieces.facts


def test_nothing_a_peer_does_not_finish_is_kept_without_limit():
    talk = Talk()
    for _ in range(100):
        talk.say(b"a" * 10_000)

    assert 4096 == len(talk.session._typed)
    talk.refuse_all()
    for _ in range(100):
        talk.say(b"a" * 10_000)

    assert 4095 == len(talk.session._speech.line._line)
