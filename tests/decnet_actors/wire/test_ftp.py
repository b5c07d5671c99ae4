"""Tests of the codec of FTP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.wire import ftp


@pytest.mark.parametrize(
    ("argument", "found"),
    [
        ("10,0,0,9,20,20", ("10.0.0.9", 5140)),
        (" 10,0,0,9,255,255 ", ("10.0.0.9", 65_535)),
        ("10,0,0,9,256,1", None),
        ("10,0,0,9,1", None),
        ("10.0.0.9,1,1", None),
        ("", None),
        ("1,2,3,4,5,6,7", None),
    ],
)
def test_host_port(argument, found):
    assert found == ftp.parse_host_port(argument)


@pytest.mark.parametrize(
    ("argument", "found"),
    [
        ("|1|132.235.1.2|6275|", (1, "132.235.1.2", 6275)),  # RFC 2428, 2
        ("|2|1080::8:800:200C:417A|5282|", (2, "1080::8:800:200c:417a", 5282)),
        ("|2|132.235.1.2|6275|", None),
        ("|1|132.235.1.2|65536|", None),
        ("|1|132.235.1.2|6275", None),
        ("!1!1.2.3.4!5!", (1, "1.2.3.4", 5)),
        ("|3|x|5|", None),
        ("", None),
    ],
)
def test_extended_port(argument, found):
    assert found == ftp.parse_extended_port(argument)


@given(port=st.integers(0, 65_535))
def test_place_is_parsed_back(port):
    assert ("192.0.2.7", port) == ftp.parse_host_port(ftp.host_port("192.0.2.7", port))


@given(seconds=st.integers(0, 4_000_000_000))
def test_stamp_is_parsed_back(seconds):
    assert seconds == ftp.parse_stamp(ftp.stamp(seconds))


@pytest.mark.parametrize("text", ["", "2020", "20201301000000", "20200101000000.5", "2020010100000\u0662"])
def test_what_is_no_stamp(text):
    assert ftp.parse_stamp(text) is None


def test_names_survive_whatever_their_bytes():
    _, argument = ftp.command(b"RETR caf\xe9")

    assert ftp.encode(argument) == b"caf\xe9"


def test_quotes_in_paths():
    assert '"a""b"' == ftp.quoted('a"b')
    assert '"a"b"' == ftp.quoted('a"b', doubled=False)
