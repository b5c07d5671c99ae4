"""Providers of intelligence are asked about an address, through the whole daemon, and what they say is told."""

from pathlib import Path

from tests.daemon import FLEET, decnetd, start
from tests.intel import KEY, SCANNER, SERVER, providers

ENABLED = "[intel]\nenabled = true\n"


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


def test_a_key_that_is_missing_leaves_out_one_provider_and_the_doctor_says_which():
    with providers() as stubs:
        options = stubs.toml("unused").replace('key = { file = "unused" }', "")
        with decnetd(extra=ENABLED + options) as daemon:
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
    with providers() as stubs, decnetd(extra=stubs.toml("unused").replace('key = { file = "unused" }', "")) as daemon:
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
