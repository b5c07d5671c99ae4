"""This module parses shell words: quotes, expansions and substitutions, at a position of a text."""

import re
from abc import ABC, abstractmethod

from decnet_actors.machine.shell.state import BudgetSpentError
from decnet_actors.machine.shell.syntax import (
    Arithmetic,
    Literal,
    Parameter,
    Part,
    ProcessSubstitution,
    Script,
    ShellSyntaxError,
    Substitution,
    Word,
)

MAX_DEPTH = 40  # nested substitutions, quotes and compound commands
MAX_AT_ONCE = 16_000  # words of one command, a compound one with all in it

_PLAIN = re.compile(r"[^\s;&|<>()$`\"'\\]+")
_IN_DOUBLE = re.compile(r"[^$`\"\\]+")
_IN_HEREDOC = re.compile(r"[^$`\\]+")
_IN_BRACES = re.compile(r"[^$`\"'\\}]+")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_SPECIAL = frozenset("@*#?-$!0123456789")
_OPERATOR = re.compile(r":[-=+?]|##?|%%?|//|/#|/%|/|\^\^?|,,?|[-=+?]|:|@")
_ANSI = re.compile(
    r"\\(?:([abeEfnrtv\\'\"?])|([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|c(.))",
    re.DOTALL,
)
_ANSI_LETTERS = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Room:
    """How much may be parsed in one go, shared by a parser and those of the texts in its text."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self.refill()

    def refill(self) -> None:
        """Begin anew: others have had their turn."""
        self._left = MAX_AT_ONCE

    def spend(self, cost: int = 1) -> None:
        """Count work, in words about.

        Raises:
            BudgetSpentError: it is too much without a turn for others.

        """
        self._left -= cost
        if self._left < 0:
            raise BudgetSpentError


class WordParser(ABC):
    """Parses words of ``text`` at ``pos``; the grammar of commands builds on it (``simple_parser.SimpleParser``)."""

    def __init__(self, text: str, *, depth: int = 0, room: Room | None = None) -> None:
        self.text = text
        self.pos = 0
        self.depth = depth
        self.room = room or Room()
        self._counted = 0  # how far lines have been counted
        self._line = 1

    @abstractmethod
    def script_until(self, closing: str) -> Script:
        """Parse commands up to ``closing`` and step over it."""

    @abstractmethod
    def parse_nested(self, text: str) -> Script:
        """Parse the text of backticks."""

    def word(self) -> Word | None:
        """Return the word here, ``None`` if an operator or the end is."""
        start = self.pos
        text = self.text
        parts: list[Part] = []
        while self.pos < len(text):
            self.room.spend()
            found = _PLAIN.match(text, self.pos)
            if found:
                parts.append(Literal(found[0]))
                self.pos = found.end()
                continue
            char = text[self.pos]
            if char == "\\":
                self._escape(parts)
            elif char == "'":
                end = text.find("'", self.pos + 1)
                if end < 0:
                    self.fail_open("'")
                parts.append(Literal(text[self.pos + 1 : end], quoted=True))
                self.pos = end + 1
            elif char == '"':
                self.pos += 1
                self._double(parts)
            elif char == "$":
                self._dollar(parts, quoted=False)
            elif char == "`":
                parts.append(Substitution(self._backticks(), quoted=False))
            elif char in "<>" and text.startswith("(", self.pos + 1) and (not parts):
                self.pos += 2
                parts.append(ProcessSubstitution(self._nest(")"), char))
            else:
                break
        return Word(tuple(parts)) if self.pos > start else None

    def here_document(self, body: str) -> Word:
        """Return an unquoted here-document's body as a word of quoted parts."""
        inner = type(self)(body, depth=self.depth + 1, room=self.room)
        parts: list[Part] = []
        inner.run_quoted(parts, _IN_HEREDOC, "", keep='"')
        return Word(tuple(parts))

    def run_quoted(self, parts: list[Part], plain: re.Pattern[str], end: str, *, keep: str = "") -> None:
        """Parse what stands in double quotes (or a here-document) up to ``end`` or the end of the text."""
        text = self.text
        while self.pos < len(text):
            self.room.spend()
            found = plain.match(text, self.pos)
            if found:
                parts.append(Literal(found[0], quoted=True))
                self.pos = found.end()
                continue
            char = text[self.pos]
            if char == end:
                self.pos += 1
                return
            if char == "\\":
                following = text[self.pos + 1 : self.pos + 2]
                self.pos += 2
                if following == "\n":
                    continue
                literal = following if following in '$`"\\' and following != keep and following else f"\\{following}"
                parts.append(Literal(literal, quoted=True))
            elif char == "$":
                self._dollar(parts, quoted=True)
            elif char == "`":
                parts.append(Substitution(self._backticks(quoted=end == '"'), quoted=True))
            else:
                parts.append(Literal(char, quoted=True))
                self.pos += 1
        if end:
            self.fail_open(end)

    def fail_open(self, closing: str) -> None:
        """Complain that the text ended inside a quote or bracket."""
        raise ShellSyntaxError("", closing=closing, incomplete=True, line=self.line())

    def line(self) -> int:
        """Return the number of the line we are on."""
        counted, pos = self._counted, self.pos
        if pos < counted:
            counted, self._line = 0, 1
        self._line += self.text.count("\n", counted, pos)  # on from where we were: a long text has many commands
        self._counted = pos
        return self._line

    def _escape(self, parts: list[Part]) -> None:
        following = self.text[self.pos + 1 : self.pos + 2]
        self.pos += 2
        if following == "\n":
            return
        parts.append(Literal(following or "\\", quoted=True))

    def _double(self, parts: list[Part]) -> None:
        before = len(parts)
        self._deeper()
        self.run_quoted(parts, _IN_DOUBLE, '"')
        self.depth -= 1
        if len(parts) == before:
            parts.append(Literal("", quoted=True))

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ShellSyntaxError("(", line=self.line())

    def _nest(self, closing: str) -> Script:
        self._deeper()
        script = self.script_until(closing)
        self.depth -= 1
        return script

    def _dollar(self, parts: list[Part], *, quoted: bool) -> None:
        text, here = self.text, self.pos
        following = text[here + 1 : here + 2]
        if found := _NAME.match(text, here + 1):
            self.pos = found.end()
            parts.append(Parameter(found[0], quoted))
        elif following and following in _SPECIAL:
            self.pos = here + 2
            parts.append(Parameter(following, quoted))
        elif following == "{":
            self.pos = here + 2
            parts.append(self._braced(quoted=quoted))
        elif text.startswith("$((", here) and (end := self._arithmetic_end(here + 3)) >= 0:
            inner = type(self)(text[here + 3 : end], depth=self.depth + 1, room=self.room)
            body: list[Part] = []
            if inner.depth > MAX_DEPTH:
                raise ShellSyntaxError("(", line=self.line())
            inner.run_quoted(body, _IN_DOUBLE, "", keep="")
            self.pos = end + 2
            parts.append(Arithmetic(Word(tuple(body)), quoted))
        elif following == "(":
            self.pos = here + 2
            parts.append(Substitution(self._nest(")"), quoted))
        elif following == "[" and (end := text.find("]", here)) > 0:
            self.pos = end + 1
            parts.append(Arithmetic(Word((Literal(text[here + 2 : end], quoted=True),)), quoted))
        elif following == "'" and not quoted:
            parts.append(Literal(self._ansi(), quoted=True))
        elif following == '"' and not quoted:
            self.pos = here + 2
            self._double(parts)
        else:
            self.pos = here + 1
            parts.append(Literal("$", quoted))

    def _arithmetic_end(self, start: int) -> int:
        """Return where the ``))`` is that closes ``$((`` at ``start``, -1 if it is a subshell in ``$(``."""
        level = 0
        for count, found in enumerate(re.compile(r"[()]").finditer(self.text, start)):
            if count % 8 == 0:
                self.room.spend()
            if found[0] == "(":
                level += 1
            elif level:
                level -= 1
            else:
                return found.start() if self.text.startswith("))", found.start()) else -1
        return -1

    def _ansi(self) -> str:
        text, start = self.text, self.pos + 2
        end = start
        while end < len(text) and text[end] != "'":
            self.room.spend()
            end += 2 if text[end] == "\\" else 1
        if end >= len(text):
            self.fail_open("'")
        self.pos = end + 1
        return _ANSI.sub(_ansi_character, text[start:end])

    def _backticks(self, *, quoted: bool = False) -> Script:
        text, end = self.text, self.pos + 1
        while end < len(text) and text[end] != "`":
            end += 2 if text[end] == "\\" else 1
        if end >= len(text):
            self.fail_open("`")
        escaped = r'\\([$`\\"])' if quoted else r"\\([$`\\])"
        inner = re.sub(escaped, r"\1", text[self.pos + 1 : end])
        self.pos = end + 1
        self._deeper()
        script = self.parse_nested(inner)
        self.depth -= 1
        return script

    def _braced(self, *, quoted: bool) -> Part:
        text, start = self.text, self.pos
        length = indirect = False
        if text.startswith("#", start) and text[start + 1 : start + 2] not in {"}", ""}:
            length = True
            self.pos += 1
        elif text.startswith("!", start) and text[start + 1 : start + 2] not in {"}", ""}:
            indirect = True
            self.pos += 1
        found = _NAME.match(text, self.pos)
        if found:
            name, self.pos = found[0], found.end()
        else:
            digits = re.compile(r"\d+|[@*#?$!-]").match(text, self.pos)
            name = digits[0] if digits else ""
            self.pos += len(name)
        index = None
        if name and text.startswith("[", self.pos):
            end = text.find("]", self.pos)
            if end < 0:
                self.fail_open("}")
            index = self._index_word(text[self.pos + 1 : end])
            self.pos = end + 1
        if indirect and found and text.startswith(("*}", "@}"), self.pos):
            self.pos += 2
            return Parameter(name, quoted, "names")
        operator = ""
        first = second = None
        if name and not text.startswith("}", self.pos) and (found := _OPERATOR.match(text, self.pos)):
            operator, self.pos = found[0], found.end()
            pattern = operator[0] in "#%/^,"  # quotes around it all do not quote it
            first = self._argument(
                quoted=quoted and not pattern,
                stop="/" if operator.startswith("/") else ":" if operator == ":" else "",
            )
            if (operator.startswith("/") and text.startswith("/", self.pos)) or (
                operator == ":" and text.startswith(":", self.pos)
            ):
                self.pos += 1
                second = self._argument(quoted=quoted, stop="")
        if not text.startswith("}", self.pos):
            end = text.find("}", self.pos)
            if end < 0:
                self.fail_open("}")
            self.pos = end + 1
            return Parameter(text[start:end], quoted, "bad")
        self.pos += 1
        if not name:
            return Parameter(text[start : self.pos - 1], quoted, "bad")
        return Parameter(name, quoted, operator, first, second, length, indirect, index)

    def _index_word(self, text: str) -> Word:
        """Parse what stands in an index: quotes are taken off."""
        if text[:1] in {"'", '"'} or "\\" in text:
            inner = type(self)(text, depth=self.depth + 1)
            word = inner.word()
            if word is not None and inner.pos == len(text):
                return word
        return self._sub_word(text)

    def _sub_word(self, text: str) -> Word:
        inner = type(self)(text, depth=self.depth + 1)
        if inner.depth > MAX_DEPTH:
            raise ShellSyntaxError("(", line=self.line())
        parts: list[Part] = []
        inner.run_quoted(parts, _IN_DOUBLE, "")
        return Word(tuple(parts))

    def _argument(self, *, quoted: bool, stop: str) -> Word:
        """Parse the word after an operator in braces, up to ``}`` or ``stop``."""
        text = self.text
        parts: list[Part] = []
        self._deeper()
        while self.pos < len(text) and text[self.pos] != "}" and (not stop or text[self.pos] != stop):
            self.room.spend()
            char = text[self.pos]
            if char == "\\":
                following = text[self.pos + 1 : self.pos + 2]
                keep = quoted and following not in '$`"\\}'
                parts.append(Literal(f"\\{following}" if keep else following, quoted=True))
                self.pos += 2
            elif char == "'" and not quoted:
                end = text.find("'", self.pos + 1)
                if end < 0:
                    self.fail_open("'")
                parts.append(Literal(text[self.pos + 1 : end], quoted=True))
                self.pos = end + 1
            elif char == '"':
                self.pos += 1
                self._double(parts)
            elif char == "$":
                self._dollar(parts, quoted=quoted)
            elif char == "`":
                parts.append(Substitution(self._backticks(), quoted))
            else:
                found = _IN_BRACES.match(text, self.pos)
                run = found[0] if found else char
                if stop and stop in run:
                    run = run[: run.index(stop)]
                parts.append(Literal(run, quoted))
                self.pos += len(run)
        self.depth -= 1
        if self.pos >= len(text):
            self.fail_open("}")
        return Word(tuple(parts))


def _ansi_character(found: re.Match[str]) -> str:
    letter, octal, hexadecimal, short, long, control = found.groups()
    if letter:
        return _ANSI_LETTERS.get(letter, letter)
    if octal:
        return byte_text(int(octal, 8) & 0xFF)
    if hexadecimal:
        return byte_text(int(hexadecimal, 16))
    if control:
        return chr(ord(control) & 0x1F)
    code = int(short or long, 16)
    return chr(code) if code < 0xD800 or 0xDFFF < code < 0x110000 else ""  # noqa: PLR2004  Unicode's bounds


def byte_text(value: int) -> str:
    """Return a byte as the shell's text holds it (surrogateescape)."""
    return bytes((value,)).decode("utf-8", "surrogateescape")
