"""From what clients type at real decoys to the secrets that were used again, and the baits that came back."""

import json
import socket
import time
from typing import Any

import asyncssh
import pytest

from tests.daemon import Daemon, decnetd, start

pytestmark = pytest.mark.client  # many starts and real clients: in the longer run

RARE = "Kx7!vQ2z"
BAIT = "gT4-heron-91"
FLEET = """
[fleet.loopback]
network = "{network}"

[[decky]]
name = "web-01"
services = ["ssh", "http"]
bait = [{{ user = "deploy", secret = "gT4-heron-91" }}]

[[decky]]
name = "db-01"
services = ["ssh", "http", "redis"]
"""
ONE, OTHER = "127.9.0.1", "127.9.0.2"


async def try_ssh(address: tuple[str, int], source: str, user: str, secret: str) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        await asyncssh.connect(
            *address,
            local_addr=(source, 0),
            username=user,
            password=secret,
            known_hosts=None,
            client_keys=None,
            config=[],
        )


def say(address: tuple[str, int], source: str, data: bytes) -> bytes:
    with socket.create_connection(address, 10, source_address=(source, 0)) as client:
        client.sendall(data)
        return client.recv(65536)


def try_http(address: tuple[str, int], source: str, user: str, secret: str) -> None:
    form = f"username={user}&password={secret.replace('!', '%21')}".encode()
    head = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    assert say(address, source, head + b"Content-Length: %d\r\n\r\n" % len(form) + form).startswith(b"HTTP/1.1 ")


def try_redis(address: tuple[str, int], source: str, secret: str) -> None:
    words = b"*2\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n" % (len(secret), secret.encode())
    assert say(address, source, words).startswith(b"-")


def reuses(daemon: Daemon, count: int, *words: str, attempts: int = 0) -> list[dict[str, Any]]:
    """Return the reuses once there are ``count``, each of so many attempts at least."""
    deadline = time.monotonic() + 10
    while True:
        found = daemon.ask("credential", "reuse-list", *words)
        if len([one for one in found if one["attempts"] >= attempts]) >= count:
            return list(found)
        assert time.monotonic() < deadline, f"{len(found)} of {count} {words}: {found}\n{daemon.log()[-2000:]}"
        time.sleep(0.05)


async def test_a_rare_password_is_reuse_and_a_common_one_is_not():
    with decnetd(FLEET) as daemon:
        at = daemon.listeners()
        for source, decky in ((ONE, "web-01"), (OTHER, "db-01")):
            await try_ssh(at[decky]["ssh"], source, "root", "root")
            try_http(at[decky]["http"], source, "root", "root")
        await try_ssh(at["web-01"]["ssh"], ONE, "root", RARE)
        try_http(at["db-01"]["http"], OTHER, "admin", RARE)
        [row] = reuses(daemon, 1, "--min-targets", "2")
        daemon.kill()
        daemon.process = start(daemon.home, daemon.config).process
        await try_ssh(at["web-01"]["ssh"], ONE, "root", RARE)
        daemon.wait_events(7, kind="CredentialSeen")
        again = reuses(daemon, 1, "--min-targets", "2", attempts=3)

        assert (RARE, "plaintext", 2, 2) == (row["secret"]["text"], row["kind"], row["sources"], row["targets"])
        assert row["confidence"] > 0.8
        assert [(row["id"], 3, 2, 2)] == [(one["id"], one["attempts"], one["sources"], one["targets"]) for one in again]
        [told] = daemon.events(kind="CredentialReused")
        assert "credential.reuse.detected" == told["topic"]
        assert (["127.9.0.1", "127.9.0.2"], ["db-01:http", "web-01:ssh"]) == (
            told["fact"]["sources"],
            told["fact"]["targets"],
        )
        assert RARE not in json.dumps(told)
        shown = json.loads(daemon.ctl("credential", "reuse-show", row["id"], "-o", "json"))
        assert [ONE, OTHER] == [one["source"] for one in shown["who"]]
        assert {"root", "admin"} == {one["user"] for one in shown["users"]}
        assert "there is no reuse" in daemon.ctl("credential", "reuse-show", "nothing", code=4)


async def test_a_bait_names_the_decky_that_leaked_it_wherever_it_is_tried():
    with decnetd(FLEET) as daemon:
        at = daemon.listeners()
        await try_ssh(at["db-01"]["ssh"], ONE, "deploy", BAIT)
        try_redis(at["db-01"]["redis"], OTHER, BAIT)
        [row] = reuses(daemon, 1, "--bait")
        used = daemon.wait_events(2, kind="BaitUsed")

        assert (["web-01"], 1.0) == (row["planted"], row["confidence"])
        assert {
            ("credential.bait_used", "web-01", ONE, "db-01", "ssh", "deploy"),
            ("credential.bait_used", "web-01", OTHER, "db-01", "redis", None),
        } == {
            (
                one["topic"],
                *one["fact"]["planted"],
                one["fact"]["source"],
                one["fact"]["decky"],
                one["fact"]["service"],
                one["fact"]["user"],
            )
            for one in used
        }
