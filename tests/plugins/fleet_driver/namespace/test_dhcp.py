"""Tests of the DHCP client: what it says, what it believes, and that no server can drive it mad."""

import ipaddress
import itertools
import random
import struct
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from decnet_actors.kernel.personality import PERSONALITIES
from plugins.fleet_driver.namespace import dhcp
from plugins.fleet_driver.namespace.dhcp import NOWHERE, DhcpError, Kind, Lease, read, write
from plugins.fleet_driver.namespace.dhcp_client import EVERYBODY, NEVER, Client, Drop, Effect, Send, State, Take
from plugins.fleet_driver.namespace.dialects import DIALECTS

MAC, SERVER, ADDRESS = "52:54:00:00:00:01", "10.66.255.1", "10.66.0.9"
COOKIE = 236  # where it stands


def options(data: bytes) -> list[tuple[int, bytes]]:
    """Return a message's options in order."""
    left, found = data[COOKIE + 4 :], []
    while left[0] != 255:
        found.append((left[0], left[2 : 2 + left[1]]))
        left = left[2 + left[1] :]
    return found


def only(effects: Sequence[Effect]) -> Send:
    """Return the message that is all there is to do."""
    (effect,) = effects
    assert isinstance(effect, Send)
    return effect


def said(effect: Any) -> tuple[Kind, str, dict[int, bytes]]:
    """Return what a client sends, to whom, and its options."""
    assert isinstance(effect, Send)
    found = dict(options(effect.data))
    return Kind(found[dhcp.MESSAGE_TYPE][0]), effect.to, found


def answer(
    kind: int,
    transaction: int,
    *,
    address: str = ADDRESS,
    server: str = SERVER,
    seconds: int = 3600,
    more: bytes = b"",
    mac: str = MAC,
) -> bytes:
    """Return a server's message."""
    head = struct.pack("!4BI8s4s8s16s192s", 2, 1, 6, 0, transaction, b"", packed(address), b"", card(mac), b"")
    body = bytes((53, 1, kind)) + b"\x36\x04" + packed(server) + b"\x33\x04" + struct.pack("!I", seconds)
    return head + b"\x63\x82\x53\x63" + body + more + b"\xff"


def packed(address: str) -> bytes:
    return ipaddress.IPv4Address(address).packed


def card(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def transaction_of(effect: Send) -> int:
    return int.from_bytes(effect.data[4:8], "big")


def fresh(stack: str = "linux", wish: str = "") -> Client:
    return Client(MAC, "web01", DIALECTS[stack], random.Random(7), wish=wish)


def bound(**more: Any) -> tuple[Client, int]:
    """Return a client with a lease taken at 100, and the transaction it was asked for in."""
    client = fresh()
    discover = only(client.tick(100.0))
    number = transaction_of(discover)
    client.receive(answer(Kind.OFFER, number, **more), 100.0)
    (take,) = client.receive(answer(Kind.ACK, number, **more), 100.0)
    assert isinstance(take, Take)
    return client, number


# Captured from BusyBox 1.35 udhcpc and Debian 12 dhclient, each told to call itself web01.
def test_it_speaks_as_the_real_clients_do():
    linux = only(fresh().tick(0.0))
    embedded = only(fresh("embedded").tick(0.0))

    assert [
        (53, b"\x01"),
        (12, b"web01"),
        (55, bytes([1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42])),
    ] == options(linux.data)
    assert [
        (53, b"\x01"),
        (57, b"\x02\x40"),
        (55, bytes([1, 3, 6, 12, 15, 28, 42])),
        (12, b"web01"),
        (60, b"udhcp 1.35.0"),
        (61, b"\x01" + card(MAC)),
    ] == options(embedded.data)
    assert {300} == {len(linux.data), len(embedded.data)}
    assert bytes.fromhex("01010600") == linux.data[:4]
    assert bytes(4) == linux.data[8:12]  # no seconds, no broadcast flag


def test_windows_names_itself_in_full_when_it_asks():
    client = fresh("windows-10")
    discover = only(client.tick(0.0))
    request = only(client.receive(answer(Kind.OFFER, transaction_of(discover)), 1.0))

    assert [53, 61, 12, 60, 55] == [code for code, _ in options(discover.data)]
    assert [53, 61, 50, 54, 12, 81, 60, 55] == [code for code, _ in options(request.data)]
    assert b"\0\0\0web01" == dict(options(request.data))[81]


def test_every_stack_has_a_client_of_its_own_manner():
    assert set(PERSONALITIES) == set(DIALECTS)
    assert b"\0cisco-5254.0000.0001-Gi0/0" == dict(options(only(fresh("cisco-ios").tick(0.0)).data))[61]


def test_an_address_is_asked_for_offered_and_taken():
    client = fresh()
    discover = only(client.tick(100.0))
    number = transaction_of(discover)
    request = only(client.receive(answer(Kind.OFFER, number), 101.0))
    (take,) = client.receive(answer(Kind.ACK, number), 102.0)

    assert (Kind.DISCOVER, EVERYBODY) == said(discover)[:2]
    kind, to, asked = said(request)
    assert (Kind.REQUEST, EVERYBODY, packed(ADDRESS), packed(SERVER)) == (kind, to, asked[50], asked[54])
    assert Take(lease=Lease(address=ADDRESS, server=SERVER, seconds=3600, renewal=1800, rebinding=3150)) == take
    assert (State.BOUND, 1902.0, "") == (client.state, client.wake, client.trouble)


def test_the_address_of_before_is_asked_for_first():
    discover = only(fresh(wish=ADDRESS).tick(0.0))

    assert packed(ADDRESS) == said(discover)[2][50]


def test_a_lease_is_prolonged_with_its_server_then_with_anybody_then_given_up():
    client, number = bound()
    first = only(client.tick(1900.0))
    assert State.RENEWING is client.state
    kind, to, asked = said(first)
    assert (Kind.REQUEST, SERVER, False, False) == (kind, to, 50 in asked, 54 in asked)
    assert packed(ADDRESS) == first.data[12:16]
    assert transaction_of(first) != number
    second = only(client.tick(3250.0))
    assert (State.REBINDING, EVERYBODY) == (client.state, said(second)[1])
    drop, again = client.tick(3700.0)

    assert isinstance(drop, Drop)
    assert (Kind.DISCOVER, State.SELECTING) == (said(again)[0], client.state)
    assert "the lease of 10.66.0.9 ran out" in client.trouble


def test_a_prolonged_lease_runs_from_then_on():
    client, _ = bound()
    request = only(client.tick(1900.0))
    client.receive(answer(Kind.ACK, transaction_of(request)), 1901.0)

    assert (State.BOUND, 3701.0) == (client.state, client.wake)


def test_a_prolonging_ack_for_another_address_changes_nothing():
    client, _ = bound()
    request = only(client.tick(1900.0))

    assert [] == client.receive(answer(Kind.ACK, transaction_of(request), address="10.66.0.10"), 1901.0)
    assert State.RENEWING is client.state


def test_a_refusal_gives_the_address_up_and_begins_again_in_a_while_longer_each_time():
    client, _ = bound()
    request = only(client.tick(1900.0))
    (drop,) = client.receive(answer(Kind.NAK, transaction_of(request), more=b"\x38\x04gone"), 1901.0)
    waits = [client.wake - 1901.0]
    for _ in range(12):
        now = client.wake
        discover = only(client.tick(now))
        client.receive(answer(Kind.OFFER, transaction_of(discover)), now)
        assert [] == client.receive(answer(Kind.NAK, transaction_of(discover)), now)
        waits.append(client.wake - now)

    assert Drop(reason="the DHCP server 10.66.255.1 refuses: gone") == drop
    assert [1, 2, 4, 8, 16, 32, 64, 64] == waits[:8]
    assert 64 == max(waits)


def test_an_address_that_cannot_be_had_is_declined():
    client, number = bound()
    decline = only(client.decline("it is db-01's", 105.0))

    kind, to, asked = said(decline)
    assert (Kind.DECLINE, EVERYBODY, {53, 50, 54}) == (kind, to, set(asked))
    assert number == transaction_of(decline)
    assert (State.INIT, 115.0, "it is db-01's") == (client.state, client.wake, client.trouble)


def test_nobody_answers_and_it_asks_less_and_less():
    client = fresh()
    times = [0.0]
    client.tick(0.0)
    for _ in range(9):
        times.append(client.wake)
        client.tick(client.wake)
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]

    for gap, about in zip(gaps, [4, 8, 16, 32, 64, 64, 64, 64, 64], strict=True):
        assert about - 1 <= gap <= about + 1


def test_a_lease_for_ever_is_never_prolonged():
    client, _ = bound(seconds=0xFFFFFFFF)

    assert NEVER == client.wake


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"seconds": 59}, "a lease of 59 s"),
        ({"address": "224.0.0.1"}, "no machine's address"),
        ({"address": NOWHERE}, "no machine's address"),
        ({"address": "127.0.0.1"}, "no machine's address"),
        ({"server": "255.255.255.255"}, "no machine's address"),
        ({"mac": "52:54:00:00:00:02"}, "not for this card"),
        ({"more": b"\x0c\xff"}, "cut off"),
        ({"more": b"\x0c"}, "cut off"),
    ],
)
def test_an_answer_nobody_could_use_is_none(change, why):
    with pytest.raises(DhcpError, match=why):
        read(answer(Kind.OFFER, 1, **change).removesuffix(b"\xff"), MAC)


def test_times_that_make_no_sense_are_replaced():
    times = b"\x3a\x04" + struct.pack("!I", 1) + b"\x3b\x04" + struct.pack("!I", 2)

    lease = read(answer(Kind.ACK, 1, more=times), MAC).lease
    assert lease is not None
    assert (1800, 3150) == (lease.renewal, lease.rebinding)


@given(st.binary(max_size=1600) | st.binary(max_size=300).map(lambda more: answer(2, 1, more=more)))
def test_whatever_comes_is_an_answer_or_none(data):
    try:
        got = read(data, MAC)
    except DhcpError:
        return
    assert got.lease is None or dhcp.SHORTEST_LEASE / 2 <= got.lease.renewal < got.lease.rebinding < got.lease.seconds
    assert len(got.reason) <= 200


@pytest.mark.slow
@given(st.binary(min_size=8, max_size=8).map(bytes.hex), st.text(max_size=100), st.sampled_from(sorted(DIALECTS)))
def test_whatever_it_is_called_its_options_fit(seed, hostname, stack):
    client = Client(MAC, hostname, DIALECTS[stack], random.Random(seed))
    discover = only(client.tick(0.0))
    assert isinstance(discover, Send)

    assert len(discover.data) <= 576  # what everybody takes (RFC 2131, 2)
    assert options(discover.data)[0][1] == bytes((Kind.DISCOVER,))


def test_what_a_client_writes_no_client_takes_for_an_answer():
    with pytest.raises(DhcpError):
        read(write(transaction=1, seconds=0, mac=MAC, options=[(53, b"\x02")]), MAC)


class ClientMachine(RuleBasedStateMachine):
    """A server that says anything, at any time, with the right transaction: the client stays polite and consistent."""

    @initialize(stack=st.sampled_from(sorted(DIALECTS)))
    def begin(self, stack: str) -> None:
        self.now = 0.0
        self.sent = 0
        self.ours = ""  # as whoever follows the effects believes
        self.client = fresh(stack)
        self.follow(self.client.tick(0.0))

    def follow(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(data=data):
                    self.sent += 1
                    self.number = int.from_bytes(data[4:8], "big")
                case Take(lease=lease):
                    self.ours = lease.address
                case Drop():
                    self.ours = ""

    @rule(
        kind=st.sampled_from(list(Kind)),
        address=st.sampled_from([ADDRESS, "10.66.0.10"]),
        server=st.sampled_from([SERVER, "10.66.255.2"]),
        seconds=st.sampled_from([0, 60, 3600, 0xFFFFFFFF]),
        off=st.sampled_from([0, 0, 0, 1]),
    )
    def say(self, kind: Kind, address: str, server: str, seconds: int, off: int) -> None:
        before, state = self.sent, self.client.state
        number = (self.number + off) & 0xFFFFFFFF
        self.follow(
            self.client.receive(answer(kind, number, address=address, server=server, seconds=seconds), self.now)
        )
        assert self.sent - before <= (kind is Kind.OFFER and state is State.SELECTING)

    @rule(data=st.binary(max_size=400))
    def babble(self, data: bytes) -> None:
        assert [] == self.client.receive(data, self.now)

    @rule()
    def wait(self) -> None:
        if self.client.wake < NEVER:
            self.now = max(self.now, self.client.wake)
            before = self.client.wake
            self.follow(self.client.tick(self.now))
            assert self.client.wake > before  # or it would spin

    @rule(seconds=st.floats(0, 1e6))
    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.follow(self.client.tick(self.now))

    @precondition(lambda self: self.ours)
    @rule()
    def cannot_have_it(self) -> None:
        self.follow(self.client.decline("it is another's", self.now))
        self.ours = ""

    @invariant()
    def it_believes_what_it_told(self) -> None:
        held = self.client.lease
        assert self.ours == ("" if held is None else held.address)
        holding = self.client.state in {State.BOUND, State.RENEWING, State.REBINDING}
        assert holding is (held is not None)
        assert holding is (not self.client.trouble)

    @invariant()
    def it_is_to_be_woken_after_now(self) -> None:
        assert self.client.wake > self.now or self.client.wake == NEVER


TestClient = pytest.mark.slow(ClientMachine.TestCase)
