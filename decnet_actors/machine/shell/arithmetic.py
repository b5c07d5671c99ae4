"""This module computes shell arithmetic: C's operators on 64-bit numbers, in bounded time."""

import re
from collections.abc import Callable

from attrs import define

MAX_LENGTH = 10_000  # characters of one expression
MAX_TOKENS = 10_000  # of one expression and of those its variables hold
_MAX_DEPTH = 40
_TOKEN = re.compile(
    r"\s*(?:(\d+#[\w@]+|0[xX][0-9a-fA-F]+|\d+)|([A-Za-z_]\w*(?:\[[^\]]*\])?)"
    r"|(\*\*|<<=|>>=|\+\+|--|&&|\|\||<<|>>|<=|>=|==|!=|[-+*/%&|^]=|[-+*/%&|^~!<>=?:(),]))",
    re.ASCII,
)
_LEVELS = {
    ",": 1, "=": 2, "?": 3, "||": 4, "&&": 5, "|": 6, "^": 7, "&": 8, "==": 9, "!=": 9, "<": 10, ">": 10, "<=": 10,
    ">=": 10, "<<": 11, ">>": 11, "+": 12, "-": 12, "*": 13, "/": 13, "%": 13, "**": 14,
}  # fmt: skip
_ASSIGNING = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="})
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ@_"


class ArithmeticShellError(ValueError):
    """The expression is wrong; the text is what bash says after it."""


def wrap(number: int) -> int:
    """Return a number as 64 bits, signed."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def evaluate(text: str, get: Callable[[str], str], put: Callable[[str, str], None]) -> int:
    """Return the value of an expression; ``get`` and ``put`` reach the variables.

    Raises:
        ArithmeticShellError: it is none.

    """
    return _evaluate(text, get, put, _Room(), 0)


@define
class _Room:
    """What is left of the tokens of one expression."""

    tokens: int = MAX_TOKENS


def _evaluate(text: str, get: Callable[[str], str], put: Callable[[str, str], None], room: _Room, depth: int) -> int:
    if len(text) > MAX_LENGTH or depth > 8:  # noqa: PLR2004  variables naming variables
        raise ArithmeticShellError("expression recursion level exceeded")
    if not text.strip():
        return 0
    return _Calculator(text, get, put, room, depth).run()


def _binary(operator: str, left: int, right: int) -> int:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "**":
            if right < 0:
                raise ArithmeticShellError("exponent less than 0")
            return pow(left, right, 1 << 64)
        case "/" | "%":
            if right == 0:
                raise ZeroDivisionError
            quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
            return quotient if operator == "/" else left - quotient * right
        case "<<":
            return left << (right & 63)
        case ">>":
            return left >> (right & 63)
        case "&":
            return left & right
        case "|":
            return left | right
        case "^":
            return left ^ right
        case _:
            return int(
                {
                    "==": left == right, "!=": left != right, "<": left < right, ">": left > right,
                    "<=": left <= right, ">=": left >= right,
                }[operator]
            )  # fmt: skip


class _Calculator:
    """A precedence climber over the tokens; ``live`` is off in branches that are not taken."""

    def __init__(
        self, text: str, get: Callable[[str], str], put: Callable[[str, str], None], room: _Room, depth: int
    ) -> None:
        self.get, self.put, self.room, self.depth = get, put, room, depth
        self.tokens: list[tuple[str, str]] = []
        self.at = 0
        self.level = 0
        self.live = True
        position = 0
        stripped = text.rstrip()
        while position < len(stripped):
            found = _TOKEN.match(stripped, position)
            if found is None:
                rest = stripped[position:].strip()
                raise ArithmeticShellError(f'syntax error: invalid arithmetic operator (error token is "{rest}")')
            number, name, operator = found.groups()
            self.tokens.append(("number", number) if number else ("name", name) if name else ("operator", operator))
            position = found.end()
            room.tokens -= 1
            if room.tokens < 0:
                raise ArithmeticShellError("expression recursion level exceeded")

    def run(self) -> int:
        value = self.expression(0)
        if self.at < len(self.tokens):
            rest = " ".join(text for _, text in self.tokens[self.at :])
            raise ArithmeticShellError(f'syntax error in expression (error token is "{rest}")')
        return value

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) and self.tokens[self.at][0] == "operator" else ""

    def expression(self, least: int) -> int:
        self.level += 1
        if self.level > _MAX_DEPTH:
            raise ArithmeticShellError("expression recursion level exceeded")
        left = self.unary()
        while (operator := self.peek()) and (level := _LEVELS.get(operator, 0)) and level > least:
            self.at += 1
            if operator == "?":
                left = self.choice(left)
            elif operator in {"&&", "||"}:
                left = self.logical(operator, left, level)
            elif operator == ",":
                left = self.expression(level)
            elif operator == "=":
                raise ArithmeticShellError('attempted assignment to non-variable (error token is "=")')
            else:
                right = self.expression(level - 1 if operator == "**" else level)
                left = wrap(self.combined(operator, left, right)) if self.live else 0
        self.level -= 1
        return left

    def combined(self, operator: str, left: int, right: int) -> int:
        try:
            return _binary(operator, left, right)
        except ZeroDivisionError:
            token = self.tokens[self.at - 1][1]
            raise ArithmeticShellError(f'division by 0 (error token is "{token}")') from None

    def choice(self, condition: int) -> int:
        before = self.live
        self.live = before and condition != 0
        first = self.expression(2)
        if self.peek() != ":":
            raise ArithmeticShellError("`:' expected for conditional expression")
        self.at += 1
        self.live = before and condition == 0
        second = self.expression(2)
        self.live = before
        return first if condition else second

    def logical(self, operator: str, left: int, level: int) -> int:
        before = self.live
        self.live = before and (left != 0) == (operator == "&&")
        right = self.expression(level)
        self.live = before
        return int(bool(left) and bool(right)) if operator == "&&" else int(bool(left) or bool(right))

    def unary(self) -> int:
        if self.at >= len(self.tokens):
            last = self.tokens[-1][1]
            raise ArithmeticShellError(f'syntax error: operand expected (error token is "{last}")')
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return self.number(text)
        if kind == "name":
            return self.variable(text)
        if text == "(":
            value = self.expression(0)
            if self.peek() != ")":
                raise ArithmeticShellError("missing `)'")
            self.at += 1
            return value
        if text in {"++", "--"} and self.at < len(self.tokens) and self.tokens[self.at][0] == "name":
            name = self.tokens[self.at][1]
            self.at += 1
            return self.store(name, self.read(name) + (1 if text == "++" else -1))
        if text in {"-", "+", "!", "~", "++", "--"}:
            self.level += 1
            if self.level > _MAX_DEPTH:
                raise ArithmeticShellError("expression recursion level exceeded")
            value = self.unary()
            self.level -= 1
            return wrap({"-": -value, "!": int(value == 0), "~": ~value}.get(text, value))
        raise ArithmeticShellError(f'syntax error: operand expected (error token is "{text}")')

    def number(self, text: str) -> int:
        if "#" in text:
            base, _, digits = text.partition("#")
            radix = int(base[:4])
            if not 2 <= radix <= 64:  # noqa: PLR2004  bash's bounds
                raise ArithmeticShellError("invalid arithmetic base")
            value = 0
            for digit in digits.lower() if radix <= 36 else digits:  # noqa: PLR2004  letters without case
                place = _DIGITS.find(digit)
                if not 0 <= place < radix:
                    raise ArithmeticShellError(f'value too great for base (error token is "{text}")')
                value = wrap(value * radix + place)
            return value
        if text[:2] in {"0x", "0X"}:
            return wrap(int(text[2:40], 16))
        if text.startswith("0") and len(text) > 1:
            if not set(text) <= set("01234567"):
                raise ArithmeticShellError(f'value too great for base (error token is "{text}")')
            return wrap(int(text[:60], 8))
        return wrap(int(text[:60]))

    def variable(self, name: str) -> int:
        operator = self.peek()
        if operator in _ASSIGNING:
            self.at += 1
            right = self.expression(1)
            if operator == "=":
                return self.store(name, right)
            return self.store(name, self.combined(operator[:-1], self.read(name), right) if self.live else 0)
        if operator in {"++", "--"}:
            self.at += 1
            value = self.read(name)
            self.store(name, value + (1 if operator == "++" else -1))
            return value
        return self.read(name)

    def read(self, name: str) -> int:
        if not self.live:
            return 0
        text = self.get(name).strip()
        if not text:
            return 0
        if re.fullmatch(r"-?[1-9]\d{0,17}|0", text):
            return int(text)
        return _evaluate(text, self.get, self.put, self.room, self.depth + 1)

    def store(self, name: str, value: int) -> int:
        value = wrap(value)
        if self.live:
            self.put(name, str(value))
        return value
