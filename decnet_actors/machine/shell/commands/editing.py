"""This module holds the editors, vi and nano: a text, a cursor, and what keys do to them.

The keys are those that somebody needs who edits a file in haste and leaves.
"""

import errno
from collections.abc import Generator, Mapping

from attrs import Factory, define

from decnet_actors.machine.shell.commands.screens import Screen
from decnet_actors.machine.shell.context import MAX_TEXT, Context, Function
from decnet_actors.machine.shell.streams import Pause, Work

MAX_COMMAND = 200  # characters of vi's command line


@define
class Text:
    """The lines of a file that is edited, and the cursor in them."""

    lines: list[str]
    row: int = 0
    column: int = 0
    top: int = 0
    changed: bool = False
    size: int = Factory(lambda self: sum(map(len, self.lines)), takes_self=True)

    def move(self, rows: int, columns: int = 0) -> None:
        """Move the cursor as far as the text goes."""
        self.row = max(min(self.row + rows, len(self.lines) - 1), 0)
        self.column = max(min(self.column + columns, len(self.lines[self.row])), 0)

    def insert(self, char: str) -> None:
        """Insert a character, or a new line; what is too much is refused."""
        if self.size >= MAX_TEXT:
            return
        line = self.lines[self.row]
        self.size += 1
        self.changed = True
        if char == "\n":
            self.lines[self.row : self.row + 1] = [line[: self.column], line[self.column :]]
            self.row, self.column = self.row + 1, 0
            return
        self.lines[self.row] = line[: self.column] + char + line[self.column :]
        self.column += 1

    def rub(self) -> None:
        """Remove what is before the cursor."""
        if self.column:
            self.column -= 1
            self.cut()
        elif self.row:
            self.changed = True
            self.column = len(self.lines[self.row - 1])
            self.lines[self.row - 1] += self.lines.pop(self.row)
            self.row -= 1

    def cut(self) -> None:
        """Remove what is under the cursor."""
        line = self.lines[self.row]
        if self.column < len(line):
            self.lines[self.row] = line[: self.column] + line[self.column + 1 :]
            self.size -= 1
            self.changed = True

    def cut_line(self) -> str:
        """Remove the line of the cursor and return it."""
        line = self.lines.pop(self.row)
        self.lines = self.lines or [""]
        self.size -= len(line)
        self.changed = True
        self.row = min(self.row, len(self.lines) - 1)
        self.column = 0
        return line

    def go(self, key: str, page: int) -> bool:
        """Move as a cursor key says; returns whether it is one."""
        steps = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1), "page-up": (-page, 0)}
        steps |= {"page-down": (page, 0), "home": (0, -self.column), "end": (0, len(self.lines[self.row]))}
        if key in steps:
            self.move(*steps[key])
        return key in steps

    def window(self, rows: int) -> list[str]:
        """Return the lines a window of so many rows shows, which follows the cursor."""
        self.top = max(min(self.top, self.row), self.row - rows + 1)
        return self.lines[self.top : self.top + rows]


class _Editor:
    """One file being edited on a screen."""

    def __init__(self, ctx: Context, name: str) -> None:
        self.ctx = ctx
        self.name = name
        self.screen = Screen(ctx)
        self.message = ""
        self.text = Text([""])

    def open(self) -> Generator[Pause, None, None]:
        """Read the file; a new one is empty."""
        if not self.name:
            return
        try:
            data = self.ctx.read_file(self.name, MAX_TEXT)
        except OSError as error:
            self.message = f'"{self.name}" [New]' if error.errno == errno.ENOENT else f"{self.name}: {error.strerror}"
            return
        lines = yield from self.ctx.lines(data)
        self.text = Text(lines or [""])
        self.message = f'"{self.name}" {len(lines)}L, {len(data)}B'

    def save(self, name: str = "") -> bool:
        """Write the file; returns whether it could be."""
        self.name = name or self.name
        if not self.name:
            self.message = "E32: No file name"
            return False
        data = "".join(f"{line}\n" for line in self.text.lines).encode("utf-8", "surrogateescape")
        try:
            self.ctx.write_file(self.name, data, mechanism=self.ctx.name)
        except OSError as error:
            self.message = f"{self.name}: {error.strerror}"
            return False
        self.text.changed = False
        self.message = f'"{self.name}" {len(self.text.lines)}L, {len(data)}B written'
        return True

    def type(self, key: str) -> None:
        """Move as the key says, or insert what it is."""
        if self.text.go(key, self.screen.rows - 2):
            return
        char = "\n" if key == "enter" else key
        if len(char) == 1 and (char.isprintable() or char in "\n\t"):
            self.text.insert(char)

    def draw(self, status: str = "") -> None:
        """Show the text and the cursor."""
        text = self.text
        shown = text.window(self.screen.rows - 1)
        column = min(text.column, self.screen.columns - 1)
        self.screen.show(shown, status or self.message, text.row - text.top, column)


class _Vi(_Editor):
    inserting = False
    pending = ""
    kept = ""

    def run(self) -> Work:
        """Edit until it is left."""
        yield from self.open()
        while True:
            self.draw("-- INSERT --" if self.inserting else "")
            key = yield from self.screen.key()
            if not key:
                return 1
            if self.inserting:
                self.write(key)
            elif key == ":":
                if (yield from self.command()):
                    break
            elif self.pending + key == "ZZ":
                if not self.text.changed or self.save():
                    break
            else:
                self.act(key)
        self.screen.leave()
        return 0

    def write(self, key: str) -> None:
        """Do what a key does while text is inserted."""
        if key in {"escape", "\x03"}:
            self.inserting, self.message = False, ""
            self.text.move(0, -1)
        elif key == "rubout":
            self.text.rub()
        elif key == "delete":
            self.text.cut()
        else:
            self.type(key)

    def act(self, key: str) -> None:
        """Do what a key does in vi's own mode."""
        text = self.text
        whole, self.pending = self.pending + key, ""
        plain = {"h": "left", "j": "down", "k": "up", "l": "right", "0": "home", "$": "end", "enter": "down"}
        plain |= {"\x06": "page-down", "\x02": "page-up", " ": "right", "rubout": "left"}
        if text.go(plain.get(key, key), self.screen.rows - 2):
            return
        match whole:
            case "d" | "g" | "Z" | "y":
                self.pending = whole
            case "dd":
                self.kept = text.cut_line()
            case "yy":
                self.kept = text.lines[text.row]
            case "p":
                text.move(0, len(text.lines[text.row]))
                for char in f"\n{self.kept}":
                    text.insert(char)
            case "gg":
                text.row = text.column = 0
            case "G":
                text.move(len(text.lines))
                text.column = 0
            case "x" | "delete":
                text.cut()
            case "i" | "I" | "a" | "A" | "o" | "O":
                self.begin(whole)
            case "\x03":
                self.message = "Type  :qa!  and press <Enter> to abandon all changes and exit Vim"
            case _:
                self.message = ""

    def begin(self, key: str) -> None:
        """Begin to insert."""
        text, self.inserting = self.text, True
        if key in "IO":
            text.column = 0
        elif key in "Ao":
            text.column = len(text.lines[text.row])
        elif key == "a":
            text.move(0, 1)
        if key in "oO":
            text.insert("\n")
        if key == "O":
            text.row, text.column = text.row - 1, 0

    def command(self) -> Generator[Pause, None, bool]:
        """Read a command after ``:`` and carry it out; returns whether vi is to be left."""
        typed = yield from _asked(self, ":")
        name, _, rest = typed.strip().partition(" ")
        force = name.endswith("!")
        match name.rstrip("!"):
            case "w":
                self.save(rest)
            case "wq" | "x" | "wqa" | "xa":
                return self.save(rest) if name[0] == "w" or self.text.changed else True
            case "q" | "qa" | "quit":
                if force or not self.text.changed:
                    return True
                self.message = "E37: No write since last change (add ! to override)"
            case "":
                self.message = ""
            case number if number.isdecimal():
                self.text.row = 0
                self.text.move(int(number[:7]) - 1)
            case _:
                self.message = f"E492: Not an editor command: {typed}"
        return False


class _Nano(_Editor):
    def run(self) -> Work:
        """Edit until it is left."""
        yield from self.open()
        kept = ""
        while True:
            self.draw(self.message or "^O Write Out   ^X Exit   ^K Cut   ^U Paste")
            key = yield from self.screen.key()
            self.message = ""
            if not key:
                return 1
            match key:
                case "\x18":
                    if not self.text.changed or (yield from self.asked_to_save()):
                        break
                case "\x0f":
                    yield from self.write_out()
                case "\x0b":
                    kept = self.text.cut_line()
                case "\x15":
                    for char in f"{kept}\n":
                        self.text.insert(char)
                case "rubout":
                    self.text.rub()
                case "delete" | "\x04":
                    self.text.cut()
                case _:
                    self.type(key)
        self.screen.leave()
        return 0

    def asked_to_save(self) -> Generator[Pause, None, bool]:
        """Ask whether to save; returns whether nano is to be left."""
        while True:
            self.draw("Save modified buffer?  Y Yes   N No   ^C Cancel")
            key = yield from self.screen.key()
            if key in {"n", "N", ""}:
                return True
            if key in {"\x03", "escape"}:
                return False
            if key in {"y", "Y"}:
                return (yield from self.write_out())

    def write_out(self) -> Generator[Pause, None, bool]:
        """Ask for a name and write the file; returns whether it was written."""
        name = yield from _asked(self, "File Name to Write: ", self.name)
        return self.save(name) if name else False


def _asked(editor: _Editor, question: str, typed: str = "") -> Generator[Pause, None, str]:
    """Return what is typed in the last row; nothing if it is given up."""
    while True:
        editor.draw(question + typed)
        key = yield from editor.screen.key()
        if key in {"enter", ""}:
            return typed if key else ""
        if key in {"escape", "\x03"}:
            return ""
        if key == "rubout":
            typed = typed[:-1]
        elif len(key) == 1 and key.isprintable() and len(typed) < MAX_COMMAND:
            typed += key


def vi(ctx: Context) -> Work:
    """``vi``: needs a terminal."""
    name = next((word for word in ctx.args if not word.startswith(("-", "+"))), "")
    if not ctx.stdin.terminal or not ctx.evaluator.is_terminal(ctx.stdout):
        if not ctx.applet:
            ctx.err(
                "Vim: Warning: Input is not from a terminal\nVim: Error reading input, exiting...\nVim: Finished.\n"
            )
        return 1
    return (yield from _Vi(ctx, name).run())


def nano(ctx: Context) -> Work:
    """``nano``: needs a terminal."""
    name = next((word for word in ctx.args if not word.startswith(("-", "+"))), "")
    if not ctx.stdin.terminal or not ctx.evaluator.is_terminal(ctx.stdout):
        ctx.err("Too many errors from stdin\n")
        return 1
    return (yield from _Nano(ctx, name).run())


COMMANDS: Mapping[str, Function] = {"vi": vi, "vim.tiny": vi, "nano": nano}
