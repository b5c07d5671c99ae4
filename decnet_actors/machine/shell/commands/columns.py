"""This module holds a small awk: patterns, fields and print, in bounded time."""

import re
from collections.abc import Generator, Mapping, Sequence

from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.regex_parser import UnsafePatternError
from decnet_actors.machine.shell.regexes import compile_posix
from decnet_actors.machine.shell.state import Budget
from decnet_actors.machine.shell.streams import BREATHE, Pause, Work

MAX_REPLACED = 1000  # matches of one line
MAX_PROGRAM = 4000  # characters
MAX_STATEMENT = 500  # characters; some searches in one are quadratic
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|/(?:[^/\\]|\\.)*/')


def awk(ctx: Context) -> Work:
    """Print fields: patterns, ``print``, ``printf``, NR, NF, ``$n``, comparisons; no loops, no functions."""
    args, separator = list(ctx.args), None
    while args and args[0].startswith("-"):
        option = args.pop(0)
        if option.startswith("-F"):
            separator = option[2:] or (args.pop(0) if args else " ")
        elif option == "-v" and args:
            args.pop(0)
    if not args:
        ctx.usage("usage: mawk [Options] 'program' [file ...]\n", 2)
    program, names, budget = args[0], args[1:], ctx.world.budget
    read = yield from ctx.input_of(names)
    lines: list[str] = []
    for _, data in read:
        lines += yield from ctx.lines(data)
    rules = _rules(program[:MAX_PROGRAM])
    for number, line in enumerate(lines, 1):
        budget.step()
        if budget.due:
            yield BREATHE
        fields = line.split() if separator in {None, " "} else (yield from _split(line, separator or " ", budget))
        for condition, statements in rules:
            if condition in {"BEGIN", "END"}:
                continue
            if not condition or (yield from _holds(condition, line, fields, number, budget)):
                yield from _act(ctx, statements, line, fields, number)
    for condition, statements in rules:
        if condition in {"END", "BEGIN"}:
            last = lines[-1] if lines and condition == "END" else ""
            yield from _act(ctx, statements, last, last.split(), len(lines) if condition == "END" else 0)
    return 2 if len(read) < len(names) else 0


def _rules(program: str) -> list[tuple[str, list[str]]]:
    """Return the rules of a program: conditions and statements."""
    out: list[tuple[str, list[str]]] = []
    at = 0
    while at < len(program):
        opening = _until(program, at, "{")
        condition = program[at:opening].strip()[:MAX_STATEMENT]
        closing = _until(program, opening + 1, "}")
        if opening < len(program):
            statements = program[opening + 1 : closing].split(";")
            out.append((condition, [statement.strip()[:MAX_STATEMENT] for statement in statements]))
        elif condition:
            out.append((condition, ["print"]))
        at = closing + 1
    return out


def _until(program: str, at: int, mark: str) -> int:
    """Return where a mark stands outside of texts and patterns, the end of the program without one."""
    while at < len(program) and program[at] != mark:
        quoted = _QUOTED.match(program, at)
        at = quoted.end() if quoted else at + 1
    return at


def _split(line: str, separator: str, budget: Budget) -> Generator[Pause, None, list[str]]:
    if len(separator) == 1:
        return line.split(separator)
    try:
        regex = compile_posix(separator, extended=True)
    except (UnsafePatternError, ValueError):
        return [line]
    out: list[str] = []
    at = 0
    while len(out) < MAX_REPLACED:
        found = yield from regex.search(line, budget, at)
        if found is None or found.span()[1] == found.span()[0]:
            break
        if budget.due:
            yield BREATHE
        out.append(line[at : found.span()[0]])
        at = found.span()[1]
    return [*out, line[at:]]


def _value(text: str, line: str, fields: Sequence[str], number: int) -> str:
    text = text.strip()
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        return text[1:-1].replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')
    if found := re.fullmatch(r"\$(\d{1,4}|NF|\(NF-(\d{1,3})\))", text):
        place = len(fields) - int(found[2] or 0) if "NF" in text else int(found[1])
        if place == 0:
            return line
        return fields[place - 1] if 0 < place <= len(fields) else ""
    return {"NR": str(number), "NF": str(len(fields)), "FNR": str(number)}.get(
        text, text if re.fullmatch(r"-?[\d.]+", text) else ""
    )


def _holds(
    condition: str, line: str, fields: Sequence[str], number: int, budget: Budget
) -> Generator[Pause, None, bool]:
    for operator in ("&&", "||"):
        if operator in condition:
            for part in condition.split(operator)[:10]:
                if (yield from _holds(part.strip(), line, fields, number, budget)) == (operator == "||"):
                    return operator == "||"
            return operator == "&&"
    found = re.fullmatch(r"(!?)/((?:[^/\\]|\\.)*)/", condition)
    matched = re.fullmatch(r"(\S+)\s*(!?~)\s*/((?:[^/\\]|\\.)*)/", condition)
    try:
        if found:
            hit = yield from compile_posix(found[2], extended=True).search(line, budget)
            return (hit is not None) != bool(found[1])
        if matched:
            text = _value(matched[1], line, fields, number)
            hit = yield from compile_posix(matched[3], extended=True).search(text, budget)
            return (hit is not None) == (matched[2] == "~")
    except (UnsafePatternError, ValueError):
        return False
    compared = re.fullmatch(r"(.+?)\s*(==|!=|<=|>=|<|>)\s*(.+)", condition)
    if not compared:
        value = _value(condition, line, fields, number)
        return value not in {"", "0"}
    left, right = (_value(compared[i], line, fields, number) for i in (1, 3))
    return _compare(compared[2], left, right)


def _compare(operator: str, left: str, right: str) -> bool:
    numeric = all(re.fullmatch(r"\s*-?\d{1,15}(?:\.\d{1,15})?\s*", text) for text in (left, right))
    a: float | str = float(left) if numeric else left
    b: float | str = float(right) if numeric else right
    if operator in {"==", "!="}:
        return (a == b) == (operator == "==")
    if isinstance(a, float) and isinstance(b, float):
        return {"<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b}[operator]
    return {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[operator]


def _act(
    ctx: Context, statements: Sequence[str], line: str, fields: Sequence[str], number: int
) -> Generator[Pause, None, None]:
    for statement in statements:
        if ctx.world.budget.due:
            yield BREATHE
        _print(ctx, statement, line, fields, number)


def _print(ctx: Context, statement: str, line: str, fields: Sequence[str], number: int) -> None:
    found = re.fullmatch(r"(print|printf)\b\s*\(?(.*?)\)?", statement, re.DOTALL)
    if found is None:
        return
    if not found[2]:
        ctx.out(f"{line}\n")
        return
    groups = [_concatenated(part, line, fields, number) for part in _parts(found[2])]
    if found[1] == "print":
        ctx.out(" ".join(groups) + "\n")
    else:
        values = iter(groups[1:])
        ctx.out(re.sub(r"%[-0-9.]*[sdif]", lambda _: next(values, ""), groups[0]) if groups else "")


def _parts(text: str) -> list[str]:
    return [part for part in re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^",])+', text)[:100] if part.strip()]


def _concatenated(text: str, line: str, fields: Sequence[str], number: int) -> str:
    tokens = re.findall(r'"(?:[^"\\]|\\.)*"|\$(?:\d+|NF|\(NF-\d+\))|[A-Za-z_]\w*|[\d.]+', text)
    return "".join(_value(token, line, fields, number) for token in tokens)


COMMANDS: Mapping[str, Function] = {"awk": awk, "mawk": awk, "gawk": awk}
