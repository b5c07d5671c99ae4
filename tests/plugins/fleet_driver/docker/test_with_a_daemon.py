"""A real decnetd whose decky is a container: an attacker on its LAN is served and recorded, also after a crash."""

import json

import pytest

from tests.daemon import converse, decnetd, start
from tests.plugins.fleet_driver.docker.lan import ATTACKER, ask

pytestmark = pytest.mark.server
ADDRESS = "10.99.5.200"


def fleet_of(config):
    return f"""
[fleet]
driver = "docker"

[fleet.docker]
image = "{config.image}"
network = "{config.network}"
pool = "{config.pool}"
socket = "{config.socket}"
installation = "{config.installation}"

[[decky]]
name = "db-01"
address = "{ADDRESS}"
services = ["redis", "telnet"]
"""


async def test_a_fleet_of_containers_serves_and_records_and_is_adopted_after_a_crash(config, made_lan):
    def containers():
        told = json.loads(ask(config.socket, "GET", "/containers/json"))
        return {one["Id"]: one["Status"] for one in told if one["Names"] == [f"/{config.installation}-db-01"]}

    steps = [(b"AUTH hunter2\r\n", b"\r\n"), (b"PING\r\n", b"\r\n")]
    with decnetd(fleet_of(config)) as daemon:
        assert daemon.listeners()["db-01"] == {"redis": (ADDRESS, 6379), "telnet": (ADDRESS, 23)}
        before = containers()
        await made_lan.attack(lambda: converse((ADDRESS, 6379), steps))
        seen = daemon.wait_events(1, kind="CredentialSeen")
        assert ("db-01", "redis", ATTACKER) == tuple(seen[0][key] for key in ("decky", "service", "source"))
        assert "stored as event" in daemon.ctl("selftest")

        daemon.kill()
        daemon.process = start(daemon.home, daemon.config).process
        await made_lan.attack(lambda: converse((ADDRESS, 6379), steps))
        daemon.wait_events(2, kind="CredentialSeen")

        assert before.keys() == containers().keys()
        assert len(before) == 1
