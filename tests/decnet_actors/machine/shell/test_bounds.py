import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decnet_actors.contracts.machine import Pty
from decnet_actors.machine.shell.parser import parse
from decnet_actors.machine.shell.state import Limits
from decnet_actors.machine.shell.syntax import ShellSyntaxError, Simple
from tests.decnet_actors.machine.corpus import ONE_LINERS
from tests.decnet_actors.machine.shells import Visitor, machine, run

SMALL = Limits(steps=1000, slice_steps=200, output=1 << 17, seconds=600.0)
HOST = machine(limits=SMALL)
PIECES = st.sampled_from(
    [
        *[
            ";",
            "|",
            "&&",
            "||",
            "&",
            ">",
            "<",
            ">>",
            "<<",
            "<<<",
            "(",
            ")",
            "{",
            "}",
            "$(",
            "`",
            "'",
            '"',
            "$x",
            "${x",
            "${x:-",
            "$((",
            "))",
            "[[",
            "]]",
            "if",
            "then",
            "fi",
            "do",
            "done",
            "while",
            "for",
            "case",
            "esac",
            "in",
            "*",
            "?",
            "\\",
            "-n",
            "-e",
            "-r",
            "-f",
            "-c",
            "0",
            "1",
            "99999999999999999999",
            "/etc/passwd",
            "/tmp/a",
            "..",
            "a=b",
            "export",
            "%s",
            "%d",
            "=",
            "==",
            "-eq",
            "!",
            "~",
            "[a-z]",
            "{1..9}",
            "2>&1",
            "-",
            "--",
            "--help",
            "echo",
            "cat",
            "ls",
            "grep",
            "sed",
            "awk",
            "find",
            "sort",
            "test",
            "printf",
            "read",
            "set",
            "sh",
            "busybox",
            "xargs",
            "dd",
            "cut",
            "tr",
            "x",
        ],
        "\n",
        "\0",
        "\u00e9",
    ]
)
PROGRAMS = st.lists(PIECES, max_size=12).flatmap(lambda pieces: st.sampled_from([" ".join(pieces), "".join(pieces)]))


def mutated(line: str, at: int, piece: str) -> str:
    place = at % (len(line) + 1)
    return line[:place] + piece + line[place + at % 3 :]


def finish(command: str, stdin: bytes = b"in\n") -> Visitor:
    seat = Visitor(HOST, command=command).open()
    if not seat.ended:
        seat.type(stdin)
    seat.close()
    seat.settle()
    return seat


@given(st.text(max_size=80) | PROGRAMS)
@settings(max_examples=150, deadline=None)
def test_the_parser_gives_a_program_or_a_syntax_error(text):
    with contextlib.suppress(ShellSyntaxError):
        parse(text)


@given(PROGRAMS | st.builds(mutated, st.sampled_from(ONE_LINERS), st.integers(0, 500), PIECES))
@settings(max_examples=150, deadline=None)
def test_any_command_ends(text):
    seat = finish(text)

    assert seat.ended
    assert 0 <= seat.terminal.status <= 255


@given(
    st.lists(
        st.binary(max_size=30) | st.sampled_from([b"ls\r", b"cat\r", b"\x03", b"\x04", b"\t", b"\x1b[A", b"'"]),
        max_size=8,
    )
)
@settings(max_examples=80, deadline=None)
def test_any_keys_are_survived(chunks):
    seat = Visitor(HOST, pty=Pty(term="xterm")).open()
    for chunk in chunks:
        if not seat.ended:
            seat.type(chunk)
    seat.close()

    assert seat.ended


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "yes | head -1",
        "while true; do :; done",
        "while :; do echo x; done",
        "until false; do true; done",
        "for ((;;)); do :; done",
        ":(){ :|:& };:",
        "f() { f; }; f",
        "f() { f | f; }; f",
        "cat /dev/zero",
        "cat /dev/urandom | base64",
        "x=a; while :; do x=$x$x; done",
        "sh -c 'sh -c \"sh -c yes\"'",
        "eval 'eval \"eval yes\"'",
        "echo 'sh $0' > /tmp/s; sh /tmp/s",
        "echo '. /tmp/t' > /tmp/t; . /tmp/t",
        "exec sh -c 'exec sh -c yes'",
        "tail -f /etc/passwd",
        "watch true",
        "find / -exec find / \\;",
        "seq 1 999999999",
        "printf '%0999999999d' 1",
        "echo {1..9999999}",
        "echo $((9**99999999999))",
        "echo " + "$(" * 3000,
        "echo " + "((" * 3000,
        "echo " + "${a" * 3000,
        "echo " + "{" * 5000,
        "echo " + "{a,b}" * 40,
        '"' * 4001,
        "`" * 4001,
        "if " * 3000,
        "! " * 3000 + "true",
        "a|" * 3000 + "b",
        "a;" * 20000,
        "cat " + "<<A " * 3000,
        "echo " + "a" * 120_000,
        "echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | grep -E '(a+)+$b'",
        "echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | grep -E '(a|a)*b'",
        "echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | sed 's/\\(a*\\)*b//'",
        "x=" + "a" * 3000 + "; echo ${x//*a*a*a*b/}",
        "[[ " + "a" * 3000 + " == " + "*a" * 300 + "b ]]",
        "sleep infinity",
        "wait; sleep 1000000 & wait",
    ],
    ids=lambda text: text[:24].replace("\n", " "),
)
def test_hostile_programs_end_within_the_budget(text):
    started = time.process_time()
    seat = finish(text)

    assert seat.ended
    assert len(seat.output) <= (1 << 17) + 200_000
    assert time.process_time() - started < 10  # a bound on runaways, not a measurement


@pytest.mark.parametrize("text", ['eval "$(yes eval)"', "eval 'eval \"$(yes :)\"'"])
def test_a_program_that_takes_long_to_parse_is_killed_before_it_is_parsed(text):
    started = time.process_time()
    ran = run(machine(), f"{text}; echo survived")  # with the limits of a real decky

    assert (137, b"") == (ran.status, ran.output)
    assert time.process_time() - started < 2  # nested, these took minutes, and held everything else up


def test_parsing_counts_as_work():
    host = machine(limits=Limits(steps=1000))
    loop = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do eval "{}"; done; echo done'
    few, many = (run(host, loop.format(f"#{'x' * size}")) for size in (100, 1000))

    assert (0, b"done\n") == (few.status, few.output)
    assert (137, b"") == (many.status, many.output)


def test_searching_much_lets_others_have_their_turn():
    host = machine()
    run(host, "for i in 1 2 3 4 5 6 7 8 9; do head -c 1000000 /dev/zero > /tmp/f$i; done")
    seat = Visitor(host, command="grep -r needle /tmp; echo done").open()

    turns = 0
    while not seat.ended and turns < 1000:
        turns += 1
        seat.settle(rounds=1)
    assert b"done\n" == seat.output
    assert turns >= 9  # nine megabytes, never more than about one at a time


def test_a_megabyte_on_one_line_is_refused_as_by_the_kernel():
    seat = finish("echo " + "a" * 1_000_000)

    assert seat.output == b"/bin/bash: Argument list too long\n"


class Watched(str):
    """Text that notes how much of it is searched for line ends."""

    __slots__ = ("looked_at",)

    def __init__(self, _text):
        self.looked_at = 0

    def count(self, mark, start=0, end=None):
        end = len(self) if end is None else end
        self.looked_at += end - start
        return super().count(mark, start, end)


def test_finding_line_numbers_reads_a_text_once():
    text = Watched("true\n" * 1000)

    script = parse(text)

    commands = [item.first.commands[0] for item in script.items]
    assert list(range(1, 1001)) == [command.line for command in commands if isinstance(command, Simple)]
    assert text.looked_at <= len(text)


def test_a_pasted_command_without_an_end_lets_others_be_served():
    seat = Visitor(machine(), pty=Pty(term="xterm")).open()
    started = time.process_time()
    seat.type(("if true; then\n" + ("a|" * 75 + "a\n") * 398).encode())

    assert time.process_time() - started < 10  # at once, and again for each line, it took most of a minute


def test_a_pasted_here_document_is_taken_whole():
    seat = Visitor(machine(), pty=Pty(term="xterm")).open()
    seat.type(("cat > /tmp/x <<'END'\n" + ("A" * 76 + "\n") * 390 + "END\nwc -l < /tmp/x\nexit\n").encode())
    seat.settle()

    assert seat.ended
    assert b"\r390\r\n" in seat.output
