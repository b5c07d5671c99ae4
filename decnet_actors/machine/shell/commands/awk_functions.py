"""This module holds the functions every awk program may call."""

import math
import re
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from decnet_actors.machine.shell.commands import awk_values as values
from decnet_actors.machine.shell.commands.awk_tree import Node
from decnet_actors.machine.shell.commands.awk_values import Value
from decnet_actors.machine.shell.state import MAX_VALUE
from decnet_actors.machine.shell.streams import BREATHE, Pause

if TYPE_CHECKING:
    from decnet_actors.machine.shell.commands.awk_runner import AwkRunner

MAX_REPLACED = 10_000  # matches of one text
_WHOLE = re.compile(r"\\(.)|&", re.DOTALL)


def substituted(runner: "AwkRunner", name: str, parts: Sequence[Node]) -> Generator[Pause, None, Value]:
    """``sub`` and ``gsub``: replace in a variable or the record; return how often."""
    regex = runner.regex((yield from runner.pattern(parts[0])))
    template = values.text((yield from runner.value(parts[1])))
    target = parts[2] if len(parts) > 2 else Node("field", parts=(Node("number", "0"),))  # noqa: PLR2004  a third
    subject = values.text((yield from runner.value(target)))
    out: list[str] = []
    at = count = size = 0
    while at <= len(subject) and count < MAX_REPLACED and size < MAX_VALUE:
        found = yield from regex.search(subject, runner.budget, at)
        if found is None:
            break
        runner.step()
        if runner.budget.due:
            yield BREATHE
        start, end = found.span()
        out += (subject[at:start], _replacement(template, subject[start:end]))
        size += len(out[-1]) + start - at
        count += 1
        at = end
        if end == start:
            out.append(subject[end : end + 1])
            at = end + 1
        if name == "sub":
            break
    if count:
        yield from runner.assign(target, "".join(out) + subject[at:])
    return float(count)


def _replacement(template: str, matched: str) -> str:
    def one(found: re.Match[str]) -> str:
        if found[0] == "&":
            return matched
        return found[1] if found[1] in "&\\" else found[0]

    return _WHOLE.sub(one, template)


def call_builtin(runner: "AwkRunner", name: str, args: Sequence[Value]) -> Value:
    """Return what a function gives for values."""
    first = args[0] if args else runner.record.whole
    match name:
        case "length":
            return float(len(values.text(first)))
        case "substr":
            return _substr(values.text(first), [values.number(arg) for arg in args[1:]])
        case "index":
            return values.text(first).find(values.text(args[1]) if len(args) > 1 else "") + 1.0
        case "toupper":
            return values.text(first).upper()
        case "tolower":
            return values.text(first).lower()
        case "sprintf":
            return values.formatted(values.text(first), args[1:])[:MAX_VALUE]
        case "rand":
            return runner.streams.ctx.world.rng.random()
        case "srand":
            before, runner.random = (
                runner.random,
                values.number(args[0]) if args else float(int(runner.streams.ctx.now)),
            )
            return before
        case "int":
            number = values.number(first)
            return float(math.trunc(number)) if math.isfinite(number) else number
        case _:
            return _mathematics(name, values.number(first), values.number(args[1]) if len(args) > 1 else 0.0)


def _mathematics(name: str, a: float, b: float) -> float:
    try:
        match name:
            case "sin":
                return math.sin(a)
            case "cos":
                return math.cos(a)
            case "exp":
                return math.exp(a)
            case "log":
                return math.log(a) if a else -math.inf
            case "sqrt":
                return math.sqrt(a)
            case _:
                return math.atan2(a, b)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan


def _substr(text: str, places: Sequence[float]) -> str:
    start = places[0] if places else 1.0
    length = places[1] if len(places) > 1 else math.inf
    if math.isnan(start) or math.isnan(length):
        return ""
    if start < 1:  # mawk's arithmetic, not POSIX'
        start, length = 1.0, length - start
    low = _rounded(start)
    high = len(text) + 1 if math.isinf(length) else _rounded(start + length)
    return text[low - 1 : max(min(high, len(text) + 1), 1) - 1] if high > low else ""


def _rounded(number: float) -> int:
    return math.floor(max(min(number, 1e9), -1e9) + 0.5)
