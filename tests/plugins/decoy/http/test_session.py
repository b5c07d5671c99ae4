"""What time, half-closes and many requests do to a connection."""

import re

import pytest

from decnet_actors.domain.facts import (
    CredentialSeen,
    FileCaptured,
    HttpRequestSeen,
    LimitReached,
    ProtocolViolated,
)
from plugins.decoy.http import HttpConfig
from tests.plugins.decoy.http.oddities import CHUNKED, get, posted
from tests.plugins.decoy.http.serving import served

NGINX, APACHE = HttpConfig(server="nginx"), HttpConfig(server="apache")
SMALL = {"nginx": HttpConfig(server="nginx", max_body=1024), "apache": HttpConfig(server="apache", max_body=1024)}
FORM = b"Content-Type: application/x-www-form-urlencoded"
GET = get(b"GET /nope HTTP/1.1")


@pytest.mark.parametrize(
    ("config", "said", "seconds", "answer"),
    [
        (NGINX, b"", 60, b""),
        (NGINX, b"\r\n", 60, b""),
        (NGINX, b"GET /x", 60, b""),
        (NGINX, b"GET /x HTTP/1.1\r\nHost: a\r\n", 60, b""),
        (APACHE, b"", 51, b""),
        (APACHE, b"\r\n", 20, b""),
        (APACHE, b"GET /x", 20, b""),
        (APACHE, b"GET /x HTTP/1.1\r\nHost: a\r\n", 20, b"HTTP/1.1 408 Request Timeout\r\n"),
    ],
)
def test_a_head_that_does_not_end_is_waited_for_as_long_as_the_real_server_does(config, said, seconds, answer):
    web = served(config)
    connection = web.connect()
    if said:
        connection.say(said)

    assert b"" == connection.pass_time(seconds - 1)
    assert not connection.is_over()
    assert connection.pass_time(2).startswith(answer)
    assert connection.is_over()
    assert bool(answer) == bool(connection.sent)
    assert (["http head time"] if said else []) == [fact.limit for fact in web.of(LimitReached)]


@pytest.mark.parametrize(("config", "seconds"), [(NGINX, 65), (APACHE, 5)])
def test_a_connection_between_requests_is_closed_without_a_word(config, seconds):
    web = served(config)
    connection = web.connect()
    for _ in range(3):  # each request starts the time anew
        connection.say(GET)

        assert b"" == connection.pass_time(seconds - 1)
        assert not connection.is_over()
    assert b"" == connection.pass_time(2)
    assert connection.is_over()
    assert [] == web.of(LimitReached)


def test_a_header_every_second_does_not_hold_apache_for_ever():
    connection = served(APACHE).connect()
    said = connection.say(b"GET / HTTP/1.1\r\n")
    seconds = 0
    while not connection.is_over():
        said += connection.say(b"A: b\r\n") + connection.pass_time(1)
        seconds += 1

    assert said.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert 20 <= seconds <= 21


@pytest.mark.parametrize(
    ("config", "target", "seconds", "answer", "status"),
    [
        (NGINX, b"/nope", 5, b"HTTP/1.1 404 Not Found\r\n", 404),  # the real one has answered before
        (NGINX, b"/login", 60, b"", 408),
        (APACHE, b"/nope", 10, b"HTTP/1.1 408 Request Timeout\r\n", 408),
        (APACHE, b"/login", 10, b"HTTP/1.1 408 Request Timeout\r\n", 408),
    ],
)
def test_what_came_of_a_body_is_recorded_when_patience_ends(config, target, seconds, answer, status):
    web = served(config)
    connection = web.connect()
    connection.say(posted(b"username=a&password=b", FORM, b"Content-Length: 99", target=target))

    assert b"" == connection.pass_time(seconds - 1)
    assert connection.pass_time(2).startswith(answer)
    assert connection.is_over()
    assert bool(answer) == bool(connection.sent)
    assert [b"b"] == [fact.secret for fact in web.of(CredentialSeen)]
    assert [(status, 21)] == [(fact.status, fact.body_size) for fact in web.of(HttpRequestSeen)]
    assert ["http body time"] == [fact.limit for fact in web.of(LimitReached)]


@pytest.mark.parametrize("kind", ["nginx", "apache"])
def test_a_body_declared_too_large_is_gathered_for_a_moment_and_refused(kind):
    web = served(SMALL[kind])
    connection = web.connect()

    assert b"" == connection.say(posted(b"abc", b"Content-Length: 9999999999"))
    assert connection.pass_time(6).startswith(b"HTTP/1.1 413 Request Entity Too Large\r\n")
    assert [LimitReached(limit="http body time", value=5), LimitReached(limit="http body", value=1024)] == web.of(
        LimitReached
    )
    assert [(413, 3)] == [(fact.status, fact.body_size) for fact in web.of(HttpRequestSeen)]


@pytest.mark.parametrize("kind", ["nginx", "apache"])
def test_who_sends_too_much_can_read_the_refusal_before_the_connection_ends(kind):
    web = served(SMALL[kind])
    connection = web.connect()
    answer = connection.say(posted(b"x" * 2000, b"Content-Length: 5000"))
    rest = connection.say(b"x" * 1000)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nConnection: close\r\n" in answer
    assert b"" == rest + connection.pass_time(4)
    assert not connection.is_over()
    assert b"" == connection.pass_time(2)
    assert connection.is_over()
    assert [1024] == [fact.body_size for fact in web.of(HttpRequestSeen)]


def test_a_chunked_body_over_the_limit_is_kept_as_far_as_it_goes():
    web = served(SMALL["nginx"])
    answer = web.ask(posted(b"3\r\nabc\r\n7d0\r\n" + b"x" * 2000 + b"\r\n0\r\n\r\n", CHUNKED).replace(b"POST", b"PUT"))

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert [b"abc" + b"x" * 1021] == web.artifacts
    assert [True] == [fact.truncated for fact in web.of(FileCaptured)]


def test_a_chunked_login_is_a_login():
    web = served(NGINX)
    web.ask(posted(b"b\r\nusername=a&\r\n9;x\r\npassword=\r\n1\r\nb\r\n0\r\n\r\n", FORM, CHUNKED, target=b"/login"))

    assert [("a", b"b")] == [(fact.user, fact.secret) for fact in web.of(CredentialSeen)]
    assert [b"username=a&password=b"] == [fact.body for fact in web.of(HttpRequestSeen)]


@pytest.mark.parametrize("config", [NGINX, APACHE])
def test_each_pipelined_request_is_recorded_before_its_answer(config):
    web = served(config)
    form = posted(b"username=a&password=1", FORM, b"Content-Length: 21", target=b"/login")
    connection = web.connect()
    said = connection.say(form + b"\r\n" + GET + form.replace(b"=1", b"=2"))

    assert [b"200", b"404", b"200"] == re.findall(rb"HTTP/1\.1 (\d+) ", said)
    assert [CredentialSeen, HttpRequestSeen, HttpRequestSeen, CredentialSeen, HttpRequestSeen] == [
        type(fact) for fact in web.facts
    ]
    assert [b"1", b"2"] == [fact.secret for fact in web.of(CredentialSeen)]


@pytest.mark.parametrize(("config", "count"), [(NGINX, 1000), (APACHE, 101)])
def test_a_connection_ends_after_as_many_requests_as_the_real_servers(config, count):
    connection = served(config, packages={"nginx": "1.22.1-9"}).connect()
    for _ in range(count - 1):
        assert b"\r\nConnection: close\r\n" not in connection.say(GET)

    assert b"\r\nConnection: close\r\n" in connection.say(GET)
    assert connection.is_over()


def test_nginx_refuses_what_cannot_become_a_request_without_waiting_for_its_end():
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64, 128))
    web = served(NGINX)
    connection = web.connect()
    for octet in hello:
        assert b"" == connection.say(bytes([octet]))

    assert connection.pass_time(0.1).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert connection.is_over()
    assert [ProtocolViolated(detail="bad request", sample=hello)] == web.facts


def test_apache_waits_for_the_end_of_the_line():
    web = served(APACHE)
    connection = web.connect()
    connection.say(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")

    assert b"" == connection.pass_time(19) + connection.finish()
    assert connection.is_over()
    assert [
        ProtocolViolated(detail="unfinished request", sample=b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    ] == web.facts


@pytest.mark.parametrize("config", [NGINX, APACHE])
def test_what_came_of_a_body_is_recorded_when_the_peer_is_gone(config):
    web = served(config)
    connection = web.connect()
    connection.say(posted(b"username=a&password=b" + b"&" * 70_000, FORM, b"Content-Length: 99999", target=b"/login"))
    connection.vanish()

    assert [CredentialSeen, HttpRequestSeen, FileCaptured] == [type(fact) for fact in web.facts]
    assert [True] == [fact.truncated for fact in web.of(FileCaptured)]
    assert [70_021] == [len(artifact) for artifact in web.artifacts]
    assert b"" == connection.sent


@pytest.mark.parametrize("config", [NGINX, APACHE])
def test_framing_that_is_not_to_be_trusted_is_recorded_with_its_request_and_ends_the_connection(config):
    web = served(config)
    answer = web.ask(posted(GET, b"Content-Length: %d," % len(GET)))

    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert 1 == answer.count(b"HTTP/1.1 ")
    assert [(400, "/nope", b"")] == [(fact.status, fact.target, fact.body) for fact in web.of(HttpRequestSeen)]
    assert [ProtocolViolated(detail="bad request", sample=b"POST /nope")] == web.of(ProtocolViolated)


def test_nothing_smuggled_in_a_body_is_answered_and_nothing_answered_is_left_out():
    inner = posted(b"username=x&password=y", FORM, b"Content-Length: 21", target=b"/login")
    web = served(APACHE)
    answer = web.ask(posted(b"0\r\n\r\n" + inner, CHUNKED, b"Content-Length: %d" % (5 + len(inner))))

    # Chunks win, as in Apache; it does not trust the rest of the stream, and what is not answered is no request.
    assert 1 == answer.count(b"HTTP/1.1 ")
    assert b"\r\nConnection: close\r\n" in answer
    assert ["/nope"] == [fact.target for fact in web.of(HttpRequestSeen)]


@pytest.mark.parametrize(("config", "version"), [(NGINX, "1.22"), (APACHE, "2.4")])
def test_http_0_9_gets_the_page_alone(config, version):
    web = served(config)
    answer = web.ask(b"GET /login\r\n")

    assert answer.startswith(b"<!DOCTYPE html>")
    assert [("0.9", "/login", 200)] == [(f.version, f.target, f.status) for f in web.of(HttpRequestSeen)]


def test_headers_are_recorded_as_they_came():
    web = served(NGINX)
    web.ask(b"GET /nope HTTP/1.1\nhOST:web.example\nX_odd: \xff\tb  \nNoColon\n\n")

    assert [((b"hOST", b"web.example"), (b"X_odd", b"\xff\tb"), (b"NoColon", b""))] == [
        fact.headers for fact in web.of(HttpRequestSeen)
    ]


def test_octets_of_a_target_that_are_no_text_are_escaped():
    web = served(APACHE)
    web.ask(get(b"GET /caf\xe9/\xc3\xa9 HTTP/1.1"))

    assert ["/caf\\xe9/\u00e9"] == [fact.target for fact in web.of(HttpRequestSeen)]


def test_paths_are_looked_up_as_servers_look_them_up():
    web = served(NGINX)
    targets = [b"/log%69n", b"//login", b"/x/../login", b"/./login?next=/", b"http://web.example/login"]

    assert [200] * len(targets) == [
        int(web.ask(get(b"GET " + target + b" HTTP/1.1")).split(b" ")[1]) for target in targets
    ]
