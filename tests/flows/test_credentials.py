"""Whatever the service, a credential says who, what kind of secret, and how; who named nobody has no name."""

import base64
import time

import asyncssh
import pytest

from tests.daemon import converse, decnetd

pytestmark = pytest.mark.client  # many starts and real clients: in the longer run

FLEET = """
[fleet.loopback]
network = "{network}"

[[decky]]
name = "all-01"
services = ["ssh", "telnet", "http", "redis", "ftp"]
weak_credentials = 0
"""
SECRET = b"zz9-heron"
DIGEST = (
    'Digest username="bob", realm="r", nonce="n", uri="/", qop=auth, nc=00000001, cnonce="c", '
    'response="0123456789abcdef0123456789abcdef"'
)
EXPECTED = {
    ("ssh", "root", "plaintext", "ssh password"),
    ("ssh", "root", "public_key", "ssh publickey offered"),
    ("telnet", "root", "plaintext", "telnet login"),
    ("ftp", "eve", "plaintext", "ftp"),
    ("redis", None, "plaintext", "redis auth"),
    ("http", "bob", "plaintext", "http basic"),
    ("http", None, "http_bearer", "http bearer"),
    ("http", "bob", "http_digest_md5", "http digest"),
    ("http", None, "http_digest_md5", "http digest"),
    ("http", "eve", "plaintext", "http form"),
    ("http", None, "plaintext", "http form"),
}


def asked(authorization: str) -> bytes:
    return f"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {authorization}\r\n\r\n".encode()


def posted(form: bytes) -> bytes:
    head = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % len(form) + form


async def try_ssh(address: tuple[str, int], **how: object) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        await asyncssh.connect(*address, username="root", known_hosts=None, config=[], **how)


async def test_every_decoys_credentials_say_who_what_and_how():
    with decnetd(FLEET) as daemon:
        at = daemon.listeners()["all-01"]
        await try_ssh(at["ssh"], password=SECRET.decode(), client_keys=None)
        await try_ssh(at["ssh"], client_keys=[asyncssh.generate_private_key("ssh-ed25519")], password=None)
        converse(at["telnet"], [(b"", b"login: "), (b"root\r\n", b"assword: "), (SECRET + b"\r\n", b"incorrect")])
        converse(at["ftp"], [(b"", b"220"), (b"USER eve\r\n", b"331"), (b"PASS " + SECRET + b"\r\n", b"530")])
        converse(at["redis"], [(b"*2\r\n$4\r\nAUTH\r\n$9\r\n" + SECRET + b"\r\n", b"-")])
        basic = base64.b64encode(b"bob:" + SECRET).decode()
        nobody = DIGEST.replace('username="bob", ', "")
        for header in (f"Basic {basic}", f"Bearer {SECRET.decode()}", DIGEST, nobody):
            converse(at["http"], [(asked(header), b"HTTP/1.1")])
        for form in (b"username=eve&password=" + SECRET, b"password=" + SECRET):
            converse(at["http"], [(posted(form), b"HTTP/1.1")])
        deadline = time.monotonic() + 10
        while (rows := _tried(daemon)) != EXPECTED:
            assert time.monotonic() < deadline, rows ^ EXPECTED
            time.sleep(0.05)

        assert "None" not in {row["user"] for row in daemon.ask("credential", "list", "--limit", "1000")}


def _tried(daemon) -> set[tuple[str, str | None, str, str]]:
    rows = daemon.events(kind="CredentialSeen")
    assert all(row["source"] and row["decky"] == "all-01" for row in rows)
    return {
        (row["service"], row["fact"].get("user"), row["fact"].get("kind", "plaintext"), row["fact"]["mechanism"])
        for row in rows
    }
