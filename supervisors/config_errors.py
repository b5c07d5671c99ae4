"""This module tells what is wrong in a configuration: where, what, and what was probably meant.

ConfigError (ValueError)
    every problem of every file at once; ``str()`` is what an operator reads
"""

import difflib
import json
from collections.abc import Iterable, Sequence

from attrs import evolve, field, frozen

UNREADABLE = "DN1001"
SYNTAX = "DN1002"
UNKNOWN_KEY = "DN1003"
INVALID = "DN1012"

MAX_PROBLEMS = 100  # shown; a file of garbage must not flood a terminal
_EXCERPT = 160  # characters of a source line
_ECHO = 60  # characters of a value


@frozen
class Place:
    """A stretch of one line of one file. ``line`` and ``column`` count from 1; line 0 means "the file as a whole"."""

    file: str = ""
    line: int = 0
    column: int = 0
    width: int = 1
    source: str = field(default="", repr=False)

    def hidden(self) -> "Place":
        """Return the place without its source line, which holds a secret."""
        return evolve(self, source="")


@frozen(kw_only=True)
class Problem:
    """One thing wrong. ``key`` is the path of the value, such as ``output[0].min_severity``; empty for a file."""

    file: str
    line: int
    column: int
    key: str
    text: str
    suggestion: str | None = None
    code: str
    width: int = 1
    source: str = field(default="", repr=False)

    @property
    def where(self) -> str:
        """``file:line:column: ``, as far as it is known."""
        if not self.file:
            return ""
        return f"{self.file}:{self.line}:{self.column}: " if self.line else f"{self.file}: "

    @property
    def what(self) -> str:
        """What is wrong, and of which key."""
        return f"{self.key}: {self.text}" if self.key and self.code == INVALID else self.text

    @property
    def guess(self) -> str:
        """What was probably meant, as a question; empty when nothing is known."""
        return f"did you mean {quote(self.suggestion)}?" if self.suggestion else ""

    def line_of_text(self) -> str:
        """Return where, what, and what was probably meant, in one line."""
        return self.where + self.what + (f" ({self.guess})" if self.guess else "")

    def render(self) -> str:
        """Return the headline, the source line and the underline."""
        guess = self.guess
        inline = bool(guess) and (self.code == UNKNOWN_KEY or not self.source)
        head = f"{self.where}error {self.code}: {self.what}" + (f" ({guess})" if inline else "")
        if not self.source:
            return head
        start = max(0, self.column - 1 - _EXCERPT // 3) if len(self.source) > _EXCERPT else 0
        excerpt = printable(self.source[start : start + _EXCERPT])
        left = self.column - 1 - start
        carets = "^" * max(1, min(self.width, len(excerpt) - left))
        under = " " * left + carets + ("" if inline or not guess else f" {guess}")
        return f"{head}\n{self.line:>5} | {excerpt}\n{'':>5} | {under}"


class ConfigError(ValueError):
    """The configuration cannot be used; ``problems`` are in the order of the files, then of their lines.

    A line that one problem hides (it holds a secret) is shown for none.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        problems = tuple(problems)
        hidden = {(problem.file, problem.line) for problem in problems if not problem.source}
        self.problems = tuple(evolve(p, source="") if (p.file, p.line) in hidden else p for p in problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        shown = [problem.render() for problem in self.problems[:MAX_PROBLEMS]]
        count = len(self.problems)
        if count > MAX_PROBLEMS:
            shown.append(f"... and {count - MAX_PROBLEMS} more")
        shown.append(f"{count} error{'' if count == 1 else 's'}; nothing was changed.")
        return "\n".join(shown)


def problem_at(place: Place, code: str, text: str, *, key: str = "", suggestion: str | None = None) -> Problem:
    """Return the problem at a place."""
    return Problem(
        file=place.file,
        line=place.line,
        column=place.column,
        width=place.width,
        source=place.source,
        key=key,
        text=text,
        suggestion=suggestion,
        code=code,
    )


def closest(word: str, options: Sequence[str]) -> str | None:
    """Return the option that was probably meant, if any comes near."""
    found = difflib.get_close_matches(word[:_ECHO].lower(), options, n=1, cutoff=0.6)
    return found[0] if found else None


def quote(value: str) -> str:
    """Return text in double quotes, cut and free of control characters."""
    return printable(json.dumps(value[:_ECHO] + ("..." if len(value) > _ECHO else ""), ensure_ascii=False))


def printable(text: str) -> str:
    """Return the text with each character a terminal may act upon replaced by one that it shows."""
    return "".join(c if c.isprintable() else " " if c == "\t" else "\ufffd" for c in text)
