"""A change of the fleet is shown before it is made, asked about when connections end, and held to what was shown."""

import io
import json
import sys

import pytest

from decnet_actors.contracts.operations import MAX_FILE
from decnet_actors.ctl.failure import CommandFailed
from decnet_actors.ctl.waiting import CLEAR
from tests.decnet_actors.ctl.canned import CannedDaemon, Stdin, runner
from tests.decnet_actors.ctl.scenes import ANSWERS, BEGUN, RUNNING


@pytest.fixture
def command(capsys):
    return runner(capsys)


@pytest.fixture
def daemon():
    return CannedDaemon(answers=ANSWERS)


def test_a_change_is_looked_at_and_then_held_to_the_revision_that_was_seen(command, daemon):
    command("decky", "edit", "web-01", "--stack", "linux", "--yes", daemon=daemon)

    given = {"name": "web-01", "stack": "linux"}
    assert daemon.asked[:2] == [("decky.edit", {**given, "dry_run": True}), ("decky.edit", {**given, "base": 4})]
    assert [name for name, _ in daemon.asked[2:]] == ["operation.follow"]


def test_a_revision_of_the_operators_choice_is_kept(command, daemon):
    command("decky", "start", "db-01", "--base", "3", daemon=daemon)

    assert [args["base"] for name, args in daemon.asked if name == "decky.start"] == [3, 3]


def test_a_dry_run_is_asked_for_once(command, daemon):
    done = command("decky", "stop", "web-01", "--dry-run", daemon=daemon)

    assert (done.code, len(daemon.asked)) == (0, 1)
    assert "nothing was changed" in done.err


@pytest.mark.parametrize(("said", "calls", "code"), [("y\n", 2, 0), ("n\n", 1, 130), ("\n", 1, 130)])
def test_it_asks_when_connections_end(command, daemon, monkeypatch, said, calls, code):
    monkeypatch.setattr(sys, "stdin", io.StringIO(said))
    done = command("decky", "delete", "web-01", daemon=daemon, stdin=Stdin(terminal=True))

    assert (done.code, [name for name, _ in daemon.asked].count("decky.delete")) == (code, calls)
    assert "This ends the connections to web-01. Go on?" in done.err + done.out


def test_it_does_not_ask_when_nobodys_connection_ends(command, daemon):
    assert command("decky", "create", "db-01", "--services", "redis", daemon=daemon).code == 0
    assert [name for name, _ in daemon.asked] == ["decky.create", "decky.create", "operation.follow"]


def test_nobody_can_be_asked_without_a_terminal(command, daemon):
    done = command("fleet", "teardown", daemon=daemon)

    assert (done.code, len(daemon.asked)) == (2, 1)
    assert "and 2 more. Go on? Say so with --yes" in done.err


def test_machine_formats_show_the_answer_alone(command, daemon):
    done = command("fleet", "import", "-", "-o", "json", "--yes", daemon=daemon)

    assert json.loads(done.out)["revision"] == 5


def test_a_change_may_take_longer_than_an_answer_unless_the_operator_says(command):
    waited = []

    def connect(settings):
        waited.append(settings.timeout)
        return CannedDaemon(answers=ANSWERS)

    command("decky", "start", "db-01", connect=connect)
    command("decky", "start", "db-01", "--timeout", "3s", connect=connect)
    command("decky", "list", connect=connect)

    assert waited == [600.0, 600.0, 600.0, 3.0, 3.0, 3.0, 10.0]


def test_a_file_is_sent_with_its_name(command, daemon, tmp_path):
    (tmp_path / "office.toml").write_text("größe")
    command("fleet", "plan", str(tmp_path / "office.toml"), daemon=daemon)
    command("fleet", "plan", "-", daemon=daemon, stdin=Stdin("a\nb"))

    assert [args["file"] for _, args in daemon.asked] == [
        {"name": str(tmp_path / "office.toml"), "text": "größe"},
        {"name": "stdin", "text": "a\nb"},
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"\xff", "is not UTF-8 (byte 1)"), (b"#" * (MAX_FILE + 1), "is larger than 512 KiB"), (None, "No such file")],
)
def test_a_file_that_cannot_be_sent_is_told_without_asking_the_daemon(command, daemon, tmp_path, data, said):
    place = tmp_path / "x.toml"
    if data is not None:
        place.write_bytes(data)
    done = command("fleet", "apply", str(place), daemon=daemon)

    assert (done.code, daemon.asked) == (78, [])
    assert done.err.startswith(f"error DN1001: {place}: {said}")


def test_standard_input_is_bounded_too(command, daemon):
    done = command("fleet", "apply", "-", daemon=daemon, stdin=Stdin("#" * (MAX_FILE + 1)))

    assert done.err.startswith("error DN1001: standard input: is larger than 512 KiB")


def test_difference_is_exit_code_1_and_none_is_0(command):
    same = CannedDaemon(answers={"fleet.diff": {"base": 4, "changes": []}})

    assert command("fleet", "diff", daemon=CannedDaemon(answers=ANSWERS)).code == 1
    assert command("fleet", "diff", daemon=same).code == 0
    assert "no difference to revision 4" in command("fleet", "diff", daemon=same).err


def test_an_exported_file_is_exact(command):
    text = '[[decky]]\nname = "a"\nbanner = "\\\\ \\U0000202e"\n'
    done = command("fleet", "export", daemon=CannedDaemon(answers={"fleet.export": {"revision": 1, "text": text}}))

    assert done.out == text


STEPS = [{**RUNNING, "done": done} for done in (0, 3)]


def begun(*steps, error=None):
    """Return a daemon that begins a stop, tells of these steps and then, perhaps, is gone."""

    def follow(args):
        yield from ({**BEGUN["operation"], **step, "id": args["id"]} for step in steps)
        if error is not None:
            raise CommandFailed.of(*error)

    return CannedDaemon(answers={"decky.stop": BEGUN, "operation.follow": follow})


def test_what_was_begun_is_waited_for_to_its_end(command):
    ended = {"state": "failed", "outcomes": [{"name": "web-01", "state": "down", "error": "no answer"}]}
    done = command("decky", "stop", "web-01", "--yes", daemon=begun(*STEPS, ended))

    assert done.code == 8
    assert "web-01  down  no answer" in done.out
    assert "3 of 7" not in done.err, "progress is for terminals"


def test_what_fails_without_a_decky_that_is_down_is_exit_code_1(command):
    ended = {"state": "failed", "error": "revision 9 superseded it before it was done"}
    done = command("decky", "stop", "web-01", "--yes", daemon=begun(ended))

    assert done.code == 1
    assert "it failed: revision 9 superseded it" in done.err


def test_nobody_waits_who_does_not_want_to(command):
    daemon = begun(*STEPS)
    done = command("decky", "stop", "web-01", "--yes", "--no-wait", daemon=daemon)

    assert (done.code, daemon.closed) == (0, 0)
    assert f"decnetctl operation follow {BEGUN['operation']['id']}" in done.err


def test_waiting_has_an_end_and_the_work_goes_on(command):
    times = iter(range(0, 100, 2))
    daemon = begun(*STEPS, *STEPS)
    done = command(
        "decky", "stop", "web-01", "--yes", "--timeout", "3s", daemon=daemon, monotonic=lambda: float(next(times))
    )

    assert (done.code, daemon.closed) == (7, 1)
    assert "decky.stop has not ended within 3 s; it goes on" in done.err


def test_a_daemon_that_dies_meanwhile_takes_it_up_again_and_the_command_says_so(command):
    gone = command("decky", "stop", "web-01", "--yes", daemon=begun(*STEPS, error=("DN6001", "nobody answers")))
    silent = command("decky", "stop", "web-01", "--yes", daemon=begun(*STEPS))

    assert (gone.code, silent.code) == (3, 3)
    assert "decky.stop is taken up again when the daemon starts" in gone.err
    assert f"decnetctl operation show {BEGUN['operation']['id']}" in gone.err
    assert "stopped telling of decky.stop" in silent.err


def test_a_command_that_is_interrupted_says_that_the_work_goes_on(command):
    def follow(args):
        yield {**BEGUN["operation"], **STEPS[0], "id": args["id"]}
        raise KeyboardInterrupt

    daemon = CannedDaemon(answers={"decky.stop": BEGUN, "operation.follow": follow})
    done = command("decky", "stop", "web-01", "--yes", daemon=daemon)

    assert done.code == 130
    assert "it goes on without you: decnetctl operation follow" in done.err


def test_progress_is_drawn_at_a_terminal_and_wiped_away(command, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    done = command(
        "decky", "stop", "web-01", "--yes", daemon=begun({"state": "queued"}, *STEPS, {"state": "succeeded"})
    )

    assert [part for part in done.err.split(CLEAR) if part][:3] == [
        "decky.stop waits for what was asked for before",
        "decky.stop: 0 of 7 deckies",
        "decky.stop: 3 of 7 deckies",
    ]
    assert CLEAR not in command("decky", "stop", "web-01", "--yes", "-q", daemon=begun({"state": "succeeded"})).err
