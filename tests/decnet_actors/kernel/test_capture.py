"""The kernel hands over the packets that are asked for, and no others."""

import contextlib
import ipaddress
import select
import socket
import struct
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.kernel import bpf, netns
from decnet_actors.kernel.capture import BLOCK, Relayed, Ring, packets, relay
from tests.netlab import ATTACKER, ATTACKER6, PARENT, netlab
from tests.pcaps import ipv4, ipv6, tcp, udp

DECKY, ELSEWHERE = "10.66.0.1", "10.66.9.9"
DECKY6, ELSEWHERE6 = "fd66::1", "fd66::9:1"
RANGES = tuple(ipaddress.ip_network(one) for one in ("10.66.0.0/29", "fd66::/120"))
WITHIN = 5000  # ms
SYN = tcp(1000, 22, flags=2)
PAD = struct.pack(">BBHI", 6, 0, 0, 0)


@pytest.fixture(scope="module")
def lab():
    with netlab() as made:
        yield made


@pytest.fixture(scope="module")
def wire(lab):
    """Return what puts packets on the cable, as the attacker."""
    with contextlib.ExitStack() as undo:
        with netns.inside(lab.attacker):
            made = undo.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
            made.bind(("eth0", 0))
        yield lambda data, kind=None: made.send(
            b"\xff" * 6
            + b"\x00PV\x00\x00\x01"
            + struct.pack(">H", kind or (0x86DD if data[0] >> 4 == 6 else 0x0800))
            + data
        )


def ring(lab, networks=RANGES):
    from plugins.fleet_driver.namespace.netlink import Netlink

    with netns.inside(lab.host):
        with Netlink() as own:
            own.set_up(socket.if_nametoindex(PARENT))
        return contextlib.closing(Ring(PARENT, networks))


def heard(tap, until: bytes) -> list[bytes]:
    """Return the packets that came before the last one, which everybody hears."""
    poll = select.poll()
    poll.register(tap.fileno(), select.POLLIN)
    found: list[bytes] = []
    while until not in found:
        assert poll.poll(WITHIN), found
        while (block := tap.take()) is not None:
            found += [block[start:end] for _, start, end, _ in packets(block)]
    return found[: found.index(until)]


LAST = ipv4(ATTACKER, DECKY, tcp(9, 9, flags=2))
TAKEN = [
    ipv4(ATTACKER, DECKY, SYN),
    ipv4(DECKY, ATTACKER, SYN),
    ipv4(ATTACKER, DECKY, udp(1000, 443, b"quic"), protocol=17),
    ipv4(DECKY, ATTACKER, udp(443, 1000, b"quic"), protocol=17),
    ipv4(ATTACKER, DECKY, SYN, fragment=0x2000),
    ipv6(ATTACKER6, DECKY6, SYN),
    ipv6(DECKY6, ATTACKER6, SYN),
    ipv6(ATTACKER6, DECKY6, udp(1000, 443, b"quic"), following=17),
    ipv6(ATTACKER6, DECKY6, PAD + SYN, following=60),
]
LEFT = [
    ipv4(ATTACKER, ELSEWHERE, SYN),
    ipv4("10.66.0.8", ATTACKER, SYN),  # just outside
    ipv4(ATTACKER, DECKY, udp(1000, 53, b"dns"), protocol=17),
    ipv4(ATTACKER, DECKY, bytes(8), protocol=1),
    ipv6(ATTACKER6, ELSEWHERE6, SYN),
    ipv6(ATTACKER6, DECKY6, udp(1000, 53, b"dns"), following=17),
    ipv6(ATTACKER6, DECKY6, bytes(8), following=58),
]


def test_what_is_from_or_to_deckies_is_taken_and_nothing_else(lab, wire):
    with ring(lab) as tap:
        for data in [*TAKEN, *LEFT]:
            wire(data)
        wire(ipv4(ATTACKER, DECKY, SYN), 0x0806)  # it only looks like it
        wire(LAST)

        assert TAKEN == heard(tap, LAST)
        assert 0 == tap.dropped()


def test_without_networks_every_address_will_do(lab, wire):
    with ring(lab, ()) as tap:
        for data in [*TAKEN, *LEFT]:
            wire(data)
        wire(LAST)

        assert [*TAKEN, LEFT[0], LEFT[1], LEFT[4]] == heard(tap, LAST)


def test_its_filter_cannot_be_taken_off(lab):
    with ring(lab) as tap, pytest.raises(PermissionError):
        tap._socket.setsockopt(socket.SOL_SOCKET, 26, struct.pack("@HP", 0, 0))


def test_what_is_not_taken_is_dropped_and_counted(lab, wire):
    data = ipv4(ATTACKER, DECKY, tcp(1, 2, flags=16, payload=b"x" * 1400))
    with ring(lab) as tap:
        for _ in range(4000):  # more than the ring has room for
            wire(data)
        first = tap.dropped()

        assert first > 500
        assert first == tap.dropped()  # the kernel forgets what it has told; we do not


@pytest.mark.slow
def test_relayed_packets_are_those_of_the_ring_until_nobody_takes_them(lab, wire):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ring(lab) as tap:
        thread = threading.Thread(target=relay, args=(tap, ours))
        thread.start()
        with contextlib.closing(Relayed(theirs, PARENT)) as far:
            assert far.take() is None
            for data in TAKEN:
                wire(data)
            wire(LAST)
            assert TAKEN == heard(far, LAST)
            assert (0, PARENT) == (far.dropped(), far.interface)
        thread.join(10)

        assert not thread.is_alive()
    ours.close()


def test_the_end_of_the_relay_is_told():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with contextlib.closing(Relayed(theirs, PARENT)) as far:
        ours.close()
        with pytest.raises(ConnectionResetError, match="ended"):
            far.take()


@given(st.binary(max_size=400))
def test_a_block_of_garbage_gives_only_what_lies_in_it(block):
    for _, start, end, _ in packets(block):
        assert 0 <= start <= end <= len(block) <= BLOCK


def test_too_many_networks_are_refused():
    many = [ipaddress.ip_network(f"fd66:{number:x}::/128") for number in range(500)]
    with pytest.raises(ValueError, match="too many networks"):
        bpf.program(many)
