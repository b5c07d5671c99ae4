"""This module defines what a command gets: its words, streams and the machine it runs on."""

import codecs
import hashlib
import random
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from attrs import define, field

from decnet_actors.contracts.machine import Login
from decnet_actors.domain.facts import Direction, DownloadRequested, Fact, FileCaptured
from decnet_actors.domain.persona import Account, Persona
from decnet_actors.machine.files import TreeFiles
from decnet_actors.machine.shell.busybox_words import applet_words, builtin_words
from decnet_actors.machine.shell.state import Budget, ShellState
from decnet_actors.machine.shell.streams import BREATHE, Input, Pause, Sink, Work, pieces

if TYPE_CHECKING:
    from decnet_actors.machine.shell.evaluator import Evaluator
    from decnet_actors.machine.visits import Visits

MAX_ARTIFACTS = 32  # kept until the session takes them
MAX_ARTIFACT = 16 << 20  # bytes of one
MAX_HISTORY = 1000  # lines
MAX_TEXT = 1 << 20  # bytes of one file that tools for text look at
MAX_TEXTS = 4 << 20  # bytes of all files that one of them looks at
MAX_LINES = 100_000  # lines of one file that they look at
BLOCK = 8192  # characters written at once by what writes line after line
READ_A_STEP = 2048  # bytes of a file that cost as much as running a command does

Result: TypeAlias = "int | Work"


class UsageError(Exception):
    """A command was called wrongly: ``message`` goes to standard error as it is, the command ends with ``status``."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@define
class Job:
    """A command in the background."""

    number: int
    pid: int
    text: str
    work: Work
    wake: float = 0.0
    done: bool = False
    status: int = 0


@define
class World:
    """What all shells of one terminal share."""

    persona: Persona
    files: TreeFiles
    rng: random.Random
    login: Login
    visits: "Visits"
    budget: Budget
    heard: Callable[[float], None]
    now: float = 0.0
    notes: list[Fact] = field(factory=list)
    artifacts: deque[bytes] = field(factory=deque)
    history: list[str] = field(factory=list)
    jobs: list[Job] = field(factory=list)
    columns: int = 80
    rows: int = 24
    next_pid: int = 2000
    started: float = 0.0
    dropped: dict[str, str] = field(factory=dict)  # files written and not yet captured: path -> mechanism
    captured: set[str] = field(factory=set)
    tty: Sink | None = None  # where a terminal's output goes
    echo: bool = True  # whether the terminal shows what is typed
    raw: bool = False  # whether keys go to the program as they are pressed
    at_prompt: bool = False  # whether an interactive shell waits for a line
    front: ShellState | None = None  # the interactive shell that waits

    def at(self, now: float) -> None:
        """Set the time."""
        self.now = now
        self.heard(now)

    def account(self, name: str) -> Account | None:
        """Return a user of the machine by name."""
        return next((account for account in self.persona.accounts if account.name == name), None)

    def user_name(self, uid: int) -> str:
        """Return a user's name, its number if there is none."""
        return next((account.name for account in self.persona.accounts if account.uid == uid), str(uid))

    def group_names(self) -> Mapping[int, str]:
        """Return group names by number."""
        return self.files.group_names

    def fork(self) -> int:
        """Return the next process id."""
        self.next_pid += 1 + self.rng.randrange(3)
        return self.next_pid

    def note(self, fact: Fact) -> None:
        """Record a fact; it leaves with the next effects."""
        self.notes.append(fact)

    def download(self, url: str, mechanism: str) -> None:
        """Record that something was to be fetched."""
        self.note(DownloadRequested(url=clean(url[:4096]), mechanism=mechanism))

    def drop(self, path: str, mechanism: str, *, whole: bool) -> None:
        """Remember that a file was written; it is captured at the end of the line (``whole``) or when it matters."""
        if len(self.dropped) < 256:  # noqa: PLR2004  files of one line
            self.dropped[path] = f"{mechanism}{'' if whole else '+'}"

    def capture(self, *, everything: bool) -> Generator[Pause, None, None]:
        """Capture files that were written; those being appended to only if ``everything``."""
        for path, mechanism in list(self.dropped.items()):
            if mechanism.endswith("+") and not everything:
                continue
            del self.dropped[path]
            yield from self._capture_file(path, mechanism.removesuffix("+"))

    def _capture_file(self, path: str, mechanism: str) -> Generator[Pause, None, None]:
        """Capture one file as it is now."""
        try:
            data = self.files.read(path, size=MAX_ARTIFACT + 1)
        except OSError:
            return
        if not data:
            return
        kept = data[:MAX_ARTIFACT]
        sha256 = yield from self.digest(kept)
        if f"{path} {sha256}" in self.captured or len(self.artifacts) >= MAX_ARTIFACTS:
            return
        if len(self.captured) < 4096:  # noqa: PLR2004  of one session
            self.captured.add(f"{path} {sha256}")
        self.artifacts.append(kept)
        self.note(
            FileCaptured(
                path=clean(path),
                sha256=sha256,
                size=len(data),
                direction=Direction.IN,
                mechanism=mechanism,
                truncated=len(data) > len(kept),
            )
        )

    def digest(self, data: bytes, method: str = "sha256") -> Generator[Pause, None, str]:
        """Return the hash of some bytes in hexadecimal."""
        counted = hashlib.new(method, usedforsecurity=False)
        for piece in pieces(data):
            if self.budget.due:
                yield BREATHE
            counted.update(piece)
        return counted.hexdigest()


def clean(text: str) -> str:
    """Return text that any encoder takes: bytes that were no UTF-8 become escapes."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class Context:
    """One running command."""

    __slots__ = ("applet", "args", "evaluator", "name", "sh", "stderr", "stdin", "stdout", "world")

    def __init__(self, evaluator: "Evaluator", sh: ShellState, argv: Sequence[str]) -> None:
        self.evaluator = evaluator
        self.world = evaluator.world
        self.sh = sh
        self.name = argv[0]
        self.applet = False  # of BusyBox: other words, other formats
        self.args = list(argv[1:])
        streams = sh.streams
        stdin = streams.get(0)
        self.stdin = stdin if isinstance(stdin, Input) else Input()
        self.stdout: Sink = sink_of(streams.get(1))
        self.stderr: Sink = sink_of(streams.get(2))

    @property
    def files(self) -> TreeFiles:
        """The decky's files."""
        return self.world.files

    @property
    def persona(self) -> Persona:
        """The machine."""
        return self.world.persona

    @property
    def now(self) -> float:
        """Unix seconds."""
        return self.world.now

    def out(self, text: str) -> None:
        """Write text to standard output."""
        self.stdout.write(text.encode("utf-8", "surrogateescape"))

    def write(self, data: bytes) -> None:
        """Write bytes to standard output."""
        self.stdout.write(data)

    def err(self, text: str) -> None:
        """Write text to standard error."""
        self.stderr.write(text.encode("utf-8", "surrogateescape"))

    def fail(self, message: str, status: int = 1) -> int:
        """Write ``name: message`` to standard error and return the status; an applet of BusyBox has its own words."""
        if self.applet:
            message, status = applet_words(self.name, message, status)
        self.err(f"{self.name}: {message}\n")
        return status

    def complain(self, message: str, status: int = 1, *, named: bool = True) -> int:
        """Write a builtin's message, as the shell prefixes it, and return the status."""
        if "ash" in self.sh.options:
            text, status = builtin_words(self.name, message, status, self.sh)
            self.err(f"{self.sh.parsing_name or self.sh.name}: {text}\n")
            return status
        self.err(f"{self.evaluator.prefix(self.sh)}{f'{self.name}: ' if named else ''}{message}\n")
        return status

    def path(self, name: str) -> str:
        """Return an absolute path; a trailing slash is kept, an empty name stays empty."""
        if not name:
            return ""
        return name if name.startswith("/") else f"{self.sh.cwd.rstrip('/')}/{name}"

    def read_file(self, name: str, limit: int | None = None) -> bytes:
        """Return a file's content, up to ``limit`` bytes of it.

        Raises:
            OSError: as reading it would.

        """
        if name.startswith("/dev/fd/") and name[8:].isdigit():
            stream = self.sh.streams.get(int(name[8:17]))
            if isinstance(stream, Input):
                return stream.take(stream.waiting)
        data = self.files.read(self.path(name), uid=self.sh.uid, size=limit)
        self.world.budget.step(len(data) // READ_A_STEP)
        return data

    def write_file(self, name: str, data: bytes, *, append: bool = False, mechanism: str = "") -> None:
        """Write a file, as the user, and remember it for capture if ``mechanism`` says how it came.

        Raises:
            OSError: as writing it would.

        """
        path, sh = self.path(name), self.sh
        mode = 0o666 & ~sh.umask
        self.files.write(path, data, now=self.now, uid=sh.uid, gid=sh.gid, append=append, mode=mode)
        if mechanism:
            self.world.drop(self.files.resolve(path), mechanism, whole=not append)

    def pour(self, chunks: "Iterable[bytes]") -> "Generator[Pause, None, None]":
        """Write one chunk after another to standard output, serving others while they are made."""
        block = bytearray()
        for chunk in chunks:
            block += chunk
            rest = self.world.budget.due
            if rest or len(block) >= BLOCK:
                self.stdout.write(bytes(block))
                block.clear()
            if rest:
                yield BREATHE
        if block:
            self.stdout.write(bytes(block))

    def show(self, lines: "Iterable[str | None]") -> "Generator[Pause, None, None]":
        """Write lines to standard output, each with its end, as ``pour`` does; ``None`` is no line."""
        return self.pour(b"" if line is None else f"{line}\n".encode("utf-8", "surrogateescape") for line in lines)

    def lines(self, data: bytes) -> "Generator[Pause, None, list[str]]":
        """Return the lines of some bytes without their ends; what exceeds our caps is left out."""
        decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        parts: list[str] = []
        for piece in pieces(data[:MAX_TEXT]):
            if self.world.budget.due:
                yield BREATHE
            parts.append(decoder.decode(piece))
        parts.append(decoder.decode(b"", final=True))
        lines = "".join(parts).split("\n", MAX_LINES)
        if not lines[-1] or len(lines) > MAX_LINES:
            lines.pop()
        return lines

    def secret(self) -> "Generator[Pause, None, bytes]":
        """Return a line that is typed without being shown."""
        self.world.echo = False
        try:
            return (yield from self.stdin.read_line())
        finally:
            self.world.echo = True

    def input_of(
        self, names: Sequence[str], limit: int | None = MAX_TEXT
    ) -> "Generator[Pause, None, list[tuple[str, bytes]]]":
        """Return name and content of each file (``-`` or none: standard input); errors are written and skipped.

        A file that could not be read is missing from the list: compare lengths for the exit status.
        """
        out: list[tuple[str, bytes]] = []
        room = MAX_TEXTS
        for name in names or ("-",):
            if self.world.budget.due:
                yield BREATHE
            size = None if limit is None else min(room, limit)
            try:
                data = (yield from self.stdin.read_all())[:size] if name == "-" else self.read_file(name, size)
                out.append((name, data))
                room -= len(data)
            except OSError as error:
                self.fail(f"{name}: {error.strerror}")
        return out

    def usage(self, message: str, status: int = 1) -> NoReturn:
        """End the command with a message of its own."""
        raise UsageError(message, status)


def sink_of(stream: "Input | Sink | None") -> Sink:
    """Return an output stream; an input or nothing swallows."""
    if stream is None or isinstance(stream, Input):
        return _NOWHERE
    return stream


class _Closed:
    def write(self, data: bytes) -> None:
        """Lose the bytes."""


_NOWHERE = _Closed()
Function: TypeAlias = Callable[[Context], "int | Work"]
