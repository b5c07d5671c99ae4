"""This module is OpenSSH's ``sftp-server`` over the machine's files (draft-ietf-secsh-filexfer-02, PROTOCOL section 3).

Answers, their texts and their order of checks were recorded from 9.2p1. Files are written to the machine when they
are closed; what a peer brought is kept as an artifact at that moment.
"""

import errno
import stat
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from attrs import define, field

from decnet_actors.contracts.decoy import Effect, HangUp, Note, Send
from decnet_actors.contracts.machine import Machine, Pty, Stat
from decnet_actors.domain.facts import CommandSeen
from plugins.decoy.ssh.transfer import Visitor, captured, long_name

MAX_PACKET = 256 * 1024  # bytes; SFTP_MAX_MSG_LENGTH, sftp-common.h
MAX_READ = MAX_PACKET - 1024  # bytes; SFTP_MAX_READ_LENGTH
MAX_HANDLES = 100  # open at once; the real limit is RLIMIT_NOFILE
MAX_HELD = 32 * 1024 * 1024  # bytes of files being uploaded in one session; the rest is refused as a full disk
NAMES_A_REPLY = 100  # MAX entries of one READDIR reply, sftp-server.c

_VERSION = 3
_INIT, _OPEN, _CLOSE, _READ, _WRITE, _LSTAT, _FSTAT, _SETSTAT, _FSETSTAT = 1, 3, 4, 5, 6, 7, 8, 9, 10
_OPENDIR, _READDIR, _REMOVE, _MKDIR, _RMDIR, _REALPATH, _STAT = 11, 12, 13, 14, 15, 16, 17
_RENAME, _READLINK, _SYMLINK, _STATUS, _HANDLE, _DATA, _NAME, _ATTRS = 18, 19, 20, 101, 102, 103, 104, 105
_EXTENDED, _EXTENDED_REPLY = 200, 201
_OK, _EOF, _NO_FILE, _DENIED, _FAILURE, _BAD, _UNSUPPORTED = 0, 1, 2, 3, 4, 5, 8
_TEXTS = {
    _OK: b"Success",
    _EOF: b"End of file",
    _NO_FILE: b"No such file",
    _DENIED: b"Permission denied",
    _FAILURE: b"Failure",
    _BAD: b"Bad message",
    _UNSUPPORTED: b"Operation unsupported",
}
# errno_to_portable, sftp-server.c; anything else is a failure.
_PORTABLE = {
    errno.ENOENT: _NO_FILE,
    errno.ENOTDIR: _NO_FILE,
    errno.EBADF: _NO_FILE,
    errno.ELOOP: _NO_FILE,
    errno.EPERM: _DENIED,
    errno.EACCES: _DENIED,
    errno.ENAMETOOLONG: _BAD,
    errno.EINVAL: _BAD,
    errno.ENOSYS: _UNSUPPORTED,
}
_SIZE, _OWNER, _MODE, _TIMES = 1, 2, 4, 8
_ALL = _SIZE | _OWNER | _MODE | _TIMES
_FOR_READ, _FOR_WRITE, _APPEND, _CREATE, _TRUNCATE, _EXCLUSIVE = 1, 2, 4, 8, 16, 32
_UMASK = 0o022
_SEEN = {_OPEN: "OPEN", _REMOVE: "REMOVE", _MKDIR: "MKDIR", _RMDIR: "RMDIR", _RENAME: "RENAME", _SYMLINK: "SYMLINK"}


class _End(Exception):  # noqa: N818  not an error but the way out of a packet that is too short
    """The packet is shorter than it says."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def take(self, size: int) -> bytes:
        if size > len(self._data):
            raise _End
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def number(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def long(self) -> int:
        return int.from_bytes(self.take(8), "big")

    def string(self) -> bytes:
        return self.take(self.number())

    def path(self) -> str:
        return self.string().decode("utf-8", "backslashreplace")


@define
class _Attributes:
    size: int | None = None
    owner: tuple[int, int] | None = None
    mode: int | None = None
    times: tuple[int, int] | None = None


@define(kw_only=True)
class _Open:
    """A handle. ``data`` is what is being written; ``names`` what is being listed."""

    path: str
    data: bytearray | None = None
    append: bool = False
    readable: bool = False
    changed: bool = False
    cut: bool = False
    names: list[str] | None = field(default=None)


class Sftp:
    """One sftp session; a program as ``contracts.machine.Terminal`` is."""

    def __init__(self, machine: Machine, user: str, extensions: Sequence[tuple[bytes, bytes]]) -> None:
        self._visitor = Visitor(machine, user)
        self._files = machine.files
        self._extensions = extensions
        self._buffer = bytearray()
        self._greeted = False
        self._over = False
        self._next = 0
        self._handles: dict[bytes, _Open] = {}
        self._held = 0
        self._captured: list[bytes] = []
        self._facts: list[Effect] = []
        self._now = 0.0

    status = 0

    def opened(self, now: float) -> Sequence[Effect]:
        """The client speaks first."""
        del now
        return ()

    def received(self, data: bytes, now: float) -> Sequence[Effect]:
        """Take packets."""
        self._now = now
        self._buffer += data
        effects: list[Effect] = []
        while not self._over and len(self._buffer) >= 5:  # noqa: PLR2004  a length and a type
            size = int.from_bytes(self._buffer[:4], "big")
            if not 1 <= size <= MAX_PACKET:
                return [*effects, *self._leave()]
            if len(self._buffer) < 4 + size:
                break
            packet = bytes(self._buffer[4 : 4 + size])
            del self._buffer[: 4 + size]
            try:
                reply = self._packet(packet[0], _Reader(packet[1:]))
            except _End:
                return [*effects, *self._leave()]
            effects += self._facts
            self._facts.clear()
            if reply:
                effects.append(Send(struct.pack(">I", len(reply)) + reply))
        return effects

    def ended(self, now: float) -> Sequence[Effect]:
        """The client is gone: what it was writing is kept."""
        self._now = now
        return self._leave()

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
        if self._over:
            return []
        self._over = True
        for handle in list(self._handles):
            self._close_handle(handle)
        effects = [*self._facts, HangUp()]
        self._facts.clear()
        return effects

    def _packet(self, kind: int, packet: _Reader) -> bytes:
        if kind == _INIT:
            packet.number()
            self._greeted = True
            pairs = b"".join(_string(name) + _string(value) for name, value in self._extensions)
            return bytes((2,)) + struct.pack(">I", _VERSION) + pairs
        if not self._greeted:
            raise _End
        number = packet.number()
        serve = self._SERVED.get(kind)
        if serve is None:
            return b""  # sshd's server logs "Unknown message" and says nothing
        try:
            done = serve(self, kind, packet)
        except OSError as error:
            done = _status(_PORTABLE.get(error.errno or 0, _FAILURE))
        return done[:1] + struct.pack(">I", number) + done[1:]

    def _path(self, packet: _Reader) -> str:
        return self._visitor.resolve(packet.path())

    def _seen(self, kind: int, *paths: str) -> None:
        self._facts.append(Note(CommandSeen(verb=_SEEN[kind], args=tuple(path.encode() for path in paths))))

    # files

    def _open(self, kind: int, packet: _Reader) -> bytes:
        path, flags, wanted = self._path(packet), packet.number(), _attributes(packet)
        self._seen(kind, path)
        files, uid = self._files, self._visitor.uid
        try:
            found = files.stat(path, uid=uid)
        except FileNotFoundError:
            if not flags & _CREATE:
                raise
            found = None
        if found is not None and flags & _CREATE and flags & _EXCLUSIVE:
            return _status(_FAILURE)
        writing = bool(flags & _FOR_WRITE)
        if found is not None and stat.S_ISDIR(found.mode) and writing:
            return _status(_FAILURE)
        if found is not None and flags & _FOR_READ and not stat.S_ISDIR(found.mode):
            files.read(path, uid=uid, size=0)
        opened = _Open(path=path, readable=bool(flags & _FOR_READ), append=bool(flags & _APPEND))
        if writing:
            mode = (0o666 if wanted.mode is None else wanted.mode) & 0o7777 & ~_UMASK
            fresh = found is None or bool(flags & _TRUNCATE)
            kept = b"" if fresh else files.read(path, uid=uid, size=MAX_HELD)
            if self._held + len(kept) > MAX_HELD:
                return _status(_FAILURE)
            files.write(path, b"", now=self._now, uid=uid, gid=self._visitor.gid, append=not fresh, mode=mode)
            opened.data = bytearray(kept)
            self._held += len(kept)
        return self._handle(opened)

    def _handle(self, opened: _Open) -> bytes:
        if len(self._handles) >= MAX_HANDLES:
            return _status(_FAILURE)
        self._next = next(n for n in range(MAX_HANDLES) if struct.pack(">I", n) not in self._handles)
        handle = struct.pack(">I", self._next)
        self._handles[handle] = opened
        return bytes((_HANDLE,)) + _string(handle)

    def _close(self, kind: int, packet: _Reader) -> bytes:
        del kind
        handle = packet.string()
        if handle not in self._handles:
            return _status(_NO_FILE)
        return _status(_OK if self._close_handle(handle) else _FAILURE)

    def _close_handle(self, handle: bytes) -> bool:
        opened = self._handles.pop(handle)
        if opened.data is None:
            return True
        data = bytes(opened.data)
        self._held -= len(data)
        kept = True
        if opened.changed:
            try:
                self._files.write(opened.path, data, now=self._now, uid=self._visitor.uid)
            except OSError:
                kept = False
        if opened.changed or not data:
            self._captured.append(data)
            self._facts.append(captured(opened.path, data, "sftp", truncated=opened.cut))
        return kept

    def _read(self, kind: int, packet: _Reader) -> bytes:
        del kind
        opened, offset, size = self._handles.get(packet.string()), packet.long(), packet.number()
        if opened is None or not opened.readable or opened.names is not None:
            return _status(_FAILURE)
        size = min(size, MAX_READ)
        if opened.data is not None:
            data = bytes(opened.data[offset : offset + size])
        else:
            data = self._files.read(opened.path, uid=self._visitor.uid, offset=offset, size=size)
        return bytes((_DATA,)) + _string(data) if data else _status(_EOF)

    def _write(self, kind: int, packet: _Reader) -> bytes:
        del kind
        opened, offset, data = self._handles.get(packet.string()), packet.long(), packet.string()
        if opened is None or opened.data is None:
            return _status(_FAILURE if opened and opened.names is not None else _NO_FILE)
        kept = opened.data
        offset = len(kept) if opened.append else offset
        grown = max(0, offset + len(data) - len(kept))
        if self._held + grown > MAX_HELD:
            opened.cut = True
            return _status(_FAILURE)
        self._held += grown
        if offset > len(kept):
            kept.extend(bytes(offset - len(kept)))
        kept[offset : offset + len(data)] = data
        opened.changed = True
        return _status(_OK)

    def _fstat(self, kind: int, packet: _Reader) -> bytes:
        del kind
        opened = self._handles.get(packet.string())
        if opened is None:
            return _status(_FAILURE)
        return self._attributes_of(opened.path, follow=True, size=None if opened.data is None else len(opened.data))

    def _stat(self, kind: int, packet: _Reader) -> bytes:
        return self._attributes_of(self._path(packet), follow=kind == _STAT)

    def _attributes_of(self, path: str, *, follow: bool, size: int | None = None) -> bytes:
        found = self._files.stat(path, follow=follow, uid=self._visitor.uid)
        return bytes((_ATTRS,)) + _packed(found.size if size is None else size, found.uid, found.gid, found.mode, found)

    def _setstat(self, kind: int, packet: _Reader) -> bytes:
        opened = None
        if kind == _FSETSTAT:
            opened = self._handles.get(packet.string())
            if opened is None:
                return _status(_FAILURE)
        path = opened.path if opened else self._path(packet)
        wanted = _attributes(packet)
        files, uid, now = self._files, self._visitor.uid, self._now
        files.stat(path, uid=uid)
        if wanted.size is not None:
            if opened is not None and opened.data is not None:
                return _status(self._resize(opened, wanted.size))
            files.truncate(path, min(wanted.size, MAX_HELD), now=now, uid=uid)
        if wanted.mode is not None:
            files.chmod(path, wanted.mode & 0o7777, now=now, uid=uid)
        if wanted.times is not None:
            accessed, modified = wanted.times
            files.touch(path, now=now, accessed=float(accessed), modified=float(modified), uid=uid)
        if wanted.owner is not None:
            files.chown(path, *wanted.owner, now=now, uid=uid)
        return _status(_OK)

    def _resize(self, opened: _Open, size: int) -> int:
        data = opened.data
        if data is None or self._held + size - len(data) > MAX_HELD:
            return _FAILURE
        self._held += size - len(data)
        opened.changed = opened.changed or size != len(data)
        opened.data = data[:size].ljust(size, b"\0")
        return _OK

    # names

    def _opendir(self, kind: int, packet: _Reader) -> bytes:
        del kind
        path = self._path(packet)
        names = [".", "..", *self._files.list(path, uid=self._visitor.uid)]
        return self._handle(_Open(path=path, names=names))

    def _readdir(self, kind: int, packet: _Reader) -> bytes:
        del kind
        opened = self._handles.get(packet.string())
        if opened is None or opened.names is None:
            return _status(_FAILURE)
        now, opened.names = opened.names[:NAMES_A_REPLY], opened.names[NAMES_A_REPLY:]
        entries = []
        for name in now:
            try:
                found = self._files.stat(
                    self._files.resolve(name, cwd=opened.path), follow=False, uid=self._visitor.uid
                )
            except OSError:
                continue
            shown = long_name(name, found, self._visitor, self._now).encode()
            packed = _packed(found.size, found.uid, found.gid, found.mode, found)
            entries.append(_string(name.encode("utf-8", "surrogateescape")) + _string(shown) + packed)
        if not entries:
            return _status(_EOF)
        return bytes((_NAME,)) + struct.pack(">I", len(entries)) + b"".join(entries)

    def _remove(self, kind: int, packet: _Reader) -> bytes:
        path = self._path(packet)
        self._seen(kind, path)
        if kind == _RMDIR:
            self._files.rmdir(path, now=self._now, uid=self._visitor.uid)
        else:
            self._files.remove(path, now=self._now, uid=self._visitor.uid)
        return _status(_OK)

    def _mkdir(self, kind: int, packet: _Reader) -> bytes:
        path, wanted = self._path(packet), _attributes(packet)
        self._seen(kind, path)
        mode = (0o777 if wanted.mode is None else wanted.mode & 0o7777) & ~_UMASK
        visitor = self._visitor
        self._files.mkdir(path, now=self._now, uid=visitor.uid, gid=visitor.gid, mode=mode)
        return _status(_OK)

    def _realpath(self, kind: int, packet: _Reader) -> bytes:
        del kind
        path = self._path(packet)
        parent = path.rpartition("/")[0]
        if parent:
            self._files.stat(parent, uid=self._visitor.uid)
        return _one_name(path)

    def _rename(self, kind: int, packet: _Reader) -> bytes:
        old, new = self._path(packet), self._path(packet)
        self._seen(kind, old, new)
        self._files.stat(old, follow=False, uid=self._visitor.uid)
        try:
            self._files.stat(new, follow=False, uid=self._visitor.uid)
        except FileNotFoundError:
            self._files.rename(old, new, now=self._now, uid=self._visitor.uid)
            return _status(_OK)
        return _status(_FAILURE)  # version 3 replaces nothing

    def _readlink(self, kind: int, packet: _Reader) -> bytes:
        del kind
        found = self._files.stat(self._path(packet), follow=False, uid=self._visitor.uid)
        if not stat.S_ISLNK(found.mode):
            return _status(_BAD)
        return _one_name(found.target)

    def _symlink(self, kind: int, packet: _Reader) -> bytes:
        target = packet.path()  # OpenSSH takes the two in the order opposite to the draft's
        path = self._path(packet)
        self._seen(kind, target, path)
        self._files.symlink(target, path, now=self._now, uid=self._visitor.uid, gid=self._visitor.gid)
        return _status(_OK)

    def _extended(self, kind: int, packet: _Reader) -> bytes:
        del kind
        name = packet.string()
        known = {known for known, _ in self._extensions}
        if name not in known:
            return _status(_UNSUPPORTED)
        match name:
            case b"posix-rename@openssh.com":
                old, new = self._path(packet), self._path(packet)
                self._seen(_RENAME, old, new)
                self._files.rename(old, new, now=self._now, uid=self._visitor.uid)
            case b"lsetstat@openssh.com":
                return self._setstat(_SETSTAT, packet)
            case b"limits@openssh.com":
                reply = struct.pack(">QQQQ", MAX_PACKET, MAX_READ, MAX_READ, 19995)  # as recorded: RLIMIT_NOFILE - 5
                return bytes((_EXTENDED_REPLY,)) + reply
            case b"expand-path@openssh.com":
                return _one_name(self._visitor.expand(packet.path()))
            case b"home-directory":
                home = self._visitor.home_of(packet.path())
                return _one_name(home) if home else _status(_NO_FILE)
            case b"statvfs@openssh.com" | b"fstatvfs@openssh.com":
                return bytes((_EXTENDED_REPLY,)) + self._visitor.statvfs()
            case b"users-groups-by-id@openssh.com":
                users, groups = packet.string(), packet.string()
                names = (self._visitor.names(users), self._visitor.names(groups))
                return bytes((_EXTENDED_REPLY,)) + b"".join(_string(b"".join(map(_string, some))) for some in names)
            case b"fsync@openssh.com":
                return _status(_OK if packet.string() in self._handles else _FAILURE)
            case _:
                return _status(_FAILURE)  # hardlink, copy-data: the files have no such thing
        return _status(_OK)

    _SERVED: ClassVar[Mapping[int, Callable[["Sftp", int, _Reader], bytes]]] = {
        _OPEN: _open,
        _CLOSE: _close,
        _READ: _read,
        _WRITE: _write,
        _LSTAT: _stat,
        _STAT: _stat,
        _FSTAT: _fstat,
        _SETSTAT: _setstat,
        _FSETSTAT: _setstat,
        _OPENDIR: _opendir,
        _READDIR: _readdir,
        _REMOVE: _remove,
        _RMDIR: _remove,
        _MKDIR: _mkdir,
        _REALPATH: _realpath,
        _RENAME: _rename,
        _READLINK: _readlink,
        _SYMLINK: _symlink,
        _EXTENDED: _extended,
    }


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _status(code: int) -> bytes:
    return bytes((_STATUS,)) + struct.pack(">I", code) + _string(_TEXTS[code]) + _string(b"")


def _one_name(path: str) -> bytes:
    name = _string(path.encode("utf-8", "surrogateescape"))
    return bytes((_NAME,)) + struct.pack(">I", 1) + name + name + struct.pack(">I", 0)


def _packed(size: int, uid: int, gid: int, mode: int, found: Stat) -> bytes:
    times = (int(found.accessed) & 0xFFFFFFFF, int(found.modified) & 0xFFFFFFFF)
    return struct.pack(">IQIIIII", _ALL, size, uid, gid, mode, *times)


def _attributes(packet: _Reader) -> _Attributes:
    flags = packet.number()
    wanted = _Attributes()
    if flags & _SIZE:
        wanted.size = packet.long()
    if flags & _OWNER:
        wanted.owner = (packet.number(), packet.number())
    if flags & _MODE:
        wanted.mode = packet.number()
    if flags & _TIMES:
        wanted.times = (packet.number(), packet.number())
    return wanted
