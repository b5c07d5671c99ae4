"""This module parses POSIX regular expressions, basic and extended, into trees."""

import re
from collections.abc import Sequence
from typing import TypeAlias

from attrs import frozen

MAX_PATTERN = 1000  # characters
MAX_REPEAT = 255  # RE_DUP_MAX
MAX_DEPTH = 50  # nested groups
MAX_GROUPS = 9  # that a replacement can name; others group without being remembered

CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "space": r"\s", "upper": "A-Z", "lower": "a-z",
    "punct": r"!-/:-@\[-`{-~", "blank": r" \t", "xdigit": "0-9a-fA-F", "print": r"\x20-\x7e", "cntrl": r"\x00-\x1f",
    "graph": r"\x21-\x7e",
}  # fmt: skip
NAMED = re.compile(r"\[:(\w+):\]")
_INTERVAL = re.compile(r"(\d*)(,?)(\d*)(\\?)\}")
_ESCAPED = {"n": "\n", "t": "\t"}


class UnsafePatternError(ValueError):
    """The pattern would take too much time or room; tools say it is too big."""


@frozen
class One:
    """One character: ``source`` is a class, or the character ``text``, in Python's syntax."""

    source: str
    text: str = ""


@frozen
class Edge:
    """A place between characters: ``^``, ``$``, ``b`` at the edge of a word, ``B`` not there."""

    kind: str


@frozen
class Repeat:
    """An item again and again; without ``most`` there is no end."""

    item: "Tree"
    least: int
    most: int | None


@frozen
class Group:
    """What a bracket holds; ``number`` is 0 if it is not remembered."""

    number: int
    choices: "Choices"


Tree: TypeAlias = One | Edge | Repeat | Group
Choices: TypeAlias = tuple[tuple[Tree, ...], ...]


def parse_posix(pattern: str, *, extended: bool) -> tuple[Choices, int]:
    """Return the tree of a pattern, and how many groups it remembers.

    Raises:
        UnsafePatternError: it is too big.
        ValueError: it is no pattern.

    """
    if len(pattern) > MAX_PATTERN:
        raise UnsafePatternError(pattern[:20])
    parser = _Parser(pattern, extended=extended)
    choices = parser.choices()
    if parser.at < len(pattern):
        raise ValueError("Unmatched ) or \\)")
    return choices, min(parser.groups, MAX_GROUPS)


class _Parser:
    def __init__(self, text: str, *, extended: bool) -> None:
        self.text = text
        self.extended = extended
        self.at = 0
        self.depth = 0
        self.groups = 0

    def choices(self) -> Choices:
        out = [self.sequence()]
        while self.operator() == "|":
            self.step()
            out.append(self.sequence())
        return tuple(out)

    def operator(self) -> str:
        """Return the operator here without its backslash: one of ``( ) | { + ? *``, or nothing."""
        char = self.text[self.at : self.at + 1]
        if char == "*" or (self.extended and char and char in "()|{+?"):
            return char
        following = self.text[self.at + 1 : self.at + 2]
        return following if not self.extended and char == "\\" and following and following in "()|{+?" else ""

    def step(self) -> None:
        self.at += 2 if self.text[self.at] == "\\" else 1

    def sequence(self) -> tuple[Tree, ...]:
        items: list[Tree] = []
        piled = 0  # repetitions on one item
        while self.at < len(self.text):
            operator = self.operator()
            if operator == "|" or (operator == ")" and (self.depth or not self.extended)):
                break
            repeatable = bool(items) and not isinstance(items[-1], Edge)
            piled = piled + 1 if operator and operator in "*+?{" else 0
            if piled > MAX_DEPTH:
                raise UnsafePatternError(self.text[:20])
            if operator and operator in "*+?" and repeatable:
                self.step()
                items[-1] = Repeat(items[-1], int(operator == "+"), 1 if operator == "?" else None)
            elif operator == "{" and repeatable and (found := self.interval()):
                items[-1] = Repeat(items[-1], *found)
            elif operator == "(":
                items.append(self.group())
            elif operator:
                self.step()
                items.append(one(operator))
            else:
                items.append(self.atom(first=not items))
        return tuple(items)

    def interval(self) -> tuple[int, int | None] | None:
        start = self.at + (1 if self.extended else 2)
        found = _INTERVAL.match(self.text, start)
        if found is None or not (found[1] or found[2]):
            return None
        self.at = found.end()
        least, most = int(found[1] or 0), int(found[3]) if found[3] else None if found[2] else int(found[1])
        if max(least, most or 0) > MAX_REPEAT:
            raise UnsafePatternError(self.text[:20])
        if most is not None and most < least:
            raise ValueError("Invalid content of \\{\\}")
        return least, most

    def group(self) -> Group:
        self.step()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise UnsafePatternError(self.text[:20])
        self.groups += 1
        number = self.groups if self.groups <= MAX_GROUPS else 0
        choices = self.choices()
        if self.operator() != ")":
            raise ValueError("Unmatched ( or \\(")
        self.step()
        self.depth -= 1
        return Group(number, choices)

    def atom(self, *, first: bool) -> Tree:
        text = self.text
        char = text[self.at]
        self.at += 1
        if char == "\\":
            return self.escaped()
        if char == "[":
            return self.bracket()
        if char == ".":
            return One("(?s:.)")
        if char == "^" and (self.extended or first):
            return Edge("^")
        if char == "$" and (self.extended or self.at == len(text) or text.startswith((r"\)", r"\|"), self.at)):
            return Edge("$")
        return one(char)

    def escaped(self) -> Tree:
        if self.at >= len(self.text):
            raise ValueError("Trailing backslash")
        char = self.text[self.at]
        self.at += 1
        if char in "123456789":
            raise UnsafePatternError(self.text[:20])  # back-references need backtracking
        if char in "<>bB":
            return Edge("B" if char == "B" else "b")
        if char in "wWsS":
            return One(f"\\{char}")
        return one(_ESCAPED.get(char, char))

    def bracket(self) -> One:
        text, at = self.text, self.at
        out = "["
        if text.startswith("^", at):
            out += "^"
            at += 1
        first = True
        while at < len(text):
            char = text[at]
            if char == "]" and not first:
                self.at = at + 1
                return One(out + "]")
            first = False
            if char == "[" and (found := NAMED.match(text, at)):
                out += CLASSES.get(found[1], "")
                at = found.end()
                continue
            out += f"\\{char}" if char in r"\[]&|~^" else char
            at += 1
        raise ValueError("Unmatched [, [^, [:, [., or [=")


def one(char: str) -> One:
    """Return the item that is one character."""
    return One(re.escape(char), char)


def literal_of(choices: Sequence[Sequence[Tree]]) -> str | None:
    """Return the text a pattern stands for, ``None`` if it stands for more than one."""
    if len(choices) != 1 or not all(isinstance(item, One) and item.text for item in choices[0]):
        return None
    return "".join(item.text for item in choices[0] if isinstance(item, One))
