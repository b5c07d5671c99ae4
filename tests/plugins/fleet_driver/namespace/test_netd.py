"""Tests of the helper's answers: whatever it is asked, it stays within its rules and on its feet."""

import contextlib
import ipaddress
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.kernel import netns, nftables
from plugins.fleet_driver.namespace import messages
from plugins.fleet_driver.namespace.netd import LINGER, USAGE, Netd, parser, run
from plugins.fleet_driver.namespace.netlink import Netlink
from plugins.fleet_driver.namespace.rules import Rules
from plugins.fleet_driver.namespace.workshop import Workshop, close_all
from tests.netlab import NETWORKS, PARENT, netlab
from tests.plugins.fleet_driver.namespace.requests import anything, requests

RULES = Rules.of(parent=PARENT, networks=NETWORKS, ranges=["10.66.0.0/29", "fd66::/120"], max_deckies=2)
WEB = {
    "decky": "web-01",
    "addresses": ["10.66.0.1", "fd66::1"],
    "mac": "52:54:00:00:00:01",
    "stack": "linux",
    "leased": False,
}


@contextlib.contextmanager
def helper():
    """Return a helper in this process, in the lab's host, and what it logs."""
    logged = []
    with netlab() as lab, netns.inside(lab.host):
        workshop = Workshop(RULES)
        netd = Netd(workshop, RULES, lambda event, **values: logged.append((event, values)))
        try:
            yield netd, workshop, logged
        finally:
            netd.close()
            workshop.close()


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def ask(netd, op, *descriptors, **fields):
    """Return an answer without its sockets."""
    answer, sockets = netd.answer(messages.write({"id": 7, "op": op, **fields}), descriptors)
    close_all(sockets)
    said = json.loads(answer)
    assert said.pop("id") == 7
    return said


@pytest.mark.slow
def test_whatever_is_asked_it_stays_within_its_rules_and_on_its_feet():
    with helper() as (netd, workshop, _), socket.socket() as foreign:
        home = netns.current()
        made = set()
        ranges = [ipaddress.ip_network(text) for text in ("10.66.0.0/29", "fd66::/120")]

        @given(st.lists(st.binary(max_size=50) | anything.map(lambda one: json.dumps(one).encode()) | requests))
        def check(asked):
            before = descriptors() - len(workshop.houses)
            for data in asked:
                answer, sockets = netd.answer(data, [foreign.fileno()])
                close_all(sockets)
                assert len(answer) <= messages.MAX_MESSAGE
                assert json.loads(answer).keys() >= {"id"}
            addresses = [one.ip for house in workshop.houses.values() for one in house.interfaces]
            now = netns.current()
            assert netns.identity(now) == netns.identity(home)  # back where it was
            os.close(now)
            assert all(any(address in network for network in ranges) for address in addresses)
            assert len(set(addresses)) == len(addresses)
            assert len(workshop.houses) <= 2
            made.update(addresses)
            assert before == descriptors() - len(workshop.houses)  # nothing leaks

        check()
        assert len(made) > 1  # some of it was permitted
        os.close(home)
        assert "error" not in ask(netd, "hello", version=messages.VERSION, digest=RULES.digest)


def test_refusals_are_logged_but_not_without_end():
    with helper() as (netd, _, logged):
        said = [ask(netd, "exec") for _ in range(1_000)]

    assert {"error": "no request is called 'exec'", "refused": True} == said[-1]
    assert 109 == len(logged)
    assert ("refused", {"reason": "no request is called 'exec'", "count": 1_000}) == logged[-1]


def test_there_are_no_more_deckies_than_permitted():
    with helper() as (netd, workshop, _):
        for number in range(2):
            mac = f"52:54:00:00:00:0{number}"
            ask(
                netd,
                "create",
                decky=f"d-{number}",
                addresses=[f"10.66.0.{number + 1}"],
                mac=mac,
                stack="linux",
                leased=False,
            )
        third = {
            "decky": "d-2",
            "addresses": ["10.66.0.3"],
            "mac": "52:54:00:00:00:03",
            "stack": "linux",
            "leased": False,
        }

        assert {"error": "2 deckies are there already", "refused": True} == ask(netd, "create", **third)
        ask(netd, "destroy", decky="d-0")
        assert "tier" in ask(netd, "create", **third)
        assert {"d-1", "d-2"} == set(workshop.houses)


def test_the_hosts_own_namespace_is_never_a_deckys():
    with helper() as (netd, workshop, _), socket.socket() as ours:
        assert "the namespace to adopt is the host's own" == ask(netd, "adopt", ours.fileno(), lease="", **WEB)["error"]
        assert "0 descriptors" in ask(netd, "adopt", lease="", **WEB)["error"]
        assert not workshop.houses


def test_a_namespace_of_somebody_else_is_not_adopted():
    with helper() as (netd, workshop, _):
        with netns.new() as other:
            os.close(other)
            theirs = socket.socket()
        with theirs:
            said = ask(netd, "adopt", theirs.fileno(), lease="", **WEB)

        assert "web-01 at 10.66.0.1 cannot be adopted: its interface eth0 is gone" == said["error"]
        assert not workshop.houses


def test_the_hosts_own_address_is_never_a_deckys():
    with helper() as (netd, workshop, _):
        with Netlink() as host:
            host.add_address(host.link(PARENT).index, ipaddress.ip_interface("10.66.0.1/16"))

        assert "web-01 cannot have 10.66.0.1: it is this host's own; reserve it" == ask(netd, "create", **WEB)["error"]
        assert not workshop.houses


def test_a_decky_whose_egress_rules_are_gone_is_not_adopted():
    with helper() as (netd, workshop, _):
        answer, (anchor,) = netd.answer(messages.write({"id": 7, "op": "create", **WEB}))
        assert "tier" in json.loads(answer)
        with anchor:
            house = workshop.houses["web-01"]
            with netns.inside(house.namespace):
                nftables.apply("flush ruleset\n")
            fresh = Workshop(RULES)
            said = ask(Netd(fresh, RULES, print), "adopt", anchor.fileno(), lease="", **WEB)
            fresh.close()

    assert "web-01 at 10.66.0.1 cannot be adopted: its egress rules are not in force" == said["error"]


@pytest.mark.parametrize(("op", "more"), [("listen", {"port": 1, "protocol": "tcp"}), ("probe", {"port": 1})])
def test_a_decky_that_is_not_there_is_told(op, more):
    with helper() as (netd, _, _):
        assert "web-01 is not there" == ask(netd, op, decky="web-01", **more)["error"]


def test_an_old_daemon_is_told_to_go():
    with helper() as (netd, _, _):
        assert "version 0 is asked for" in ask(netd, "hello", version=0, digest=RULES.digest)["error"]


@pytest.mark.parametrize(
    "argv",
    [
        ["--parent", "eth0", "--network", "nonsense", "--socket-fd", "0"],
        ["--parent", "eth0", "--network", "10.0.0.0/8"],  # no socket
    ],
)
def test_a_wrong_command_line_ends_with_a_usage_error(argv, capsys):
    assert USAGE == run(argv)
    assert '"event": "netd.misconfigured"' in capsys.readouterr().err


def test_it_loads_nothing_it_does_not_need():
    heavy = {"asyncio", "pykka", "sqlalchemy", "structlog", "zmq", "aiohttp", "supervisors"}
    program = f"import sys, plugins.fleet_driver.namespace.netd; print({heavy} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert "set()\n" == said


def test_the_defaults_are_the_careful_ones():
    options = parser().parse_args(["--parent", "eth0", "--network", "10.0.0.0/8"])

    assert ("none", os.getuid(), LINGER) == (options.egress, options.uid, options.linger)
