"""What was asked of the deckies comes to its end, also when the daemon is killed in the middle."""

import subprocess
import time

from supervisors.control_client import ControlClient
from tests.daemon import BIN, Daemon, decnetd, start
from tests.flows.touches import touch_redis

MANY = "200"  # deckies: more than are there before the kill


def test_what_waits_when_the_daemon_is_killed_is_done_by_the_next_start_and_superseded_work_says_so():
    with decnetd() as daemon:
        daemon.ctl("actor", "stop", "decnetd/conductor", "--yes")  # both are asked for before one is begun
        daemon.ctl("fleet", "scale", "db", MANY, "--no-wait")
        daemon.ctl("decky", "create", "late-01", "--services", "redis", "--no-wait")
        daemon.kill()
        daemon.process = start(daemon.home, daemon.config).process
        ids = [row["id"] for row in daemon.ask("operation", "list")]
        assert len(ids) == 2
        late = daemon.ctl("operation", "follow", ids[0])
        daemon.ctl("operation", "follow", ids[1], code=1)
        create, scale = (daemon.ask("operation", "show", id_) for id_ in ids)

        assert "decky.create succeeded" in late
        assert (create["state"], create["revision"], create["error"]) == ("succeeded", 3, "")
        assert (scale["state"], scale["revision"]) == ("failed", 2)
        assert scale["error"] == "revision 3 superseded it before it was done"
        listeners = daemon.listeners()
        assert len([name for name in listeners if name.startswith("db-")]) == int(MANY)
        touch_redis(listeners["late-01"]["redis"])
        touch_redis(listeners[f"db-{MANY}"]["redis"])
        ended = daemon.wait_events(2, kind="operation_ended")
        assert {row["topic"] for row in ended} == {"fleet.local.operation_ended"}
        assert {(row["fact"]["operation"], row["fact"]["succeeded"]) for row in ended} == {
            (ids[0], True),
            (ids[1], False),
        }


def test_a_command_that_waits_is_told_when_the_daemon_dies_and_the_work_is_done_at_the_next_start():
    with decnetd() as daemon:
        waiting = subprocess.Popen(
            [BIN / "decnetctl", "--control", daemon.control, "fleet", "scale", "db", MANY],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=daemon.home,
        )
        begun = wait_for_one(daemon)
        daemon.kill()
        _, said = waiting.communicate(timeout=60)
        assert waiting.returncode == 3, said
        assert "fleet.scale is taken up again when the daemon starts" in said
        assert f"decnetctl operation show {begun['id']}" in said
        daemon.process = start(daemon.home, daemon.config).process
        daemon.ctl("operation", "follow", begun["id"])
        shown = daemon.ask("operation", "show", begun["id"])

        assert (shown["state"], shown["kind"], shown["author"].partition(" ")[0]) == ("succeeded", "fleet.scale", "uid")
        assert shown["attempts"] == 2
        assert len(daemon.listeners()) == int(MANY) + 1


def wait_for_one(daemon: Daemon) -> dict[str, str]:
    """Return the operation that runs, at once: it takes no second."""
    with ControlClient(daemon.control) as client:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for row in client.call("operation.list")["items"]:
                if row["state"] == "running":
                    return dict(row)
    raise AssertionError("nothing was begun")


def test_facts_of_the_fleet_are_followed_live():
    with decnetd() as daemon:
        newest = daemon.wait_events(1)[0]["seq"]
        words = ("event", "tail", "--after", str(newest - 1), "-o", "jsonl")
        with subprocess.Popen(
            [BIN / "decnetctl", "--control", daemon.control, *words], stdout=subprocess.PIPE, text=True, cwd=daemon.home
        ) as tail:
            assert tail.stdout is not None
            seen = [tail.stdout.readline()]  # one that was stored: what comes now comes live
            daemon.ctl("decky", "stop", "web-01", "--yes")
            while '"OperationEnded"' not in seen[-1]:
                seen.append(tail.stdout.readline())
                assert seen[-1], "the stream ended"
            tail.kill()
        said = "".join(seen)

        assert '"fleet.local.operation_started"' in said
        assert '"decky.stop succeeded"' in said
        assert '"decky.local.web-01.service_stopped"' in said
        states = daemon.wait_events(1, kind="decky_state_changed")
        assert states[0]["topic"] == "decky.local.web-01.state"
