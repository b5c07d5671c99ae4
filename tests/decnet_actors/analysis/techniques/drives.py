"""This module does to real decoys what attackers do, and returns the records they make of it."""

import asyncio
import base64
import contextlib
from collections.abc import Sequence

import asyncssh

from decnet_actors.contracts.machine import Pty
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.records import Entry, Record
from decnet_actors.wire import tftp
from tests.decnet_actors.machine import shells
from tests.plugins.decoy.ftp.replay import stage
from tests.plugins.decoy.http.serving import served
from tests.plugins.decoy.redis.talk import talk
from tests.plugins.decoy.ssh import serving as ssh_serving
from tests.plugins.decoy.tftp import test_transfer as transfers

NOW = 1_795_275_767.0


def entries(service: str, facts: Sequence[Fact], *, every: float = 1.0, source: str = "203.0.113.9") -> list[Entry]:
    """Return facts as the journal would have them, ``every`` seconds one."""
    return [
        Entry(
            seq=number,
            record=Record(
                id=f"{number:032x}",
                time=NOW + number * every,
                host="local",
                decky="web-01",
                service=service,
                fact=fact,
                session=f"{1:032x}",
                source=source,
            ),
        )
        for number, fact in enumerate(facts, 1)
    ]


def shell(line: str) -> list[Entry]:
    """Type a line into the shell of a Debian machine."""
    visitor = shells.Visitor(shells.machine(), pty=Pty(columns=80, rows=24, term="xterm")).open()
    visitor.settle()
    visitor.type(f"{line}\n")
    visitor.close()
    return entries("ssh", visitor.facts)


def web(*requests: bytes, every: float = 1.0) -> list[Entry]:
    """Send requests to the web decoy, one connection each."""
    host = served()
    for request in requests:
        host.ask(request)
    return entries("http", host.facts, every=every)


def get(target: str, *headers: str, body: bytes = b"", method: str = "GET") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: web.example", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def logins(*pairs: tuple[str, str], every: float = 1.0) -> list[Entry]:
    """Try users and passwords at the web decoy."""
    words = [base64.b64encode(f"{user}:{secret}".encode()).decode() for user, secret in pairs]
    return [
        one
        for one in web(*(get("/", f"Authorization: Basic {word}") for word in words), every=every / 2)
        if one.record.kind == "CredentialSeen"
    ]


def redis(*commands: str) -> list[Entry]:
    """Send commands to the Redis decoy."""
    peer = talk()
    for command in commands:
        peer(*command.split())
    return entries("redis", peer.facts)


def ftp(*commands: str, file: bytes | None = None) -> list[Entry]:
    """Log in to the FTP decoy, send commands, and a file over the connection they open."""
    made = stage("vsftpd")
    for command in ("USER ops", "PASS s3cret", *commands):
        made.say(f"{command}\r\n".encode())
    if file is not None:
        made.upload(file)
    return entries("ftp", made.facts)


def wanted(name: bytes) -> list[Entry]:
    """Ask the TFTP decoy for a file."""
    peer = transfers.Talk()
    peer.say(tftp.build(transfers.wants(name)))
    return entries("tftp", peer.facts)


def ssh(version: str = "", *, forward: bool = False, x11: bool = False) -> list[Entry]:
    """Connect to the SSH decoy."""

    async def visit() -> list[Fact]:
        options = {"client_version": version} if version else {}
        async with ssh_serving.served() as found, ssh_serving.client(found, **options) as connection:
            if forward:
                with contextlib.suppress(asyncssh.ChannelOpenError):
                    await connection.open_connection("198.51.100.1", 443)
            if x11:
                channel = await connection.create_process()
                channel.channel._send_request(b"x11-req", b"\0", b"\0\0\0\1a", b"\0\0\0\1b", bytes(4))
                await found.until(
                    lambda: any(type(fact).__name__ == "ForwardRequested" for fact in found.journal.facts)
                )
            return list(found.journal.facts)

    return entries("ssh", asyncio.run(visit()))
