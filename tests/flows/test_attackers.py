"""What an attacker does to real decoys is its profile a moment later, also when the daemon is killed meanwhile."""

import socket
import time
from typing import Any

from tests.daemon import Daemon, decnetd, start

FLEET = """
[fleet.loopback]
network = "{network}"

[[decky]]
name = "web-01"
services = ["http"]

[[decky]]
name = "db-01"
services = ["redis"]
"""
REQUEST = b"GET /login HTTP/1.1\r\nHost: x\r\nUser-Agent: Nikto/2.5\r\nConnection: close\r\n\r\n"
AUTH = b"*2\r\n$4\r\nAUTH\r\n$7\r\nhunter2\r\n"


def say(address: tuple[str, int], data: bytes) -> None:
    """Say something to a decoy and read its answer."""
    with socket.create_connection(address, 5) as peer:
        peer.sendall(data)
        assert peer.recv(4096)


def profile(daemon: Daemon, sessions: int) -> dict[str, Any]:
    """Return the only attacker once the profiler knows of so many sessions."""
    deadline = time.monotonic() + 20
    while True:
        rows = daemon.ask("attacker", "list")
        if rows and rows[0]["sessions"] >= sessions:
            (row,) = rows
            found: dict[str, Any] = daemon.ask("attacker", "show", row["address"])
            return found
        assert time.monotonic() < deadline, rows


def test_a_profile_is_whole_after_a_kill_in_the_middle() -> None:
    with decnetd(FLEET) as daemon:
        listeners = daemon.listeners()
        for _ in range(10):
            say(listeners["web-01"]["http"], REQUEST)
        daemon.kill()  # the profiler may be behind, in the middle, or done
        daemon.process = start(daemon.home, daemon.config).process
        listeners = daemon.listeners()
        for _ in range(3):
            say(listeners["db-01"]["redis"], AUTH)
        found = profile(daemon, 13)
        events = [one for one in daemon.events() if one["source"] == found["address"]]
        told = [one for one in daemon.events() if one["kind"] == "AttackerObserved"]

        assert len([one for one in events if one["kind"] == "SessionOpened"]) == found["sessions"] == 13
        assert [visit["decky"] for visit in found["visits"]] == ["web-01", "db-01"]
        assert found["tools"] == ["nikto"]
        assert found["credentials"] == 3
        assert ["hunter2"] == [one["secret"]["text"] for one in found["tried"]]
        agents = [one for one in found["fingerprints"] if one["kind"] == "user_agent"]
        assert [("Nikto/2.5", 10, 0)] == [(one["value"], one["count"], one["others"]) for one in agents]
        assert [one["fact"]["address"] for one in told] == [found["address"]]
        assert [] == [one for one in daemon.events() if one["kind"] == "SessionCrashed"]
