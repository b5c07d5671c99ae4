"""This module replaces what a pattern of sed matches, in bounded time and memory."""

import re
from collections.abc import Generator, Sequence

from decnet_actors.machine.shell.commands.sed_parser import SedCommand
from decnet_actors.machine.shell.regexes import Regex
from decnet_actors.machine.shell.state import Budget
from decnet_actors.machine.shell.streams import BREATHE, Pause

MAX_REPLACED = 1000  # matches of one line
MAX_GROWN = 1 << 20  # characters of a line after a replacement, and of the result; more is cut
_TEMPLATE = re.compile(r"\\([0-9])|\\(.)|&", re.DOTALL)


def changed(budget: Budget, regex: Regex, command: SedCommand, line: str) -> Generator[Pause, None, tuple[str, bool]]:
    """Return the line after ``s``, and whether anything was replaced."""
    digits = re.sub(r"\D", "", command.flags)
    wanted = int(digits[:4] or 1)
    out: list[str] = []
    at = count = rounds = grown = 0
    while at <= len(line) and rounds < MAX_REPLACED and grown < MAX_GROWN:
        found = yield from regex.search(line, budget, at)
        if found is None:
            break
        if budget.due:
            yield BREATHE
        rounds += 1
        start, end = found.span()
        count += 1
        if count >= wanted:
            groups = [found.group(i) or "" for i in range(min(found.groups, 9) + 1)]
            out += (line[at:start], _replacement(command.text, groups)[:MAX_GROWN])
            grown += len(out[-1]) + start - at
        else:
            out.append(line[at:end])
        if end == start:
            out.append(line[end : end + 1])
            end += 1
        at = end
        if "g" not in command.flags and count >= wanted:
            break
    return "".join(out) + line[at:], count >= wanted


def _replacement(template: str, groups: Sequence[str]) -> str:
    """Return a replacement with its groups and changes of case (GNU sed, "The s Command")."""
    out: list[str] = []
    case = once = ""
    at = size = 0
    for found in [*_TEMPLATE.finditer(template), None]:
        text = template[at : found.start() if found else len(template)]
        if found is not None:
            at = found.end()
        for part in (text, _piece(found, groups)):
            if part and size < MAX_GROWN:
                shown = {"U": part.upper, "L": part.lower}.get(case, part.__str__)()
                if once:
                    shown, once = {"u": shown[:1].upper(), "l": shown[:1].lower()}[once] + shown[1:], ""
                out.append(shown)
                size += len(shown)
        if found is not None and found[2] in {"U", "L", "E"}:
            case, once = "" if found[2] == "E" else found[2], ""
        elif found is not None and found[2] in {"u", "l"}:
            once = found[2]
    return "".join(out)


def _piece(found: re.Match[str] | None, groups: Sequence[str]) -> str:
    if found is None or (found[2] is not None and found[2] in "ULEul"):
        return ""
    if found[0] == "&":
        return groups[0]
    if found[1] is not None:
        return groups[int(found[1])] if int(found[1]) < len(groups) else ""
    return {"n": "\n", "t": "\t", "r": "\r"}.get(found[2], found[2])
