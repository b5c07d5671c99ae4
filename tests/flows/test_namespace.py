"""A whole daemon whose deckies have namespaces of their own: what an attacker does there is recorded as there."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.daemon import decnetd, start, stop
from tests.dhcp import serving
from tests.netlab import ATTACKER, NetLab, netlab

FLEET = """
[fleet]
driver = "namespace"
[fleet.namespace]
parent = "lan0"
networks = ["10.66.0.0/16", "fd66::/64"]
socket = "{{socket}}"
[[decky]]
name = "db-01"
services = ["redis"]
[[decky]]
name = "web-01"
services = ["ssh", "redis"]
"""


@pytest.fixture
def lab():
    with netlab() as made:
        yield made


@pytest.fixture
def fleet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("n")
    return FLEET.replace("{{socket}}", str(folder / "s"))


def helper_of(daemon) -> int:
    """Return the process id of the daemon's helper."""
    children = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text().split()
    return next(int(pid) for pid in children if b"netd" in Path(f"/proc/{pid}/cmdline").read_bytes())


def commands(lab: NetLab, address: str) -> bytes:
    with lab.connect(address, 6379) as client:
        client.sendall(b"*1\r\n$4\r\nPING\r\n")
        return client.recv(100)


def test_an_attack_in_a_namespace_is_recorded_with_the_deckys_own_address(lab, fleet):
    with decnetd(fleet, within=lab.command(lab.host)) as daemon:
        assert b"+PONG\r\n" == commands(lab, "10.66.0.1")
        opened, *_ = daemon.wait_events(1, kind="SessionOpened")
        shown = daemon.ask("event", "show", str(opened["seq"]))
        mac = daemon.ask("decky", "show", "db-01")["mac"]

        assert ("db-01", ATTACKER) == (opened["decky"], opened["source"])
        assert "10.66.0.1" in str(shown)
        assert mac in lab.run("ip", "neigh", "show", "10.66.0.1")  # what the machine says of itself is what it has
        assert {"10.66.0.1", "10.66.0.2"} == {
            address for services in daemon.listeners().values() for address, _ in services.values()
        }
        hops = daemon.ctl("selftest", "--all-services")
        assert "published as decky.local.db-01.session_opened" in hops


def test_a_decky_with_an_address_it_may_not_have_is_left_out_and_named(lab, fleet):
    moved = fleet.replace('name = "db-01"', 'name = "db-01"\naddress = "10.99.0.1"')
    with decnetd(moved, within=lab.command(lab.host)) as daemon:
        problems = [problem["text"] for problem in daemon.status()["problems"]]
        assert "db-01" not in daemon.listeners()
        assert "web-01" in daemon.listeners()

    assert any("db-01: 10.99.0.1 is outside of where deckies may be" in problem for problem in problems)


def test_a_decky_leases_its_address_and_follows_it(lab, fleet):
    leased = fleet.replace('name = "db-01"', 'name = "db-01"\naddress = "dhcp"\nstack = "windows-10"')
    with serving(lab) as server, decnetd(leased, within=lab.command(lab.host)) as daemon:
        ((address, _),) = daemon.listeners()["db-01"].values()
        assert address.startswith("10.66.200.")
        assert b"+PONG\r\n" == commands(lab, address)
        shown = daemon.ask("decky", "show", "db-01")
        assert shown["mac"] in lab.run("ip", "neigh", "show", address)
        assert (
            address == daemon.ask("event", "list", "--kind", "ServiceStarted", "--decky", "db-01")[0]["fact"]["address"]
        )
        assert "10.66.0.2" in str(daemon.listeners()["web-01"])
        assert "published as decky.local.db-01.session_opened" in daemon.ctl("selftest", "db-01")
        server.end()
    assert {"MSFT 5.0"} == set(server.lines("vendor class:"))
    assert {shown["hostname"]} == set(server.lines("client provides name:"))


@pytest.mark.slow
def test_a_decky_without_a_lease_is_told_and_comes_up_with_one(lab, fleet):
    leased = fleet.replace('name = "db-01"', 'name = "db-01"\naddress = "dhcp"')
    with decnetd(leased, within=lab.command(lab.host)) as daemon:
        assert "web-01" in daemon.listeners()
        told = daemon.ctl("doctor", "network.places", code=1)
        assert "1 without an address: db-01: no DHCP server has answered yet" in told
        with serving(lab):
            deadline = time.monotonic() + 60
            while "as made" not in daemon.ctl("doctor", "network.places", code=None):
                assert time.monotonic() < deadline
            daemon.ctl(
                "decky", "restart", "web-01", "--yes"
            )  # after which the fleet is looked at, sooner than by itself
            (moved,) = daemon.wait_events(1, kind="AddressChanged")
            ((address, _),) = daemon.listeners()["db-01"].values()
            assert ("db-01", {"old": "", "new": address}) == (
                moved["decky"],
                daemon.ask("event", "show", str(moved["seq"]))["fact"],
            )
            assert b"+PONG\r\n" == commands(lab, address)


def test_a_killed_daemon_finds_its_deckies_again_and_leaves_none_when_it_stops(lab, fleet):
    within = lab.command(lab.host)
    with decnetd(fleet, within=within) as daemon:
        helper = helper_of(daemon)
        before = lab.deckies()
        daemon.kill()
        again = start(daemon.home, daemon.config, within=within)
        assert before == lab.deckies()
        assert b"+PONG\r\n" == commands(lab, "10.66.0.1")
        assert 0 == stop(again)
        deadline = time.monotonic() + 10
        while lab.deckies():
            assert time.monotonic() < deadline
        os.kill(helper, signal.SIGKILL)


def test_a_decky_taken_out_of_the_configuration_is_gone_and_the_others_do_not_notice(lab, fleet):
    with decnetd(fleet, within=lab.command(lab.host)) as daemon, lab.connect("10.66.0.1", 6379) as client:
        assert b"+PONG\r\n" == commands(lab, "10.66.0.2")
        kept, _, _ = daemon.config.read_text().rpartition("[[decky]]")
        daemon.config.write_text(kept)
        daemon.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while len(daemon.ask("decky", "list")) > 1:
            assert time.monotonic() < deadline
        with pytest.raises(OSError):
            lab.connect("10.66.0.2", 6379, timeout=1)
        client.sendall(b"*1\r\n$4\r\nPING\r\n")
        assert b"+PONG\r\n" == client.recv(100)
        assert {"result": "ok"}.items() <= next(
            row for row in daemon.ask("doctor", "network") if row["id"] == "network.places"
        ).items()


def test_decoys_answer_while_the_helper_is_dead_and_a_killed_service_comes_back(lab, fleet):
    with decnetd(fleet, within=lab.command(lab.host)) as daemon:
        os.kill(helper_of(daemon), signal.SIGKILL)
        assert b"+PONG\r\n" == commands(lab, "10.66.0.1")
        daemon.ctl("actor", "restart", "decnetd/fleet/db-01/redis", "--yes")
        deadline = time.monotonic() + 10
        while True:
            try:
                assert b"+PONG\r\n" == commands(lab, "10.66.0.1")
                break
            except ConnectionRefusedError:
                assert time.monotonic() < deadline
        assert b"+PONG\r\n" == commands(lab, "10.66.0.2")
