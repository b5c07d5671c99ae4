import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.decoy.ssh.dropbear import MAX_LINE, DropbearIdentification
from plugins.decoy.ssh.identification import Identified, Refusal, Refused

LONG = b"SSH-2.0-" + b"y" * 300


@pytest.mark.parametrize(
    ("said", "line", "rest"),
    [
        (b"SSH-2.0-x\r\n", b"SSH-2.0-x", b""),
        (b"SSH-2.0-x\nmore", b"SSH-2.0-x", b"more"),
        (b"SSH-1.99-x\r\n", b"SSH-1.99-x", b""),
        (b"SSH-2.0\r\n", b"SSH-2.0", b""),
        (b"\rSSH-2.0-\0x\r\n", b"SSH-2.0-", b""),
        (LONG, LONG[:MAX_LINE], LONG[MAX_LINE:]),
    ],
)
def test_lines_it_takes(said, line, rest):
    assert Identified(line=line, rest=rest) == DropbearIdentification().receive(said)


@pytest.mark.parametrize("said", [b"\n", b"SSH-1.5-x\r\n", b"SSH-1337-x\r\n", b"hello\r\nSSH-2.0-x\r\n", b"A" * 9000])
def test_what_is_no_line_of_its_own_ends_the_connection_without_a_word(said):
    judged = DropbearIdentification().receive(said)

    assert isinstance(judged, Refused)
    assert Refusal.SILENT == judged.refusal


@given(st.binary(max_size=600))
def test_the_verdict_does_not_depend_on_how_the_bytes_are_cut(data):
    whole, single = DropbearIdentification().receive(data), DropbearIdentification()
    for position in range(len(data)):
        if (judged := single.receive(data[position : position + 1])) is not None:
            assert type(whole) is type(judged)
            assert whole is not None
            assert whole.line == judged.line
            return

    assert whole is None
