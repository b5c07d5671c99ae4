"""This module holds the commands about order: sort, uniq, comm, join, shuf and tsort."""

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial
from itertools import groupby, pairwise
from typing import Any, TypeAlias

from attrs import frozen

from decnet_actors.machine.shell.context import MAX_LINES, Context, Function
from decnet_actors.machine.shell.options import Options, getopt
from decnet_actors.machine.shell.ordering import MAX_KEY, byte_key, collation, ordered
from decnet_actors.machine.shell.streams import BREATHE, Pause, Work

MAX_FIELDS = 10_000  # of one line; the last holds what is left
MAX_KEYS = 20
_FIELD = re.compile(r"\s*\S+")
_KEY = re.compile(r"(\d{1,4})(?:\.(\d{1,4}))?([bdfghinrRV]*)(?:,(\d{1,4})(?:\.(\d{1,4}))?([bdfghinrRV]*))?")
_NUMBER = re.compile(r"\s{0,99}(-?(?:\d{1,18}(?:\.\d{0,9})?|\.\d{1,9}))([KMGTP]?)")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

_Order: TypeAlias = "Callable[[str], Any]"  # Any: whatever compares with its like


@frozen
class _Key:
    """What of a line counts, and how."""

    first: int
    start: int
    last: int
    end: int
    flags: frozenset[str]

    def of(self, line: str, separator: str | None) -> str:
        if not self.first:
            return line
        parts = line.split(separator, MAX_FIELDS) if separator else _FIELD.findall(line[: MAX_KEY * 8])
        chosen = parts[self.first - 1 : self.last or None]
        if chosen and "b" in self.flags:
            chosen[0] = chosen[0].lstrip()
        if self.last and self.end and len(chosen) == self.last - self.first + 1:
            chosen[-1] = chosen[-1][: self.end]
        return (separator or "").join(chosen)[self.start :]


def _natural(text: str) -> str:
    return re.sub(r"\d{1,18}", lambda found: found[0].rjust(18, "0"), text)


def _valued(flags: frozenset[str], order: _Order, text: str) -> Any:
    if flags & {"n", "g", "h"}:
        found = _NUMBER.match(text)
        if found is None:
            return (0, 0.0)
        size = float(found[1])
        return ("KMGTP".find(found[2]) + 1 if "h" in flags and found[2] else 0, size)
    if "V" in flags:
        return _natural(text)
    if "M" in flags:
        month = text.strip()[:3].upper()
        return _MONTHS.index(month) if month in _MONTHS else -1
    if "d" in flags:
        text = "".join(char for char in text if char.isalnum() or char in " \t")
    return order(text.upper() if "f" in flags else text)


def sort(ctx: Context) -> Work:
    """Sort lines."""
    keys: list[_Key] = []
    args: list[str] = []
    queue = list(ctx.args)
    while queue:
        word = queue.pop(0)
        if word == "-k" and queue:
            word += queue.pop(0)
        if word.startswith(("-k", "--key=")):
            keys.append(_key(ctx, word[2:] if word.startswith("-k") else word[6:]))
        else:
            args.append(word)
    ctx.args = args
    opts = getopt(ctx, "nrufhVbgcCsdMiRmzt:o:T:S:", _NAMES, status=2)
    letters = frozenset(letter for letter in opts.given if len(letter) == 1)
    keys = [_inherited(key, letters) for key in keys[:MAX_KEYS]] or [_Key(0, 0, 0, 0, letters)]
    separator = opts.given.get("t") or None
    order = collation(ctx.sh)
    read = yield from ctx.input_of(opts.rest)
    lines: list[str] = []
    for _, data in read:
        lines += yield from ctx.lines(data)
    lines = lines[:MAX_LINES]
    if {"c", "C"} & opts.given.keys():
        return (yield from _checked(ctx, opts, lines, keys[0], separator, order))
    budget = ctx.world.budget
    budget.step(len(lines) // 100)
    stable = "s" in opts or "u" in opts
    if not stable:
        lines = yield from ordered(lines, order, budget, reverse="r" in opts)
    for key in reversed(keys):
        lines = yield from ordered(lines, partial(_key_of, key, separator, order), budget, reverse="r" in key.flags)
    if "u" in opts:
        unique: dict[Any, str] = {}  # Any: whatever compares with its like
        for line in lines:
            if budget.due:
                yield BREATHE
            unique.setdefault(tuple(_key_of(key, separator, order, line) for key in keys), line)
        lines = list(unique.values())
    if "o" in opts:
        text = "".join(f"{line}\n" for line in lines)
        ctx.write_file(opts.given["o"], text.encode("utf-8", "surrogateescape"))
    else:
        yield from ctx.show(lines)
    return 2 if len(read) < len(opts.rest) else 0


_NAMES = (
    "numeric-sort/n", "reverse/r", "unique/u", "ignore-case/f", "field-separator=/t", "human-numeric-sort/h",
    "version-sort/V", "output=/o", "stable/s", "check/c", "month-sort/M", "general-numeric-sort/g",
    "ignore-leading-blanks/b", "dictionary-order/d", "merge/m", "zero-terminated/z",
)  # fmt: skip


def _key(ctx: Context, text: str) -> _Key:
    found = _KEY.fullmatch(text)
    if found is None or not int(found[1]):
        ctx.usage(f"sort: invalid number at field start: invalid count at start of \u2018{text}\u2019\n", 2)
    return _Key(
        int(found[1]),
        max(int(found[2] or 1) - 1, 0),
        int(found[4] or 0),
        int(found[5] or 0),
        frozenset(found[3] + (found[6] or "")),
    )


def _inherited(key: _Key, letters: frozenset[str]) -> _Key:
    """Return a key with the options of the whole sort, if it has none of its own."""
    wanted = letters & frozenset("bdfghinrRVM")
    return key if key.flags else _Key(key.first, key.start, key.last, key.end, wanted)


def _key_of(key: _Key, separator: str | None, order: _Order, line: str) -> Any:
    return _valued(key.flags, order, key.of(line, separator))


def _checked(
    ctx: Context, opts: Options, lines: Sequence[str], key: _Key, separator: str | None, order: _Order
) -> Work:
    name = opts.rest[0] if opts.rest else "-"
    for number, (before, line) in enumerate(pairwise(lines), 2):
        if ctx.world.budget.due:
            yield BREATHE
        a, b = (_key_of(key, separator, order, text) for text in (before, line))
        wrong = a < b if "r" in opts else a > b
        if wrong or ("u" in opts and a == b):
            if "c" in opts:
                ctx.err(f"sort: {name}:{number}: disorder: {line}\n")
            return 1
    return 0


def uniq(ctx: Context) -> Work:
    """Drop repeated lines."""
    opts = getopt(
        ctx,
        "cdDiuf:s:w:z",
        ("count/c", "repeated/d", "unique/u", "ignore-case/i", "skip-fields=/f", "skip-chars=/s", "check-chars=/w"),
    )
    read = yield from ctx.input_of(opts.rest[:1])
    if not read:
        return 1
    lines = yield from ctx.lines(read[0][1])
    skip, from_char, width = (_count(opts.given.get(letter)) for letter in "fsw")

    def subject(line: str) -> str:
        if skip:
            found = re.match(rf"(?:\s*\S+){{0,{skip}}}", line)
            line = line[found.end() :] if found else line
        line = line[from_char:]
        line = line[:width] if "w" in opts else line
        return line.lower() if "i" in opts else line

    runs = ((next(run), 1 + sum(1 for _ in run)) for _, run in groupby(lines, subject))
    shown = (
        None
        if ("d" in opts and times == 1) or ("u" in opts and times > 1)
        else f"{times:7d} {line}"
        if "c" in opts
        else line
        for line, times in runs
    )
    if len(opts.rest) > 1:
        text = "".join(f"{line}\n" for line in shown if line is not None)
        ctx.write_file(opts.rest[1], text.encode("utf-8", "surrogateescape"))
    else:
        yield from ctx.show(shown)
    return 0


def _count(text: str | None) -> int:
    return int(text[:4]) if text and text.isdecimal() else 0


def _two(ctx: Context, names: Sequence[str]) -> Generator[Pause, None, list[list[str]]]:
    """Return the lines of two files.

    Raises:
        UsageError: there are not two, or one cannot be read.

    """
    if len(names) < 2:  # noqa: PLR2004  two files
        after = f" after \u2018{names[0]}\u2019" if names else ""
        ctx.usage(f"{ctx.name}: missing operand{after}\nTry '{ctx.name} --help' for more information.\n")
    out: list[list[str]] = []
    for name in names[:2]:
        try:
            data = (yield from ctx.stdin.read_all()) if name == "-" else ctx.read_file(name)
        except OSError as error:
            ctx.usage(f"{ctx.name}: {name}: {error.strerror}\n")
        out.append((yield from ctx.lines(data)))
    return out


def comm(ctx: Context) -> Work:
    """Say which lines two sorted files share."""
    opts = getopt(ctx, "123z", ("output-delimiter=", "nocheck-order", "check-order", "total"))
    left, right = yield from _two(ctx, opts.rest)
    mark = opts.given.get("output-delimiter", "\t")
    order = collation(ctx.sh)
    indents = [mark * sum(str(before) not in opts for before in range(1, column)) for column in (1, 2, 3)]
    a = b = 0
    while a < len(left) or b < len(right):
        if ctx.world.budget.due:
            yield BREATHE
        ctx.world.budget.step(1 if (a + b) % 50 == 0 else 0)
        if b >= len(right) or (a < len(left) and order(left[a]) < order(right[b])):
            column, line, a = 1, left[a], a + 1
        elif a >= len(left) or order(right[b]) < order(left[a]):
            column, line, b = 2, right[b], b + 1
        else:
            column, line, a, b = 3, left[a], a + 1, b + 1
        if str(column) not in opts:
            ctx.out(f"{indents[column - 1]}{line}\n")
    return 0


def join(ctx: Context) -> Work:
    """Join the lines of two files that have a field in common."""
    opts = getopt(ctx, "t:1:2:j:a:v:e:o:iz", ("nocheck-order", "check-order", "header"))
    left, right = yield from _two(ctx, opts.rest)
    mark = opts.given.get("t")
    at = [max(_count(opts.given.get(name, opts.given.get("j", "1"))), 1) - 1 for name in ("1", "2")]

    def split(line: str, place: int) -> tuple[str, list[str]]:
        parts = line.split(mark, MAX_FIELDS)
        key = parts[place] if place < len(parts) else ""
        return key.lower() if "i" in opts else key, [*parts[:place], *parts[place + 1 :]]

    joint = mark or " "
    known: dict[str, list[list[str]]] = {}
    for line in right:
        key, rest = split(line, at[1])
        known.setdefault(key, []).append(rest)
    met: set[str] = set()
    for line in left:
        if ctx.world.budget.due:
            yield BREATHE
        key, rest = split(line, at[0])
        met.add(key)
        if "v" not in opts:
            for other in known.get(key, ()):
                ctx.out(f"{joint.join([key, *rest, *other])}\n")
        if key not in known and "1" in {opts.given.get("a"), opts.given.get("v")}:
            ctx.out(f"{joint.join([key, *rest])}\n")
    if "2" in {opts.given.get("a"), opts.given.get("v")}:
        for key, rows in known.items():
            if key not in met:
                ctx.out("".join(f"{joint.join([key, *row])}\n" for row in rows))
    return 0


def shuf(ctx: Context) -> Work:
    """Put lines in any order."""
    opts = getopt(ctx, "en:i:ro:z", ("echo/e", "head-count=/n", "input-range=/i", "repeat/r"))
    if "i" in opts:
        found = re.fullmatch(r"(\d{1,9})-(\d{1,9})", opts.given["i"])
        if found is None:
            ctx.usage(f"shuf: invalid input range: \u2018{opts.given['i']}\u2019\n")
        low = int(found[1])
        lines = [str(number) for number in range(low, min(int(found[2]) + 1, low + MAX_LINES))]
    elif "e" in opts:
        lines = list(opts.rest)
    else:
        read = yield from ctx.input_of(opts.rest[:1])
        if not read:
            return 1
        lines = yield from ctx.lines(read[0][1])
    rng = ctx.world.rng
    marked = {line_number: rng.random() for line_number in range(len(lines))}
    shuffled = yield from ordered(range(len(lines)), lambda number: marked[number], ctx.world.budget)
    count = _count(opts.given.get("n")) if "n" in opts else len(shuffled)
    yield from ctx.show(lines[number] for number in shuffled[:count])
    return 0


def tsort(ctx: Context) -> Work:
    """Put names in an order that keeps each before those that depend on it."""
    read = yield from ctx.input_of(ctx.args[:1])
    if not read:
        return 1
    names = read[0][1].decode("utf-8", "surrogateescape").split()[:MAX_FIELDS]
    if len(names) % 2:
        return ctx.fail("-: input contains an odd number of tokens")
    after: dict[str, list[str]] = {}
    waits = dict.fromkeys(names, 0)
    for before, name in zip(names[::2], names[1::2], strict=True):
        if before != name:
            after.setdefault(before, []).append(name)
            waits[name] += 1
    ready = [name for name in sorted(waits, key=byte_key) if not waits[name]]
    while ready:
        if ctx.world.budget.due:
            yield BREATHE
        name = ready.pop(0)
        ctx.out(f"{name}\n")
        for following in after.get(name, ()):
            waits[following] -= 1
            if not waits[following]:
                ready.append(following)
    return 0


COMMANDS: Mapping[str, Function] = {
    "sort": sort, "uniq": uniq, "comm": comm, "join": join, "shuf": shuf, "tsort": tsort,
}  # fmt: skip
