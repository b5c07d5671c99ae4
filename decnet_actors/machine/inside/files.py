"""This module is the file tree of a machine whose files only its own programs reach."""

import errno
import os
import posixpath
from typing import NoReturn


class OutOfReach:
    """Implements ``contracts.machine.FileSystem``: every question is refused."""

    def resolve(self, path: str, *, cwd: str = "/") -> str:
        return posixpath.normpath("/" + posixpath.join(cwd, path)).replace("//", "/")

    def _refused(self, *_asked: object, **_options: object) -> NoReturn:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    stat = list = read = write = truncate = mkdir = remove = rmdir = rename = symlink = chmod = chown = touch = _refused
