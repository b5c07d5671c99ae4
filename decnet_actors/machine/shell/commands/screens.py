"""This module gives full-screen programs their keys and their screen."""

import codecs
import re
from collections.abc import Generator, Iterator, Sequence

from decnet_actors.machine.shell.context import Context
from decnet_actors.machine.shell.streams import BREATHE, Pause

MAX_ROWS, MAX_COLUMNS = 200, 400  # of a screen we fill, whatever the client says it has
_KEY = re.compile(r"\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])|.", re.DOTALL)
_NAMES = {
    "\x1b[A": "up", "\x1b[B": "down", "\x1b[C": "right", "\x1b[D": "left", "\x1bOA": "up", "\x1bOB": "down",
    "\x1bOC": "right", "\x1bOD": "left", "\x1b[H": "home", "\x1b[F": "end", "\x1b[5~": "page-up",
    "\x1b[6~": "page-down", "\x1b[3~": "delete", "\x1b": "escape",
    "\r": "enter", "\n": "enter", "\x7f": "rubout", "\b": "rubout",
}  # fmt: skip


class Screen:
    """The terminal of one full-screen program: keys as they are pressed, rows of text."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._keys: Iterator[str] = iter(())

    @property
    def rows(self) -> int:
        """Rows of the terminal."""
        return max(min(self._ctx.world.rows, MAX_ROWS), 3)

    @property
    def columns(self) -> int:
        """Columns of the terminal."""
        return max(min(self._ctx.world.columns, MAX_COLUMNS), 10)

    def key(self) -> Generator[Pause, None, str]:
        """Return the next key: a character, or a name; nothing once the terminal is gone."""
        world = self._ctx.world
        if world.budget.due:
            yield BREATHE
        while (key := next(self._keys, None)) is None:
            world.raw = True
            try:
                data = yield from self._ctx.stdin.read_some()
            finally:
                world.raw = False
            world.budget.renew()  # what is typed is a new beginning, as a line is to the shell
            if not data:
                return ""
            self._keys = (found[0] for found in _KEY.finditer(self._decoder.decode(data)))
        return _NAMES.get(key, key)

    def show(self, lines: Sequence[str], status: str, row: int, column: int) -> None:
        """Draw lines, a status line below them, and the cursor (from 0)."""
        out = ["\x1b[?25l\x1b[H"]
        for at in range(self.rows - 1):
            text = lines[at] if at < len(lines) else "~"
            out.append(f"\x1b[{at + 1};1H{clipped(text, self.columns)}\x1b[K")
        out.append(f"\x1b[{self.rows};1H{status[: self.columns]}\x1b[K\x1b[{row + 1};{column + 1}H\x1b[?25h")
        self._ctx.out("".join(out))

    def leave(self) -> None:
        """Leave the cursor below everything."""
        self._ctx.out(f"\x1b[{self.rows};1H\x1b[K\n")


def clipped(text: str, columns: int) -> str:
    """Return what of a line is shown: control characters as ``^A``."""
    shown = text[:columns].expandtabs(8)
    return "".join(char if char.isprintable() else f"^{chr(ord(char) & 31 | 64)}" for char in shown)[:columns]


def until_left(ctx: Context) -> Generator[Pause, None, None]:
    """Wait until what is shown is left by ``q`` or an interrupt."""
    screen = Screen(ctx)
    while (yield from screen.key()) not in {"q", "Q", "\x03", ""}:
        pass
    screen.leave()
