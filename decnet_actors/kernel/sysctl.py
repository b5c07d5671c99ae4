"""This module sets and reads the kernel's switches of the namespace the calling thread is in.

What costs is finding a file below /proc/sys/net: each name on its path is looked up among those of all namespaces. So a
folder is opened once for all its files, and a file once for writing and reading back.
"""

import errno
import os
from collections.abc import Iterator, Mapping

_ROOT = "/proc/sys/"
_LONGEST = 256  # bytes of a value


def set_all(switches: Mapping[str, str]) -> tuple[str, ...]:
    """Set switches as far as possible, read them back, and return the names of those that are not as wanted.

    Args:
        switches: such as ``net.ipv4.ip_default_ttl`` -> ``128``.

    """
    return tuple(name for name, folder, file in _by_folder(switches) if not _set(folder, file, switches[name]))


def differing(switches: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the switches that are not as given."""
    return tuple(name for name, folder, file in _by_folder(switches) if not _has(folder, file, switches[name]))


def _by_folder(switches: Mapping[str, str]) -> Iterator[tuple[str, int, str]]:
    """Yield each name with an open folder, or -1 where that is missing, and the file in it."""
    folders: dict[str, list[str]] = {}
    for name in switches:
        folders.setdefault(name.rpartition(".")[0], []).append(name)
    for dotted, names in folders.items():
        try:
            folder = os.open(_ROOT + dotted.replace(".", "/"), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            if not _is_without_ipv6(dotted, error):
                yield from ((name, -1, "") for name in names)
            continue
        try:
            yield from ((name, folder, name.rpartition(".")[2]) for name in names)
        finally:
            os.close(folder)


def _is_without_ipv6(dotted: str, error: OSError) -> bool:
    """Whether the folder is missing because there is no IPv6, of which nothing needs to be set then."""
    return dotted.startswith("net.ipv6") and error.errno == errno.ENOENT


def _set(folder: int, file: str, value: str) -> bool:
    try:
        opened = os.open(file, os.O_RDWR | os.O_CLOEXEC, dir_fd=folder)
    except OSError:  # read-only in some containers, where it may be as wanted all the same
        return _has(folder, file, value)
    try:
        os.write(opened, value.encode("ascii"))
        return _is(opened, value)
    except OSError:  # not a value for this kernel
        return False
    finally:
        os.close(opened)


def _has(folder: int, file: str, value: str) -> bool:
    try:
        opened = os.open(file, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return False
    try:
        return _is(opened, value)
    finally:
        os.close(opened)


def _is(opened: int, value: str) -> bool:
    return os.pread(opened, _LONGEST, 0).split() == value.encode("ascii").split()
