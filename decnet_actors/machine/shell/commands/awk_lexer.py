"""This module cuts awk programs into tokens (POSIX, "awk", "Lexical Conventions")."""

import re

from decnet_actors.machine.shell.state import BudgetSpentError
from decnet_actors.machine.shell.words import byte_text

MAX_PROGRAM = 20_000  # characters
MAX_DEPTH = 30  # nested expressions and statements
_KEYWORDS = frozenset(
    [
        "BEGIN",
        "END",
        "break",
        "continue",
        "delete",
        "do",
        "else",
        "exit",
        "for",
        "function",
        "func",
        "getline",
        "if",
        "in",
        "next",
        "nextfile",
        "print",
        "printf",
        "return",
        "while",
    ]
)
_TOKEN = re.compile(
    r"(?P<space>(?:[ \t\r]|\\\r?\n|\#[^\n]*)+)|(?P<number>0[xX][0-9a-fA-F]{1,15}|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r'|(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<name>[A-Za-z_]\w*)'
    r"|(?P<mark>\n|\|\||&&|\+\+|--|\*\*=|\*\*|[-+*/%^=!<>]=|>>|!~|[-+*/%^=!<>~$(){}\[\];,?:|])",
    re.DOTALL | re.ASCII,
)
_ESCAPE = re.compile(r"\\(?:([abfnrtv\"\\/])|([0-7]{1,3})|(.))", re.DOTALL)
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class AwkSyntaxError(ValueError):
    """The program is none; the message is mawk's."""


def unescaped(text: str) -> str:
    """Return what a string constant stands for."""

    def one(found: re.Match[str]) -> str:
        if found[1] is not None:
            return _LETTERS.get(found[1], found[1])
        return byte_text(int(found[2], 8) & 0xFF) if found[2] else f"\\{found[3]}"

    return _ESCAPE.sub(one, text)


class AwkLexer:
    """The token at hand: its kind and text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.kind = self.lexeme = ""
        self.depth = 0
        self.step()

    def step(self) -> None:
        """Go to the next lexeme."""
        while True:
            if self.at >= len(self.text):
                self.kind, self.lexeme = "end", ""
                return
            found = _TOKEN.match(self.text, self.at)
            if found is None:
                self.lexeme = self.text[self.at]
                raise self.wrong()
            self.at = found.end()
            self.line += found[0].count("\n")
            kind = found.lastgroup or ""
            if kind != "space":
                break
        self.kind, self.lexeme = kind, found[0]
        if kind == "name" and self.lexeme in _KEYWORDS:
            self.kind = "keyword"

    def regex(self) -> str:
        """Return the text of a regular expression whose first slash is the lexeme."""
        start = at = self.at - (len(self.lexeme) - 1)
        bracket = False
        while at < len(self.text) and (self.text[at] != "/" or bracket):
            if self.text[at] == "\n":
                break
            if self.text[at] == "\\":
                at += 1
            elif self.text[at] == "[":
                bracket = True
            elif self.text[at] == "]":
                bracket = False
            at += 1
        if self.text[at : at + 1] != "/":
            raise AwkSyntaxError(f"line {self.line}: regular expression compile failed (missing '/')")
        self.at = at + 1
        self.step()
        return self.text[start:at].replace("\\/", "/")

    def wrong(self) -> AwkSyntaxError:
        if self.kind == "end":
            return AwkSyntaxError(f"line {self.line + 1}: missing }} near end of file")
        near = "end of line" if self.lexeme == "\n" else self.lexeme
        return AwkSyntaxError(f"line {self.line}: syntax error at or near {near}")

    def take(self, lexeme: str) -> bool:
        if self.lexeme != lexeme or self.kind in {"string", "end"}:
            return False
        self.step()
        return True

    def want(self, lexeme: str) -> None:
        if not self.take(lexeme):
            raise self.wrong()

    def name(self) -> str:
        name = self.lexeme
        if self.kind != "name":
            raise self.wrong()
        self.step()
        return name

    def blank(self, also: str = "") -> None:
        while self.kind == "mark" and self.lexeme in {"\n", also}:
            self.step()

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BudgetSpentError
