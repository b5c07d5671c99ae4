"""This module holds the commands that work on lines: cut, sort, uniq, tr, paste, and their like."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, groupby, zip_longest

from decnet_actors.machine.shell.arithmetic import ArithmeticShellError, evaluate
from decnet_actors.machine.shell.commands.listing import MAX_KEY, locale_key
from decnet_actors.machine.shell.commands.output import OCTAL, unescape
from decnet_actors.machine.shell.context import MAX_LINES, Context, Function
from decnet_actors.machine.shell.options import getopt
from decnet_actors.machine.shell.ordering import ordered
from decnet_actors.machine.shell.streams import BREATHE, MAX_PIPE, Work, pieces

MAX_FIELDS = 10_000  # of one line; the last holds what is left
_FIELD = re.compile(r"\s*\S+")


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


def sort(ctx: Context) -> Work:
    """Sort lines."""
    opts = getopt(
        ctx,
        "nrufhVbgcsdMiRmzk:t:o:T:S:",
        (
            "numeric-sort/n",
            "reverse/r",
            "unique/u",
            "ignore-case/f",
            "key=/k",
            "field-separator=/t",
            "human-numeric-sort/h",
            "version-sort/V",
            "output=/o",
            "stable/s",
        ),
        status=2,
    )
    read = yield from ctx.input_of(opts.rest)
    lines: list[str] = []
    for _, data in read:
        lines += yield from ctx.lines(data)
    key_text = opts.given.get("k", "")
    found = (
        re.fullmatch(r"(\d{1,4})(?:\.\d+)?([bdfghinrV]*)(?:,(\d{1,4})(?:\.\d+)?([bdfghinrV]*))?", key_text)
        if key_text
        else None
    )
    flags = set(opts.given) | set((found[2] + (found[4] or "")) if found else "")
    separator = opts.given.get("t")

    def subject(line: str) -> str:
        if found is None:
            return line
        parts = line.split(separator, MAX_FIELDS) if separator else _FIELD.findall(line[:MAX_KEY])
        last = int(found[3]) if found[3] else len(parts)
        return (separator or "").join(parts[int(found[1]) - 1 : last])

    def key(line: str) -> tuple[float, str, str]:
        text = subject(line)
        if "n" in flags or "g" in flags or "h" in flags:
            number = re.match(r"\s{0,99}(-?\d{1,18}(?:\.\d{1,9})?)([KMGT]?)", text)
            scale = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}[number[2] if number and "h" in flags else ""]
            return (float(number[1]) * 1024**scale if number else 0.0, "", "")
        if "V" in flags:
            return (0.0, re.sub(r"\d{1,18}", lambda m: m[0].rjust(18, "0"), text), "")
        text = text.lower() if "f" in flags else text
        return (0.0, *locale_key(text[:MAX_KEY]))

    budget = ctx.world.budget
    budget.step(len(lines) // 100)
    lines = yield from ordered(lines[:MAX_LINES], locale_key, budget)
    lines = yield from ordered(lines, key, budget, reverse="r" in flags)
    if "u" in flags:
        unique: dict[tuple[float, str, str], str] = {}
        for line in lines:
            if budget.due:
                yield BREATHE
            unique.setdefault(key(line), line)
        lines = list(unique.values())
    if "o" in opts:
        text = "".join(f"{line}\n" for line in lines)
        ctx.write_file(opts.given["o"], text.encode("utf-8", "surrogateescape"))
    else:
        yield from ctx.show(lines)
    return 2 if len(read) < len(opts.rest) else 0


def uniq(ctx: Context) -> Work:
    """Drop repeated lines."""
    opts = getopt(ctx, "cdiuf:s:w:", ("count/c", "repeated/d", "unique/u", "ignore-case/i"))
    read = yield from ctx.input_of(opts.rest[:1])
    if not read:
        return 1
    lines = yield from ctx.lines(read[0][1])
    runs = ((next(run), 1 + sum(1 for _ in run)) for _, run in groupby(lines, str.lower if "i" in opts else None))
    yield from ctx.show(
        None
        if ("d" in opts and times == 1) or ("u" in opts and times > 1)
        else f"{times:7d} {line}"
        if "c" in opts
        else line
        for line, times in runs
    )
    return 0


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
    joint = opts.given.get("d", "\t").replace("\\n", "\n").replace("\\t", "\t")[:1]
    read = yield from ctx.input_of(opts.rest)
    columns: list[list[str]] = []
    for _, data in read:
        columns.append((yield from ctx.lines(data)))
    if "s" in opts:
        yield from ctx.show(joint.join(lines) for lines in columns)
    else:
        yield from ctx.show(joint.join(row) for row in zip_longest(*columns, fillvalue=""))
    return 0


def number_lines(ctx: Context) -> Work:
    """``nl``."""
    read = yield from ctx.input_of([word for word in ctx.args if not word.startswith("-")])
    every = "-ba" in ctx.args
    numbers = count(1)
    for _, data in read:
        lines = yield from ctx.lines(data)
        yield from ctx.show(f"{next(numbers):6d}\t{line}" if line or every else "       " for line in lines)
    return 0


def fold(ctx: Context) -> Work:
    """Break long lines."""
    opts = getopt(ctx, "w:sb", ("width=/w", "spaces/s"))
    width = int(opts.given["w"][:6]) if opts.given.get("w", "").isdecimal() and int(opts.given["w"][:6]) else 80
    read = yield from ctx.input_of(opts.rest)
    for _, data in read:
        lines = yield from ctx.lines(data)
        yield from ctx.show(line[at : at + width] for line in lines for at in range(0, max(len(line), 1), width))
    return 0


def diff(ctx: Context) -> Work:
    """Tell whether files differ; ``cmp`` says where."""
    words = [word for word in ctx.args if not word.startswith("-")]
    if len(words) < 2:  # noqa: PLR2004  two files
        ctx.usage(
            f"{ctx.name}: missing operand after '{ctx.name}'\n{ctx.name}: Try '{ctx.name} --help' for "
            "more information.\n",
            2,
        )
    read = yield from ctx.input_of(words[:2])
    if len(read) < 2:  # noqa: PLR2004  two files
        return 2
    (one, a), (two, b) = read
    if a == b:
        return 0
    if ctx.name.endswith("cmp"):
        at = _common(a, b)
        ctx.out(f"{one} {two} differ: byte {at + 1}, line {a[:at].count(10) + 1}\n")
    elif any("q" in word for word in ctx.args if word.startswith("-")):
        ctx.out(f"Files {one} and {two} differ\n")
    else:
        left = yield from ctx.lines(a)
        right = yield from ctx.lines(b)
        ours, theirs = frozenset(left), frozenset(right)
        yield from ctx.show(None if line in theirs else f"< {line}" for line in left)
        ctx.out("---\n")
        yield from ctx.show(None if line in ours else f"> {line}" for line in right)
    return 1


def _common(a: bytes, b: bytes) -> int:
    """Return how many bytes two contents begin with in common."""
    at = 0
    for x, y in zip(pieces(a), pieces(b), strict=False):
        if x != y:
            return at + next((i for i, (m, n) in enumerate(zip(x, y, strict=False)) if m != n), min(len(x), len(y)))
        at += len(x)
    return at


def expr(ctx: Context) -> int:
    """Compute one simple expression."""
    args = ctx.args
    if not args:
        ctx.usage("expr: missing operand\nTry 'expr --help' for more information.\n", 2)
    if args[0] == "length" and len(args) == 2:  # noqa: PLR2004  length STRING
        value = str(len(args[1]))
    elif len(args) == 1:
        value = args[0]
    elif (
        len(args) == 3  # noqa: PLR2004  a operator b
        and args[1] in {"=", "==", "!=", "<", ">", "<=", ">="}
        and not all(re.fullmatch(r"-?\d+", word) for word in (args[0], args[2]))
    ):
        value = str(
            int(
                {
                    "=": args[0] == args[2],
                    "==": args[0] == args[2],
                    "!=": args[0] != args[2],
                    "<": args[0] < args[2],
                    ">": args[0] > args[2],
                    "<=": args[0] <= args[2],
                    ">=": args[0] >= args[2],
                }[args[1]]
            )
        )
    else:
        bad = next((word for word in args[::2] if not re.fullmatch(r"-?\d{1,18}|\(|\)", word)), None)
        if bad is not None or len(args) % 2 == 0:
            ctx.err(
                "expr: non-integer argument\n"
                if bad is not None
                else f"expr: syntax error: unexpected argument \u2018{args[-1]}\u2019\n"
            )
            return 2
        try:
            text = " ".join("==" if word == "=" else word for word in args)
            value = str(evaluate(text, lambda _: "0", lambda *_: None))
        except ArithmeticShellError:
            ctx.err("expr: division by zero\n" if "/" in args or "%" in args else "expr: syntax error\n")
            return 2
    ctx.out(f"{value}\n")
    return int(value in {"", "0"})


COMMANDS: Mapping[str, Function] = {
    "cut": cut, "sort": sort, "uniq": uniq, "tr": tr,
    "paste": paste, "nl": number_lines, "fold": fold, "diff": diff, "cmp": diff, "expr": expr,
}  # fmt: skip
