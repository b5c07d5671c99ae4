"""This module holds the commands that work on lines: cut, sort, uniq, tr, paste, and their like."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count

from decnet_actors.machine.shell.commands.output import OCTAL, unescape
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.options import getopt
from decnet_actors.machine.shell.streams import MAX_PIPE, Work, pieces

MAX_FIELDS = 10_000  # of one line; the last holds what is left


def cut(ctx: Context) -> Work:
    """Keep columns."""
    opts = getopt(
        ctx,
        "d:f:c:b:sn",
        (
            "delimiter=/d",
            "fields=/f",
            "characters=/c",
            "bytes=/b",
            "only-delimited/s",
            "complement",
            "output-delimiter=",
        ),
    )
    kind = next((letter for letter in "fcb" if letter in opts), "")
    if not kind:
        ctx.usage(
            "cut: you must specify a list of bytes, characters, or fields\nTry 'cut --help' for more information.\n"
        )
    delimiter = opts.given.get("d", "\t")
    if len(delimiter) > 1:
        ctx.usage("cut: the delimiter must be a single character\nTry 'cut --help' for more information.\n")
    ranges = _ranges(ctx, opts.given[kind])
    read = yield from ctx.input_of(opts.rest)
    joint = opts.given.get("output-delimiter", delimiter if kind == "f" else "")
    if "complement" in opts:
        ranges = _others(ranges)

    def kept(line: str) -> str | None:
        if kind != "f":
            return joint.join(line[low - 1 : high] for low, high in ranges)
        if delimiter and delimiter not in line:
            return None if "s" in opts else line
        parts = line.split(delimiter or "\0", MAX_FIELDS)
        return joint.join(part for low, high in ranges for part in parts[low - 1 : high])

    for _, data in read:
        lines = yield from ctx.lines(data)
        yield from ctx.show(map(kept, lines))
    return int(len(read) < len(opts.rest))


def _ranges(ctx: Context, text: str) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for part in text.split(",")[:200]:
        found = re.fullmatch(r"(\d{0,9})(-?)(\d{0,9})", part)
        if found is None or not (found[1] or found[3]):
            ctx.usage(f"cut: invalid field value \u2018{part}\u2019\nTry 'cut --help' for more information.\n")
        low = int(found[1] or 1)
        if low == 0:
            ctx.usage("cut: fields are numbered from 1\nTry 'cut --help' for more information.\n")
        out.append((low, int(found[3]) if found[3] else 1 << 31 if found[2] else low))
    merged: list[tuple[int, int]] = []
    for low, high in sorted(out):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def _others(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what lies between ranges that are in order."""
    lows = [1, *(high + 1 for _, high in ranges)]
    highs = [*(low - 1 for low, _ in ranges), 1 << 31]
    return [(low, high) for low, high in zip(lows, highs, strict=True) if low <= high]


def tr(ctx: Context) -> Work:
    """Translate or delete characters."""
    opts = getopt(ctx, "cCdst", ("complement/c", "delete/d", "squeeze-repeats/s"))
    sets = opts.rest
    if not sets:
        ctx.usage("tr: missing operand\nTry 'tr --help' for more information.\n")
    if len(sets) == 1 and "d" not in opts and "s" not in opts:
        ctx.usage(
            f"tr: missing operand after \u2018{sets[0]}\u2019\nTwo strings must be given when translating.\n"
            "Try 'tr --help' for more information.\n"
        )
    data = (yield from ctx.stdin.read_all())[:MAX_PIPE]
    first = _set(sets[0])
    if "c" in opts or "C" in opts:
        first = bytes(byte for byte in range(256) if byte not in set(first))
    second = _set(sets[1]) if len(sets) > 1 else b""
    if "d" in opts:
        data = data.translate(None, first)
        squeezed = second
    elif second:
        padded = second.ljust(len(first), second[-1:])[: len(first)]
        table = bytearray(range(256))
        for source, target in zip(first, padded, strict=True):
            table[source] = target
        data = data.translate(bytes(table))
        squeezed = second
    else:
        squeezed = first
    if "s" in opts and squeezed:
        yield from ctx.pour(_squeezed(map(bytes, pieces(data)), frozenset(squeezed)))
    else:
        yield from ctx.pour(map(bytes, pieces(data)))
    return 0


def _squeezed(parts: Iterable[bytes], wanted: frozenset[int]) -> Iterator[bytes]:
    """Yield the parts with every run of a wanted byte as one of it."""
    before = -1
    for part in parts:
        kept = bytearray()
        for byte in part:
            if byte != before or byte not in wanted:
                kept.append(byte)
            before = byte
        yield bytes(kept)


def _set(text: str) -> bytes:
    """Return the bytes a set of ``tr`` stands for."""
    for name, members in _TR_CLASSES.items():
        text = text.replace(f"[:{name}:]", members)
    raw = unescape(text, OCTAL)[0]
    raw = re.sub(rb"\[(.)\*(\d*)\]", lambda m: m[1] * min(int(m[2] or b"256"), 256), raw, flags=re.DOTALL)
    return re.sub(rb"(.)-(.)", lambda m: bytes(range(m[1][0], m[2][0] + 1)) or m[0], raw, flags=re.DOTALL)


_TR_CLASSES = {
    "alpha": "A-Za-z", "digit": "0-9", "alnum": "A-Za-z0-9", "upper": "A-Z", "lower": "a-z",
    "space": " \\t\\n\\r\\v\\f", "blank": " \\t", "punct": "!-/:-@\\133-`{-~", "cntrl": "\\001-\\037",
    "print": " -~", "graph": "!-~", "xdigit": "0-9A-Fa-f",
}  # fmt: skip


def paste(ctx: Context) -> Work:
    """Join lines of files."""
    opts = getopt(ctx, "sd:z", ("serial/s", "delimiters=/d"))
    marks = opts.given.get("d", "\t").replace("\\n", "\n").replace("\\t", "\t").replace("\\0", "")
    names = opts.rest or ["-"]
    piped = [] if "-" not in names else (yield from ctx.lines((yield from ctx.stdin.read_all())))
    shared = iter(piped)
    columns: list[Iterator[str]] = []
    for name in names:
        if name == "-":
            columns.append(shared)
            continue
        try:
            data = ctx.read_file(name)
        except OSError as error:
            return ctx.fail(f"{name}: {error.strerror}")
        columns.append(iter((yield from ctx.lines(data))))
    if "s" in opts:
        yield from ctx.show(_pasted(list(column), marks) for column in columns)
    else:
        yield from ctx.show(_pasted(row, marks) for row in _rows(columns))
    return 0


def _pasted(cells: Sequence[str], marks: str) -> str:
    """Return cells joined by the marks in turn."""
    out = [cells[0]] if cells else []
    for at, cell in enumerate(cells[1:]):
        out += (marks[at % len(marks)] if marks else "", cell)
    return "".join(out)


def _rows(columns: Sequence[Iterator[str]]) -> Iterator[list[str]]:
    """Yield the next line of each file until all are read."""
    while True:
        row = [next(column, None) for column in columns]
        if all(cell is None for cell in row):
            return
        yield ["" if cell is None else cell for cell in row]


def number_lines(ctx: Context) -> Work:
    """``nl``."""
    opts = getopt(ctx, "b:s:w:v:i:n:h:f:d:pl:", ("body-numbering=/b", "number-separator=/s", "number-width=/w"))
    read = yield from ctx.input_of(opts.rest)
    every = opts.given.get("b", "t").startswith("a")
    none = opts.given.get("b", "t").startswith("n")
    width = min(_number(opts.given.get("w"), 6), 100)
    mark = opts.given.get("s", "\t")
    kind = opts.given.get("n", "rn")
    numbers = count(_number(opts.given.get("v"), 1), _number(opts.given.get("i"), 1))

    def shown(number: int) -> str:
        return (
            f"{number:<{width}d}" if kind == "ln" else f"{number:0{width}d}" if kind == "rz" else f"{number:{width}d}"
        )

    for _, data in read:
        lines = yield from ctx.lines(data)
        yield from ctx.show(
            f"{shown(next(numbers))}{mark}{line}" if (line or every) and not none else " " * (width + len(mark)) + line
            for line in lines
        )
    return int(len(read) < len(opts.rest))


def _number(text: str | None, default: int) -> int:
    return int(text[:6]) if text and text.isdecimal() else default


def fold(ctx: Context) -> Work:
    """Break long lines."""
    opts = getopt(ctx, "w:sb", ("width=/w", "spaces/s"))
    width = _number(opts.given.get("w"), 80) or 80
    read = yield from ctx.input_of(opts.rest)
    for _, data in read:
        lines = yield from ctx.lines(data)
        yield from ctx.show(part for line in lines for part in _folded(line, width, at_blanks="s" in opts))
    return 0


def _folded(line: str, width: int, *, at_blanks: bool) -> Iterator[str]:
    at = 0
    while len(line) - at > width:
        blank = line.rfind(" ", at, at + width) if at_blanks else -1
        end = blank + 1 if blank >= at else at + width
        yield line[at:end]
        at = end
    yield line[at:]


COMMANDS: Mapping[str, Function] = {
    "cut": cut, "tr": tr,
    "paste": paste, "nl": number_lines, "fold": fold,
}  # fmt: skip
