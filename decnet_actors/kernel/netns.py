"""This module enters and makes network namespaces of the calling thread, and finds the one of a socket.

Only for programs of one thread: a namespace belongs to the thread that entered it, and whatever that thread starts
inherits it.
"""

import ctypes
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

CLONE_NEWNET = 0x40000000  # linux/sched.h
SIOCGSKNS = 0x894C  # linux/sockios.h: a descriptor of the socket's namespace
SO_NETNS_COOKIE = 71  # asm-generic/socket.h
_LOST = 70  # EX_SOFTWARE

_libc = ctypes.CDLL(None, use_errno=True)


def current() -> int:
    """Return a new descriptor of the namespace this thread is in."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def of_socket(descriptor: int) -> int:
    """Return a new descriptor of a socket's namespace; needs CAP_NET_ADMIN over it.

    Raises:
        OSError: it is no socket, or not ours to ask about.

    """
    return fcntl.ioctl(descriptor, SIOCGSKNS)


def cookie(sock: socket.socket) -> int:
    """Return the number of a socket's namespace; no two get the same as long as the machine runs."""
    return int.from_bytes(sock.getsockopt(socket.SOL_SOCKET, SO_NETNS_COOKIE, 8), "little")


def identity(descriptor: int) -> tuple[int, int]:
    """Return what two descriptors of one namespace have in common."""
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


@contextmanager
def inside(descriptor: int) -> Iterator[None]:
    """Be in a namespace."""
    home = current()
    try:
        _check(_libc.setns(descriptor, CLONE_NEWNET))
        try:
            yield
        finally:
            _return(home)
    finally:
        os.close(home)


@contextmanager
def new() -> Iterator[int]:
    """Be in a new namespace; its descriptor is the caller's to close."""
    home = current()
    try:
        _check(_libc.unshare(CLONE_NEWNET))
        try:
            yield current()
        finally:
            _return(home)
    finally:
        os.close(home)


def _check(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _return(home: int) -> None:
    if _libc.setns(home, CLONE_NEWNET):
        os._exit(_LOST)  # in a decky's namespace everything that follows would be done to the wrong one
