"""Tests of what passes between driver and helper."""

import contextlib
import json

import pytest
from attrs import asdict
from hypothesis import given
from hypothesis import strategies as st

from plugins.fleet_driver.namespace import messages
from plugins.fleet_driver.namespace.errors import RefusedError
from plugins.fleet_driver.namespace.messages import (
    Abandon,
    Adopt,
    Assign,
    Create,
    Destroy,
    Hello,
    Lease,
    Leave,
    Listen,
    Observe,
    Probe,
    parse,
)
from tests.plugins.fleet_driver.namespace.requests import anything, requests

MADE = {
    "id": 1,
    "decky": "web-01",
    "addresses": ["10.0.0.1"],
    "mac": "52:54:00:00:00:01",
    "stack": "linux",
    "leased": False,
}
SAME = Create(id=1, decky="web-01", addresses=("10.0.0.1",), mac="52:54:00:00:00:01", stack="linux", leased=False)


@pytest.mark.parametrize(
    ("fields", "request_"),
    [
        ({"op": "hello", "id": 1, "version": 1, "digest": "d"}, Hello(id=1, version=1, digest="d")),
        ({"op": "create", **MADE}, SAME),
        ({"op": "adopt", "lease": "10.0.0.9", **MADE}, Adopt(**asdict(SAME), lease="10.0.0.9")),
        ({"op": "lease", "id": 1, "decky": "web-01"}, Lease(id=1, decky="web-01")),
        (
            {"op": "assign", "id": 1, "decky": "web-01", "address": "10.0.0.9"},
            Assign(id=1, decky="web-01", address="10.0.0.9"),
        ),
        ({"op": "destroy", "id": 1, "decky": "a"}, Destroy(id=1, decky="a")),
        ({"op": "abandon", "id": 1, "deckies": ["a", "b"]}, Abandon(id=1, deckies=("a", "b"))),
        ({"op": "probe", "id": 1, "decky": "a", "port": 22}, Probe(id=1, decky="a", port=22)),
        ({"op": "observe", "id": 1, "after": ""}, Observe(id=1, after="")),
        ({"op": "leave", "id": 1}, Leave(id=1)),
        (
            {"op": "listen", "id": 1, "decky": "a", "port": 53, "protocol": "udp"},
            Listen(id=1, decky="a", port=53, protocol="udp"),
        ),
    ],
)
def test_a_request_is_read_as_it_was_written(fields, request_):
    assert request_ == parse(messages.write(fields))


@pytest.mark.parametrize(
    "change",
    [
        {"id": -1},
        {"id": True},
        {"id": 1.0},
        {"op": "exec"},
        {"decky": "../x"},
        {"decky": "a" * 64},
        {"decky": "Web"},
        {"addresses": "10.0.0.1"},
        {"addresses": ["1"] * 17},
        {"addresses": [7]},
        {"mac": None},
        {"stack": "x" * 65},
        {"stack": "\u0142"},
        {"nft": 'include "/etc/shadow"'},
        {"sysctl": {"kernel.core_pattern": "|/x"}},
    ],
)
def test_a_request_with_anything_else_in_it_is_refused(change):
    with pytest.raises(RefusedError):
        parse(messages.write({"op": "create", **MADE, **change}))


@pytest.mark.parametrize("port", [-1, 65_536, "22", None])
def test_a_port_is_a_port(port):
    with pytest.raises(RefusedError, match="port"):
        parse(messages.write({"op": "probe", "id": 1, "decky": "a", "port": port}))


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[" * 60_000, b"9" * 60_000, b"\xff\xfe", b"null", b'"x"', b"{}" + b" " * messages.MAX_MESSAGE]
)
def test_what_is_no_request_is_refused(data):
    with pytest.raises(RefusedError):
        parse(data)


@pytest.mark.slow
@given(st.binary(max_size=300) | anything.map(lambda value: json.dumps(value).encode()) | requests)
def test_any_bytes_are_a_request_or_refused(data):
    with contextlib.suppress(RefusedError):  # anything else is a failure
        parse(data)
    assert 0 <= messages.id_of(data) <= 2**53


def test_a_page_of_the_longest_rows_fits_into_a_message():
    row = {
        "decky": "d" * 63,
        "fault": "f" * 200,
        "addresses": ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"] * 4,
        "mac": "52:54:00:00:00:01",
        "stack": "windows-server-2016",
        "tier": "sysctl",
        "detail": "e" * 200,
    }

    assert len(messages.write({"id": 2**53, "deckies": [row] * messages.PAGE, "more": True})) <= messages.MAX_MESSAGE


@pytest.mark.parametrize("deckies", ["a", ["a", 7], ["a", "../x"], ["a"] * (messages.PAGE + 1)])
def test_only_a_page_of_names_is_abandoned(deckies):
    with pytest.raises(RefusedError):
        parse(messages.write({"op": "abandon", "id": 1, "deckies": deckies}))
