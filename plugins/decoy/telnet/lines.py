"""This module edits one line as a Linux terminal does before a shell takes over: echo, erase, kill, interrupt."""

import re
from enum import Enum

MAX_LINE = 4095  # bytes; N_TTY_BUF_SIZE - 1, drivers/tty/n_tty.c

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_RUBOUT = b"\b \b"
_INTERRUPT, _END, _TAB, _KILL, _WERASE, _QUIT, _ERASE = 0x03, 0x04, 0x09, 0x15, 0x17, 0x1C, 0x7F
_NEWLINES = (0x0A, 0x0D)


class Ending(Enum):
    """Why a line is over."""

    ENTER = "enter"
    END_OF_FILE = "end_of_file"  # ^D on an empty line
    INTERRUPT = "interrupt"  # ^C, ^\


_ENTER, _END_OF_FILE, _INTERRUPTED = Ending  # bound once: to look a member up in its class costs as much as a call


class LineEditor:
    """The line being typed."""

    __slots__ = ("_line",)

    def __init__(self) -> None:
        self._line = bytearray()

    def take(self, data: bytes, start: int, *, echo: bool) -> tuple[bytes, int, Ending | None]:
        """Take octets from ``start`` up to the end of a line.

        Returns:
            What the terminal shows, the position behind the last octet taken, and how the line ended, if it did.

        """
        shown = bytearray()
        size = len(data)
        while start < size:
            found = _CONTROL.search(data, start)
            end = found.start() if found else size
            if end > start:
                kept = data[start:end][: MAX_LINE - len(self._line)]
                self._line += kept
                shown += kept
                start = end
            if found is None:
                break
            key = data[start]
            start += 1
            if key in _NEWLINES:
                return (bytes(shown) if echo else b"") + b"\r\n", start, _ENTER
            if key in {_INTERRUPT, _QUIT}:
                return bytes(shown) + _caret(key) if echo else b"", start, _INTERRUPTED
            if key == _END:
                ending = _ENTER if self._line else _END_OF_FILE
                return bytes(shown) if echo else b"", start, ending
            shown += self._edit(key)
        return bytes(shown) if echo else b"", start, None

    def finish(self) -> bytes:
        """Return the line and start another."""
        line = bytes(self._line)
        self._line.clear()
        return line

    def _edit(self, key: int) -> bytes:
        line = self._line
        if key == _ERASE:
            return self._rub(1)
        if key == _KILL:
            return self._rub(len(line))
        if key == _WERASE:
            return self._rub(len(line) - (line.rstrip(b" ").rfind(b" ") + 1))
        if len(line) >= MAX_LINE:
            return b""
        line.append(key)
        return b"\t" if key == _TAB else _caret(key)

    def _rub(self, count: int) -> bytes:
        taken = bytes(self._line[len(self._line) - min(count, len(self._line)) :])
        del self._line[len(self._line) - len(taken) :]
        return b"".join(_RUBOUT * (2 if _CONTROL.match(bytes((octet,))) else 1) for octet in taken)


def _caret(key: int) -> bytes:
    return bytes((ord("^"), key ^ 0x40))
