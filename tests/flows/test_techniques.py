"""From an attacker's bytes to the technique they show, through a whole daemon."""

import json
import time

import pytest

from tests.daemon import FLEET, Daemon, converse, decnetd, start, stop

OWN = """- id: OWN-1
  name: Bait key asked for
  phase: collection
  on: [CommandSeen]
  match:
    - {service: {any_of: [redis]}, verb: {any_of: [GET]}, arguments: {any_of: [payroll]}}
  emits:
    - {technique: T1552.001, tactic: credential-access, confidence: 0.9}
  evidence: [line]
"""


def seen(daemon: Daemon, technique: str, events: int) -> dict[str, object]:
    """Return the row of a technique once it has that many events."""
    deadline = time.monotonic() + 10
    rows: list[dict[str, object]] = []
    while time.monotonic() < deadline:
        rows = [row for row in daemon.ask("technique", "list") if row["technique"] == technique]
        if rows and rows[0]["events"] == events:
            return rows[0]
        time.sleep(0.05)
    raise AssertionError(f"{technique}: {rows}\n{daemon.log()}")


def say(daemon: Daemon, *commands: bytes) -> None:
    converse(daemon.listeners()["db-01"]["redis"], [(command + b"\r\n", b"\r\n") for command in commands])


def test_what_a_peer_does_is_a_technique_also_after_a_kill():
    with decnetd() as daemon:
        say(daemon, b"CONFIG SET dir /root/.ssh", b"FLUSHALL")
        seen(daemon, "T1098.004", 1)
        told = daemon.wait_events(1, kind="TechniqueSeen")
        daemon.kill()
        again = start(daemon.home, daemon.config)
        try:
            say(again, b"FLUSHALL")
            row = seen(again, "T1485", 2)
            (tag, *_) = again.ask("technique", "events", "T1485")
            layer = json.loads(again.ctl("technique", "export"))

            assert {"ttp.tagged"} == {one["topic"] for one in told}
            assert 1 == row["sources"]
            assert ("FLUSHALL", "db-01") == (tag["evidence"]["verb"], tag["decky"])
            assert {"T1098.004", "T1485"} <= {one["techniqueID"] for one in layer["techniques"]}
            assert 1 == len([one for one in again.events(kind="TechniqueSeen") if one["fact"]["technique"] == "T1485"])
        finally:
            stop(again)


def test_rules_are_read_again_and_states_outlive_the_daemon(tmp_path):
    (tmp_path / "own.yaml").write_text("[]\n")
    with decnetd(FLEET, extra=f'[techniques]\nrules = "{tmp_path}"\n') as daemon:
        daemon.ctl("technique", "rule-disable", "RED-5", "--reason", "ours")
        assert "technique.rule-disable" in daemon.ctl("audit", "list")
        (tmp_path / "own.yaml").write_text(OWN)
        daemon.process.send_signal(1)
        deadline = time.monotonic() + 10
        while "OWN-1" not in (rules := {row["rule"]: row for row in daemon.ask("technique", "rules")}):
            assert time.monotonic() < deadline, daemon.log()
            time.sleep(0.05)
        say(daemon, b"FLUSHALL", b"GET payroll")
        seen(daemon, "T1552.001", 1)

        assert rules["OWN-1"]["own"]
        assert "disabled" == rules["RED-5"]["mode"]
        assert not [row for row in daemon.ask("technique", "list") if row["technique"] == "T1485"]


@pytest.mark.parametrize("text", ["- id: [", OWN.replace("T1552.001", "T9999")])
def test_rules_that_cannot_be_are_refused_with_their_place(tmp_path, text):
    (tmp_path / "own.yaml").write_text(text)

    with (
        pytest.raises(AssertionError, match=r"own\.yaml:\d+:\d+: error"),
        decnetd(FLEET, extra=f'[techniques]\nrules = "{tmp_path}"\n'),
    ):
        pass
