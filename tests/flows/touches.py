"""This module touches each decoy as a peer would, with a password that tells which decoy it was."""

import asyncssh
import pytest

from tests.daemon import converse

FORM = b"username=admin&password=hunter2-http"


def touch_redis(address: tuple[str, int]) -> None:
    said = converse(address, [(b"*2\r\n$4\r\nAUTH\r\n$13\r\nhunter2-redis\r\n", b"\r\n")])
    assert said.startswith((b"-ERR", b"-WRONGPASS")), said


def touch_http(address: tuple[str, int]) -> None:
    head = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    said = converse(address, [(head + b"Content-Length: %d\r\n\r\n" % len(FORM) + FORM, b"</html>")])
    assert said.startswith(b"HTTP/1.1 200"), said


def touch_telnet(address: tuple[str, int]) -> None:
    converse(address, [(b"", b"login: "), (b"root\r\n", b"assword: "), (b"hunter2-telnet\r\n", b"incorrect")])


async def touch_ssh(address: tuple[str, int]) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        await asyncssh.connect(
            *address, username="root", password="hunter2-ssh", known_hosts=None, client_keys=None, config=[]
        )


async def touch_all(listeners: dict[str, dict[str, tuple[str, int]]]) -> None:
    touch_redis(listeners["db-01"]["redis"])
    touch_telnet(listeners["db-01"]["telnet"])
    touch_http(listeners["web-01"]["http"])
    await touch_ssh(listeners["web-01"]["ssh"])
