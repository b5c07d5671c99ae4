"""This module holds a small sed: what one-liners use of it, in bounded time."""

import re
from collections.abc import Generator, Mapping, Sequence

from attrs import define, field, frozen

from decnet_actors.machine.shell.context import MAX_LINES, MAX_TEXT, MAX_TEXTS, Context, Function
from decnet_actors.machine.shell.regexes import Regex, compile_posix
from decnet_actors.machine.shell.state import Budget
from decnet_actors.machine.shell.streams import BREATHE, Pause, Work, pieces

MAX_REPLACED = 1000  # matches of one line
MAX_GROWN = 1 << 20  # characters of a line after a replacement, and of the result; more is cut

_TEMPLATE = re.compile(r"\\([0-9n&])|&|\\(.)")


_ADDRESS = re.compile(
    r"\s*(?:(\d{1,9})|(\$)|/((?:[^/\\]|\\.)*)/)?(?:,(?:(\d{1,9})|(\$)|/((?:[^/\\]|\\.)*)/))?\s*(!?)\s*"
)


@frozen(kw_only=True)
class SedCommand:
    """One command of a sed script."""

    letter: str
    low: int | str | Regex | None = None
    high: int | str | Regex | None = None
    negated: bool = False
    regex: Regex | None = None
    text: str = ""
    flags: str = ""


class BadSedError(ValueError):
    """The script cannot be read."""


@define
class _SedOptions:
    quiet: bool = False
    extended: bool = False
    in_place: bool = False
    scripts: list[str] = field(factory=list)
    names: list[str] = field(factory=list)


def _sed_options(args: list[str]) -> _SedOptions:
    opts = _SedOptions()
    while args:
        word = args.pop(0)
        if word in {"-n", "--quiet", "--silent"}:
            opts.quiet = True
        elif word in {"-E", "-r", "--regexp-extended"}:
            opts.extended = True
        elif word.startswith(("-i", "--in-place")):
            opts.in_place = True
        elif word in {"-e", "--expression"} and args:
            opts.scripts.append(args.pop(0))
        elif word.startswith("-") and len(word) > 1 and set(word[1:]) <= set("nErsuz"):
            opts.quiet, opts.extended = opts.quiet or "n" in word, opts.extended or "E" in word or "r" in word
        elif not opts.scripts:
            opts.scripts.append(word)
        else:
            opts.names.append(word)
    return opts


def sed(ctx: Context) -> Work:
    """Edit lines: s, d, p, q, y, a, i, c with addresses."""
    opts = _sed_options(list(ctx.args))
    if not opts.scripts:
        ctx.usage("Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...\n")
    try:
        commands = sed_script("\n".join(opts.scripts), extended=opts.extended)
    except (BadSedError, ValueError) as error:
        ctx.usage(f"sed: -e expression #1, char {len(opts.scripts[0])}: {error}\n")
    status = 0
    read = yield from _sed_input(ctx, opts.names)
    if len(read) < len(opts.names):
        status = 2
    groups = [[pair] for pair in read] if opts.in_place else [read]
    for group in groups:
        lines: list[str] = []
        for _, data in group:
            lines += yield from ctx.lines(data)
        text = yield from _sed_lines(ctx, commands, lines, quiet=opts.quiet)
        if lines and group and group[-1][1] and not group[-1][1].endswith(b"\n"):
            text = text.removesuffix("\n")
        out = text.encode("utf-8", "surrogateescape")
        if not opts.in_place:
            yield from ctx.pour(map(bytes, pieces(out)))
        elif not _exceeds(group[0][1]):
            ctx.write_file(group[0][0], out)
    return status


def _exceeds(data: bytes) -> bool:
    """Return whether we would lose what is beyond our caps."""
    return len(data) > MAX_TEXT or data.count(b"\n") > MAX_LINES


def _sed_input(ctx: Context, names: Sequence[str]) -> Generator[Pause, None, list[tuple[str, bytes]]]:
    out: list[tuple[str, bytes]] = []
    room = MAX_TEXTS
    for name in names or ("-",):
        if ctx.world.budget.due:
            yield BREATHE
        try:
            out.append((name, (yield from ctx.stdin.read_all()) if name == "-" else ctx.read_file(name, room)))
            room -= len(out[-1][1])
        except OSError as error:
            ctx.err(f"sed: can't read {name}: {error.strerror}\n")
    return out


def sed_script(text: str, *, extended: bool) -> list[SedCommand]:
    """Return the commands of a script.

    Raises:
        ValueError: it cannot be read.

    """
    out: list[SedCommand] = []
    at = 0
    while at < len(text) and len(out) < 200:  # noqa: PLR2004  a bound
        while at < len(text) and text[at] in " \t\n;}{":
            at += 1
        if at >= len(text):
            break
        found = _ADDRESS.match(text, at)
        if found is None:
            raise BadSedError("unknown command")
        at = found.end()
        low = _address(found[1], found[2], found[3], extended=extended)
        high = _address(found[4], found[5], found[6], extended=extended)
        if at >= len(text):
            raise BadSedError("missing command")
        letter = text[at]
        at += 1
        given: dict[str, object] = {}
        command = SedCommand(letter=letter, low=low, high=high, negated=bool(found[7]))
        if letter in "sy":
            regex, replacement, flags, at = _substitution(text, at, extended=extended, literal=letter == "y")
            command = SedCommand(
                letter=letter, low=low, high=high, negated=bool(found[7]), regex=regex, text=replacement, flags=flags
            )
        elif letter in "aic":
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            body = text[at:end].lstrip().removeprefix("\\").lstrip("\n ")
            command = SedCommand(letter=letter, low=low, high=high, negated=bool(found[7]), text=body)
            at = end
        elif letter not in "dpqnGghHxDPN=":
            raise BadSedError(f"unknown command: `{letter}'")
        del given
        out.append(command)
    return out


def _address(number: str | None, last: str | None, pattern: str | None, *, extended: bool) -> int | str | Regex | None:
    if number is not None:
        return int(number)
    if last:
        return "$"
    return None if pattern is None else compile_posix(pattern, extended=extended)


def _substitution(text: str, at: int, *, extended: bool, literal: bool) -> tuple[Regex | None, str, str, int]:
    mark = text[at : at + 1]
    if not mark or mark in "\n\\":
        raise BadSedError("unterminated `s' command")
    parts: list[str] = []
    at += 1
    for _ in range(2):
        piece: list[str] = []
        while at < len(text) and text[at] != mark:
            if text[at] == "\\" and at + 1 < len(text):
                piece.append(text[at + 1] if text[at + 1] == mark and mark not in "|()+?{}" else text[at : at + 2])
                at += 2
            else:
                piece.append(text[at])
                at += 1
        if at >= len(text):
            raise BadSedError("unterminated `s' command")
        at += 1
        parts.append("".join(piece))
    found = re.compile(r"[gpiIe0-9w]*").match(text, at)
    flags = found[0] if found else ""
    if literal:
        return None, f"{parts[0]}\0{parts[1]}", "", at
    regex = compile_posix(parts[0], extended=extended, ignore_case="i" in flags or "I" in flags)
    return regex, parts[1], flags, at + len(flags)


def _sed_lines(
    ctx: Context,
    commands: Sequence[SedCommand],
    lines: Sequence[str],
    *,
    quiet: bool,
) -> Generator[Pause, None, str]:
    out: list[str] = []
    size = 0
    active: set[int] = set()
    for number, line in enumerate(lines, 1):
        ctx.world.budget.step()
        if ctx.world.budget.due:
            yield BREATHE
        before = len(out)
        row = _SedRow(line, number, last=number == len(lines))
        for index, command in enumerate(commands):
            if row.deleted or row.ended:
                break
            if (yield from _addressed(command, index, row, active, ctx.world.budget)):
                yield from row.run(command, out, ctx.world.budget)
        if not row.deleted and not quiet:
            out.append(row.line)
        out.extend(row.after)
        size += sum(map(len, out[before:]))
        if row.ended or size > MAX_GROWN:
            break
    return "".join(f"{line}\n" for line in out)


class _SedRow:
    """One line on its way through a sed script."""

    def __init__(self, line: str, number: int, *, last: bool) -> None:
        self.line, self.number, self.last = line, number, last
        self.after: list[str] = []
        self.deleted = self.ended = False

    def run(self, command: SedCommand, out: list[str], budget: Budget) -> Generator[Pause, None, None]:
        match command.letter:
            case "s":
                line, changed = yield from substitute(command, self.line, budget)
                self.line = line[:MAX_GROWN]
                if changed and "p" in command.flags:
                    out.append(self.line)
            case "y":
                source, _, target = command.text.partition("\0")
                self.line = self.line.translate(dict(zip(map(ord, source), target, strict=False)))
            case "d":
                self.deleted = True
            case "p":
                out.append(self.line)
            case "q":
                self.ended = True
            case "=":
                out.append(str(self.number))
            case "a":
                self.after.append(command.text)
            case "i":
                out.append(command.text)
            case "c":
                out.append(command.text)
                self.deleted = True
            case "G":
                self.line += "\n"
            case _:
                pass


def _addressed(
    command: SedCommand, index: int, row: _SedRow, active: set[int], budget: Budget
) -> Generator[Pause, None, bool]:
    number, last, line = row.number, row.last, row.line

    def hit(address: int | str | Regex | None) -> Generator[Pause, None, bool]:
        if isinstance(address, int):
            return number == address
        if isinstance(address, str):
            return last
        return address is None or (yield from address.search(line, budget)) is not None

    if command.high is None:
        return (yield from hit(command.low)) != command.negated
    if index in active:
        if (yield from hit(command.high)) or (isinstance(command.high, int) and number >= command.high):
            active.discard(index)
        return not command.negated
    if (yield from hit(command.low)):
        if not (isinstance(command.high, int) and command.high <= number):
            active.add(index)
        return not command.negated
    return command.negated


def substitute(command: SedCommand, line: str, budget: Budget) -> Generator[Pause, None, tuple[str, bool]]:
    """Return the line after ``s``, and whether anything was replaced."""
    regex = command.regex
    if regex is None:
        return line, False
    digits = re.sub(r"\D", "", command.flags)
    wanted = int(digits[:4] or 1)
    everywhere = "g" in command.flags
    out: list[str] = []
    at = count = rounds = grown = 0
    while at <= len(line) and rounds < MAX_REPLACED and grown < MAX_GROWN:
        found = yield from regex.search(line, budget, at)
        if found is None:
            break
        if budget.due:
            yield BREATHE
        rounds += 1
        before = len(out)
        start, end = found.span()
        count += 1
        groups = {str(i): found.group(i) or "" for i in range(min(found.groups, 9) + 1)}
        if count >= wanted:
            out.append(line[at:start])
            out += _replaced(command.text, groups, MAX_GROWN - grown)
            grown += sum(map(len, out[before:]))
        else:
            out.append(line[at:end])
        if end == start:
            out.append(line[end : end + 1])
            end += 1
        at = end
        if not everywhere and count >= wanted:
            break
    return "".join(out) + line[at:], count >= wanted


def _replaced(template: str, groups: Mapping[str, str], room: int) -> list[str]:
    """Return the pieces of a replacement, as far as there is room."""
    out: list[str] = []
    at = 0
    for found in _TEMPLATE.finditer(template):
        out += (template[at : found.start()], _piece(groups, found))
        room -= len(out[-1])
        at = found.end()
        if room < 0:
            break
    return [*out, template[at:]]


def _piece(groups: Mapping[str, str], found: re.Match[str]) -> str:
    if found[0] == "&":
        return groups["0"]
    if found[1] is not None:
        return {"n": "\n", "&": "&"}.get(found[1]) or groups.get(found[1], "")
    return {"t": "\t"}.get(found[2], found[2])


COMMANDS: Mapping[str, Function] = {"sed": sed}
