"""This module is OpenSSH's ``sftp-server`` over the machine's files (draft-ietf-secsh-filexfer-02, PROTOCOL section 3).

Answers, their texts and their order of checks were recorded from 9.2p1. Files are written to the machine when they
are closed; what a peer brought is kept as an artifact at that moment.
"""

import stat
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from decnet_actors.contracts.decoy import Effect, HangUp, Note, Send
from decnet_actors.contracts.machine import Machine, Pty
from decnet_actors.domain.facts import CommandSeen
from plugins.decoy.ssh.sftp_format import (
    MAX_PACKET,
    MAX_READ,
    VERSION,
    Access,
    Incomplete,
    Kind,
    Reader,
    Status,
    one_name,
    packed_attributes,
    read_attributes,
    status,
    status_of,
    string,
)
from plugins.decoy.ssh.sftp_handles import OpenFile
from plugins.decoy.ssh.transfer import Visitor, captured, long_name

MAX_HANDLES = 100  # open at once; the real limit is RLIMIT_NOFILE
MAX_HELD = 32 * 1024 * 1024  # bytes of files being uploaded in one session; the rest is refused as a full disk
NAMES_A_REPLY = 100  # MAX entries of one READDIR reply, sftp-server.c

UMASK = 0o022  # of a Debian log-in
_SEEN: Mapping[int, str] = {
    Kind.OPEN: "OPEN",
    Kind.REMOVE: "REMOVE",
    Kind.MKDIR: "MKDIR",
    Kind.RMDIR: "RMDIR",
    Kind.RENAME: "RENAME",
    Kind.SYMLINK: "SYMLINK",
}


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
        self._handles: dict[bytes, OpenFile] = {}
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
                reply = self._packet(packet[0], Reader(packet[1:]))
            except Incomplete:
                return [*effects, *self._leave()]
            effects += self._facts
            self._facts.clear()
            if reply:
                effects.append(Send(struct.pack(">I", len(reply)) + reply))
        return effects

    def ended(self, now: float) -> Sequence[Effect]:
        self._now = now
        return self._leave()  # what was being written is kept

    closed = ended

    def tick(self, now: float) -> Sequence[Effect]:  # noqa: ARG002  nothing is waited for
        return ()

    def resized(self, pty: Pty, now: float) -> Sequence[Effect]:  # noqa: ARG002  there is no terminal
        return ()

    def take_artifacts(self) -> Sequence[bytes]:
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

    def _packet(self, kind: int, packet: Reader) -> bytes:
        if kind == Kind.INIT:
            packet.number()
            self._greeted = True
            pairs = b"".join(string(name) + string(value) for name, value in self._extensions)
            return bytes((Kind.VERSION,)) + struct.pack(">I", VERSION) + pairs
        if not self._greeted:
            raise Incomplete
        number = packet.number()
        serve = self._SERVED.get(kind)
        if serve is None:
            return b""  # sshd's server logs "Unknown message" and says nothing
        try:
            done = serve(self, kind, packet)
        except OSError as error:
            done = status(status_of(error))
        return done[:1] + struct.pack(">I", number) + done[1:]

    def _path(self, packet: Reader) -> str:
        return self._visitor.resolve(packet.path())

    def _seen(self, kind: int, *paths: str) -> None:
        self._facts.append(Note(CommandSeen(verb=_SEEN[kind], args=tuple(path.encode() for path in paths))))

    # files

    def _open(self, kind: int, packet: Reader) -> bytes:
        path, flags, wanted = self._path(packet), packet.number(), read_attributes(packet)
        self._seen(kind, path)
        files, uid = self._files, self._visitor.uid
        try:
            found = files.stat(path, uid=uid)
        except FileNotFoundError:
            if not flags & Access.CREATE:
                raise
            found = None
        if found is not None and flags & Access.CREATE and flags & Access.EXCLUSIVE:
            return status(Status.FAILURE)
        writing = bool(flags & Access.FOR_WRITE)
        if found is not None and stat.S_ISDIR(found.mode) and writing:
            return status(Status.FAILURE)
        if found is not None and flags & Access.FOR_READ and not stat.S_ISDIR(found.mode):
            files.read(path, uid=uid, size=0)
        opened = OpenFile(path=path, readable=bool(flags & Access.FOR_READ), append=bool(flags & Access.APPEND))
        if writing:
            mode = (0o666 if wanted.mode is None else wanted.mode) & 0o7777 & ~UMASK
            fresh = found is None or bool(flags & Access.TRUNCATE)
            kept = b"" if fresh else files.read(path, uid=uid, size=MAX_HELD)
            if self._held + len(kept) > MAX_HELD:
                return status(Status.FAILURE)
            files.write(path, b"", now=self._now, uid=uid, gid=self._visitor.gid, append=not fresh, mode=mode)
            opened.data = bytearray(kept)
            self._held += len(kept)
        return self._handle(opened)

    def _handle(self, opened: OpenFile) -> bytes:
        if len(self._handles) >= MAX_HANDLES:
            return status(Status.FAILURE)
        self._next = next(n for n in range(MAX_HANDLES) if struct.pack(">I", n) not in self._handles)
        handle = struct.pack(">I", self._next)
        self._handles[handle] = opened
        return bytes((Kind.HANDLE,)) + string(handle)

    def _close(self, kind: int, packet: Reader) -> bytes:
        del kind
        handle = packet.string()
        if handle not in self._handles:
            return status(Status.NO_FILE)
        return status(Status.OK if self._close_handle(handle) else Status.FAILURE)

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

    def _read(self, kind: int, packet: Reader) -> bytes:
        del kind
        opened, offset, size = self._handles.get(packet.string()), packet.long(), packet.number()
        if opened is None or not opened.readable or opened.names is not None:
            return status(Status.FAILURE)
        size = min(size, MAX_READ)
        if opened.data is not None:
            data = bytes(opened.data[offset : offset + size])
        else:
            data = self._files.read(opened.path, uid=self._visitor.uid, offset=offset, size=size)
        return bytes((Kind.DATA,)) + string(data) if data else status(Status.EOF)

    def _write(self, kind: int, packet: Reader) -> bytes:
        del kind
        opened, offset, data = self._handles.get(packet.string()), packet.long(), packet.string()
        if opened is None or opened.data is None:
            return status(Status.FAILURE if opened and opened.names is not None else Status.NO_FILE)
        grown = opened.put(offset, data, MAX_HELD - self._held)
        if grown is None:
            return status(Status.FAILURE)
        self._held += grown
        return status(Status.OK)

    def _fstat(self, kind: int, packet: Reader) -> bytes:
        del kind
        opened = self._handles.get(packet.string())
        if opened is None:
            return status(Status.FAILURE)
        return self._attributes_of(opened.path, follow=True, size=None if opened.data is None else len(opened.data))

    def _stat(self, kind: int, packet: Reader) -> bytes:
        return self._attributes_of(self._path(packet), follow=kind == Kind.STAT)

    def _attributes_of(self, path: str, *, follow: bool, size: int | None = None) -> bytes:
        found = self._files.stat(path, follow=follow, uid=self._visitor.uid)
        return bytes((Kind.ATTRS,)) + packed_attributes(found, size)

    def _setstat(self, kind: int, packet: Reader) -> bytes:
        opened = None
        if kind == Kind.FSETSTAT:
            opened = self._handles.get(packet.string())
            if opened is None:
                return status(Status.FAILURE)
        path = opened.path if opened else self._path(packet)
        wanted = read_attributes(packet)
        files, uid, now = self._files, self._visitor.uid, self._now
        files.stat(path, uid=uid)
        if wanted.size is not None:
            if opened is not None and opened.data is not None:
                grown = opened.resize(wanted.size, MAX_HELD - self._held)
                self._held += grown or 0
                return status(Status.FAILURE if grown is None else Status.OK)
            files.truncate(path, min(wanted.size, MAX_HELD), now=now, uid=uid)
        if wanted.mode is not None:
            files.chmod(path, wanted.mode & 0o7777, now=now, uid=uid)
        if wanted.times is not None:
            accessed, modified = wanted.times
            files.touch(path, now=now, accessed=float(accessed), modified=float(modified), uid=uid)
        if wanted.owner is not None:
            files.chown(path, *wanted.owner, now=now, uid=uid)
        return status(Status.OK)

    # names

    def _opendir(self, kind: int, packet: Reader) -> bytes:
        del kind
        path = self._path(packet)
        names = [".", "..", *self._files.list(path, uid=self._visitor.uid)]
        return self._handle(OpenFile(path=path, names=names))

    def _readdir(self, kind: int, packet: Reader) -> bytes:
        del kind
        opened = self._handles.get(packet.string())
        if opened is None or opened.names is None:
            return status(Status.FAILURE)
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
            packed = packed_attributes(found)
            entries.append(string(name.encode("utf-8", "surrogateescape")) + string(shown) + packed)
        if not entries:
            return status(Status.EOF)
        return bytes((Kind.NAME,)) + struct.pack(">I", len(entries)) + b"".join(entries)

    def _remove(self, kind: int, packet: Reader) -> bytes:
        path = self._path(packet)
        self._seen(kind, path)
        take_away = self._files.rmdir if kind == Kind.RMDIR else self._files.remove
        take_away(path, now=self._now, uid=self._visitor.uid)
        return status(Status.OK)

    def _mkdir(self, kind: int, packet: Reader) -> bytes:
        path, wanted = self._path(packet), read_attributes(packet)
        self._seen(kind, path)
        mode = (0o777 if wanted.mode is None else wanted.mode & 0o7777) & ~UMASK
        visitor = self._visitor
        self._files.mkdir(path, now=self._now, uid=visitor.uid, gid=visitor.gid, mode=mode)
        return status(Status.OK)

    def _realpath(self, kind: int, packet: Reader) -> bytes:
        del kind
        path = self._path(packet)
        parent = path.rpartition("/")[0]
        if parent:
            self._files.stat(parent, uid=self._visitor.uid)
        return one_name(path)

    def _rename(self, kind: int, packet: Reader) -> bytes:
        old, new = self._path(packet), self._path(packet)
        self._seen(kind, old, new)
        self._files.stat(old, follow=False, uid=self._visitor.uid)
        try:
            self._files.stat(new, follow=False, uid=self._visitor.uid)
        except FileNotFoundError:
            self._files.rename(old, new, now=self._now, uid=self._visitor.uid)
            return status(Status.OK)
        return status(Status.FAILURE)  # version 3 replaces nothing

    def _readlink(self, kind: int, packet: Reader) -> bytes:
        del kind
        found = self._files.stat(self._path(packet), follow=False, uid=self._visitor.uid)
        if not stat.S_ISLNK(found.mode):
            return status(Status.BAD)
        return one_name(found.target)

    def _symlink(self, kind: int, packet: Reader) -> bytes:
        target = packet.path()  # OpenSSH takes the two in the order opposite to the draft's
        path = self._path(packet)
        self._seen(kind, target, path)
        self._files.symlink(target, path, now=self._now, uid=self._visitor.uid, gid=self._visitor.gid)
        return status(Status.OK)

    def _extended(self, kind: int, packet: Reader) -> bytes:
        del kind
        name = packet.string()
        if not any(name == known for known, _ in self._extensions):
            return status(Status.UNSUPPORTED)
        match name:
            case b"posix-rename@openssh.com":
                old, new = self._path(packet), self._path(packet)
                self._seen(Kind.RENAME, old, new)
                self._files.rename(old, new, now=self._now, uid=self._visitor.uid)
            case b"lsetstat@openssh.com":
                return self._setstat(Kind.SETSTAT, packet)
            case b"limits@openssh.com":
                reply = struct.pack(">QQQQ", MAX_PACKET, MAX_READ, MAX_READ, 19995)  # as recorded: RLIMIT_NOFILE - 5
                return bytes((Kind.EXTENDED_REPLY,)) + reply
            case b"expand-path@openssh.com":
                return one_name(self._visitor.expand(packet.path()))
            case b"home-directory":
                home = self._visitor.home_of(packet.path())
                return one_name(home) if home else status(Status.NO_FILE)
            case b"statvfs@openssh.com" | b"fstatvfs@openssh.com":
                return bytes((Kind.EXTENDED_REPLY,)) + self._visitor.statvfs()
            case b"users-groups-by-id@openssh.com":
                users, groups = packet.string(), packet.string()
                names = (self._visitor.names(users), self._visitor.names(groups))
                return bytes((Kind.EXTENDED_REPLY,)) + b"".join(string(b"".join(map(string, some))) for some in names)
            case b"fsync@openssh.com":
                return status(Status.OK if packet.string() in self._handles else Status.FAILURE)
            case _:
                return status(Status.FAILURE)  # hardlink, copy-data: the files have no such thing
        return status(Status.OK)

    _SERVED: ClassVar[Mapping[int, Callable[["Sftp", int, Reader], bytes]]] = {
        Kind.OPEN: _open,
        Kind.CLOSE: _close,
        Kind.READ: _read,
        Kind.WRITE: _write,
        Kind.LSTAT: _stat,
        Kind.STAT: _stat,
        Kind.FSTAT: _fstat,
        Kind.SETSTAT: _setstat,
        Kind.FSETSTAT: _setstat,
        Kind.OPENDIR: _opendir,
        Kind.READDIR: _readdir,
        Kind.REMOVE: _remove,
        Kind.RMDIR: _remove,
        Kind.MKDIR: _mkdir,
        Kind.REALPATH: _realpath,
        Kind.RENAME: _rename,
        Kind.READLINK: _readlink,
        Kind.SYMLINK: _symlink,
        Kind.EXTENDED: _extended,
    }
