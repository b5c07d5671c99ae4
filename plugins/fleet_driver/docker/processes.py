"""This module ends what runs in a container beside its first process, from outside.

A container has no capability, so nothing in it gets a process namespace of its own: all its processes are in one.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")


def end_others(first: int) -> int:
    """Kill every process of a container but its first; return how many there were.

    Those that are seen are stopped before any is killed, so that none can start another in the meantime: each look
    finds fewer that run, and a container has a limit of processes.

    Args:
        first: number of its first process.

    Raises:
        OSError: there is no such process, or we may not look at it or signal it.

    """
    space = _space(first).readlink()
    stopped: dict[int, int] = {}
    try:
        while fresh := [number for number in _members(space) if number != first and number not in stopped]:
            for number in fresh:
                with contextlib.suppress(ProcessLookupError):  # it has just ended
                    descriptor = os.pidfd_open(number)
                    if not _is_in(number, space):  # the number had become another's when it was opened
                        os.close(descriptor)
                        continue
                    stopped[number] = descriptor
                    signal.pidfd_send_signal(descriptor, signal.SIGSTOP)
        for descriptor in stopped.values():
            with contextlib.suppress(ProcessLookupError):  # somebody else has ended it
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    finally:
        for descriptor in stopped.values():
            os.close(descriptor)
    return len(stopped)


def _members(space: Path) -> Iterator[int]:
    for name in os.listdir(_PROC):  # noqa: PTH208  a thousand names, of which most are no process of ours
        if name.isdecimal() and _is_in(int(name), space):
            yield int(name)


def _is_in(number: int, space: Path) -> bool:
    try:
        return _space(number).readlink() == space
    except OSError:  # it has ended, or is about to
        return False


def _space(number: int) -> Path:
    return _PROC / str(number) / "ns/pid"
