"""Providers of intelligence are asked about an address, through the whole daemon, and what they say is told."""

import ipaddress
import socket
from pathlib import Path

import pytest

from decnet_actors.kernel import netns
from plugins.fleet_driver.namespace.netlink import Netlink
from tests.daemon import FLEET, decnetd, start
from tests.intel import KEY, SCANNER, SERVER, Stubs, providers
from tests.netlab import netlab

pytestmark = pytest.mark.client  # many starts and real clients: in the longer run

ENABLED = "[intel]\nenabled = true\n"


def keyless(stubs: Stubs) -> str:
    return stubs.toml("unused").replace('key = { file = "unused" }', "")


def test_an_address_is_asked_about_kept_told_and_known_after_kill_9(tmp_path: Path):
    key = tmp_path / "key"
    key.write_text(f"{KEY}\n")
    key.chmod(0o600)
    with providers() as stubs, decnetd(extra=ENABLED + stubs.toml(str(key))) as daemon:
        said = daemon.ask("intel", "refresh", SCANNER)

        assert said["verdict"] == "malicious"
        assert {one["provider"]: one["verdict"] for one in said["opinions"]} == {
            "abuseipdb": "malicious",
            "feodo": "unknown",
            "greynoise": "malicious",
            "threatfox": "unknown",
        }
        (told,) = daemon.wait_events(1, kind="AttackerEnriched")
        assert told["topic"] == "attacker.intel.enriched"
        assert (told["fact"]["address"], told["fact"]["verdict"]) == (SCANNER, "malicious")
        assert "categories=ssh" in told["fact"]["opinions"][0]["labels"]
        daemon.kill()
        daemon.process = start(daemon.home, daemon.config).process

        assert daemon.ask("intel", "show", SCANNER) == said
        assert [row["address"] for row in daemon.ask("intel", "list", "--verdict", "malicious")] == [SCANNER]
        daemon.ask("intel", "refresh", SERVER)
        assert len(daemon.wait_events(2, kind="AttackerEnriched")) == 2
        assert KEY not in daemon.log()
        assert KEY not in daemon.ctl("config", "show")
        assert KEY not in daemon.ctl("event", "list", "-o", "json")


def test_whoever_touches_a_decoy_from_the_internet_is_asked_about():
    with netlab() as lab:
        with netns.inside(lab.host), Netlink() as host:
            host.add_address(1, ipaddress.ip_interface(f"{SCANNER}/32"))  # of lo
            listener = socket.create_server(("127.0.0.1", 0))
        with (
            providers(listener) as stubs,
            decnetd(extra=ENABLED + keyless(stubs), within=lab.command(lab.host)) as daemon,
        ):
            address = daemon.listeners()["db-01"]["redis"]
            with netns.inside(lab.host):
                client = socket.socket()
            with client:
                client.bind((SCANNER, 0))
                client.connect(address)
                client.sendall(b"*1\r\n$4\r\nPING\r\n")
                assert b"+PONG\r\n" == client.recv(100)
            (told,) = daemon.wait_events(1, kind="AttackerEnriched")

            assert (SCANNER, "malicious") == (told["fact"]["address"], told["fact"]["verdict"])
            assert {"", SCANNER} == {told["source"], daemon.events(kind="CommandSeen")[0]["source"]}
            assert [("greynoise", SCANNER)] == [one for one in stubs.asked if one[0] == "greynoise"]


def test_a_key_that_is_missing_leaves_out_one_provider_and_the_doctor_says_which():
    with providers() as stubs, decnetd(extra=ENABLED + keyless(stubs)) as daemon:
        rows = {row["provider"]: row for row in daemon.ask("intel", "status")}
        (check,) = daemon.ask("doctor", "intel.providers")

        assert ("lacking", "a key is missing") == (rows["abuseipdb"]["state"], rows["abuseipdb"]["error"])
        assert ("ready", "ready") == (rows["greynoise"]["state"], rows["feodo"]["state"])
        assert "warn" == check["result"]
        assert "abuseipdb (a key is missing), threatfox (a key is missing)" in check["evidence"]
        assert "intel.options.abuseipdb" in check["remedy"]
        said = daemon.ask("intel", "refresh", SCANNER)
        assert ["feodo", "greynoise"] == [one["provider"] for one in said["opinions"]]
        assert {"feodo", "greynoise"} == {provider for provider, _ in stubs.asked}


def test_nobody_is_asked_until_that_is_enabled():
    with providers() as stubs, decnetd(extra=keyless(stubs)) as daemon:
        assert "DN4010" in daemon.ctl("intel", "refresh", SCANNER, code=6)
        assert {"off"} == {row["state"] for row in daemon.ask("intel", "status")}
        assert not [row for row in daemon.ask("actor", "list") if row["path"] == "decnetd/enrich"]
        assert "DN3001" in daemon.ctl("intel", "show", SCANNER, code=4)
        assert [] == stubs.asked


def test_private_addresses_and_what_is_none_are_refused():
    with providers() as stubs, decnetd(FLEET, extra=ENABLED + 'providers = ["feodo"]\n') as daemon:
        for text in ("127.0.0.1", "10.1.2.3", "fd00::1", "localhost"):
            assert "DN5001" in daemon.ctl("intel", "refresh", text, code=2)
        assert [] == stubs.asked
