"""This module is the folder that a TFTP server offers, with its answers where a file is not to be had."""

import errno
import os
import stat

from decnet_actors.contracts.machine import Machine
from decnet_actors.wire.tftp import Code, Error

MAX_FILE = 4 * 1024 * 1024  # bytes of an upload; firmware and configurations are smaller
MAX_TOGETHER = 64 * 1024 * 1024  # bytes of all uploads under way

# in.tftpd has words of its own for these; others are the C library's, under code 0.
_KNOWN = {
    errno.ENOENT: Error(Code.NOT_FOUND, b"File not found"),
    errno.ENOTDIR: Error(Code.NOT_FOUND, b"File not found"),
    errno.ENOSPC: Error(Code.DISK_FULL, b"Disk full or allocation exceeded"),
    errno.EDQUOT: Error(Code.DISK_FULL, b"Disk full or allocation exceeded"),
    errno.EEXIST: Error(Code.EXISTS, b"File already exists"),
}
_WRITABLE = 0o002


class Room:
    """What all uploads of one service hold together."""

    def __init__(self) -> None:
        self.held = 0


class Folder:
    """The files under the server's root, which is all it sees; a name cannot lead out of it."""

    def __init__(self, machine: Machine, *, root: str, uid: int, gid: int, create: bool) -> None:
        self._files = machine.files
        self._root = root
        self._uid = uid
        self._gid = gid
        self._create = create

    def path(self, name: bytes) -> str:
        """Return the path on the machine."""
        inside = self._files.resolve(name.decode("utf-8", "surrogateescape"))
        return self._root + ("" if inside == "/" else inside)

    def size(self, name: bytes) -> int:
        """Return the size of a file that may be read.

        Raises:
            OSError: it may not.

        """
        path = self.path(name)
        found = self._files.stat(path, uid=self._uid)
        if stat.S_ISDIR(found.mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        self._files.read(path, uid=self._uid, size=0)
        return found.size

    def read(self, name: bytes, offset: int, size: int) -> bytes:
        """Return bytes of a file.

        Raises:
            OSError: it is not there any more.

        """
        return self._files.read(self.path(name), uid=self._uid, offset=offset, size=size)

    def check_writable(self, name: bytes) -> None:
        """Return if a file may be written: one that everybody may write, or a new one where the server makes any.

        Raises:
            OSError: it may not.

        """
        path = self.path(name)
        try:
            found = self._files.stat(path, uid=self._uid)
        except FileNotFoundError:
            above = self._files.stat(path.rpartition("/")[0], uid=self._uid)
            if not self._create:
                raise
            own = above.uid == self._uid and above.mode & stat.S_IWUSR
            if not (own or above.mode & _WRITABLE):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path) from None
            return
        if stat.S_ISDIR(found.mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        own = found.uid == self._uid and found.mode & stat.S_IWUSR
        if not (own or found.mode & _WRITABLE):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    def write(self, name: bytes, data: bytes, now: float) -> None:
        """Make or replace a file.

        Raises:
            OSError: it cannot be.

        """
        self._files.write(self.path(name), data, now=now, uid=self._uid, gid=self._gid, mode=0o666)


def refusal(error: OSError) -> Error:
    """Return what the server says of an error."""
    number = error.errno or errno.EIO
    return _KNOWN.get(number) or Error(Code.UNDEFINED, os.strerror(number).encode())
