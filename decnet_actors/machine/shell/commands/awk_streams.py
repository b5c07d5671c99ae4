"""This module holds what awk reads and writes: files, commands, and standard input record by record."""

import contextlib
from collections.abc import Generator
from typing import TYPE_CHECKING

from attrs import define

from decnet_actors.machine.shell.commands import awk_values as values
from decnet_actors.machine.shell.context import MAX_TEXT, Context
from decnet_actors.machine.shell.regexes import compile_posix
from decnet_actors.machine.shell.state import BudgetSpentError
from decnet_actors.machine.shell.streams import ClosedPipeError, Input, Pause, PipeEnd

if TYPE_CHECKING:
    from decnet_actors.machine.shell.commands.awk_runner import AwkRunner

MAX_OPEN = 64  # files and commands


@define
class Source:
    """Text that is read record by record."""

    text: str
    at: int = 0


class AwkStreams:
    """The files of one run; ``operands`` are file names and assignments."""

    def __init__(self, ctx: Context, operands: list[str]) -> None:
        self.ctx = ctx
        self.failed = False
        self._operands = operands
        self._asked = False
        self._main: Source | None = None
        self._sources: dict[str, Source] = {}
        self._written: dict[str, bytearray] = {}  # what commands are to read
        self._files: set[str] = set()

    def next_main(self, runner: "AwkRunner") -> Generator[Pause, None, str | None]:
        """Return the next record of the operands, ``None`` at the end of all."""
        while True:
            if self._main is None and not (yield from self._open_main(runner)):
                return None
            if self._main is None:
                continue
            line = yield from self._record(self._main, runner)
            if line is not None:
                return line
            self._main = None

    def _open_main(self, runner: "AwkRunner") -> Generator[Pause, None, bool]:
        while self._operands:
            name = self._operands.pop(0)
            variable, equals, value = name.partition("=")
            if equals and variable.isidentifier():
                runner.names[variable] = values.Input(value)
                continue
            self._asked = True
            runner.names["FILENAME"], runner.names["FNR"] = name, 0.0
            try:
                data = (yield from self.ctx.stdin.read_all()) if name == "-" else self.ctx.read_file(name, MAX_TEXT)
            except OSError as error:
                self.failed = True
                self.ctx.fail(f"cannot open {name} ({error.strerror})")
                return False
            self._main = _source(data)
            return True
        if self._asked:
            return False
        self._asked = True
        self._main = _source((yield from self.ctx.stdin.read_all()))
        return True

    def skip_file(self) -> None:
        """Go on with the next operand."""
        self._main = None

    def _record(self, source: Source, runner: "AwkRunner") -> Generator[Pause, None, str | None]:
        text, at = source.text, source.at
        if at >= len(text):
            return None
        mark = values.text(runner.names["RS"])
        if not mark:
            while text.startswith("\n", at):
                at += 1
            if at >= len(text):
                source.at = at
                return None
            end = text.find("\n\n", at)
            source.at = len(text) if end < 0 else end + 2
            return text[at : len(text) if end < 0 else end].removesuffix("\n")
        if len(mark) > 1:
            try:
                found = yield from compile_posix(mark, extended=True).search(text, runner.budget, at)
            except ValueError:
                found = None
            start, end = found.span() if found else (-1, -1)
        else:
            start = text.find(mark, at)
            end = start + 1
        if start < 0 or end <= start:
            source.at = len(text)
            return text[at:]
        source.at = end
        return text[at:start]

    def read(self, kind: str, name: str, runner: "AwkRunner") -> Generator[Pause, None, str | int | None]:
        """Return a line for ``getline``; ``None`` at the end, -1 if there is no such file."""
        if not kind:
            return (yield from self.next_main(runner))
        key = f"{kind}{name}"
        if key not in self._sources:
            self._room()
            try:
                data = yield from self._output(name) if kind == "|" else self._content(name)
            except OSError:
                return -1
            self._sources[key] = _source(data)
        return (yield from self._record(self._sources[key], runner))

    def _content(self, name: str) -> Generator[Pause, None, bytes]:
        if name in {"-", "/dev/stdin"}:
            return (yield from self.ctx.stdin.read_all())
        return self.ctx.read_file(name, MAX_TEXT)

    def _room(self) -> None:
        if len(self._sources) + len(self._written) + len(self._files) >= MAX_OPEN:
            raise BudgetSpentError

    def write(self, kind: str, target: str, line: str) -> Generator[Pause, None, None]:
        """Write what ``print`` gives."""
        yield from ()
        if not kind or target in {"/dev/stdout", "-"}:
            self.ctx.out(line)
        elif target == "/dev/stderr":
            self.ctx.err(line)
        elif kind == "|":
            if target not in self._written:
                self._room()
            held = self._written.setdefault(target, bytearray())
            held += line.encode("utf-8", "surrogateescape")
            if len(held) > MAX_TEXT:
                raise BudgetSpentError
        else:
            if target not in self._files:
                self._room()
            append = kind == ">>" or target in self._files
            self._files.add(target)
            self.ctx.write_file(target, line.encode("utf-8", "surrogateescape"), append=append, mechanism="awk")

    def close(self, name: str) -> Generator[Pause, None, float]:
        """Close a file or command: a command that was written to runs now."""
        data = self._written.pop(name, None)
        known = data is not None or name in self._files or f"<{name}" in self._sources or f"|{name}" in self._sources
        self._files.discard(name)
        self._sources.pop(f"<{name}", None)
        self._sources.pop(f"|{name}", None)
        if data is not None:
            return float((yield from self._run(name, bytes(data))))
        return 0.0 if known else -1.0

    def close_all(self) -> Generator[Pause, None, None]:
        """Run the commands that were written to."""
        for name in list(self._written):
            yield from self.close(name)

    def system(self, command: str) -> Generator[Pause, None, float]:
        """Run a command; return its status."""
        return float((yield from self._run(command, b"")))

    def _run(self, command: str, data: bytes) -> Generator[Pause, None, int]:
        inner = self.ctx.sh.copy()
        inner.streams[0] = Input(data)
        return (yield from self.ctx.evaluator.launcher.script(inner, "sh", command.encode(), (), dash=True))

    def _output(self, command: str) -> Generator[Pause, None, bytes]:
        inner = self.ctx.sh.copy()
        pipe = PipeEnd()
        inner.streams[1] = pipe
        with contextlib.suppress(ClosedPipeError):  # it wrote more than is kept
            yield from self.ctx.evaluator.launcher.script(inner, "sh", command.encode(), (), dash=True)
        return bytes(pipe.data)


def _source(data: bytes) -> Source:
    return Source(data[:MAX_TEXT].decode("utf-8", "surrogateescape"))
