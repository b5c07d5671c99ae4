"""This module finds the command lines in what crosses a terminal: what was typed and then shown.

A line that was typed and edited by erasing only is known from the keys; it is told when its echo ends, so what was
typed without an echo, a password, is no command. Where a line editor had a hand in it (history, completion, cursor
keys), the line is what the screen shows behind the place where the cursor was at the first key: the prompt's end.
"""

from collections import deque

from attrs import define

from decnet_actors.machine.inside.screen import Screen

MAX_LINE = 4096  # characters of a line; N_TTY_BUF_SIZE
MAX_WAITING = 256  # lines that were typed and not shown

_ENTER, _ERASE, _KILL, _WORD = b"\r\n", b"\x7f\x08", 0x15, 0x17
_DROP = b"\x03\x1a\x1c"  # interrupt, suspend, quit
_ESCAPE, _END_OF_FILE, _SPACE, _TILDE = 0x1B, 0x04, 0x20, 0x7E


@define(kw_only=True)
class _Line:
    """A line as it is typed."""

    typed: bytearray
    edited: bool = False  # a line editor knows what it is, the keys alone do not tell
    prompt: int | None = None  # how many characters the screen's line had before it
    passed: bool = False  # a line ended on the screen since, and it was another


class Lines:
    """The command lines of one terminal."""

    def __init__(self, columns: int) -> None:
        self.screen = Screen(columns)
        self._line = _Line(typed=bytearray())
        self._waiting: deque[_Line] = deque(maxlen=MAX_WAITING)
        self._sequence = b""  # of a key that sends several bytes

    def typed(self, data: bytes) -> None:
        """Take keys."""
        for key in data:
            self._key(key)

    def printed(self, data: bytes) -> list[str]:
        """Take what is printed, and return the command lines that it shows to their end."""
        found = []
        for character in self.screen.decode(data):
            if character == "\n" and self._waiting and (line := self._ended()):
                found.append(line)
            self.screen.put(character)
        return found

    def rest(self) -> list[str]:
        """Return (once) the lines that were sent and of which nothing was seen yet."""
        found = [_text(line) for line in self._waiting if not line.edited and not line.passed]
        self._waiting.clear()
        return [line for line in found if line]

    def _key(self, key: int) -> None:
        line = self._line
        if self._sequence:
            self._sequence += bytes((key,))
            if not _goes_on(self._sequence):
                self._sequence = b""
            return
        if line.prompt is None and not self._waiting:
            line.prompt = self.screen.position
        if key in _ENTER:
            if not self.screen.alternate:
                self._waiting.append(line)
            self._line = _Line(typed=bytearray())
        elif key in _DROP:
            self._line = _Line(typed=bytearray())
        elif key in _ERASE:
            del line.typed[-1:]
        elif key == _KILL:
            line.typed.clear()
        elif key == _WORD:
            del line.typed[len(line.typed.rstrip(b" ").rpartition(b" ")[0]) + (b" " in line.typed.rstrip(b" ")) :]
        elif key == _ESCAPE:
            line.edited = True
            self._sequence = b"\x1b"
        elif key < _SPACE:
            line.edited = line.edited or key != _END_OF_FILE
        elif len(line.typed) < MAX_LINE:
            line.typed.append(key)

    def _ended(self) -> str:
        """Return the command line that the screen's line, which ends now, is; empty if it is none."""
        shown = self.screen.line
        for index, line in enumerate(self._waiting):
            text = shown[line.prompt or 0 :].strip() if line.edited else _text(line)
            if line.edited or shown.endswith(text):
                for _ in range(index + 1):  # those before it were not shown
                    self._waiting.popleft()
                return text[:MAX_LINE]
            line.passed = True
        return ""


def _text(line: _Line) -> str:
    return line.typed.decode("utf-8", "replace").strip()


def _goes_on(sequence: bytes) -> bool:
    """Whether a key's bytes are not all there: ESC, ``[`` or ``O``, parameters, and one more."""
    if len(sequence) < 2:  # noqa: PLR2004  the first of them
        return True
    if sequence[1:2] not in {b"[", b"O"} or len(sequence) > 16:  # noqa: PLR2004  no key is longer
        return False
    return len(sequence) == 2 or not 0x40 <= sequence[-1] <= _TILDE  # noqa: PLR2004  ECMA-48, 5.4
