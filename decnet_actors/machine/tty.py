"""This module is the terminal's line discipline and the shell's line editor: keys in, echo and lines out."""

from collections.abc import Callable, Sequence

from attrs import frozen

MAX_LINE = 16_384  # bytes of one edited line; more keys ring the bell
CANONICAL_MAX = 4095  # N_TTY_BUF_SIZE - 1: what a cooked line can hold

BS, TAB, LF, VT, FF, CR, ESC, DEL = 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1B, 0x7F
INTR, EOT, NAK, ETB, EM, QUIT = 0x03, 0x04, 0x15, 0x17, 0x19, 0x1C
FIRST_PRINTABLE = 0x20
MAX_ESCAPE = 12  # bytes of one escape sequence

_ESCAPES: dict[bytes, str] = {
    b"[A": "up", b"[B": "down", b"[C": "right", b"[D": "left", b"[H": "home", b"[F": "end", b"[1~": "home",
    b"[4~": "end", b"[3~": "delete", b"OA": "up", b"OB": "down", b"OC": "right", b"OD": "left", b"OH": "home",
    b"OF": "end", b"[7~": "home", b"[8~": "end", b"b": "word-left", b"f": "word-right", b"d": "kill-word",
    b"[1;5C": "word-right", b"[1;5D": "word-left", b"[200~": "paste", b"[201~": "paste", b"\x7f": "rubout-word",
}  # fmt: skip


@frozen
class Line:
    """A line was finished; ``data`` ends with a newline, or is empty for the end of the file."""

    data: bytes


@frozen
class Interrupt:
    """Control-C, or control-backslash."""

    character: str = "^C"


@frozen
class Redraw:
    """Show the prompt and the line again: the screen was cleared, or choices were listed."""

    text: bytes


Key = Line | Interrupt | Redraw | None


class LineEditor:
    """Edits one line at a time.

    ``plain`` (no editing beyond erase, word erase, kill) is the kernel's cooked mode, used while a program reads;
    otherwise it edits as readline does. ``echo`` off is for passwords.
    """

    def __init__(self, write: Callable[[bytes], None], *, history: Sequence[str]) -> None:
        self._write = write
        self._history = history
        self.complete: Callable[[str], tuple[str, Sequence[str]]] | None = None
        self.plain = False
        self.echo = True
        self._line: list[str] = []
        self._at = 0
        self._pending = b""  # of an escape sequence or a UTF-8 character
        self._place = -1  # in the history, -1 for the line being written
        self._draft = ""
        self._skip_lf = False
        self._kill = ""
        self._tabs = 0

    @property
    def text(self) -> str:
        """What has been typed."""
        return "".join(self._line)

    def reset(self) -> None:
        """Forget the line."""
        self._line.clear()
        self._at = 0
        self._pending = b""
        self._place = -1

    def key(self, byte: int) -> Key:
        """Take one byte from the keyboard."""
        if self._pending:
            return self._sequence(byte)
        if byte == LF and self._skip_lf:
            self._skip_lf = False
            return None
        self._skip_lf = byte == CR
        if byte != TAB:
            self._tabs = 0
        if byte in {CR, LF}:
            return self._finish()
        if byte == INTR or (byte == QUIT and self.plain):
            self.reset()
            return Interrupt("^C" if byte == INTR else "^\\")
        if byte == EOT:
            if not self._line:
                return Line(b"")
            if not self.plain:
                self._delete()
            return None
        if byte == ESC and not self.plain:
            self._pending = b"\x1b"
            return None
        if byte > DEL:
            self._pending = bytes((byte,))
            return None
        if byte >= FIRST_PRINTABLE and byte != DEL:
            self._insert(chr(byte))
            return None
        return self._control(byte)

    def _sequence(self, byte: int) -> Key:
        pending = self._pending + bytes((byte,))
        self._pending = b""
        if pending[0] != ESC:
            if _unfinished(pending):
                self._pending = pending
            else:
                self._insert(pending.decode("utf-8", "surrogateescape"))
            return None
        body = pending[1:]
        action = _ESCAPES.get(body)
        if action is not None:
            self._act(action)
        elif any(known.startswith(body) for known in _ESCAPES) or _more_to_come(body):
            self._pending = pending
        return None

    def _finish(self) -> Line:
        text = self.text
        if not self.plain:
            self._move(len(self._line))
        if self.echo or not self.plain:
            self._write(b"\r\n")
        self.reset()
        return Line(text.encode("utf-8", "surrogateescape") + b"\n")

    def _control(self, byte: int) -> Key:
        if byte in {BS, DEL}:
            self._rubout(1)
        elif byte == NAK:
            self._kill = "".join(self._line[: self._at])
            self._rubout(self._at)
        elif byte == ETB:
            self._rubout(self._word_start())
        elif self.plain:
            self._insert(chr(byte)) if byte == TAB else None
        elif byte == TAB:
            return self._tab()
        elif byte == FF:
            self._write(b"\x1b[H\x1b[2J")
            return Redraw(self._redrawn())
        elif byte == VT:
            self._kill = "".join(self._line[self._at :])
            self._replace(self._line[: self._at])
        elif byte == EM:
            self._insert(self._kill)
        else:
            self._act({0x01: "home", 0x05: "end", 0x02: "left", 0x06: "right", 0x10: "up", 0x0E: "down"}.get(byte, ""))
        return None

    def _act(self, action: str) -> None:
        match action:
            case "up" | "down":
                self._recall(-1 if action == "up" else 1)
            case "left":
                self._move(self._at - 1)
            case "right":
                self._move(self._at + 1)
            case "home":
                self._move(0)
            case "end":
                self._move(len(self._line))
            case "delete":
                self._delete()
            case "word-left":
                self._move(self._at - self._word_start())
            case "word-right":
                rest = "".join(self._line[self._at :])
                self._move(self._at + len(rest) - len(rest.lstrip()) + len((rest.lstrip().split(" ") or [""])[0]))
            case "rubout-word":
                self._rubout(self._word_start())
            case _:
                pass

    def _word_start(self) -> int:
        """Return how many characters back the word before the cursor begins."""
        head = "".join(self._line[: self._at])
        return len(head) - (head.rstrip().rfind(" ") + 1)

    def _insert(self, text: str) -> None:
        room = (CANONICAL_MAX if self.plain else MAX_LINE) - len(self._line)
        if room < len(text):
            self._write(b"\a")
            text = text[:room]
        if not text:
            return
        self._line[self._at : self._at] = text
        self._at += len(text)
        if not self.echo:
            return
        tail = "".join(self._line[self._at :])
        back = b"\b" * len(tail)
        self._write((text + tail).encode("utf-8", "surrogateescape") + back)

    def _rubout(self, count: int) -> None:
        count = min(count, self._at)
        if not count:
            return
        del self._line[self._at - count : self._at]
        self._at -= count
        if not self.echo:
            return
        tail = "".join(self._line[self._at :]).encode("utf-8", "surrogateescape")
        if self.plain:
            self._write(b"\b \b" * count)
        elif tail:
            self._write(b"\b" * count + tail + b"\x1b[K" + b"\b" * (len(self._line) - self._at))
        else:
            self._write(b"\b" * count + b"\x1b[K")

    def _delete(self) -> None:
        if self._at < len(self._line):
            del self._line[self._at]
            tail = "".join(self._line[self._at :]).encode("utf-8", "surrogateescape")
            self._write(tail + b"\x1b[K" + b"\b" * (len(self._line) - self._at))

    def _move(self, place: int) -> None:
        place = max(min(place, len(self._line)), 0)
        if place < self._at:
            self._write(b"\b" * (self._at - place))
        elif place > self._at:
            self._write("".join(self._line[self._at : place]).encode("utf-8", "surrogateescape"))
        self._at = place

    def _replace(self, line: Sequence[str]) -> None:
        self._move(0)
        self._line = list(line)
        self._at = len(self._line)
        self._write(self.text.encode("utf-8", "surrogateescape") + b"\x1b[K")

    def _recall(self, step: int) -> None:
        if self._place < 0:
            if step > 0 or not self._history:
                return
            self._draft = self.text
            self._place = len(self._history)
        place = self._place + step
        if place < 0:
            return
        if place >= len(self._history):
            self._place = -1
            self._replace(self._draft)
            return
        self._place = place
        self._replace(self._history[place])

    def _tab(self) -> Key:
        if self.complete is None:
            return None
        added, choices = self.complete("".join(self._line[: self._at]))
        self._insert(added)
        if added:
            return None
        self._tabs += 1
        if len(choices) > 1 and self._tabs > 1:
            self._write(b"\r\n" + "  ".join(choices[:100]).encode("utf-8", "surrogateescape") + b"\r\n")
            return Redraw(self._redrawn())
        self._write(b"\a")
        return None

    def _redrawn(self) -> bytes:
        return self.text.encode("utf-8", "surrogateescape") + b"\b" * (len(self._line) - self._at)


def _unfinished(data: bytes) -> bool:
    """Return whether these bytes are the beginning of a longer UTF-8 character."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and error.start == 0
    return False


def _more_to_come(body: bytes) -> bool:
    """Return whether a control sequence has no final byte yet (ECMA-48, 5.4)."""
    return body[:1] in {b"[", b"O"} and not (len(body) > 1 and b"@" <= body[-1:] <= b"~") and len(body) < MAX_ESCAPE
