"""This module holds ``bc``: decimal arithmetic with variables, in bounded time."""

import re
from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal, localcontext
from decimal import Context as Digits

from attrs import define, field

from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.streams import BREATHE, Work

MAX_DIGITS = 2000  # of a number
MAX_DEPTH = 40
MAX_SCALE = 200  # digits behind the point
MAX_LINE = 2000  # characters of a statement
WIDTH = 69  # digits of a line of output; a longer number goes on behind a backslash
MATHS_SCALE = 20  # of -l
_WORD = re.compile(r"\s*(?:(\d+\.?\d*|\.\d+)|([a-z][a-z0-9_]*)|(==|!=|<=|>=|[-+*/%^()=<>]))")
_RANKS = {"==": 1, "!=": 1, "<": 1, "<=": 1, ">": 1, ">=": 1, "+": 2, "-": 2, "*": 3, "/": 3, "%": 3, "^": 4}
_BANNER = (
    "bc 1.07.1\nCopyright 1991-1994, 1997, 1998, 2000, 2004, 2006, 2008, 2012-2017 Free Software Foundation, Inc.\n"
    "This is free software with ABSOLUTELY NO WARRANTY.\nFor details type `warranty'. \n"
)


class StatementError(Exception):
    """The text is no statement."""


class ComputeError(Exception):
    """There is no value; the text is what bc says."""


@define
class _Machine:
    scale: int = 0
    variables: dict[str, Decimal] = field(factory=dict)
    tokens: list[str] = field(factory=list)
    at: int = 0

    def run(self, text: str) -> Decimal | None:
        """Return the value of a statement that shows one."""
        self.tokens, self.at = _tokens(text), 0
        if not self.tokens:
            return None
        assigns = len(self.tokens) > 2 and self.tokens[1] == "=" and self.tokens[0][0].isalpha()  # noqa: PLR2004  a=1
        if assigns:
            self.at = 2
        value = self._level(1, 0)
        if self.at < len(self.tokens):
            raise StatementError
        if not assigns:
            return value
        if self.tokens[0] == "scale":
            self.scale = max(0, min(int(value), MAX_SCALE))
        else:
            self.variables[self.tokens[0]] = value
        return None

    def _level(self, rank: int, depth: int) -> Decimal:
        if depth > MAX_DEPTH:
            raise StatementError
        left = self._operand(depth)
        while self.at < len(self.tokens) and _RANKS.get(self.tokens[self.at], 0) >= rank:
            operator = self.tokens[self.at]
            self.at += 1
            right = self._level(_RANKS[operator] + (operator != "^"), depth + 1)
            left = self._applied(operator, left, right)
        return left

    def _operand(self, depth: int) -> Decimal:
        if self.at >= len(self.tokens):
            raise StatementError
        word = self.tokens[self.at]
        self.at += 1
        if word == "-":
            return -self._level(_RANKS["^"], depth + 1)
        if word == "(" or (word == "sqrt" and self.tokens[self.at : self.at + 1] == ["("]):
            self.at += word != "("
            value = self._level(1, depth + 1)
            if self.tokens[self.at : self.at + 1] != [")"]:
                raise StatementError
            self.at += 1
            return value if word == "(" else self._root(value)
        if word[0].isdigit() or word[0] == ".":
            return Decimal(word)
        if word[0].isalpha():
            return Decimal(self.scale) if word == "scale" else self.variables.get(word, Decimal(0))
        raise StatementError

    def _root(self, value: Decimal) -> Decimal:
        if value < 0:
            raise ComputeError("Square root of a negative number")
        return _cut(value.sqrt(), max(self.scale, _places(value)))

    def _applied(self, operator: str, left: Decimal, right: Decimal) -> Decimal:
        match operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                places = _places(left) + _places(right)
                return _cut(left * right, min(places, max(self.scale, _places(left), _places(right))))
            case "/" | "%":
                if not right:
                    raise ComputeError("Divide by zero" if operator == "/" else "Modulo by zero")
                quotient = _cut(left / right, self.scale)
                if operator == "/":
                    return quotient
                return _cut(left - quotient * right, max(self.scale + _places(right), _places(left)))
            case "^":
                return self._power(left, right)
            case _:
                return Decimal(int(_compared(operator, left, right)))

    def _power(self, left: Decimal, right: Decimal) -> Decimal:
        exponent = int(right)
        if abs(exponent) * max(1, left.adjusted() + 1, len(left.as_tuple().digits)) > MAX_DIGITS:
            raise ComputeError("exponent too large in raise")
        if exponent < 0:
            return _cut(1 / left**-exponent, self.scale) if left else Decimal(0)
        return _cut(left**exponent, min(_places(left) * exponent, max(self.scale, _places(left))))


def _compared(operator: str, left: Decimal, right: Decimal) -> bool:
    return {
        "==": left == right, "!=": left != right, "<": left < right, "<=": left <= right, ">": left > right,
        ">=": left >= right,
    }[operator]  # fmt: skip


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            raise StatementError
        found.append(match[1] or match[2] or match[3])
        at = match.end()
    return found


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _cut(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_DOWN)


def _shown(value: Decimal) -> str:
    text = format(value, "f")
    if value == 0:
        return "0"
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    text = sign + digits.removeprefix("0") if digits.startswith("0.") else text
    if len(text) <= WIDTH:
        return text
    cut = WIDTH - 1
    return "\\\n".join(text[start : start + cut] for start in range(0, len(text), cut))


def bc(ctx: Context) -> Work:
    """Compute line after line, until the input ends or says ``quit``."""
    machine = _Machine(scale=MATHS_SCALE if {"-l", "--mathlib"} & set(ctx.args) else 0)
    if {"-v", "--version"} & set(ctx.args):
        ctx.out(_BANNER.partition("\nThis")[0] + "\n")
        return 0
    if ctx.stdin.terminal and not {"-q", "--quiet"} & set(ctx.args):
        ctx.out(_BANNER)
    number = 0
    while True:
        line = yield from ctx.stdin.read_line()
        if not line:
            return 0
        number += 1
        if ctx.world.budget.due:
            yield BREATHE
        statements = [one.strip() for one in line.decode("utf-8", "replace").partition("#")[0].split(";")]
        if "quit" in statements:  # it ends bc as soon as it is read, before what stands on its line
            return 0
        for statement in statements:
            if statement == "halt":
                return 0
            _state(ctx, machine, statement[:MAX_LINE], number)


def _state(ctx: Context, machine: _Machine, statement: str, number: int) -> None:
    try:
        with localcontext(Digits(prec=2 * MAX_DIGITS + MAX_SCALE)):
            value = machine.run(statement)
            if value is not None:
                ctx.out(f"{_shown(value)}\n")
    except StatementError:
        ctx.err(f"(standard_in) {number}: syntax error\n")
    except (ComputeError, ArithmeticError) as error:
        reason = str(error) if isinstance(error, ComputeError) else "Out of memory"
        ctx.err(f"Runtime error (func=(main), adr={len(machine.tokens)}): {reason}\n")


COMMANDS: Mapping[str, Function] = {"bc": bc}
