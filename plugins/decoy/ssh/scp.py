"""This module is the server side of ``scp -O``: the rcp protocol over the machine's files (OpenSSH ``scp.c``).

``scp -t`` takes files, ``scp -f`` gives them. Texts are those of OpenSSH 9.2p1.
"""

import fnmatch
import re
import shlex
import stat
from collections.abc import Iterator, Sequence

from attrs import frozen

from decnet_actors.contracts.decoy import Effect, HangUp, Send
from decnet_actors.contracts.machine import Machine, Pty
from plugins.decoy.ssh.transfer import Visitor, captured

MAX_LINE = 2048  # bytes of a control line; the buffer of sink(), scp.c
MAX_FILE = 32 * 1024 * 1024  # bytes kept of one file; the rest is read and dropped
MAX_DEPTH = 32  # directories below one another
MAX_GIVEN = 1000  # files given in one run

_PROGRAMS = ("scp", "/usr/bin/scp", "/bin/scp")
_FLAGS = frozenset("tfrpdvq")
_SHELL = re.compile(r"[;&|<>`$(){}\n]")
_CONTROL = re.compile(rb"(?P<kind>[CD])(?P<mode>[0-7]{4}) (?P<size>\d{1,18}) (?P<name>.+)")
_TIMES = re.compile(rb"T(?P<modified>\d{1,12}) \d{1,6} (?P<accessed>\d{1,12}) \d{1,6}")
_OK, _ERROR = b"\0", b"\x01"


@frozen(kw_only=True)
class Arguments:
    """A parsed command line."""

    take: bool
    recursive: bool
    preserve: bool
    directory: bool  # the target must be one
    paths: tuple[str, ...]


def scp_of(command: str) -> Arguments | None:
    """Return the arguments when the command is one scp server and nothing else; the shell gets the rest."""
    if _SHELL.search(command):
        return None
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    if not words or words[0] not in _PROGRAMS:
        return None
    flags: set[str] = set()
    rest = words[1:]
    while rest and rest[0].startswith("-") and len(rest[0]) > 1:
        word = rest.pop(0)
        if word == "--":
            break
        flags |= set(word[1:])
    if not flags <= _FLAGS or len(flags & {"t", "f"}) != 1 or not rest:
        return None
    return Arguments(
        take="t" in flags,
        recursive="r" in flags,
        preserve="p" in flags,
        directory="d" in flags,
        paths=tuple(rest),
    )


class Scp:
    """One run of scp; a program as ``contracts.machine.Terminal`` is."""

    def __init__(self, arguments: Arguments, machine: Machine, user: str) -> None:
        self.status = 0
        self._arguments = arguments
        self._files = machine.files
        self._visitor = Visitor(machine, user)
        self._now = 0.0
        self._buffer = bytearray()
        self._over = False
        self._captured: list[bytes] = []
        # taking
        self._directories: list[str] = []
        self._times: tuple[float, float] | None = None
        self._path = ""
        self._mode = 0
        self._left = -1  # bytes of the file still to come; -1 between files
        self._size = 0
        self._data = bytearray()
        # giving
        self._steps: Iterator[bytes] | None = None

    def opened(self, now: float) -> Sequence[Effect]:
        """Begin: the side that takes says so."""
        self._now = now
        arguments = self._arguments
        if not arguments.take:
            self._steps = self._give()
            return ()
        target = self._visitor.expand(arguments.paths[-1])
        if arguments.directory and not self._is_directory(target):
            return self._refuse(f"{arguments.paths[-1]}: Not a directory")
        self._directories = [target]
        return [Send(_OK)]

    def received(self, data: bytes, now: float) -> Sequence[Effect]:
        """Take what came."""
        self._now = now
        self._buffer += data
        effects: list[Effect] = []
        while not self._over and self._buffer:
            more = self._answered() if self._steps is not None else self._took()
            if more is None:
                break
            effects += more
        return effects

    def ended(self, now: float) -> Sequence[Effect]:
        """The other side is done."""
        self._now = now
        if self._over:
            return ()
        effects: list[Effect] = []
        if self._left >= 0:
            effects += self._keep(cut=True)
            self.status = 1
        return [*effects, *self._leave()]

    def closed(self, now: float) -> Sequence[Effect]:
        """The client is gone."""
        return self.ended(now)

    def tick(self, now: float) -> Sequence[Effect]:
        """Nothing is waited for."""
        del now
        return ()

    def resized(self, pty: Pty, now: float) -> Sequence[Effect]:
        """There is no terminal."""
        del pty, now
        return ()

    def take_artifacts(self) -> Sequence[bytes]:
        """Return (once) what was uploaded."""
        taken, self._captured = self._captured, []
        return taken

    def _leave(self) -> list[Effect]:
        self._over = True
        return [HangUp()]

    def _refuse(self, text: str) -> list[Effect]:
        self.status = 1
        return [Send(f"\x01scp: {text}\n".encode()), *self._leave()]

    def _complain(self, text: str) -> list[Effect]:
        self.status = 1
        return [Send(f"\x01scp: {text}\n".encode())]

    # taking

    def _took(self) -> list[Effect] | None:
        """Take one thing; ``None`` when it is not all there."""
        if self._left >= 0:
            return self._content()
        end = self._buffer.find(b"\n")
        if end < 0:
            return self._refuse("protocol error: lost connection") if len(self._buffer) > MAX_LINE else None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        if line[:1] in {b"\x01", b"\x02"}:
            return self._leave() if line[:1] == b"\x02" else []
        if line == b"E":
            if len(self._directories) == 1:
                return self._refuse("protocol error: unexpected <newline>")
            self._directories.pop()
            return [Send(_OK)]
        if found := _TIMES.fullmatch(line):
            self._times = (float(found["accessed"]), float(found["modified"]))
            return [Send(_OK)]
        found = _CONTROL.fullmatch(line)
        if found is None:
            return self._refuse("protocol error: expected control record")
        name = found["name"].decode("utf-8", "backslashreplace")
        if "/" in name or name in {".", ".."}:
            return self._refuse(f"error: unexpected filename: {name}")
        mode = int(found["mode"], 8) & 0o7777
        here = self._directories[-1]
        path = self._files.resolve(name, cwd=here) if self._is_directory(here) else here
        if found["kind"] == b"D":
            return self._enter(path, mode)
        self._path, self._mode = path, mode
        self._size = self._left = int(found["size"])
        self._data = bytearray()
        return [Send(_OK)] if self._left else [Send(_OK), *(self._content() or [])]

    def _content(self) -> list[Effect] | None:
        """Take a file's bytes and the zero byte behind them."""
        if self._left:
            part = bytes(self._buffer[: self._left])
            del self._buffer[: len(part)]
            self._left -= len(part)
            self._data += part[: MAX_FILE - len(self._data)]
            if self._left:
                return None
        if not self._buffer:
            return None
        del self._buffer[:1]
        return self._keep(cut=False)

    def _keep(self, *, cut: bool) -> list[Effect]:
        data, self._data, self._left = bytes(self._data), bytearray(), -1
        times, self._times = self._times, None
        files, visitor, path = self._files, self._visitor, self._path
        note = captured(path, data, "scp", truncated=cut or len(data) < self._size)
        self._captured.append(data)
        mode = self._mode if self._arguments.preserve else self._mode & ~0o022
        try:
            files.write(path, data, now=self._now, uid=visitor.uid, gid=visitor.gid, mode=mode)
            if times is not None:
                files.touch(path, now=self._now, accessed=times[0], modified=times[1], uid=visitor.uid)
        except OSError as error:
            return [note, *self._complain(f"{path}: {error.strerror}")]
        return [note, Send(_OK)]

    def _enter(self, path: str, mode: int) -> list[Effect]:
        if not self._arguments.recursive:
            return self._refuse("received directory without -r")
        if len(self._directories) > MAX_DEPTH:
            return self._refuse(f"{path}: File name too long")
        visitor = self._visitor
        if not self._is_directory(path):
            try:
                self._files.mkdir(path, now=self._now, uid=visitor.uid, gid=visitor.gid, mode=mode | 0o700)
            except OSError as error:
                return self._refuse(f"{path}: {error.strerror}")
        self._directories.append(path)
        return [Send(_OK)]

    def _is_directory(self, path: str) -> bool:
        try:
            return stat.S_ISDIR(self._files.stat(path, uid=self._visitor.uid).mode)
        except OSError:
            return False

    # giving

    def _answered(self) -> list[Effect]:
        """Go one step on for each zero byte of the other side."""
        answer = self._buffer[0]
        if answer:
            end = self._buffer.find(b"\n")
            del self._buffer[: end + 1 if end >= 0 else len(self._buffer)]
            if answer == 2:  # noqa: PLR2004  a fatal error
                return self._leave()
        else:
            del self._buffer[:1]
        effects: list[Effect] = []
        for said in self._steps or ():
            effects.append(Send(said))
            if said[:1] != _ERROR:  # nobody answers an error
                return effects
        return [*effects, *self._leave()]

    def _give(self) -> Iterator[bytes]:
        """Yield what to say after each answer."""
        given = 0
        for pattern in self._arguments.paths:
            for path in self._matches(pattern):
                for said in self._source(path, 0):
                    given += 1
                    if given > MAX_GIVEN:
                        return
                    yield said

    def _source(self, path: str, depth: int) -> Iterator[bytes]:
        name = path.rpartition("/")[2] or "/"
        uid = self._visitor.uid
        data = b""
        try:
            found = self._files.stat(path, uid=uid)
            if stat.S_ISDIR(found.mode):
                if not self._arguments.recursive or depth > MAX_DEPTH:
                    self.status = 1
                    yield f"\x01scp: {path}: not a regular file\n".encode()
                    return
                names = self._files.list(path, uid=uid)
            else:
                names = ()
                data = self._files.read(path, uid=uid)
        except OSError as error:
            self.status = 1
            yield f"\x01scp: {path}: {error.strerror}\n".encode()
            return
        mode = found.mode & 0o7777
        if self._arguments.preserve:
            yield f"T{int(found.modified)} 0 {int(found.accessed)} 0\n".encode()
        if stat.S_ISDIR(found.mode):
            yield f"D{mode:04o} 0 {name}\n".encode()
            for one in names:
                yield from self._source(self._files.resolve(one, cwd=path), depth + 1)
            yield b"E\n"
        else:
            yield f"C{mode:04o} {len(data)} {name}\n".encode()
            yield data + _OK

    def _matches(self, pattern: str) -> list[str]:
        """Return the paths a shell would have put for a pattern; the pattern itself when there are none."""
        path = self._visitor.expand(pattern)
        folder, _, name = path.rpartition("/")
        if not any(character in name for character in "*?["):
            return [path]
        try:
            names = self._files.list(folder or "/", uid=self._visitor.uid)
        except OSError:
            return [path]
        found = [one for one in names if fnmatch.fnmatchcase(one, name) and not one.startswith(".")]
        return [f"{folder}/{one}" for one in found[:MAX_GIVEN]] or [path]
