"""This module does work inside a container's network namespace, and opens sockets there.

Each work has a thread of its own that ends with it: a thread in a namespace that cannot come back would do what follows
to the wrong one.
"""

import asyncio
import ctypes
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from decnet_actors.contracts.fleet_driver import Transport
from decnet_actors.kernel.personality import PERSONALITIES
from plugins.fleet_driver.docker.egress import MARK

T = TypeVar("T")

BACKLOG = 511  # what real servers ask for; the kernel cuts it to the namespace's net.core.somaxconn
PROBE_TIMEOUT = 5.0  # seconds
# capabilities(7): numbers in linux/capability.h
NEEDED = {
    "CAP_KILL": 5,  # ends a program that a visitor runs
    "CAP_NET_ADMIN": 12,  # closes the way out and marks sockets
    "CAP_SYS_ADMIN": 21,  # enters namespaces
    "CAP_SYS_PTRACE": 19,  # looks at another user's /proc/<pid>/ns
}
_WITHIN = 10.0  # seconds any of this may take
_CLONE_NEWNET = 0x40000000  # linux/sched.h
_libc = ctypes.CDLL(None, use_errno=True)


def missing_capabilities(status: Path = Path("/proc/self/status")) -> tuple[str, ...]:
    """Return what a process lacks to work inside containers.

    Args:
        status: of the process, as proc(5) has it.

    """
    lines = status.read_text(encoding="ascii").splitlines()
    effective = next(int(line.split()[1], 16) for line in lines if line.startswith("CapEff:"))
    return tuple(name for name, number in NEEDED.items() if not effective >> number & 1)


def namespace_of(pid: int) -> int:
    """Return a new descriptor of a process's network namespace.

    Raises:
        OSError: there is no such process, or we may not look at it.

    """
    return os.open(Path("/proc", str(pid), "ns/net"), os.O_RDONLY | os.O_CLOEXEC)


async def inside(namespace: int, work: Callable[[], T]) -> T:
    """Return what a function returns that runs in a namespace.

    Raises:
        OSError: the namespace cannot be entered.

    """

    def there() -> T:
        if _libc.setns(namespace, _CLONE_NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return work()

    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inside")
    try:
        async with asyncio.timeout(_WITHIN):
            return await asyncio.get_running_loop().run_in_executor(executor, there)
    finally:
        executor.shutdown(wait=False)


def listening(port: int, protocol: Transport, stack: str) -> socket.socket:
    """Return a socket of the calling thread's namespace that listens on all its IPv4 addresses."""
    size = PERSONALITIES[stack].receive_buffer
    with ExitStack() as undo:
        made = undo.enter_context(_marked(socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM))
        if size:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
        if protocol == "tcp":
            # Restart at once after traffic: connections of before may still be in TIME_WAIT.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(("0.0.0.0", port))  # noqa: S104  the container's own interfaces: its programs may use 127.0.0.1
        if protocol == "tcp":
            made.listen(BACKLOG)
        made.settimeout(0)
        undo.pop_all()
    return made


def connected(address: str, port: int) -> socket.socket:
    """Return a blocking client of the calling thread's namespace."""
    with ExitStack() as undo:
        made = undo.enter_context(_marked(socket.SOCK_STREAM))
        made.settimeout(PROBE_TIMEOUT)
        made.connect((address, port))
        undo.pop_all()
    return made


def _marked(kind: socket.SocketKind) -> socket.socket:
    with ExitStack() as undo:
        made = undo.enter_context(socket.socket(socket.AF_INET, kind))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
        undo.pop_all()
    return made
