"""This module holds a small awk: patterns, fields and print, in bounded time."""

import re
from collections.abc import Mapping, Sequence

from decnet_actors.machine.shell.commands.texts import decoded
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.regexes import UnsafePatternError, compile_posix
from decnet_actors.machine.shell.streams import Breathe, Work

MAX_REPLACED = 1000  # matches of one line


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
    program, names = args[0], args[1:]
    read = yield from ctx.input_of(names)
    lines = [line for _, data in read for line in decoded(data)]
    rules = re.findall(r"((?:/(?:[^/\\]|\\.)*/|[^{}])*?)\s*\{([^{}]*)\}|(/(?:[^/\\]|\\.)*/|[^{}]+)$", program[:4000])
    for number, line in enumerate(lines, 1):
        ctx.world.budget.step()
        if ctx.world.budget.due:
            yield Breathe()
        fields = line.split() if separator in {None, " "} else _split(line, separator or " ")
        for pattern, action, bare in rules:
            condition = (bare or pattern).strip()
            if condition in {"BEGIN", "END"}:
                continue
            if not condition or _holds(condition, line, fields, number):
                for statement in (action or "print").split(";"):
                    _act(ctx, statement.strip(), line, fields, number)
    for pattern, action, _ in rules:
        if pattern.strip() in {"END", "BEGIN"}:
            last = lines[-1] if lines and pattern.strip() == "END" else ""
            for statement in action.split(";"):
                _act(ctx, statement.strip(), last, last.split(), len(lines) if pattern.strip() == "END" else 0)
    return 2 if len(read) < len(names) else 0


def _split(line: str, separator: str) -> list[str]:
    if len(separator) == 1:
        return line.split(separator)
    try:
        regex = compile_posix(separator, extended=True)
    except (UnsafePatternError, ValueError):
        return [line]
    out: list[str] = []
    at = 0
    while (
        len(out) < MAX_REPLACED and (found := regex.search(line, at)) is not None and found.span()[1] > found.span()[0]
    ):
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


def _holds(condition: str, line: str, fields: Sequence[str], number: int) -> bool:
    if "&&" in condition:
        return all(_holds(part.strip(), line, fields, number) for part in condition.split("&&")[:10])
    if "||" in condition:
        return any(_holds(part.strip(), line, fields, number) for part in condition.split("||")[:10])
    found = re.fullmatch(r"(!?)/((?:[^/\\]|\\.)*)/", condition)
    matched = re.fullmatch(r"(\S+)\s*(!?~)\s*/((?:[^/\\]|\\.)*)/", condition)
    try:
        if found:
            return (compile_posix(found[2], extended=True).search(line) is not None) != bool(found[1])
        if matched:
            text = _value(matched[1], line, fields, number)
            return (compile_posix(matched[3], extended=True).search(text) is not None) == (matched[2] == "~")
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


def _act(ctx: Context, statement: str, line: str, fields: Sequence[str], number: int) -> None:
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
