"""No fetch goes where an attacker could not go without us."""

import ipaddress
import socket

import pytest

from decnet_actors.domain.internet import refusal
from decnet_actors.downloads.errors import RefusedError
from decnet_actors.downloads.guard import Guard, is_ours

GUARD = Guard((80, 443, 8080), lambda: {"9.9.9.9"})


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::a00:1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "2606:4700::5efe:7f00:1",
        "2606:4700::200:5efe:10.0.0.1",
        "3fff::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fe80::1%lo",
        "2606:4700::1%lo",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    ],
)
def test_an_address_that_is_none_of_the_internet_is_refused(text: str) -> None:
    assert refusal(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "::ffff:8.8.8.8", "2606:4700::1111", "2a00::1"])
def test_an_address_of_the_internet_is_not(text: str) -> None:
    assert "" == refusal(ipaddress.ip_address(text))


def test_addresses_of_deckies_are_refused_however_they_are_written() -> None:
    for text in ("9.9.9.9", "::ffff:9.9.9.9"):
        with pytest.raises(RefusedError, match="an address of ours"):
            GUARD.check_address(text, 80)


def test_this_machine_knows_its_addresses() -> None:
    assert is_ours(ipaddress.ip_address("127.0.0.1"))
    assert not is_ours(ipaddress.ip_address("203.0.113.200"))


@pytest.mark.parametrize("port", [0, 22, 6379, 65535])
def test_a_socket_is_made_for_permitted_ports_only(port: int) -> None:
    with pytest.raises(RefusedError, match=f"port {port} "):
        GUARD.socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("8.8.8.8", port)))


def test_the_last_word_is_over_the_address_that_is_connected_to() -> None:
    with pytest.raises(RefusedError, match=r"127\.0\.0\.1"):
        GUARD.socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 80)))
    GUARD.socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("8.8.8.8", 80))).close()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ftp://example.com/x", "only http"),
        ("file:///etc/passwd", "only http"),
        ("gopher://example.com:80/_x", "only http"),
        ("//example.com/x", "only http"),
        ("http:///x", "only http|not a URL"),
        ("http://example.com:22/", "port 22"),
        ("http://example.com:99999/", "not a URL"),
        ("http://[::1/", "not a URL"),
        ("http://example.com/" + "x" * 2048, "longer"),
    ],
)
def test_what_is_no_url_of_the_web_is_refused(text: str, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        GUARD.check(text)


def test_credentials_and_fragments_do_not_travel() -> None:
    assert "http://example.com/a?b" == str(GUARD.check("http://root:toor@example.com/a?b#c"))
