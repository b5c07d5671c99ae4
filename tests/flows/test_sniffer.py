"""A whole daemon that listens: what nmap, curl and openssl are on the wire is in the list of events."""

import subprocess
import time

import pytest

from tests.daemon import decnetd
from tests.netlab import ATTACKER, ATTACKER6, netlab

pytestmark = pytest.mark.client  # many starts and real clients: in the longer run

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
services = ["http"]
[[decky]]
name = "six-01"
address = "fd66::21"
services = ["redis"]
"""
DB, WEB = "10.66.0.1", "10.66.0.2"


@pytest.fixture(scope="module")
def lab():
    with netlab() as made:
        yield made


@pytest.fixture(scope="module")
def daemon(lab, tmp_path_factory):
    fleet = FLEET.replace("{{socket}}", str(tmp_path_factory.mktemp("n") / "s"))
    with decnetd(fleet, within=lab.command(lab.host)) as made:
        yield made


def facts(daemon, name, /, count=1, within=20.0, **wanted):
    """Return events of a class whose facts say this, once there are so many."""
    deadline = time.monotonic() + within
    while True:
        found = [one for one in daemon.events(kind=name) if wanted.items() <= one["fact"].items()]
        if len(found) >= count:
            return found
        assert time.monotonic() < deadline, (name, wanted, daemon.events(kind=name))


@pytest.mark.client
@pytest.mark.parametrize(
    ("flag", "kind", "own"),
    [
        ("-sS", "syn", "10.66.255.11"),
        ("-sN", "null", "10.66.255.12"),
        ("-sF", "fin", "10.66.255.13"),
        ("-sX", "xmas", "10.66.255.14"),
    ],
)
def test_a_scan_of_nmap_is_told_for_what_it_is(lab, daemon, flag, kind, own):
    lab.run("ip", "address", "add", f"{own}/16", "dev", "eth0")
    lab.run("nmap", "-n", "-Pn", flag, "-T5", "-e", "eth0", "-S", own, "-p", "22,80,443,6379,8080,9000", DB, WEB)
    (scan,) = [one for one in facts(daemon, "PortScanSeen", kind=kind) if one["source"] == own]
    fact = scan["fact"]

    assert (12, [22, 80, 443, 6379, 8080, 9000], ["db-01", "web-01"], 0) == (
        fact["targets"], fact["ports"], fact["deckies"], fact["completed"],
    )  # fmt: skip
    assert scan["decky"] in fact["deckies"]


@pytest.mark.client
def test_the_probes_of_nmap_for_systems_are_told_by_name(lab, daemon):
    lab.run("nmap", "-n", "-Pn", "-O", "-T5", "-p", "79,80", WEB)
    (scan, *_) = facts(daemon, "PortScanSeen", kind="nmap_os")

    assert {"P1", "P6", "ECN", "T2", "T3", "T7"} <= set(scan["fact"]["probes"])
    assert facts(daemon, "SynSeen", os_guess="nmap")


@pytest.mark.client
def test_clients_are_told_by_what_they_say_first(lab, daemon):
    address = f"{WEB}:80"
    for most in ("1.2", "1.3"):
        words = lab.command(lab.attacker, "curl", "-sk", "--tls-max", most, "--max-time", "5", f"https://{address}/")
        subprocess.run(words, check=False, capture_output=True, timeout=20)
    words = ("openssl", "s_client", "-connect", address, "-servername", "shop.example", "-alpn", "h2")
    subprocess.run(
        lab.command(lab.attacker, *words), check=False, capture_output=True, timeout=20, stdin=subprocess.DEVNULL
    )
    seen = facts(daemon, "TlsClientSeen", 3)
    named = facts(daemon, "TlsClientSeen", sni="shop.example")

    assert {"1.2", "1.3"} == {one["fact"]["version"] for one in seen}
    assert 3 == len({one["fact"]["ja4"] for one in seen})
    assert ["h2"] == named[0]["fact"]["alpn"]
    assert ("web-01", ATTACKER) == (named[0]["decky"], named[0]["source"])


def test_a_connection_is_told_from_its_syn_to_its_end(lab, daemon):
    with lab.connect("fd66::21", 6379) as client:
        client.sendall(b"*1\r\n$4\r\nPING\r\n")
        assert b"+PONG\r\n" == client.recv(100)
    ended = next(one for one in facts(daemon, "FlowEnded", port=6379) if one["source"] == ATTACKER6)
    syn = next(one for one in facts(daemon, "SynSeen", os_guess="linux") if one["source"] == ATTACKER6)

    assert ("six-01", 14, 7, "closed") == (
        ended["decky"], ended["fact"]["bytes_in"], ended["fact"]["bytes_out"], ended["fact"]["reason"],
    )  # fmt: skip
    assert (0, 64, 6379) == (syn["fact"]["hops"], syn["fact"]["ttl"], syn["fact"]["port"])


def test_status_and_doctor_say_that_it_listens(daemon):
    assert ("lan0", 0) == tuple(daemon.status()[name] for name in ("sniffer", "sniffer_dropped"))
    assert "listens on lan0" in daemon.ctl("doctor", "network.sniffer")


def test_where_it_may_not_listen_it_says_so_and_the_daemon_is_fine():
    unprivileged = ("setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-all")
    with decnetd(extra='[sniffer]\nenabled = "on"', within=unprivileged) as daemon:
        status = daemon.status()
        told = daemon.ctl("doctor", "network.sniffer", code=1)

    assert status["ready"]
    assert "needs CAP_NET_RAW" in status["sniffer"]
    assert ["DN2112"] == [one["code"] for one in status["problems"]]
    assert "needs CAP_NET_RAW" in told
