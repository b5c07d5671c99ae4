"""A whole daemon that looks back: who attacks a decky is asked what it serves, and a change is told after a restart."""

import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from decnet_actors.kernel import netns
from plugins.fleet_driver.namespace.netlink import Netlink
from tests.daemon import decnetd, start, stop
from tests.decnet_actors.wire.test_ssh_kex import NAMES, kexinit, packet
from tests.netlab import ATTACKER, PARENT, NetLab, netlab

pytestmark = pytest.mark.client  # many starts and real clients: in the longer run

OURS = "10.66.255.2"
FLEET = """
[prober]
enabled = true
source = ["10.66.255.2"]
allow = ["10.66.255.0/24"]
ssh_ports = [22, 2222]
tls_ports = [2222]
timeout = 1

[fleet]
driver = "namespace"
[fleet.namespace]
parent = "lan0"
networks = ["10.66.0.0/16", "fd66::/64"]
socket = "{socket}"
[[decky]]
name = "db-01"
services = ["redis"]
"""


@contextmanager
def attacker_serves(lab: NetLab, lists: list[bytes]) -> Iterator[list[str]]:
    """Serve an SSH offer on the attacker's machine; yields who asked for it."""
    asked: list[str] = []
    with lab.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ATTACKER, 2222))
        listener.listen()

        def serve() -> None:
            with suppress(OSError):  # the listener is shut: the test is over
                while True:
                    connection, (address, _) = listener.accept()
                    asked.append(address)
                    with connection, suppress(OSError):  # the prober is content and has left
                        connection.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n" + packet(kexinit(lists)))
                        while connection.recv(4096):
                            pass

        server = threading.Thread(target=serve)
        server.start()
        try:
            yield asked
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            server.join()


@pytest.fixture
def lab():
    with netlab() as made:
        with netns.inside(made.host), Netlink() as own:
            index = socket.if_nametoindex(PARENT)
            own.add_address(index, ipaddress.ip_interface(f"{OURS}/16"))
            own.set_up(index)
        yield made


def attack(lab: NetLab) -> None:
    with lab.connect("10.66.0.1", 6379) as client:
        client.sendall(b"*1\r\n$4\r\nPING\r\n")

        assert b"+PONG\r\n" == client.recv(100)


def test_who_attacks_is_looked_back_at_and_a_change_is_told_after_a_restart(lab, tmp_path_factory):
    fleet = FLEET.format(socket=tmp_path_factory.mktemp("n") / "s")
    within = lab.command(lab.host)
    with decnetd(fleet, within=within) as daemon:
        with attacker_serves(lab, NAMES) as asked:
            attack(lab)
            (seen,) = daemon.wait_events(1, kind="AttackerFingerprinted")
            fact = daemon.ask("event", "show", str(seen["seq"]))["fact"]

            assert (ATTACKER, 2222, "hassh_server") == (fact["address"], fact["port"], fact["probe"])
            assert "f11a6ec21e8fff5d713875f514f3bac9" == fact["value"]
            assert {OURS} == set(asked)
            assert ("", "") == (seen["source"], seen["decky"])  # the attacker did not do this
        assert 0 == stop(daemon)
        again = start(daemon.home, daemon.config, within=within)
        with attacker_serves(lab, [b"other", *NAMES[1:]]):
            attack(lab)
            (rotated,) = again.wait_events(1, kind="FingerprintRotated")
            fact = again.ask("event", "show", str(rotated["seq"]))["fact"]

            assert ("f11a6ec21e8fff5d713875f514f3bac9", 1) == (fact["old"], fact["rotations"])
            assert fact["old"] != fact["new"]
        assert 0 == stop(again)
