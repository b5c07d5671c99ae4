"""This module translates POSIX regular expressions to Python's, and refuses those that could run for ever."""

import re
from functools import lru_cache

from attrs import frozen

MAX_PATTERN = 1000  # characters
MAX_SUBJECT = 2000  # characters searched with a pattern that is not linear
MAX_REPEAT = 255  # RE_DUP_MAX

_CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "space": r"\s", "upper": "A-Z", "lower": "a-z",
    "punct": r"!-/:-@\[-`{-~", "blank": r" \t", "xdigit": "0-9a-fA-F", "print": r"\x20-\x7e", "cntrl": r"\x00-\x1f",
    "graph": r"\x21-\x7e",
}  # fmt: skip


class UnsafePatternError(ValueError):
    """The pattern could take exponential time; tools say it is too big."""


@frozen
class Found:
    """A match."""

    match: re.Match[str]

    @property
    def groups(self) -> int:
        """How many groups the pattern has."""
        return self.match.re.groups

    def group(self, number: int) -> str | None:
        """Return a group's text."""
        value: str | None = self.match.group(number)
        return value

    def span(self) -> tuple[int, int]:
        """Return where it matched."""
        return self.match.span()


@frozen
class Regex:
    """A compiled pattern whose searches end in bounded time."""

    pattern: re.Pattern[str]
    limit: int  # characters of a subject that are searched

    def search(self, text: str, start: int = 0) -> Found | None:
        """Return the first match."""
        found = self.pattern.search(text[: self.limit], start)
        return None if found is None else Found(found)


@lru_cache(maxsize=128)
def compile_posix(pattern: str, *, extended: bool, ignore_case: bool = False, fixed: bool = False) -> Regex:
    """Return a compiled pattern.

    Raises:
        UnsafePatternError: it could take for ever.
        ValueError: it is no pattern.

    """
    if len(pattern) > MAX_PATTERN * (10 if fixed else 1):
        raise UnsafePatternError(pattern[:20])
    flags = re.IGNORECASE if ignore_case else 0
    if fixed:
        return Regex(re.compile(re.escape(pattern), flags), 1 << 20)
    translated, loops = _Translator(pattern, extended=extended).run()
    try:
        compiled = re.compile(translated, flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from None
    return Regex(compiled, 1 << 20 if loops <= 1 else MAX_SUBJECT if loops == 2 else 300)  # noqa: PLR2004  degree of the work


class _Translator:
    def __init__(self, pattern: str, *, extended: bool) -> None:
        self.text = pattern
        self.extended = extended
        self.at = 0
        self.out: list[str] = []
        self.loops = 0  # unbounded repetitions
        self.open: list[int] = []  # of each open group: repetitions and choices seen before it
        self.choices = 0
        self.last = -1  # repetitions and choices before the last atom, -1 if there is nothing to repeat

    def run(self) -> tuple[str, int]:
        text = self.text
        while self.at < len(text):
            char = text[self.at]
            self.at += 1
            if char == "\\":
                self.escaped()
            elif char == "[":
                self.bracket()
            elif char == ".":
                self.atom("(?s:.)")
            elif char == "*":
                self.repeat("*") if self.last >= 0 else self.atom(r"\*")
            elif char == "^":
                anchor = self.extended or self.at == 1 or text[: self.at - 1].endswith((r"\(", r"\|"))
                self.out.append("^") if anchor else self.atom(r"\^")
                self.last = -1
            elif char == "$":
                end = self.extended or self.at == len(text) or text.startswith((r"\)", r"\|"), self.at)
                self.out.append(r"\Z") if end else self.atom(r"\$")
            elif self.extended and char in "+?{|()":
                self.special(char)
            else:
                self.atom(re.escape(char))
        while self.open:
            raise ValueError("Unmatched ( or \\(")
        return "".join(self.out), self.loops

    def weight(self) -> int:
        return self.loops * 1000 + self.choices

    def atom(self, text: str) -> None:
        self.last = self.weight()
        self.out.append(text)

    def repeat(self, operator: str) -> None:
        if self.weight() != self.last and self.out[-1] == ")":
            raise UnsafePatternError(self.text[:20])  # a repetition of what repeats or chooses
        if operator in {"*", "+"} or operator.endswith(",}"):
            self.loops += 1
        if self.out[-1][-1:] in "*+?}" and self.out[-1] not in {r"\*", r"\+", r"\?", r"\}"}:
            return  # a repetition of a repetition adds nothing we need
        self.out.append(operator)

    def special(self, char: str) -> None:
        match char:
            case "(":
                self.open.append(self.weight())
                self.out.append("(")
                self.last = -1
            case ")":
                if not self.open:
                    self.atom(r"\)")
                    return
                self.last = self.open.pop()
                self.out.append(")")
            case "|":
                self.choices += 1
                self.out.append("|")
                self.last = -1
            case "{":
                self.braces()
            case _:
                self.repeat(char) if self.last >= 0 else self.atom(re.escape(char))

    def braces(self) -> None:
        found = re.compile(r"(\d*)(,?)(\d*)(\\?)\}").match(self.text, self.at)
        if found is None or not (found[1] or found[2]) or self.last < 0:
            self.atom(r"\{")
            return
        self.at = found.end()
        if max(int(found[1] or 0), int(found[3] or 0)) > MAX_REPEAT:
            raise UnsafePatternError(self.text[:20])
        low = found[1] or "0"
        self.choices += 1
        self.repeat(f"{{{low}{found[2]}{found[3]}}}")

    def escaped(self) -> None:
        if self.at >= len(self.text):
            raise ValueError("Trailing backslash")
        char = self.text[self.at]
        self.at += 1
        if not self.extended and char in "(){|+?":
            self.special(char)
        elif char in "<>":
            self.out.append(r"\b")
        elif char in "wWsSbB":
            self.atom(f"\\{char}") if char not in "bB" else self.out.append(f"\\{char}")
        elif char in "123456789":
            raise UnsafePatternError(self.text[:20])  # back-references need backtracking
        elif char == "n":
            self.atom(r"\n")
        elif char == "t":
            self.atom(r"\t")
        else:
            self.atom(re.escape(char))

    def bracket(self) -> None:
        text, start = self.text, self.at
        at = start
        out = "["
        if text.startswith("^", at):
            out += "^"
            at += 1
        first = True
        while at < len(text):
            char = text[at]
            if char == "]" and not first:
                self.at = at + 1
                self.atom(out + "]")
                return
            first = False
            if char == "[" and (found := re.compile(r"\[:(\w+):\]").match(text, at)):
                out += _CLASSES.get(found[1], "")
                at = found.end()
                continue
            out += f"\\{char}" if char in r"\[]&|~^" else char
            at += 1
        raise ValueError("Unmatched [, [^, [:, [., or [=")
