"""This module holds ``expr``: POSIX's operators over its words, in bounded depth."""

import re
from collections.abc import Generator, Mapping, Sequence

from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.regexes import compile_posix
from decnet_actors.machine.shell.streams import Pause, Work

MAX_DEPTH = 40
_LEVELS: Sequence[frozenset[str]] = (
    frozenset({"|"}), frozenset({"&"}), frozenset({"<", "<=", "=", "==", "!=", ">=", ">"}), frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}), frozenset({":"}),
)  # fmt: skip
_NUMBER = re.compile(r"-?\d{1,40}")


class ExpressionError(ValueError):
    """The expression has no value; the text is what ``expr`` says."""


class _Expression:
    def __init__(self, ctx: Context, words: Sequence[str]) -> None:
        self.ctx, self.words = ctx, words
        self.at = 0
        self.depth = 0

    def level(self, rank: int) -> Generator[Pause, None, str]:
        if rank >= len(_LEVELS):
            return (yield from self.operand())
        left = yield from self.level(rank + 1)
        while self.at < len(self.words) and self.words[self.at] in _LEVELS[rank]:
            operator = self.words[self.at]
            self.at += 1
            right = yield from self.level(rank + 1)
            left = (yield from self.matched(left, right)) if operator == ":" else _applied(operator, left, right)
        return left

    def finish(self) -> None:
        """Complain of words that are left."""
        if self.at < len(self.words):
            raise ExpressionError(f"syntax error: unexpected argument \u2018{self.words[self.at]}\u2019")

    def operand(self) -> Generator[Pause, None, str]:
        if self.at >= len(self.words):
            raise ExpressionError(f"syntax error: missing argument after \u2018{self.words[-1]}\u2019")
        word = self.words[self.at]
        self.at += 1
        if word == "(":
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise ExpressionError("syntax error")
            value = yield from self.level(0)
            self.depth -= 1
            if self.at >= len(self.words):
                raise ExpressionError(f"syntax error: expecting ')' after \u2018{self.words[-1]}\u2019")
            if self.words[self.at] != ")":
                raise ExpressionError(f"syntax error: expecting ')' instead of \u2018{self.words[self.at]}\u2019")
            self.at += 1
            return value
        if word == "+":
            return self.text()
        if self.at >= len(self.words):
            return word
        match word:
            case "length":
                return str(len(self.text()))
            case "match":
                subject = self.text()
                return (yield from self.matched(subject, self.text()))
            case "index":
                subject, chars = self.text(), self.text()
                return str(next((place for place, char in enumerate(subject, 1) if char in chars), 0))
            case "substr":
                subject, start, size = self.text(), self.text(), self.text()
                low, count = (int(text[:9]) if text.isdecimal() else 0 for text in (start, size))
                return subject[low - 1 : low - 1 + count] if low > 0 else ""
            case _:
                return word

    def text(self) -> str:
        if self.at >= len(self.words):
            raise ExpressionError(f"syntax error: missing argument after \u2018{self.words[-1]}\u2019")
        self.at += 1
        return self.words[self.at - 1]

    def matched(self, subject: str, pattern: str) -> Generator[Pause, None, str]:
        try:
            regex = compile_posix(f"^{pattern}" if not pattern.startswith("^") else pattern, extended=False)
        except ValueError:
            raise ExpressionError("Invalid regular expression") from None
        found = yield from regex.search(subject, self.ctx.world.budget)
        if regex.groups:
            return (found.group(1) or "") if found else ""
        return str(found.end if found else 0)


def _applied(operator: str, left: str, right: str) -> str:
    true = {"", "0"}
    if operator == "|":
        return left if left not in true else right or "0"
    if operator == "&":
        return left if left not in true and right not in true else "0"
    numbers = _NUMBER.fullmatch(left) and _NUMBER.fullmatch(right)
    if operator in _LEVELS[2]:
        a, b = (int(left), int(right)) if numbers else (left, right)
        return str(int(_compared(operator, a, b)))
    if not numbers:
        raise ExpressionError("non-integer argument")
    x, y = int(left), int(right)
    if operator in "/%" and not y:
        raise ExpressionError("division by zero")
    quotient = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1) if operator in "/%" else 0
    return str({"+": x + y, "-": x - y, "*": x * y, "/": quotient, "%": x - quotient * y}[operator])


def _compared(operator: str, a: int | str, b: int | str) -> bool:
    if operator in {"=", "=="}:
        return a == b
    if operator == "!=":
        return a != b
    below = a < b  # type: ignore[operator]  # both are of one kind
    return (
        below
        if operator == "<"
        else not below
        if operator == ">="
        else below or a == b
        if operator == "<="
        else not (below or a == b)
    )


def expr(ctx: Context) -> Work:
    """Compute an expression."""
    if not ctx.args:
        ctx.usage("expr: missing operand\nTry 'expr --help' for more information.\n", 2)
    run = _Expression(ctx, ctx.args[1:] if ctx.args[0] == "--" else ctx.args)
    try:
        value = yield from run.level(0)
        run.finish()
    except ExpressionError as error:
        return ctx.fail(str(error), 2)
    ctx.out(f"{value}\n")
    return int(not value or re.fullmatch(r"-?0+", value) is not None)


COMMANDS: Mapping[str, Function] = {"expr": expr}
