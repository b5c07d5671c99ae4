"""Every command keeps the promises of the command line, whichever operation it is made of."""

import csv
import io
import json

import click
import pytest
import yaml as reader  # type: ignore[import-untyped]  # its stubs are a package of their own

from decnet_actors.contracts.errors import CATALOGUE
from decnet_actors.contracts.operations import Mode, Nothing
from decnet_actors.ctl import registry
from decnet_actors.ctl.main import root
from decnet_actors.ctl.options import FORMATS
from tests.decnet_actors.ctl.canned import CannedDaemon, runner
from tests.decnet_actors.ctl.hostile import HOSTILE, harmful
from tests.decnet_actors.ctl.samples import OPERATIONS, line_of

ASKED = {name: operation for name, operation in OPERATIONS.items() if name not in registry.LOCAL}
asked = pytest.mark.parametrize("operation", ASKED.values(), ids=ASKED)
ALL_AT_ONCE = "".join(HOSTILE)


@pytest.fixture
def command(capsys):
    return runner(capsys)


def walk(group, path=()):
    """Yield every command with the words that lead to it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None, (*path, name)
        if isinstance(found, click.Group):
            yield from walk(found, (*path, name))
        yield (*path, name), found


COMMANDS = dict(walk(root()))
every_command = pytest.mark.parametrize("words", [(), *COMMANDS], ids=" ".join)


@every_command
def test_help_has_examples_and_is_wanted_output(command, words):
    done = command(*words, "--help")

    assert done.code == 0
    assert "Examples:\n  decnetctl" in done.out
    assert done.err == ""
    assert max(map(len, done.out.splitlines())) <= 120


@pytest.mark.parametrize("words", [(), *(path for path, one in COMMANDS.items() if isinstance(one, click.Group))])
def test_a_group_alone_answers_with_its_help(command, words):
    done = command(*words)

    assert done.code == 2
    assert done.out == ""
    assert done.err == command(*words, "--help").out


@every_command
def test_an_unknown_flag_is_a_usage_error_in_the_one_shape(command, words):
    done = command(*words, "--no-such-flag")

    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("error DN5001: No such option")
    assert f"fix:  decnetctl {' '.join(words)}".rstrip() in done.err


@asked
def test_json_is_the_body_of_the_operation(command, operation):
    daemon = CannedDaemon(text=ALL_AT_ONCE)
    unwaited = ["--no-wait"] if operation.outlasts else []
    done = command(*line_of(operation), *unwaited, "-o", "json", "--yes", daemon=daemon)
    expected = {} if operation.result is Nothing else daemon.call(operation.name, {})

    assert json.loads(done.out) == expected
    assert done.out.isascii()
    assert harmful(done.out) == set()


@asked
@pytest.mark.parametrize("text", [ALL_AT_ONCE, "=cmd|' /C calc'!A0", ""], ids=["all", "formula", "empty"])
def test_no_format_lets_hostile_text_act(command, operation, text):
    for output in FORMATS:
        done = command(*line_of(operation), "-o", output, "--yes", daemon=CannedDaemon(text=text))

        assert done.code in {0, 1}, done.err
        assert harmful(done.out + done.err) == set()
        assert "\r" not in done.out.replace("\r\n", "")
        assert "Traceback" not in done.out + done.err


@asked
def test_every_format_can_be_read_back(command, operation):
    lines = command(*line_of(operation), "-o", "jsonl", "--yes").out.splitlines()
    documents = list(reader.safe_load_all(command(*line_of(operation), "-o", "yaml", "--yes").out))
    rows = list(csv.reader(io.StringIO(command(*line_of(operation), "-o", "csv", "--yes").out)))

    assert all(isinstance(json.loads(line), dict) for line in lines)
    if operation.result is not Nothing:
        assert all(isinstance(document, dict) for document in documents)
        assert len({len(row) for row in rows}) == 1
        assert len(rows) >= 2


@asked
def test_no_cell_of_csv_is_a_formula(command, operation):
    done = command(*line_of(operation), "-o", "csv", "--yes", daemon=CannedDaemon(text="=1+1"))
    cells = [cell for row in csv.reader(io.StringIO(done.out)) for cell in row]

    assert not [cell for cell in cells if cell.startswith(("=", "@", "+"))]


@asked
def test_color_is_for_terminals_unless_it_is_asked_for(command, operation):
    plain = command(*line_of(operation), "--yes")
    forced = command(*line_of(operation), "--yes", "--color", "always")
    environment = command(*line_of(operation), "--yes", environ={"FORCE_COLOR": "1"})
    refused = command(*line_of(operation), "--yes", environ={"FORCE_COLOR": "1", "NO_COLOR": "1"})

    assert "\x1b" not in plain.out + plain.err + refused.out + refused.err
    assert click.unstyle(forced.out) == plain.out
    assert environment.out == forced.out


@asked
@pytest.mark.parametrize("code", ["DN3001", "DN4003", "DN4009", "DN5001", "DN6001", "DN6004", "DN6500"])
def test_the_daemons_error_is_shown_with_its_exit_code(command, operation, code):
    done = command(*line_of(operation), "--yes", daemon=CannedDaemon(error=(code, "what \x1b happened")))
    if operation.name in registry.FALLBACK and code in {"DN6001", "DN4003"}:
        assert done.code == 1
        return

    assert done.code == CATALOGUE[code].exit
    assert done.out in {"", "[\n]\n"}
    assert done.err.startswith(f"error {code}: what \\x1b happened\n  why:  ")
    assert f"more: decnetctl errors show {code}" in done.err


@asked
def test_the_error_of_a_json_command_is_json(command, operation):
    done = command(*line_of(operation), "--yes", "-o", "json", daemon=CannedDaemon(error=("DN6004", "late")))
    body = json.loads(done.err)

    assert {"code", "title", "status", "exit", "detail", "why", "fix", "errors"} == set(body)
    assert body["code"] == "DN6004"


@asked
def test_the_daemon_that_is_not_there_is_exit_3(capsys, command, operation, tmp_path):
    done = command(*line_of(operation), "--yes", "--control", str(tmp_path / "none.sock"), connect=None)
    if operation.name in registry.FALLBACK:
        assert done.code == 1
        return

    assert done.code == 3
    assert done.err.startswith(
        f"error DN6001: no daemon answers on ipc://{tmp_path}/none.sock: there is no such socket\n"
    )
    assert "fix:  decnetd" in done.err


@asked
def test_a_stream_is_closed_when_enough_was_seen(command, operation):
    if operation.mode is not Mode.STREAM:
        return
    daemon = CannedDaemon()
    done = command(*line_of(operation), "--limit", "1", "-o", "jsonl", daemon=daemon)

    assert len(done.out.splitlines()) == 1
    assert daemon.closed == 1


@asked
def test_interrupting_is_exit_130_and_leaves_valid_json(command, operation):
    def interrupted(_args):
        if operation.mode is not Mode.STREAM:
            raise KeyboardInterrupt
        return interrupted_stream()

    def interrupted_stream():
        yield from CannedDaemon().stream(operation.name, {})
        raise KeyboardInterrupt

    daemon = CannedDaemon(answers={operation.name: interrupted})
    done = command(*line_of(operation), "--yes", "-o", "json", daemon=daemon)

    assert done.code == 130
    assert done.err.strip() == ""
    if operation.mode is Mode.STREAM:
        assert len(json.loads(done.out)) == 2
