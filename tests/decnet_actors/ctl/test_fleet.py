"""A change of the fleet is shown before it is made, asked about when connections end, and held to what was shown."""

import io
import json
import sys

import pytest

from decnet_actors.contracts.operations import MAX_FILE
from tests.decnet_actors.ctl.canned import CannedDaemon, Stdin, runner
from tests.decnet_actors.ctl.scenes import ANSWERS


@pytest.fixture
def command(capsys):
    return runner(capsys)


@pytest.fixture
def daemon():
    return CannedDaemon(answers=ANSWERS)


def test_a_change_is_looked_at_and_then_held_to_the_revision_that_was_seen(command, daemon):
    command("decky", "edit", "web-01", "--stack", "linux", "--yes", daemon=daemon)

    given = {"name": "web-01", "stack": "linux"}
    assert daemon.asked == [("decky.edit", {**given, "dry_run": True}), ("decky.edit", {**given, "base": 4})]


def test_a_revision_of_the_operators_choice_is_kept(command, daemon):
    command("decky", "start", "db-01", "--base", "3", daemon=daemon)

    assert [args["base"] for _, args in daemon.asked] == [3, 3]


def test_a_dry_run_is_asked_for_once(command, daemon):
    done = command("decky", "stop", "web-01", "--dry-run", daemon=daemon)

    assert (done.code, len(daemon.asked)) == (0, 1)
    assert "nothing was changed" in done.err


@pytest.mark.parametrize(("said", "calls", "code"), [("y\n", 2, 0), ("n\n", 1, 130), ("\n", 1, 130)])
def test_it_asks_when_connections_end(command, daemon, monkeypatch, said, calls, code):
    monkeypatch.setattr(sys, "stdin", io.StringIO(said))
    done = command("decky", "delete", "web-01", daemon=daemon, stdin=Stdin(terminal=True))

    assert (done.code, len(daemon.asked)) == (code, calls)
    assert "This ends the connections to web-01. Go on?" in done.err + done.out


def test_it_does_not_ask_when_nobodys_connection_ends(command, daemon):
    assert command("decky", "create", "db-01", "--services", "redis", daemon=daemon).code == 0
    assert len(daemon.asked) == 2


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

    assert waited == [600.0, 600.0, 3.0, 3.0, 10.0]


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
