"""What an attacker sees of the web server, and what we record."""

import base64
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decnet_actors.contracts.decoy import HangUp, Note, Send
from decnet_actors.domain.facts import (
    CredentialSeen,
    FileCaptured,
    HttpRequestSeen,
    LimitReached,
    Outcome,
    ProtocolViolated,
)
from plugins.decoy.http import HttpConfig
from tests.plugins.decoy.http.serving import served

NGINX = {"nginx": "1.22.1-9+deb12u3"}
GIVE_AWAYS = (b"aiohttp", b"python", b"decnet", b"cpython", b"honeypot", b"traceback")


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: web.example\r\nConnection: close\r\n"
    head += "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    if body:
        head += f"Content-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


FORM = {"Content_Type": "application/x-www-form-urlencoded"}


def test_a_form_login_is_recorded_and_refused():
    web = served(packages=NGINX)
    answer = web.ask(request("POST", "/login", b"username=admin&password=s%FFx", **FORM))

    assert answer.startswith(b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: ")
    assert [("admin", b"s\xffx", "http form", Outcome.REFUSED)] == [
        (fact.user, fact.secret, fact.mechanism, fact.outcome) for fact in web.of(CredentialSeen)
    ]
    [seen] = web.of(HttpRequestSeen)
    assert (b"Host", b"web.example") == seen.headers[0]
    assert b"username=admin&password=s%FFx" == seen.body
    assert 200 == seen.status


def test_a_bait_opens_the_door_and_its_cookie_keeps_it_open():
    web = served(packages=NGINX, accepts=[("admin", b"bait")])
    answer = web.ask(request("POST", "/login", b"username=admin&password=bait", **FORM))
    cookie = answer.split(b"Set-Cookie: ")[1].split(b";")[0].decode()
    inside = web.ask(request("GET", "/", Cookie=cookie))
    outside = web.ask(request("GET", "/"))

    assert answer.startswith(b"HTTP/1.1 302 Moved Temporarily\r\n")
    assert b"Location: http://web.example/\r\n" in answer
    assert [Outcome.ACCEPTED] == [fact.outcome for fact in web.of(CredentialSeen)]
    assert inside.startswith(b"HTTP/1.1 200 OK")
    assert outside.startswith(b"HTTP/1.1 302 Moved Temporarily")


def test_no_answer_leaves_before_the_attempt_is_durable():
    session = served().connect().session
    effects = session.received(request("POST", "/login", b"username=a&password=b", **FORM), 0.0)
    kinds = [type(effect.fact if isinstance(effect, Note) else effect) for effect in effects]

    assert [CredentialSeen, HttpRequestSeen, Send, HangUp] == kinds
    assert CredentialSeen.barrier
    assert HttpRequestSeen.barrier


def test_basic_authentication_is_recorded_raw():
    pair = base64.b64encode(b"ro:ot:pw\x00\xfe").decode()
    web = served(packages=NGINX)
    challenge = web.ask(request("GET", "/admin/"))
    answer = web.ask(request("GET", "/admin/", Authorization=f"Basic {pair}"))

    assert b'WWW-Authenticate: Basic realm="' in challenge
    assert answer.startswith(b"HTTP/1.1 401 Unauthorized")
    assert [("ro", b"ot:pw\x00\xfe", "plaintext")] == [
        (fact.user, fact.secret, fact.kind) for fact in web.of(CredentialSeen)
    ]


def test_digest_authentication_gives_a_line_to_crack():
    header = (
        'Digest username="bob", realm="r", nonce="n0", uri="/admin/", qop=auth, nc=00000001, cnonce="c", '
        'response="0123456789abcdef0123456789abcdef"'
    )
    web = served(HttpConfig(protection="digest"))
    challenge = web.ask(request("GET", "/admin/"))
    web.ask(request("GET", "/admin/", Authorization=header))

    assert b"WWW-Authenticate: Digest realm=" in challenge
    [seen] = web.of(CredentialSeen)
    assert ("bob", "http_digest_md5") == (seen.user, seen.kind)
    assert "$sip$***bob*r*GET**/admin/**n0*c*00000001*auth*MD5*0123456789abcdef0123456789abcdef" == seen.hashcat


def test_bearer_tokens_are_kept():
    web = served()
    web.ask(request("GET", "/api", Authorization="Bearer abc.def"))

    assert [(None, b"abc.def", "http_bearer")] == [(f.user, f.secret, f.kind) for f in web.of(CredentialSeen)]


def test_a_client_that_waits_is_told_to_send_its_body():
    head = b"POST /login HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    web = served(packages=NGINX)
    answer = web.connect().say(head)

    assert answer == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_a_json_login_with_half_a_character_is_recorded_too():
    body = b'{"username":"\\ud800","password":"\\udfff\\u0000"}'
    web = served(packages=NGINX)
    answer = web.ask(request("POST", "/login", body, Content_Type="application/json"))

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert [b"\xed\xbf\xbf\x00"] == [fact.secret for fact in web.of(CredentialSeen)]
    assert [body] == [fact.body for fact in web.of(HttpRequestSeen)]


def test_json_and_multipart_logins_are_found_too():
    multipart = (
        b'--X\r\nContent-Disposition: form-data; name="user"\r\n\r\neve\r\n'
        b'--X\r\nContent-Disposition: form-data; name="pwd"\r\n\r\nmall ory\r\n--X--\r\n'
    )
    web = served()
    web.ask(request("POST", "/api/login", b'{"email":"a@b","password":"x"}', Content_Type="application/json"))
    web.ask(request("POST", "/login", multipart, Content_Type="multipart/form-data; boundary=X"))

    assert [("a@b", b"x"), ("eve", b"mall ory")] == [(f.user, f.secret) for f in web.of(CredentialSeen)]


def test_an_upload_is_kept_as_an_artifact():
    payload = bytes(range(256)) * 300
    web = served()
    web.ask(request("PUT", "/shell.php", payload))

    [captured] = web.of(FileCaptured)
    assert (len(payload), "/shell.php", False) == (captured.size, captured.path, captured.truncated)
    assert [payload] == web.artifacts
    assert hashlib.sha256(payload).hexdigest() == captured.sha256


def test_a_body_over_the_limit_is_cut_and_said():
    web = served(HttpConfig(max_body=1024))
    answer = web.ask(request("POST", "/login", b"x" * 5000))

    assert b"413 Request Entity Too Large" in answer.split(b"\r\n")[0]
    assert [LimitReached(limit="http body", value=1024)] == web.of(LimitReached)
    assert [1024] == [fact.body_size for fact in web.of(HttpRequestSeen)]


@pytest.mark.parametrize(
    "garbage",
    [
        b"GARBAGE\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET / HTTP/1.1\r\nHost\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 300,
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ],
)  # fmt: skip
def test_garbage_gets_the_servers_own_error_page(garbage):
    web = served(packages=NGINX)
    answer = web.ask(garbage)

    assert answer.startswith(b"HTTP/1.1 4")
    assert b"\r\nServer: nginx/1.22.1\r\n" in answer
    assert b"<hr><center>nginx/1.22.1</center>" in answer
    assert not any(word in answer.lower() for word in GIVE_AWAYS)


def test_a_broken_request_is_a_fact():
    web = served()
    web.ask(b"GARBAGE\r\n\r\n")

    assert 1 == len(web.of(ProtocolViolated))


@settings(max_examples=40, deadline=None)
@given(data=st.binary(max_size=400))
def test_any_bytes_leave_the_server_serving_and_nameless(data):
    web = served(packages=NGINX)

    assert not any(word in web.ask(data).lower() for word in GIVE_AWAYS)
    assert web.ask(request("GET", "/login")).startswith(b"HTTP/1.1 200 OK")


def test_two_installations_share_no_site():
    pages = []
    for seed in range(6):
        web = served(seed=seed)
        answer = web.ask(request("GET", "/login"))
        pages.append(answer.partition(b"\r\n\r\n")[2])

    assert len(pages) == len(set(pages))


def test_a_connection_kept_alive_serves_several_requests():
    web = served(packages=NGINX)
    connection = web.connect()
    for _ in range(3):
        assert b"\r\nConnection: keep-alive\r\n" in connection.say(b"GET /nope HTTP/1.1\r\nHost: x\r\n\r\n")

    assert [404, 404, 404] == [fact.status for fact in web.of(HttpRequestSeen)]
    assert not connection.is_over()
