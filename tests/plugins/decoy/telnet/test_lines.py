import pytest

from plugins.decoy.telnet.lines import MAX_LINE, Ending, LineEditor


def typed(data: bytes, *, echo: bool = True) -> tuple[bytes, bytes, Ending | None]:
    editor = LineEditor()
    shown, _, ending = editor.take(data, 0, echo=echo)
    return shown, editor.finish(), ending


@pytest.mark.parametrize(
    ("keys", "shown", "line", "ending"),
    [
        (b"root\r", b"root\r\n", b"root", Ending.ENTER),
        (b"root\n", b"root\r\n", b"root", Ending.ENTER),
        (b"ab\x7fc\r", b"ab\b \bc\r\n", b"ac", Ending.ENTER),
        (b"\x7f\r", b"\r\n", b"", Ending.ENTER),
        (b"a\x01\x7f\x7fb\r", b"a^A\b \b\b \b\b \bb\r\n", b"b", Ending.ENTER),
        (b"one two\x17x\r", b"one two\b \b\b \b\b \bx\r\n", b"one x", Ending.ENTER),
        (b"word\x17\r", b"word" + b"\b \b" * 4 + b"\r\n", b"", Ending.ENTER),
        (b"ab\x15c\r", b"ab" + b"\b \b" * 2 + b"c\r\n", b"c", Ending.ENTER),
        (b"a\tb\r", b"a\tb\r\n", b"a\tb", Ending.ENTER),
        (b"ab\x04", b"ab", b"ab", Ending.ENTER),
        (b"\x04", b"", b"", Ending.END_OF_FILE),
        (b"ab\x03", b"ab^C", b"ab", Ending.INTERRUPT),
        (b"ab\x1c", b"ab^\\", b"ab", Ending.INTERRUPT),
        (b"ab", b"ab", b"ab", None),
        (b"\xff\xc3\r", b"\xff\xc3\r\n", b"\xff\xc3", Ending.ENTER),
    ],
)
def test_keys_edit_the_line_as_a_terminal_does(keys, shown, line, ending):
    assert (shown, line, ending) == typed(keys)


def test_without_echo_only_the_newline_shows():
    assert (b"\r\n", b"secret", Ending.ENTER) == typed(b"secrex\x7ft\r", echo=False)
    assert (b"", b"x", Ending.INTERRUPT) == typed(b"x\x03", echo=False)


def test_what_is_behind_the_line_is_left():
    editor = LineEditor()

    assert (b"a\r\n", 2, Ending.ENTER) == editor.take(b"a\rb\r", 0, echo=True)
    assert b"a" == editor.finish()
    assert (b"b\r\n", 4, Ending.ENTER) == editor.take(b"a\rb\r", 2, echo=True)


def test_a_line_has_an_end():
    shown, line, ending = typed(b"a" * 5000 + b"\x01\r")

    assert (b"a" * MAX_LINE + b"\r\n", b"a" * MAX_LINE, Ending.ENTER) == (shown, line, ending)
