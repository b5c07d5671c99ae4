"""This module plays what was said to real FTP daemons to the decoy, with the host's part of the data connection.

What no two runs share is replaced on both sides: ports, the time of day, sizes of directories, drawn names.
"""

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import define, evolve, field, frozen

from decnet_actors.conformance.fake_machine import FakeMachine, fake_persona
from decnet_actors.conformance.fakes import FakePolicy, FakeTime
from decnet_actors.contracts.decky_files import NOBODY
from decnet_actors.contracts.decoy import EndData, HangUp, ListenData, Note, Send, SendData, SessionEffect, WakeAt
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.peer import Peer
from decnet_actors.domain.persona import Account
from decnet_actors.machine.node import Node, directory, file, symlink
from plugins.decoy.ftp.client import Host
from plugins.decoy.ftp.service import dialect_of
from plugins.decoy.ftp.session import FtpSession
from tests.decnet_actors.machine.trees import tree_of

RECORDED = Path(__file__).parent / "recorded"
PACKAGES = {
    "vsftpd": ("vsftpd", "3.0.3-13+b2"),
    "proftpd": ("proftpd-core", "1.3.8+dfsg-4+deb12u5"),
    "pure-ftpd": ("pure-ftpd", "1.0.50-2.1+b2"),
}
NOW = 1_795_297_080.0  # 2026-11-21 21:38 UTC, when they were recorded
OLD = 1_699_999_980.0  # 2023-11-14 22:13 UTC
PEER = Peer(address="127.0.0.1", port=40_000, local_address="127.0.0.1", local_port=21)
PORT = 40_001

_HOLES = (
    (re.compile(r"\(127,0,0,1,\d+,\d+\)"), "(PLACE)"),
    (re.compile(r"\|\|\|\d+\|"), "|||PORT|"),
    (re.compile(r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d"), "TIME"),
    (re.compile(r"time is now \d\d:\d\d\. Server port: \d+"), "time is now TIME. Server port: PORT"),
    (re.compile(r"user number \d+"), "user number N"),
    (re.compile(r"client count was \d+"), "client count was N"),
    (re.compile(r"\d+\.\d{3} seconds \(measured here\), [\d.]+ (?:[KM]?bytes) per"), "SECONDS per"),
    (re.compile(r"^( ?)(d[rwxtT-]{9}) +\d+ +(\S+ +\S+) +\d+ "), r"\1\2 N \3 N "),
    (re.compile(r"^( ?)([^;]*;)?sizd=\d+;"), r"\1\2sizd=N;"),
    (re.compile(r"unique=\w+;"), "unique=U;"),
    (re.compile(r"modify=2026\d+;"), "modify=NOW;"),
    (re.compile(r"pureftpd\.[0-9a-f.]+"), "pureftpd.NAME"),
    (re.compile(r"\bftp[A-Za-z0-9]{6}\b"), "ftpNAME"),
    (re.compile(r"from localhost"), "from 127.0.0.1"),  # the name of the peer is not looked up
)


@frozen
class Step:
    """One thing the client did, and what followed."""

    done: str
    replies: tuple[str, ...]
    data: tuple[str, ...]
    closed: bool


def read(path: Path) -> list[Step]:
    """Return what was recorded; the first step is the connection."""
    steps: list[Step] = []
    done, closed = "", False
    replies: list[str] = []
    data: list[str] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), "> end"]:
        if line.startswith(("#", "@ ")):
            continue
        if line.startswith(("> ", "D> ", "DX")) or line == ">":
            steps.append(Step(done, tuple(replies), tuple(data), closed))
            done, replies, data, closed = line, [], [], False
        elif line.startswith("< "):
            replies.append(whole(line[2:]))
        elif line.startswith("D<"):
            data += [whole(line[3:])] if line[3:] else []
        elif line == "x":
            closed = True
    return steps


def whole(text: str) -> str:
    """Return a line with its holes."""
    for hole, name in _HOLES:
        text = hole.sub(name, text)
    return text


def machine() -> FakeMachine:
    """Return the machine the daemons were recorded on, as far as they looked."""
    who = fake_persona()
    ops = Account(name="ops", uid=1000, gid=1000, home="/home/ops", shell="/bin/bash")
    guest = Account(name="ftp", uid=998, gid=998, home="/srv/ftp", shell="/usr/sbin/nologin")
    made = FakeMachine(evolve(who, accounts=(who.accounts[0], ops, guest)))
    made.files = tree_of(_tree()).view(NOBODY)  # type: ignore[assignment]  # a FileSystem too
    return made


def _tree() -> Node:
    home = directory(0o755, NOW, uid=1000, gid=1000)
    docs = directory(0o755, OLD, uid=1000, gid=1000)
    docs.entries()["readme"] = file(b"r\n", 0o644, OLD, uid=1000, gid=1000)
    home.entries().update(
        {
            "docs": docs,
            "notes.txt": file(b"hello\nnotes of ops\n", 0o644, OLD, uid=1000, gid=1000),
            ".hidden": file(b"h\n", 0o644, NOW - 60, uid=1000, gid=1000),
            "link": symlink("notes.txt", NOW - 60, uid=1000, gid=1000),
        }
    )
    root = directory(0o755, OLD)
    for name, mode in (("home", 0o1777), ("etc", 0o755), ("root", 0o700), ("srv", 0o755)):
        root.entries()[name] = directory(mode, NOW - 60)
    root.entries()["home"].entries()["ops"] = home
    root.entries()["etc"].entries()["group"] = file(b"root:x:0:\nops:x:1000:\n", 0o644, OLD)
    served = root.entries()["srv"].entries()["ftp"] = directory(0o755, OLD)
    served.entries()["pub"] = directory(0o755, OLD)
    served.entries()["readme"] = file(b"read me\n", 0o644, OLD)
    return root


@define
class Stage:
    """The decoy, and the host's part."""

    session: FtpSession
    time: FakeTime
    facts: list[Fact] = field(factory=list)
    over: bool = False
    port: int = 0  # what was asked for last
    is_open: bool = False  # the data connection
    sent: bytes = b""  # on the data connection
    said: bytes = b""
    wake: float = float("inf")
    late: bool = False  # the peer does not connect by itself

    def take(self, effects: Sequence[SessionEffect]) -> None:
        """Do what the session asks."""
        for effect in effects:
            assert not self.over
            match effect:
                case Send(data=data):
                    self.said += data
                case Note(fact=fact):
                    self.facts.append(fact)
                case WakeAt(when=when):
                    self.wake = when
                case HangUp():
                    self.over = True
                case ListenData(port=port):
                    self.port = port or PORT
                    self.take(self.session.data_listening(self.port, self.time()))
                    if not self.late:
                        self.connect()
                case SendData(data=data):
                    self.sent += data
                    self.take(self.session.data_wanted(self.time()))
                case EndData():
                    self.close()
                case _:
                    raise AssertionError(effect)

    def connect(self) -> None:
        self.is_open = True
        self.take(self.session.data_opened(self.time()))

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            self.take(self.session.data_closed(self.time()))

    def say(self, data: bytes) -> None:
        self.take(self.session.received(data, self.time()))

    def upload(self, data: bytes) -> None:
        if self.is_open:
            self.take(self.session.data_received(data, self.time()))
            self.take(self.session.data_ended(self.time()))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        end = self.time() + seconds
        while self.wake <= end and not self.over:
            self.time.seconds, self.wake = max(self.wake, self.time()), float("inf")
            self.take(self.session.tick(self.time()))
        self.time.seconds = end

    def answers(self) -> tuple[str, ...]:
        """Return (once) what was said."""
        said, self.said = self.said, b""
        return tuple(whole(line.decode("latin-1").encode("unicode_escape").decode()) for line in said.splitlines(True))

    def downloaded(self) -> tuple[str, ...]:
        """Return (once) what was sent on the data connection."""
        sent, self.sent = self.sent, b""
        return tuple(whole(line.decode("latin-1").encode("unicode_escape").decode()) for line in sent.splitlines(True))


def stage(daemon: str, *, anonymous: bool = False, writable: bool = True, files: FakeMachine | None = None) -> Stage:
    """Return a decoy of this daemon that somebody has connected to."""
    package, version = PACKAGES[daemon]
    there = files or machine()
    persona = evolve(there.persona, packages={package: version})
    host = Host(
        dialect=dialect_of(persona, port=21, anonymous=anonymous),
        machine=there,
        policy=FakePolicy([("ops", b"s3cret")]),
        rng=random.Random(1),
        delay=1.0,
        anonymous=anonymous,
        writable=writable,
        tls=None,
    )
    time = FakeTime(NOW)
    made = Stage(FtpSession(host, PEER), time)
    made.take(made.session.opened(NOW))
    return made


def perform(daemon: str, name: str) -> Iterator[tuple[Step, Step]]:
    """Yield what was recorded, each step with what the decoy does."""
    made = stage(daemon, anonymous=name == "anonymous")
    for step in read(RECORDED / daemon / f"{name}.txt"):
        if made.over:
            return
        done = step.done
        if done.startswith(">"):
            line = done[2:].encode().decode("unicode_escape").encode("latin-1")
            if re.fullmatch(rb"[A-Z]\*\d+", line):
                line = line[:1] * int(line[2:])
            made.say(line if line.endswith(b"\n") else line + b"\r\n")
        elif done.startswith("D> "):
            made.upload(done[3:].encode().decode("unicode_escape").encode("latin-1"))
        elif done == "DX":
            made.close()
        if done.startswith("> PASS"):
            made.wait(40.0)
        data = made.downloaded()
        yield step, Step(done, made.answers(), data, made.over)
