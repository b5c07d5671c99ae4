"""This module follows what a terminal shows on the line the cursor is in, from the bytes that are printed to it.

It knows as much of ECMA-48 as line editors use: moving within a line that may be wrapped, erasing, inserting, deleting.
"""

import codecs
import re

MAX_ROWS = 64  # kept; a command line that is wrapped more often is cut at its front
MAX_COLUMNS = 10_000  # as many as a peer may ask for
MAX_SEQUENCE = 64  # characters of a control sequence; longer ones are no sequences of a line editor
_TAB = 8
_NUMBERS = re.compile(r"\d{1,5}")
_STRINGS = frozenset("]PX^_")  # what begins a string that ends with BEL or ST


class Screen:
    """The last rows of a terminal.

    Args:
        columns: how wide it is.

    """

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.alternate = False  # a program that draws the whole screen has it
        self._rows: list[list[str]] = [[]]
        self._wrapped: list[bool] = [False]  # whether a row goes on from the one above
        self._row = self._column = 0
        self._sequence = ""  # begun, not ended
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def resize(self, columns: int) -> None:
        """Be wider or narrower from now on."""
        self.columns = max(1, min(columns, MAX_COLUMNS))

    def decode(self, data: bytes) -> str:
        """Return the characters that bytes end."""
        return self._decoder.decode(data)

    @property
    def position(self) -> int:
        """Where the cursor is, in characters from the beginning of its line."""
        first, _ = self._span()
        return (self._row - first) * self.columns + self._column

    @property
    def line(self) -> str:
        """What the cursor's line shows, however many rows it takes."""
        first, last = self._span()
        rows = ["".join(row).ljust(self.columns) for row in self._rows[first : last + 1]]
        return "".join(rows).rstrip()

    def put(self, character: str) -> None:
        """Show a character, or do what it controls."""
        if self._sequence:
            self._continue(character)
        elif character == "\x1b":
            self._sequence = character
        elif character == "\n":
            self._down(wrapped=False)
        elif character == "\r":
            self._column = 0
        elif character == "\b":
            self._column = max(0, self._column - 1)
        elif character == "\t":
            self._column = min(self.columns - 1, self._column // _TAB * _TAB + _TAB)
        elif character >= " " and character != "\x7f":
            self._show(character)

    def _show(self, character: str) -> None:
        if self._column >= self.columns:
            self._down(wrapped=True)
            self._column = 0
        row = self._rows[self._row]
        row.extend(" " * (self._column + 1 - len(row)))
        row[self._column] = character
        self._column += 1

    def _down(self, *, wrapped: bool) -> None:
        self._row += 1
        if self._row == len(self._rows):
            self._rows.append([])
            self._wrapped.append(wrapped)
            if len(self._rows) > MAX_ROWS:
                del self._rows[0], self._wrapped[0]
                self._row -= 1

    def _span(self) -> tuple[int, int]:
        """Return the first and the last row of the cursor's line."""
        first = last = self._row
        while first and self._wrapped[first]:
            first -= 1
        while last + 1 < len(self._rows) and self._wrapped[last + 1]:
            last += 1
        return first, last

    def _continue(self, character: str) -> None:
        sequence = self._sequence + character
        kind = sequence[1]
        if len(sequence) > MAX_SEQUENCE:
            over = True
        elif kind == "[":
            over = len(sequence) > 2 and "@" <= character <= "~"  # noqa: PLR2004  the introducer is no end
            if over:
                self._control(character, sequence[2:-1])
        elif kind in _STRINGS:
            over = character == "\x07" or sequence.endswith("\x1b\\")
        else:
            over = not " " <= character <= "/"
        self._sequence = "" if over else sequence

    def _control(self, final: str, parameters: str) -> None:
        """Do what a control sequence says (ECMA-48, 8.3)."""
        if parameters.startswith("?"):
            if "1049" in parameters and final in "hl":
                self.alternate = final == "h"
            return
        numbers = [int(number) for number in _NUMBERS.findall(parameters)]
        count = min(numbers[0], self.columns) if numbers else 0
        self._move(final, max(1, count), numbers)
        row = self._rows[self._row]
        match final:
            case "K":
                self._erase(count)
            case "J":
                del self._rows[self._row + 1 :], self._wrapped[self._row + 1 :]
                self._erase(0 if count == 0 else 2)
            case "P":
                del row[self._column : self._column + max(1, count)]
            case "@":
                row[self._column : self._column] = " " * max(1, count)
                del row[self.columns :]
            case _:
                pass

    def _move(self, final: str, count: int, numbers: list[int]) -> None:
        match final:
            case "A":
                self._row = max(0, self._row - count)
            case "B":
                self._row = min(len(self._rows) - 1, self._row + count)
            case "C":
                self._column = min(self.columns - 1, self._column + count)
            case "D":
                self._column = max(0, self._column - count)
            case "G":
                self._column = count - 1
            case "H" | "f":  # which of our rows that is we do not know: a line of its own
                self._down(wrapped=False)
                self._column = min(self.columns, numbers[1] if len(numbers) > 1 else 1) - 1
            case _:
                pass

    def _erase(self, how: int) -> None:
        row = self._rows[self._row]
        match how:
            case 0:
                del row[self._column :]
            case 1:
                row[: self._column + 1] = " " * min(len(row), self._column + 1)
            case _:
                row.clear()
