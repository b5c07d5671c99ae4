"""The helper listens for the daemon in a process that can do nothing else; it gives packets, not a packet socket."""

import contextlib
import errno
import json
import os
import select
import socket
from pathlib import Path

import pytest

from decnet_actors.kernel import netns
from decnet_actors.kernel.capture import Relayed, packets
from plugins.fleet_driver.namespace import messages
from plugins.fleet_driver.namespace.capture import Listening
from plugins.fleet_driver.namespace.netd import Netd
from plugins.fleet_driver.namespace.netlink import Netlink
from plugins.fleet_driver.namespace.rules import Rules
from plugins.fleet_driver.namespace.workshop import Workshop
from tests.netlab import ATTACKER, PARENT, netlab
from tests.pcaps import ipv4, tcp

RULES = Rules.of(parent=PARENT, networks=["10.66.0.0/16"], ranges=["10.66.0.0/29"])
IN, OUT = "10.66.0.1", "10.66.0.99"
WITHIN = 5000  # ms


@pytest.fixture
def lab():
    with netlab() as made:
        yield made


@pytest.fixture
def netd(lab):
    with netns.inside(lab.host):
        with Netlink() as own:
            own.set_up(socket.if_nametoindex(PARENT))
        workshop = Workshop(RULES)
        made = Netd(workshop, RULES, lambda *_, **__: None)
        try:
            yield made
        finally:
            made.close()
            workshop.close()


def capture(netd) -> socket.socket:
    answer, sockets = netd.answer(messages.write({"id": 1, "op": "capture"}))
    assert {"id": 1} == json.loads(answer)
    (given,) = sockets
    assert isinstance(given, socket.socket)
    return given


def send(lab, *destinations: str) -> None:
    with netns.inside(lab.attacker), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as cable:
        cable.bind(("eth0", 0))
        for to in destinations:
            cable.send(b"\xff" * 6 + b"\x00PV\x00\x00\x01\x08\x00" + ipv4(ATTACKER, to, tcp(1, 2, flags=2)))


def next_packets(tap) -> list[bytes]:
    poll = select.poll()
    poll.register(tap.fileno(), select.POLLIN)
    assert poll.poll(WITHIN)
    block = tap.take()
    return [block[start:end] for _, start, end, _ in packets(block)]


def test_what_deckies_may_be_sent_comes_out_and_nothing_else(lab, netd):
    with contextlib.closing(Relayed(capture(netd), PARENT)) as tap:
        send(lab, OUT, IN)

        assert [ipv4(ATTACKER, IN, tcp(1, 2, flags=2))] == next_packets(tap)


def test_what_is_given_out_is_no_packet_socket(netd):
    with capture(netd) as given:
        assert (socket.AF_UNIX, socket.SOCK_SEQPACKET) == (given.family, given.type)


def test_the_process_that_listens_can_do_nothing_and_keeps_no_decky_alive(netd):
    with capture(netd):
        pid = netd._listening._pid
        poll = select.poll()
        while Path(f"/proc/{pid}/status").read_text().find("CapEff:\t0000000000000000") < 0:
            poll.poll(5)  # it has just been forked
        status = Path(f"/proc/{pid}/status").read_text()
        held = {str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir()}

    assert "CapPrm:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert not [one for one in held if one.startswith("net:")]
    assert len([one for one in held if one.startswith("socket:")]) == 2


def test_it_ends_when_nobody_takes_the_packets(netd):
    capture(netd).close()
    pid, netd._listening._pid = netd._listening._pid, 0

    assert (pid, 0) == os.waitpid(pid, 0)


def test_one_listens_at_a_time_and_none_when_the_helper_ends(lab, netd):
    first = capture(netd)
    with (
        contextlib.closing(Relayed(first, PARENT)) as before,
        contextlib.closing(Relayed(capture(netd), PARENT)) as tap,
    ):
        poll = select.poll()
        poll.register(before.fileno(), select.POLLIN)
        assert poll.poll(WITHIN)
        with pytest.raises(ConnectionResetError):
            before.take()
        send(lab, IN)
        assert next_packets(tap)
        netd.close()
        poll.register(tap.fileno(), select.POLLIN)
        assert poll.poll(WITHIN)
        with pytest.raises(ConnectionResetError):
            tap.take()


def test_an_interface_that_is_not_there_is_told(lab):
    with netns.inside(lab.host), pytest.raises(OSError) as caught:
        Listening(Rules.of(parent="gone0", networks=["10.66.0.0/16"])).begin()

    assert errno.ENODEV == caught.value.errno
