"""An operator changes the fleet of a running daemon: what is equal is not touched, and what was wanted survives."""

import json
import signal
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import FLEET, Daemon, decnetd, own_network, start, stop, write_config
from tests.flows.touches import touch_redis

OFFICE = """\
[[decky]]
name = "web-01"
services = ["ssh", "http"]

[[decky]]
name = "db-01"
services = ["redis", "telnet"]

[[decky]]
name = "cache-01"
archetype = "database-server"
"""
LISTEN = "0A"


def sockets(daemon: Daemon) -> dict[tuple[str, int], str]:
    """Return the inode of each listening socket of the deckies: another socket at the same place has another."""
    found = {}
    for line in Path(f"/proc/{daemon.pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        host, _, port = fields[1].partition(":")
        address = socket.inet_ntoa(bytes.fromhex(host)[::-1])
        if fields[3] == LISTEN and address.startswith(own_network().rpartition(".")[0]):
            found[address, int(port, 16)] = fields[9]
    return found


def held_by(inodes: dict[tuple[str, int], str], *addresses: tuple[str, int]) -> list[str]:
    return [inodes[address] for address in addresses]


def write(daemon: Daemon, name: str, text: str) -> str:
    (daemon.home / name).write_text(text)
    return name


def test_a_file_is_applied_a_decky_edited_and_all_of_it_survives_a_restart():
    with decnetd() as daemon:
        before, at_first = daemon.listeners(), sockets(daemon)
        file = write(daemon, "office.toml", OFFICE)
        said = daemon.ctl("fleet", "apply", file, "--reason", "a cache for the office")
        assert "+ cache-01  created  redis" in said
        assert "cache-01  up" in said
        after = daemon.listeners()
        touch_redis(after["cache-01"]["redis"])
        assert before == {name: after[name] for name in before}
        assert at_first.items() <= sockets(daemon).items(), "no listener of before was opened anew"

        with socket.create_connection(after["web-01"]["ssh"], 5) as held:
            held.settimeout(5)
            assert held.recv(4) == b"SSH-"
            inodes = sockets(daemon)
            daemon.ctl("decky", "service-set", "db-01", "redis", "--option", "password=hunter2", "--yes")
            edited = sockets(daemon)
            others = [*after["web-01"].values(), *after["cache-01"].values()]
            assert held_by(inodes, *others) == held_by(edited, *others)
            assert held_by(inodes, after["db-01"]["redis"]) != held_by(edited, after["db-01"]["redis"])
            held.sendall(b"SSH-2.0-still-here\r\n")
            assert held.recv(1), "the session of an untouched decky must live on"

        history = daemon.ask("fleet", "history")
        assert [(row["revision"], row["author"].partition(" ")[0], row["reason"]) for row in history] == [
            (3, "uid", ""),
            (2, "uid", "a cache for the office"),
            (1, "configuration", ""),
        ]
        exported = daemon.ctl("fleet", "export")
        assert stop(daemon) == 0
        daemon.process = start(daemon.home, daemon.config).process

        assert daemon.listeners() == after
        assert daemon.ctl("fleet", "export") == exported
        assert daemon.ctl("fleet", "diff", write(daemon, "same.toml", exported)) == ""
        daemon.ctl("fleet", "rollback", "1", "--yes")
        assert daemon.listeners() == before
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(after["cache-01"]["redis"], 2)


def test_a_wrong_file_is_refused_at_its_places_and_changes_nothing():
    with decnetd() as daemon:
        before = daemon.listeners()
        bad = write(daemon, "bad.toml", '[[decky]]\nname = "a"\nservices = ["ssh", "httq"]\n[[decky]]\nname = "B"\n')
        said = daemon.ctl("fleet", "apply", bad, "--yes", code=78)
        unread = daemon.ctl("fleet", "apply", "none.toml", code=78)

        assert "bad.toml:5:8: decky[1].name: " in said or "bad.toml:5:8: " in said, said
        assert "error DN1001: none.toml: No such file or directory" in unread
        named = write(daemon, "named.toml", '[[decky]]\nname = "a"\nservices = ["ssh", "httq"]\n')
        assert "named.toml:3:20: " in daemon.ctl("fleet", "plan", named, code=78)
        assert before == daemon.listeners()
        assert [row["revision"] for row in daemon.ask("fleet", "history")] == [1]


def test_a_decky_that_cannot_have_its_port_is_named_and_the_others_answer():
    taken = str(own_network().rpartition(".")[0]) + ".9"
    with socket.create_server((taken, 6379)), decnetd() as daemon:
        text = OFFICE + f'[[decky]]\nname = "late-01"\naddress = "{taken}"\nservices = ["redis"]\n'
        answer = json.loads(daemon.ctl("fleet", "apply", write(daemon, "f.toml", text), "-o", "json", code=None))
        states = {one["name"]: (one["state"], one["error"]) for one in answer["operation"]["outcomes"]}

        assert states["cache-01"] == ("up", "")
        assert states["late-01"][0] == "down"
        assert "Address already in use" in states["late-01"][1]
        touch_redis(daemon.listeners()["cache-01"]["redis"])


def test_deckies_come_stop_start_and_go_by_command():
    with decnetd() as daemon:
        daemon.ctl("decky", "create", "iot-01", "--archetype", "iot-device")
        address = daemon.listeners()["iot-01"]["telnet"]
        with socket.create_connection(address, 5):
            pass
        daemon.ctl("decky", "stop", "iot-01", "--yes")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, 2)
        assert daemon.status()["ready"], "what is stopped on purpose is not missing"
        assert [row["state"] for row in daemon.ask("decky", "list")] == ["up", "up", "stopped"]
        daemon.ctl("decky", "start", "iot-01")
        assert daemon.listeners()["iot-01"]["telnet"] == address
        told = daemon.wait_events(3, kind="decky_state_changed")
        assert [(row["decky"], row["fact"]["old"], row["fact"]["new"]) for row in reversed(told)] == [
            ("iot-01", "absent", "up"),
            ("iot-01", "up", "stopped"),
            ("iot-01", "stopped", "up"),
        ]
        daemon.ctl("decky", "mutate", "iot-01", "--yes")
        assert set(daemon.listeners()["iot-01"]) != {"telnet"}
        mutated, created = daemon.wait_events(2, kind="decky_mutated")
        assert (created["fact"]["old"], created["fact"]["new"], created["fact"]["trigger"]) == (
            [],
            ["telnet"],
            "creation",
        )
        assert (mutated["fact"]["old"], mutated["fact"]["trigger"]) == (["telnet"], "operator")
        assert sorted(mutated["fact"]["new"]) == sorted(daemon.listeners()["iot-01"])
        daemon.ctl("decky", "restart", "web-01", "--yes")
        daemon.ctl("fleet", "scale", "iot", "3")
        assert {"iot-01", "iot-02", "iot-03"} <= set(daemon.listeners())
        daemon.ctl("fleet", "pause")
        assert ["DN2002"] == [problem["code"] for problem in daemon.status()["problems"]]
        daemon.ctl("fleet", "resume")
        assert daemon.status()["problems"] == []
        daemon.ctl("decky", "delete", "web-01", "--yes")
        daemon.ctl("fleet", "teardown", "--yes")
        assert daemon.ask("decky", "list") == []
        assert "DN2001" in daemon.ctl("decky", "stop", "web-01", code=4)


def test_the_configuration_is_taken_only_when_it_is_another():
    with decnetd() as daemon:
        daemon.ctl("decky", "delete", "db-01", "--yes")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for_log(daemon, "config.applied", 1)
        assert set(daemon.listeners()) == {"web-01"}
        write_config(daemon.home, FLEET + '[[decky]]\nname = "new-01"\nservices = ["redis"]\n', "")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for_log(daemon, "config.applied", 2)

        assert set(daemon.listeners()) == {"web-01", "db-01", "new-01"}
        assert [row["author"].partition(" ")[0] for row in daemon.ask("fleet", "history")] == [
            "configuration",
            "uid",
            "configuration",
        ]


def wait_for_log(daemon: Daemon, event: str, count: int) -> None:
    deadline = time.monotonic() + 10
    while daemon.log().count(f'"{event}"') < count:
        assert time.monotonic() < deadline, daemon.log()
        time.sleep(0.02)


def test_an_ini_file_of_the_predecessor_is_imported():
    with decnetd() as daemon:
        text = "[general]\ninterface = eth0\n[web]\nservices = ssh, smb\namount = 2\n[web.ssh]\nport = 2022\n"
        looked = daemon.ctl("fleet", "import", write(daemon, "old.ini", text), "--dry-run")
        daemon.ctl("fleet", "import", "old.ini", "--yes")

        assert "! old.ini:4: [web]: there is no decoy for smb" in looked
        assert {name: {"ssh"} for name in ("web-01", "web-02")} == {
            name: set(services) for name, services in daemon.listeners().items()
        }
        assert {port for services in daemon.listeners().values() for _, port in services.values()} == {2022}


def request(daemon: Daemon, token: str, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
    """Return status and parsed body of one request to the REST interface."""
    wanted = urllib.request.Request(
        f"{daemon.status()['dashboard']}/api/v1{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers},
    )
    try:
        with urllib.request.urlopen(wanted, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def finished(daemon: Daemon, token: str, answer: Any) -> Any:
    """Follow what an answer says was begun, and return it as it ended."""
    wanted = urllib.request.Request(
        f"{daemon.status()['dashboard']}/api/v1/operations/{answer['operation']['id']}/follow",
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(wanted, timeout=30) as lines:
        return [json.loads(line) for line in lines][-1]


def test_the_rest_interface_changes_the_fleet_the_same_way():
    with decnetd() as daemon:
        token = daemon.ask("api-token", "create", "ci", "--role", "admin")["token"]
        file = {"name": "office.toml", "text": OFFICE}
        looked = request(daemon, token, "POST", "/fleet:apply", {"file": file, "dry_run": True})
        done = request(daemon, token, "POST", "/fleet:apply", {"file": file, "base": looked[1]["base"]})
        assert (looked[0], done[0], looked[1]["changes"]) == (200, 202, done[1]["changes"])
        ended = finished(daemon, token, done[1])
        assert (ended["state"], ended["kind"], ended["via"]) == ("succeeded", "fleet.apply", "token")
        assert ended["outcomes"] == [{"name": "cache-01", "state": "up", "error": ""}]

        edit = {"distribution": "debian:12"}
        assert request(daemon, token, "PATCH", "/deckies/cache-01", edit)[0] == 428
        status, answer = request(daemon, token, "PATCH", "/deckies/cache-01", edit, **{"If-Match": "*"})
        assert (status, answer["revision"]) == (202, 3)
        assert finished(daemon, token, answer)["outcomes"] == [{"name": "cache-01", "state": "up", "error": ""}]
        status, problem = request(daemon, token, "POST", "/fleet:apply", {"file": {"name": "x.toml", "text": "[[d"}})
        assert (status, problem["code"]) == (422, "DN1002")
        assert problem["errors"][0]["detail"].startswith("x.toml:1:")
        status, _ = request(daemon, token, "DELETE", "/deckies/cache-01?reason=done", **{"If-Match": "*"})
        assert (status, request(daemon, token, "GET", "/fleet")[1]["reason"]) == (202, "done")
        assert [row["via"] for row in daemon.ask("fleet", "history")] == ["token", "token", "token", "configuration"]


def test_a_decky_without_a_place_is_left_out_and_can_be_given_one_by_command():
    with decnetd() as daemon:
        daemon.ctl("fleet", "scale", "web", "40")
        assert stop(daemon) == 0
        narrow = FLEET.replace("{network}", own_network().replace(".0/24", ".0/27"))
        daemon.config = write_config(daemon.home, narrow, "")
        daemon.process = start(daemon.home, daemon.config).process
        problems = daemon.status()["problems"]

        assert len(daemon.listeners()) == 30
        assert len(problems) == 11
        assert "is left out of the fleet: web-" in problems[0]["text"]
        assert "no address left" in problems[0]["text"]
        daemon.ctl("fleet", "scale", "web", "20", "--yes")
        assert daemon.status()["problems"] == []
