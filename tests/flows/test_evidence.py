"""From an attacker's first byte to what the operator sees, through a real daemon, and through kill -9."""

import json
import re
import signal
import socket
import subprocess
import time
import urllib.request

import pytest

from tests.daemon import BIN, FLEET, decnetd, start, stop, write_config
from tests.flows.touches import touch_all, touch_redis

SECRETS = {"hunter2-redis", "hunter2-http", "hunter2-telnet", "hunter2-ssh"}


def secrets(daemon) -> set[str]:
    return {row["secret"]["text"] for row in daemon.ask("credential", "list")}


async def test_every_decoy_is_seen_within_a_second_and_survives_kill_9(tmp_path):
    with decnetd() as daemon:
        listeners = daemon.listeners()
        tail = subprocess.Popen(
            [BIN / "decnetctl", "--control", daemon.control, "event", "tail", "-o", "jsonl"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        await_subscribed(daemon)
        began = time.monotonic()
        await touch_all(listeners)
        done = time.monotonic()
        seen: set[str] = set()
        assert tail.stdout is not None
        while not SECRETS <= seen:
            line = json.loads(tail.stdout.readline())
            if line["kind"] == "CredentialSeen":
                seen.add(line["fact"]["secret"]["text"])
            assert time.monotonic() - done < 10, (seen, time.monotonic() - began)
        tail.terminate()
        tail.communicate(timeout=5)

        assert secrets(daemon) == SECRETS
        assert {"ssh", "http", "redis", "telnet"} == {row["service"] for row in daemon.ask("session", "list")}
        before = daemon.events()
        daemon.kill()
        again = start(daemon.home, daemon.config)
        daemon.process = again.process

        assert secrets(daemon) == SECRETS
        after = {row["seq"] for row in daemon.events()}
        assert {row["seq"] for row in before} <= after
        assert listeners == daemon.listeners(), "a decoy must be found where it was"


def await_subscribed(daemon) -> None:
    """Return when the daemon serves a stream; until then a tail could miss what is done next."""
    deadline = time.monotonic() + 10
    while not any(row["path"].endswith("control") for row in daemon.ask("actor", "list")):
        assert time.monotonic() < deadline
    time.sleep(0.5)  # the tail's own start-up; a tail that starts later sees nothing wrong, only less


def test_boot_says_where_decoys_listen_and_how_to_get_in():
    with decnetd() as daemon:
        said = daemon.log()

        for services in daemon.listeners().values():
            for address, port in services.values():
                assert f"{address}:{port}" in said
        link = re.search(r"http://127\.0\.0\.1:\d+/setup#\S+", said)
        assert link, said
        page = link[0].partition("#")[0]
        with urllib.request.urlopen(page, timeout=5) as answer:
            assert answer.status == 200


def test_an_orderly_stop_ends_with_zero_and_leaves_no_socket():
    with decnetd() as daemon:
        listeners = daemon.listeners()

        assert stop(daemon) == 0
        for services in listeners.values():
            for address in services.values():
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection(address, 2)
        assert not [path.name for path in (daemon.home / "run").iterdir() if path.name == "control.sock"]


def test_a_second_daemon_on_the_same_folders_is_refused_with_the_reason():
    with decnetd() as daemon:
        done = subprocess.run(
            [BIN / "decnetd", "-c", daemon.config], capture_output=True, text=True, timeout=30, check=False
        )

        assert done.returncode == 1
        assert "another" in done.stderr
        assert "Traceback" not in done.stderr
        assert daemon.status()["ready"]


def test_a_reload_touches_only_the_decky_that_changed():
    with decnetd() as daemon:
        before = daemon.listeners()
        with socket.create_connection(before["web-01"]["ssh"], 5) as held:
            held.settimeout(5)
            assert held.recv(4) == b"SSH-"
            daemon.config = write_config(daemon.home, FLEET + '[[decky]]\nname = "new-01"\nservices = ["redis"]\n', "")
            daemon.process.send_signal(signal.SIGHUP)
            deadline = time.monotonic() + 10
            while "new-01" not in (after := daemon.listeners()):
                assert time.monotonic() < deadline, daemon.log()
            touch_redis(after["new-01"]["redis"])

            assert before == {name: after[name] for name in before}
            held.sendall(b"SSH-2.0-still-here\r\n")
            assert held.recv(1), "the session of an untouched decky must live on"


def test_a_reload_with_a_bad_file_changes_nothing_and_is_shown():
    with decnetd() as daemon:
        before = daemon.listeners()
        daemon.config.write_text("[daemon]\nlog_levl = 3\n")
        daemon.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while not (problems := daemon.status()["problems"]):
            assert time.monotonic() < deadline

        assert "log_levl" in problems[0]["text"], problems
        assert before == daemon.listeners()


def test_a_bad_configuration_ends_with_78_and_every_error():
    with decnetd() as daemon:
        bad = daemon.home / "bad.toml"
        bad.write_text('[daemon]\nlog_level = "loud"\n[web]\nlisen = []\n')
        done = subprocess.run([BIN / "decnetd", "-c", bad], capture_output=True, text=True, timeout=30, check=False)

        assert done.returncode == 78
        assert f"{bad}:2:" in done.stderr
        assert f"{bad}:4:" in done.stderr
        assert 'did you mean "listen"' in done.stderr


def test_a_workers_name_is_the_same_token_everywhere():
    with decnetd() as daemon:
        paths = {row["path"] for row in daemon.ask("actor", "list")}
        services = {(decky, name) for decky, found in daemon.listeners().items() for name in found}

        assert all(re.fullmatch(r"[a-z0-9-]+(/[a-z0-9-]+)*", path) for path in paths)
        assert {f"decnetd/fleet/{decky}/{service}" for decky, service in services} <= paths
        for path in sorted(paths):
            assert path in daemon.ctl("actor", "tree", path) or path == "decnetd"


def test_selftest_follows_a_probe_to_its_published_event():
    with decnetd() as daemon:
        hops = daemon.ask("selftest", "web-01", "db-01", "--all-services")

        assert all(hop["ok"] for hop in hops), hops
        assert {("web-01", "ssh"), ("web-01", "http"), ("db-01", "redis"), ("db-01", "telnet")} == {
            (hop["decky"], hop["service"]) for hop in hops
        }
        assert {"probe", "decoy", "event", "bus"} == {hop["name"] for hop in hops}


def test_doctor_finds_nothing_failing_on_a_fresh_instance():
    with decnetd() as daemon:
        failing = [row for row in daemon.ask("doctor") if row["result"] == "fail"]

        assert not failing, failing
