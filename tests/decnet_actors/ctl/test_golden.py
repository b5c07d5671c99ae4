"""What every command shows to people, as it was last accepted (``ACCEPT=1`` writes tests/data/ctl/*.txt anew)."""

import os
from pathlib import Path

import pytest

from tests.decnet_actors.ctl import scenes
from tests.decnet_actors.ctl.canned import CannedDaemon, runner
from tests.decnet_actors.ctl.samples import OPERATIONS, command_of

ELSEWHERE = {  # shown by tests of their own
    "config.check",  # depends on files
    "init.run",  # changes the host
    "errors.list",  # changes with each new code
}
DATA = Path(__file__).parents[2] / "data" / "ctl"


@pytest.mark.parametrize("words", scenes.COMMANDS, ids=" ".join)
def test_the_command_shows_what_was_accepted(capsys, words):
    done = runner(capsys)(*words, daemon=CannedDaemon(answers=scenes.ANSWERS))
    got = (
        f"$ decnetctl {' '.join(words)}\n{done.out}{'--- standard error ---' + chr(10) + done.err if done.err else ''}"
    )
    got += f"--- exit {done.code} ---\n"
    name = "-".join(word.strip("-").replace("/", "_").replace("=", "_") for word in words)
    place = DATA / f"{name}.txt"
    if os.environ.get("ACCEPT"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(got.encode())

    assert place.read_bytes().decode() == got


def test_no_accepted_output_is_of_a_command_that_is_gone():
    names = {
        "-".join(word.strip("-").replace("/", "_").replace("=", "_") for word in words) for words in scenes.COMMANDS
    }

    assert {path.stem for path in DATA.glob("*.txt")} == names


def test_every_command_has_an_accepted_output():
    shown = {words[:2] for words in scenes.COMMANDS} | {words[:1] for words in scenes.COMMANDS}
    missing = {name for name, operation in OPERATIONS.items() if tuple(command_of(operation)) not in shown}

    assert missing == ELSEWHERE
