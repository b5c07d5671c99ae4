"""A running fleet of unlike machines holds together, seen from outside; what a visitor changed is found."""

from tests.daemon import converse, decnetd

FLEET = """
[fleet.loopback]
network = "{network}"

[[decky]]
name = "dvr-01"
archetype = "video-recorder"

[[decky]]
name = "router-01"
distribution = "router:mipsel"
services = ["ssh", "telnet", "http"]

[[decky]]
name = "app-01"
distribution = "rocky:9"
services = ["ssh", "http"]

[[decky]]
name = "small-01"
distribution = "alpine:3.19"
services = ["http", "redis"]

[[decky]]
name = "db-01"
distribution = "ubuntu:22.04"
services = ["telnet", "redis"]
  [[decky.bait]]
  user = "root"
  secret = "hunter2"
"""


def test_a_fleet_of_unlike_machines_holds_together_until_a_visitor_changes_one():
    with decnetd(FLEET) as daemon:
        rows = daemon.ask("decky", "check")
        listeners = daemon.listeners()
        device = converse(listeners["dvr-01"]["telnet"], [(b"", b" login: ")])
        server = converse(listeners["router-01"]["http"], [(b"GET / HTTP/1.0\r\n\r\n", b"Server: lighttpd/")])
        converse(
            listeners["db-01"]["telnet"],
            [
                (bytes.fromhex("fffe25fffe26fffc18fffc20fffc23fffc27fffc24"), b""),
                (b"root\r\n", b"Password: "),
                (b"hunter2\r\n", b"# "),
                (b"echo owned > /etc/hostname; echo done\r\n", b"\r\ndone"),
            ],
        )
        found = daemon.ctl("decky", "check", "db-01", code=1)

    assert [] == [row for row in rows if not row["ok"]]
    assert {"dvr-01", "router-01", "app-01", "small-01", "db-01"} == {row["decky"] for row in rows}
    assert device.startswith(bytes.fromhex("fffd01fffd1ffffb01fffb03"))
    assert b"HTTP/1.0 302 Found" in server
    assert "/etc/hostname" in found
    assert "owned" in found
