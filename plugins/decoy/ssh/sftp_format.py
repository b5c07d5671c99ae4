"""This module packs and unpacks sftp version 3 as OpenSSH's server does (draft-ietf-secsh-filexfer-02)."""

import errno
import struct
from enum import IntEnum, IntFlag

from attrs import define

from decnet_actors.contracts.machine import Stat

VERSION = 3
MAX_PACKET = 256 * 1024  # bytes; SFTP_MAX_MSG_LENGTH, sftp-common.h
MAX_READ = MAX_PACKET - 1024  # bytes; SFTP_MAX_READ_LENGTH


class Kind(IntEnum):
    """Packet types."""

    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    LSTAT = 7
    FSTAT = 8
    SETSTAT = 9
    FSETSTAT = 10
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    MKDIR = 14
    RMDIR = 15
    REALPATH = 16
    STAT = 17
    RENAME = 18
    READLINK = 19
    SYMLINK = 20
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105
    EXTENDED = 200
    EXTENDED_REPLY = 201


class Status(IntEnum):
    """Answers."""

    OK = 0
    EOF = 1
    NO_FILE = 2
    DENIED = 3
    FAILURE = 4
    BAD = 5
    UNSUPPORTED = 8


class Access(IntFlag):
    """How a file is opened."""

    FOR_READ = 1
    FOR_WRITE = 2
    APPEND = 4
    CREATE = 8
    TRUNCATE = 16
    EXCLUSIVE = 32


_TEXTS = {
    Status.OK: b"Success",
    Status.EOF: b"End of file",
    Status.NO_FILE: b"No such file",
    Status.DENIED: b"Permission denied",
    Status.FAILURE: b"Failure",
    Status.BAD: b"Bad message",
    Status.UNSUPPORTED: b"Operation unsupported",
}
# errno_to_portable, sftp-server.c; anything else is a failure.
_PORTABLE = {
    errno.ENOENT: Status.NO_FILE,
    errno.ENOTDIR: Status.NO_FILE,
    errno.EBADF: Status.NO_FILE,
    errno.ELOOP: Status.NO_FILE,
    errno.EPERM: Status.DENIED,
    errno.EACCES: Status.DENIED,
    errno.ENAMETOOLONG: Status.BAD,
    errno.EINVAL: Status.BAD,
    errno.ENOSYS: Status.UNSUPPORTED,
}
_SIZE, _OWNER, _MODE, _TIMES = 1, 2, 4, 8


class Incomplete(Exception):  # noqa: N818  a way out, for the server to end the session
    """The packet is shorter than it says."""


class Reader:
    """The rest of a packet."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take(self, size: int) -> bytes:
        """Return the next ``size`` bytes."""
        end = self._position + size
        if end > len(self._data):
            raise Incomplete
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def number(self) -> int:
        """Return the next 32-bit number."""
        return int.from_bytes(self.take(4), "big")

    def long(self) -> int:
        """Return the next 64-bit number."""
        return int.from_bytes(self.take(8), "big")

    def string(self) -> bytes:
        """Return the next string."""
        return self.take(self.number())

    def path(self) -> str:
        """Return the next string as a path."""
        return self.string().decode("utf-8", "backslashreplace").replace("\0", "")


@define
class Attributes:
    """What a client wants a file to be; ``None`` where it does not say."""

    size: int | None = None
    owner: tuple[int, int] | None = None
    mode: int | None = None
    times: tuple[int, int] | None = None


def read_attributes(packet: Reader) -> Attributes:
    """Take a file's attributes."""
    flags = packet.number()
    wanted = Attributes()
    if flags & _SIZE:
        wanted.size = packet.long()
    if flags & _OWNER:
        wanted.owner = (packet.number(), packet.number())
    if flags & _MODE:
        wanted.mode = packet.number()
    if flags & _TIMES:
        wanted.times = (packet.number(), packet.number())
    return wanted


def packed_attributes(found: Stat, size: int | None = None) -> bytes:
    """Return a file's attributes; ``size`` where it differs from what is stored."""
    times = (int(found.accessed) & 0xFFFFFFFF, int(found.modified) & 0xFFFFFFFF)
    flags = _SIZE | _OWNER | _MODE | _TIMES
    return struct.pack(
        ">IQIIIII", flags, found.size if size is None else size, found.uid, found.gid, found.mode, *times
    )


def string(data: bytes) -> bytes:
    """Return a string with its length."""
    return struct.pack(">I", len(data)) + data


def status(code: Status) -> bytes:
    """Return a status reply, without its request's number."""
    return bytes((Kind.STATUS,)) + struct.pack(">I", code) + string(_TEXTS[code]) + string(b"")


def status_of(error: OSError) -> Status:
    """Return what an error of the system is to sftp."""
    return _PORTABLE.get(error.errno or 0, Status.FAILURE)


def one_name(path: str) -> bytes:
    """Return a reply of one path, without its request's number."""
    name = string(path.encode("utf-8", "surrogateescape"))
    return bytes((Kind.NAME,)) + struct.pack(">I", 1) + name + name + struct.pack(">I", 0)
