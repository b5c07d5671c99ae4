"""Every play beside a decoy's tests is performed, whole and byte by byte."""

from pathlib import Path

import pytest

from tests.plays import Feeding, accept, escape, parse, perform, unescape

HERE = Path(__file__).parent
PLAYS = sorted(HERE.glob("*/*.play"))


@pytest.mark.parametrize("feeding", list(Feeding), ids=lambda feeding: feeding.name.lower())
@pytest.mark.parametrize("path", PLAYS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_play(path, feeding):
    play = parse(path.read_text(encoding="utf-8"))
    expected = [("", play.opening), *((step.line, step.expected) for step in play.steps)]

    assert expected == list(perform(path.parent.name, play, feeding)), f"python -m tests.plays accept {path}"


@pytest.mark.parametrize("path", PLAYS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_play_says_what_it_shows(path):
    assert path.read_text(encoding="utf-8").startswith("# ")


def test_line_that_belongs_to_no_play_is_refused():
    with pytest.raises(ValueError, match="not a line of a play"):
        parse("? what\n")


@pytest.mark.parametrize("data", [b"a b \r\n", b"\\x41", b"\xff\0", b"caf\xc3\xa9"])
def test_bytes_survive_their_text(data):
    assert data == unescape(escape(data))


def test_accepting_corrects_what_follows_and_keeps_the_rest(tmp_path):
    play = tmp_path / "redis" / "x.play"
    play.parent.mkdir()
    play.write_text("# A ping.\n% keys = 0\n> PING\\r\\n\n< wrong\n>x\n", encoding="utf-8")
    accept(play)

    expected = "# A ping.\n% keys = 0\n> PING\\r\\n\n! CommandSeen(verb='PING')\n< +PONG\\r\\n\n>x\nx\n"
    assert expected == play.read_text(encoding="utf-8")
