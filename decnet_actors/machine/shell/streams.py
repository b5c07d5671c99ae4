"""This module defines what a command reads and writes: bounded byte streams without an operating system."""

from collections.abc import Callable, Generator, Iterator
from typing import Protocol, TypeAlias

from attrs import frozen

MAX_PIPE = 1 << 20  # bytes one stage may leave for the next; more is a closed pipe, as for ``yes | head``
MAX_INPUT = 8 << 20  # bytes of standard input kept for one command
PIECE = 1 << 16  # bytes worked on between two looks at the clock


@frozen
class Sleep:
    """Suspend for seconds."""

    seconds: float


@frozen
class NeedInput:
    """Suspend until there is more standard input, or its end."""


@frozen
class Breathe:
    """Suspend for a moment: the slice of work is used up."""


BREATHE = Breathe()
Pause: TypeAlias = Sleep | NeedInput | Breathe
Work: TypeAlias = Generator[Pause, None, int]  # a command that can be suspended; returns its status


class ClosedPipeError(Exception):
    """Nobody reads any more: the command is to end at once, as by SIGPIPE."""


class Sink(Protocol):
    """Where output goes."""

    def write(self, data: bytes) -> None:
        """Take output.

        Raises:
            ClosedPipeError: nobody reads it.
            OSError: it cannot be written.

        """


class Nowhere:
    """``/dev/null``, and closed descriptors."""

    def write(self, data: bytes) -> None:
        """Lose the bytes."""


class PipeEnd:
    """The writing end of a pipe, or of a command substitution."""

    def __init__(self, limit: int = MAX_PIPE) -> None:
        self.data = bytearray()
        self._limit = limit

    def write(self, data: bytes) -> None:
        self.data += data
        if len(self.data) > self._limit:
            del self.data[self._limit :]
            raise ClosedPipeError


class CallSink:
    """Hands output to a function (the terminal)."""

    def __init__(self, call: Callable[[bytes], None]) -> None:
        self._call = call

    def write(self, data: bytes) -> None:
        self._call(data)


class Input:
    """Standard input: bytes, more of them later if ``live``.

    ``eof`` tells that nothing more will come. What exceeds ``MAX_INPUT`` unread bytes is dropped and noted.
    """

    def __init__(self, data: bytes | bytearray = b"", *, live: bool = False) -> None:
        self._data = bytearray(data)
        self._at = 0
        self.eof = not live
        self.dropped = 0
        self.terminal = False

    def feed(self, data: bytes) -> None:
        """Add bytes that arrived."""
        room = max(MAX_INPUT - (len(self._data) - self._at), 0)
        self.dropped += max(len(data) - room, 0)
        self._data += data[:room]

    def end(self) -> None:
        """Nothing more will come."""
        self.eof = True

    @property
    def waiting(self) -> int:
        """Bytes that have arrived and were not read."""
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        """Return up to ``size`` bytes that are here."""
        with memoryview(self._data) as held:
            chunk = bytes(held[self._at : self._at + size])
        self._at += len(chunk)
        if self._at >= len(self._data):
            self._data.clear()
            self._at = 0
        return chunk

    def read_all(self) -> Generator[Pause, None, bytes]:
        """Return everything up to the end."""
        while not self.eof:
            yield NeedInput()
        if self.terminal:
            self.eof = False  # end of file was for this reader; the terminal goes on
        return self.take(self.waiting)

    def read_some(self) -> Generator[Pause, None, bytes]:
        """Return what is here, waiting for at least one byte; nothing at the end."""
        while not self.waiting and not self.eof:
            yield NeedInput()
        if not self.waiting and self.terminal:
            self.eof = False
        return self.take(self.waiting)

    def read_line(self, end: bytes = b"\n") -> Generator[Pause, None, bytes]:
        """Return one line with its end; less at the end of the input."""
        while True:
            at = self._data.find(end, self._at)
            if at >= 0:
                return self.take(at + 1 - self._at)
            if self.eof:
                if self.terminal and not self.waiting:
                    self.eof = False
                return self.take(self.waiting)
            yield NeedInput()


def pieces(data: bytes | bytearray) -> Iterator[memoryview]:
    """Yield the pieces of some bytes in order; the work on one is short."""
    whole = memoryview(data)
    return (whole[at : at + PIECE] for at in range(0, len(whole), PIECE))
