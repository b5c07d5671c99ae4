"""This module gives special parameters their values and applies the operators of ``${...}``."""

import re
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Protocol

from decnet_actors.machine.shell import patterns
from decnet_actors.machine.shell.regex_parser import UnsafePatternError
from decnet_actors.machine.shell.state import MAX_VALUE, Budget, ExpansionError, ShellState
from decnet_actors.machine.shell.streams import BREATHE, Pause
from decnet_actors.machine.shell.syntax import Parameter, Word

if TYPE_CHECKING:
    from decnet_actors.machine.shell.context import World


class _Words(Protocol):
    world: "World"

    def text(self, sh: ShellState, word: Word | None) -> Generator[Pause, None, str]: ...
    def pattern(self, sh: ShellState, word: Word | None) -> Generator[Pause, None, str]: ...
    def arithmetic(self, sh: ShellState, text: str) -> int: ...


def special(sh: ShellState, world: "World", name: str) -> str | None:
    """Return a special parameter's value, ``None`` if there is none of that name."""
    if name.isdigit():
        number = int(name[:9])
        if number == 0:
            return sh.name
        return sh.positional[number - 1] if number <= len(sh.positional) else None
    if name == "FUNCNAME":
        return sh.calls[-1] if sh.calls else None
    if "ash" in sh.options and len(name) > 1 and name not in _OF_ASH:
        return None
    getter = _SPECIAL.get(name)
    return None if getter is None else getter(sh, world)


def _flags(sh: ShellState, world: "World") -> str:
    del world
    if "ash" in sh.options:
        return "".join(sorted({*("im" if sh.interactive else "c"), *(o for o in sh.options if len(o) == 1)}))
    return "".join(
        sorted({"h", "B", *({"i", "m", "H"} if sh.interactive else {"c"}), *(o for o in sh.options if len(o) == 1)})
    )


_SPECIAL: "dict[str, Callable[[ShellState, World], str | None]]" = {
    "?": lambda sh, _: str(sh.status),
    "$": lambda sh, _: str(sh.pid),
    "#": lambda sh, _: str(len(sh.positional)),
    "!": lambda sh, _: str(sh.last_background) if sh.last_background else None,
    "-": _flags,
    "_": lambda sh, _: sh.last_word or sh.name,
    "RANDOM": lambda _, world: str(world.rng.randrange(32768)),
    "SRANDOM": lambda _, world: str(world.rng.getrandbits(32)),
    "SECONDS": lambda _, world: str(int(max(world.now - world.started, 0))),
    "EPOCHSECONDS": lambda _, world: str(int(world.now)),
    "EPOCHREALTIME": lambda _, world: f"{world.now:.6f}",
    "LINENO": lambda sh, _: str(sh.line),
    "UID": lambda sh, _: str(sh.uid),
    "EUID": lambda sh, _: str(sh.uid),
    "PPID": lambda sh, _: str(max(sh.pid - 1, 1)),
    "BASHPID": lambda sh, _: str(sh.pid),
    "HOSTNAME": lambda _, world: world.persona.hostname,
    "HOSTTYPE": lambda _, world: world.persona.architecture,
    "MACHTYPE": lambda _, world: f"{world.persona.architecture}-pc-linux-gnu",
    "OSTYPE": lambda _, __: "linux-gnu",
    "BASH": lambda _, __: "/bin/bash",
    "BASH_VERSION": lambda _, world: bash_version(world.persona.packages.get("bash", "")),
    "SHELLOPTS": lambda _, __: "braceexpand:hashall:interactive-comments",
    "COLUMNS": lambda sh, world: str(world.columns) if sh.interactive else None,
    "LINES": lambda sh, world: str(world.rows) if sh.interactive else None,
    "BASH_SUBSHELL": lambda _, __: "0",
}
_OF_ASH = frozenset({"RANDOM", "LINENO", "PPID", "EPOCHSECONDS", "EPOCHREALTIME"})
EACH = frozenset({":", "#", "##", "%", "%%", "/", "//", "/#", "/%", "^", "^^", ",", ",,", "@"})  # see ``each``
_PATCH_LEVELS = {
    "5.0": "5.0.17(1)-release",
    "5.1": "5.1.16(1)-release",
    "5.2.15": "5.2.15(1)-release",
    "5.2.21": "5.2.21(1)-release",
}


def bash_version(package: str) -> str:
    """Return ``$BASH_VERSION`` of a bash package's version."""
    upstream = package.partition("-")[0]
    if package.startswith("5.1-2"):
        return "5.1.4(1)-release"
    return _PATCH_LEVELS.get(upstream, "5.2.15(1)-release")


def transform(words: _Words, sh: ShellState, part: Parameter, value: str | None) -> Generator[Pause, None, str]:
    """Return a parameter's value with its operator applied.

    Raises:
        ExpansionError: the substitution is wrong, or ``${x:?}`` wants it so.

    """
    operator = part.operator
    if operator == "names":
        return " ".join(sorted(name for name in sh.variables if name.startswith(part.name)))
    if operator == "bad":
        raise ExpansionError("${" + part.name + "}: bad substitution")
    if part.length:
        return _length(sh, part, value)
    if (
        value is None
        and "u" in sh.options
        and operator not in {":-", "-", ":+", "+", ":=", "=", ":?", "?"}
        and part.name not in {"@", "*"}
    ):
        raise ExpansionError(f"{'$' if part.name.isdigit() else ''}{part.name}: unbound variable", 127)
    if not operator:
        return value or ""
    if operator.lstrip(":") in {"-", "+", "=", "?"} and operator != ":":
        return (yield from _default(words, sh, part, value))
    text = value or ""
    if operator == ":":
        return (yield from _slice(words, sh, part, value or ""))
    if operator in {"^", "^^", ",", ",,"}:
        chosen = yield from words.pattern(sh, part.first)
        return _cased(operator, text, lambda char: not chosen or patterns.matches(chosen, char))
    if operator == "@":
        letter = part.first.plain if part.first else ""
        return "" if value is None else _attributed(letter or "", text)
    pattern = yield from words.pattern(sh, part.first)
    if operator in {"#", "##", "%", "%%"}:
        try:
            return (yield from _trim(words.world.budget, operator, pattern, text))
        except UnsafePatternError:
            return text
    replacement = yield from words.text(sh, part.second)
    try:
        return (yield from _replace(words.world.budget, operator, pattern, text, replacement))[:MAX_VALUE]
    except UnsafePatternError:
        return text


def _length(sh: ShellState, part: Parameter, value: str | None) -> str:
    if part.name in {"@", "*"}:
        return str(len(sh.positional))
    if part.index is not None and part.index.plain in {"@", "*"}:
        variable = sh.variables.get(part.name)
        if variable is None:
            return "0"
        return str(len(variable.elements) if variable.elements is not None else 1)
    return str(len(value or ""))


def _default(words: _Words, sh: ShellState, part: Parameter, value: str | None) -> Generator[Pause, None, str]:
    unset = value is None or (part.operator.startswith(":") and not value)
    match part.operator[-1]:
        case "-":
            return (yield from words.text(sh, part.first)) if unset else value or ""
        case "+":
            return "" if unset else (yield from words.text(sh, part.first))
        case "=":
            if unset:
                value = yield from words.text(sh, part.first)
                if not re.fullmatch(r"[A-Za-z_]\w*", part.name):
                    raise ExpansionError(f"${part.name}: cannot assign in this way")
                sh.set(part.name, value)
            return value or ""
        case _:
            if unset:
                message = (yield from words.text(sh, part.first)) or _unset_words(part.operator)
                raise ExpansionError(f"{part.name}: {message}", 127)
            return value or ""


def _unset_words(operator: str) -> str:
    return "parameter null or not set" if operator.startswith(":") else "parameter not set"


def each(words: _Words, sh: ShellState, part: Parameter, values: list[str]) -> Generator[Pause, None, list[str]]:
    """Return what an operator makes of every positional parameter or element; ``:`` cuts the list."""
    if part.operator == ":":
        start = words.arithmetic(sh, (yield from words.text(sh, part.first)))
        start += len(values) if start < 0 else 0
        if part.second is None:
            return values[start:] if start >= 0 else []
        size = words.arithmetic(sh, (yield from words.text(sh, part.second)))
        if size < 0:
            raise ExpansionError(f"{size}: substring expression < 0")
        return values[start : start + size] if start >= 0 else []
    out: list[str] = []
    one = Parameter(part.name, part.quoted, part.operator, part.first, part.second)
    for value in values:
        out += ((yield from transform(words, sh, one, value)),)
    return out


def _cased(operator: str, text: str, covered: Callable[[str], bool]) -> str:
    change = str.upper if operator[0] == "^" else str.lower
    if len(operator) == 1:
        return (change(text[:1]) if covered(text[:1]) else text[:1]) + text[1:]
    return "".join(change(char) if covered(char) else char for char in text)


def _attributed(letter: str, text: str) -> str:
    """Return a value as ``${x@Q}`` and its kin show it."""
    match letter:
        case "Q":
            return "'" + text.replace("'", "'\\''") + "'"
        case "U":
            return text.upper()
        case "u":
            return text[:1].upper() + text[1:]
        case "L":
            return text.lower()
        case _:
            return text


def _slice(words: _Words, sh: ShellState, part: Parameter, value: str) -> Generator[Pause, None, str]:
    start = words.arithmetic(sh, (yield from words.text(sh, part.first)))
    size = None if part.second is None else words.arithmetic(sh, (yield from words.text(sh, part.second)))
    listed: list[str] | None = None
    if part.name in {"@", "*"}:
        listed = [sh.name, *sh.positional]
    length = len(value) if listed is None else len(listed)
    if start < 0:
        start += length
        if start < 0:
            return ""
    end = length if size is None else (length + size if size < 0 else start + size)
    if end < start:
        if size is not None and size < 0 and start <= length:
            raise ExpansionError(f"{size}: substring expression < 0")
        return ""
    return value[start:end] if listed is None else " ".join(listed[start:end])


def _trim(budget: Budget, operator: str, pattern: str, text: str) -> Generator[Pause, None, str]:
    """Return the text without what the pattern covers at its beginning (``#``) or end (``%``)."""
    shortest = len(operator) == 1
    if operator.startswith("#"):
        found = yield from patterns.prefix(pattern).search(text, budget, shortest=shortest)
        return text if found is None else text[found.end :]
    if shortest:
        found = yield from patterns.mirrored(pattern).search(text[::-1], budget, shortest=True)
        return text if found is None else text[: len(text) - found.end]
    found = yield from patterns.suffix(pattern).search(text, budget)
    return text if found is None else text[: found.span()[0]]


def _replace(budget: Budget, operator: str, pattern: str, text: str, replacement: str) -> Generator[Pause, None, str]:
    """Return the text with the first or every (``//``) part that the pattern covers replaced."""
    if not pattern:
        return text
    if operator == "//" and not patterns.has_magic(pattern):
        plain = patterns.unescaped(pattern)
        return text.replace(plain, replacement, MAX_VALUE // max(len(replacement), 1))
    kind = {"/#": patterns.prefix, "/%": patterns.suffix}.get(operator, patterns.anywhere)
    regex = kind(pattern)
    out: list[str] = []
    at = size = 0
    while at <= len(text) and size < MAX_VALUE:
        found = yield from regex.search(text, budget, at)
        if found is None or (text and found.end == found.span()[0] and operator in {"/", "//"}):
            break
        if budget.due:
            yield BREATHE
        out += (text[at : found.span()[0]], replacement)
        size += len(out[-2]) + len(replacement)
        at = found.end
        if operator != "//" or not text:
            break
    return "".join(out) + text[at:]
