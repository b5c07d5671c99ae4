"""lighttpd and mini_httpd as devices have them; the heads were recorded from Debian 12's packages on loopback."""

import pytest

from decnet_actors.conformance.fakes import fake_deps
from decnet_actors.contracts.decoy import Send
from decnet_actors.domain.peer import Peer
from decnet_actors.machine.persona import generate
from plugins.decoy.http import PLUGIN
from plugins.decoy.http.apache import Apache
from plugins.decoy.http.lighttpd import Lighttpd
from plugins.decoy.http.mini_httpd import MiniHttpd
from plugins.decoy.http.nginx import Nginx
from plugins.decoy.http.pages import pick_server

NOW = 1_795_275_767.0
DATE = b"Sat, 21 Nov 2026 15:42:47 GMT"


class Log:
    peer = Peer(address="198.51.100.7", port=40000, local_address="192.0.2.10", local_port=80)


def persona_of(distribution):
    return generate(3, "x", "192.0.2.10", NOW, distribution=distribution)


def answer(distribution, request: bytes) -> bytes:
    deps = fake_deps(service="http", persona=persona_of(distribution), now=lambda: NOW)
    session = PLUGIN.create(PLUGIN.config(), deps).connect(Log())
    effects = [*session.opened(NOW), *session.received(request, NOW)]
    return b"".join(effect.data for effect in effects if isinstance(effect, Send))


@pytest.mark.parametrize(
    ("distribution", "server"),
    [
        ("router:mipsel", Lighttpd), ("camera:mipsel", Lighttpd), ("router:mips", MiniHttpd), ("dvr", MiniHttpd),
        ("rocky:9", Apache), ("alpine:3.19", Nginx), ("debian:12", Nginx),
    ],
)  # fmt: skip
def test_a_persona_answers_with_the_server_it_has(distribution, server):
    assert isinstance(pick_server(PLUGIN.config(), persona_of(distribution)), server)


def test_lighttpd_puts_itself_last_and_keeps_the_connection():
    head, _, body = answer("router:mipsel", b"GET /nope HTTP/1.1\r\nHost: x\r\n\r\n").partition(b"\r\n\r\n")

    assert (
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 341\r\nDate: "
        + DATE
        + b"\r\nServer: lighttpd/1.4.69"
        == head
    )
    assert body.startswith(b'<?xml version="1.0" encoding="iso-8859-1"?>\n<!DOCTYPE html PUBLIC')
    assert 341 == len(body)


@pytest.mark.parametrize(
    ("request_", "status", "size"),
    [(b"AAAA / HTTP/1.1\r\nHost: x\r\n\r\n", b"501", 353), (b"GET / HTTP/1.1\r\n\r\n", b"400", 345)],
)
def test_lighttpd_refuses_and_closes(request_, status, size):
    said = answer("router:mipsel", request_)

    assert said.startswith(b"HTTP/1.1 " + status)
    assert b"Content-Length: %d\r\nConnection: close\r\nDate: " % size in said


def test_lighttpd_answers_options_itself():
    said = answer("router:mipsel", b"OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n")

    assert b"HTTP/1.1 200 OK\r\nAllow: OPTIONS, GET, HEAD, POST\r\nContent-Length: 0\r\nDate: " in said


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        (b"GET /nope HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 404 Not Found"),
        (b"AAAA / HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 501 Not Implemented"),
        (b"GET /nope HTTP/1.0\r\n\r\n", b"HTTP/1.0 404 Not Found"),
    ],
)
def test_mini_httpd_forgets_the_character_set_and_the_length_of_an_error(request_, line):
    head, _, body = answer("router:mips", request_).partition(b"\r\n\r\n")

    assert (
        line
        + b"\r\nServer: mini_httpd/1.19 19dec2003\r\nDate: "
        + DATE
        + b"\r\nCache-Control: no-cache,no-store\r\nContent-Type: text/html; charset=%s\r\nConnection: close"
        == head
    )
    assert b"mini_httpd/1.19 19dec2003</A>" in body


def test_mini_httpd_serves_one_request_a_connection():
    said = answer("router:mips", b"GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n" * 2)

    assert 1 == said.count(b"HTTP/1.1 200 Ok\r\n")
    assert b"Content-Type: text/plain; charset=UTF-8\r\nContent-Length: " in said
