"""This module holds the commands that lay text and numbers out: column, fmt, expand, split, factor, numfmt, cksum."""

import re
from collections.abc import Generator, Iterator, Mapping, Sequence

from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.options import getopt
from decnet_actors.machine.shell.streams import BREATHE, Pause, Work, pieces

MAX_PARTS = 676  # files of one split: two letters
MAX_FACTORED = 1 << 40  # the largest number that is taken apart
_UNITS = " KMGTPE"
_POLYNOMIAL = 0x04C11DB7  # of POSIX' cksum


def _number(text: str | None, default: int) -> int:
    return int(text[:6]) if text and text.isdecimal() else default


def column(ctx: Context) -> Work:
    """Set lines in columns."""
    opts = getopt(ctx, "ts:o:c:x", ("table/t", "separator=/s", "output-separator=/o"))
    read = yield from ctx.input_of(opts.rest)
    lines: list[str] = []
    for _, data in read:
        lines += [line for line in (yield from ctx.lines(data)) if line.strip()]
    if "t" not in opts:
        yield from ctx.show(lines)
        return 0
    marks = opts.given.get("s")
    rows = [re.split(f"[{re.escape(marks)}]", line) if marks else line.split() for line in lines]
    widths: list[int] = []
    for row in rows:
        if ctx.world.budget.due:
            yield BREATHE
        widths += [0] * (len(row) - len(widths))
        widths = [max(width, len(row[at])) if at < len(row) else width for at, width in enumerate(widths)]
    joint = opts.given.get("o", "  ")
    yield from ctx.show(
        joint.join(cell.ljust(widths[at]) if at < len(row) - 1 else cell for at, cell in enumerate(row)) for row in rows
    )
    return 0


def fmt(ctx: Context) -> Work:
    """Fill paragraphs."""
    opts = getopt(ctx, "w:sutcp:", ("width=/w", "split-only/s"))
    width = _number(opts.given.get("w"), 75) or 75
    goal = width * 93 // 100
    read = yield from ctx.input_of(opts.rest)
    for _, data in read:
        words: list[str] = []
        for line in [*(yield from ctx.lines(data)), ""]:
            if ctx.world.budget.due:
                yield BREATHE
            if line.strip():
                words += line.split()
                continue
            yield from ctx.show(_filled(words, goal, width))
            words = []
    return 0


def _filled(words: Sequence[str], goal: int, width: int) -> Iterator[str]:
    line = ""
    for word in words:
        longer = f"{line} {word}" if line else word
        if line and (len(longer) > width or len(line) >= goal):
            yield line
            longer = word
        line = longer
    if line:
        yield line


def expand(ctx: Context) -> Work:
    """Tabs as blanks, and back."""
    opts = getopt(ctx, "at:i", ("all/a", "tabs=/t", "initial/i"))
    size = _number(opts.given.get("t"), 8) or 8
    read = yield from ctx.input_of(opts.rest)
    for _, data in read:
        lines = yield from ctx.lines(data)
        if ctx.name.endswith("unexpand"):
            yield from ctx.show(_unexpanded(line, size, everywhere="a" in opts) for line in lines)
        else:
            yield from ctx.show(line.expandtabs(min(size, 100)) for line in lines)
    return int(len(read) < len(opts.rest))


def _unexpanded(line: str, size: int, *, everywhere: bool) -> str:
    whole = line.expandtabs(min(size, 100))
    end = len(whole) if everywhere else len(whole) - len(whole.lstrip(" "))
    out: list[str] = []
    for at in range(0, end, size):
        cell = whole[at : min(at + size, end)]
        kept = cell.rstrip(" ")
        out.append(f"{kept}\t" if len(cell) == size and len(cell) - len(kept) > 1 else cell)
    return "".join(out) + whole[end:]


def split(ctx: Context) -> Work:
    """Cut a file into pieces."""
    opts = getopt(ctx, "l:b:a:dn:", ("lines=/l", "bytes=/b", "suffix-length=/a", "numeric-suffixes/d"))
    name = opts.rest[0] if opts.rest else "-"
    try:
        data = (yield from ctx.stdin.read_all()) if name == "-" else ctx.read_file(name)
    except OSError as error:
        return ctx.fail(f"cannot open '{name}' for reading: {error.strerror}")
    prefix = opts.rest[1] if len(opts.rest) > 1 else "x"
    length = min(_number(opts.given.get("a"), 2), 8)
    for number, part in enumerate(_parts(data, opts.given)):
        ctx.world.budget.step()
        if ctx.world.budget.due:
            yield BREATHE
        if number >= MAX_PARTS:
            return ctx.fail("output file suffixes exhausted")
        ctx.write_file(prefix + _suffix(number, length, digits="d" in opts), part)
    return 0


def _parts(data: bytes, given: Mapping[str, str]) -> Iterator[bytes]:
    found = re.fullmatch(r"(\d{1,9})([kKmM]?)", given.get("b", ""))
    if found:
        size = max(int(found[1]) * {"": 1, "k": 1024, "m": 1 << 20}[found[2].lower()], 1)
        yield from (data[at : at + size] for at in range(0, len(data), size))
        return
    count = max(_number(given.get("l"), 1000), 1)
    at = 0
    while at < len(data):
        end = at
        for _ in range(count):
            newline = data.find(b"\n", end)
            end = len(data) if newline < 0 else newline + 1
            if end == len(data):
                break
        yield data[at:end]
        at = end


def _suffix(number: int, length: int, *, digits: bool) -> str:
    if digits:
        return f"{number:0{length}d}"
    out = ""
    for _ in range(length):
        number, rest = divmod(number, 26)
        out = chr(97 + rest) + out
    return out


def factor(ctx: Context) -> Work:
    """Take numbers apart."""
    numbers = list(ctx.args) or (yield from ctx.stdin.read_all()).decode("latin-1").split()[:1000]
    status = 0
    for word in numbers:
        if not word.isdecimal() or not word.isascii():
            status = ctx.fail(f"\u2018{word}\u2019 is not a valid positive integer")
            continue
        number = int(word[:30])
        if number > MAX_FACTORED:
            status = ctx.fail(f"\u2018{word}\u2019 is too large")
            continue
        found = yield from _primes(ctx, number)
        ctx.out(f"{number}:{''.join(f' {prime}' for prime in found)}\n")
    return status


def _primes(ctx: Context, number: int) -> Generator[Pause, None, list[int]]:
    out: list[int] = []
    divisor = 2
    while divisor * divisor <= number:
        if divisor % 1001 == 0:
            ctx.world.budget.step()
            if ctx.world.budget.due:
                yield BREATHE
        if number % divisor:
            divisor += 1 if divisor == 2 else 2  # noqa: PLR2004  the even prime
        else:
            out.append(divisor)
            number //= divisor
    return [*out, number] if number > 1 else out


def numfmt(ctx: Context) -> Work:
    """Write numbers with units, or without."""
    opts = getopt(ctx, "d:", ("to=", "from=", "suffix=", "padding=", "field=", "grouping"), status=1)
    words = opts.rest or (yield from ctx.stdin.read_all()).decode("latin-1").split()[:1000]
    for word in words:
        found = re.fullmatch(r"(-?\d{1,18}(?:\.\d{1,9})?)([KMGTPE]?)i?", word)
        if found is None:
            return ctx.fail(f"invalid number: \u2018{word}\u2019", 2)
        scale = 1024 if opts.given.get("from", "").startswith("iec") else 1000
        number = float(found[1]) * scale ** _UNITS.index(found[2] or " ")
        ctx.out(f"{_scaled(number, opts.given.get('to', ''))}\n")
    return 0


def _scaled(number: float, kind: str) -> str:
    if kind not in {"iec", "si", "iec-i"}:
        return str(int(number)) if number == int(number) else f"{number:g}"
    scale, power = 1000 if kind == "si" else 1024, 0
    while abs(number) >= scale and power < len(_UNITS) - 1:
        number /= scale
        power += 1
    if not power:
        return str(int(number))
    shown = f"{-(-number * 10 // 1) / 10:.1f}" if number < 10 else str(int(-(-number // 1)))  # noqa: PLR2004  one digit
    return f"{shown}{_UNITS[power]}{'i' if kind == 'iec-i' else ''}"


def _table() -> tuple[int, ...]:
    out: list[int] = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1 ^ (_POLYNOMIAL if value & 0x80000000 else 0)) & 0xFFFFFFFF
        out.append(value)
    return tuple(out)


_CRC = _table()


def cksum(ctx: Context) -> Work:
    """``cksum`` (POSIX, "cksum") and ``sum`` (BSD's)."""
    names = [word for word in ctx.args if not word.startswith("-")]
    read = yield from ctx.input_of(names, None)
    bsd = ctx.name.endswith("/sum") or ctx.name == "sum"
    for name, data in read:
        value = yield from (_bsd if bsd else _posix)(ctx, data)
        label = f" {name}" if names else ""
        ctx.out(f"{value:05d} {-(-len(data) // 1024):5d}{label}\n" if bsd else f"{value} {len(data)}{label}\n")
    return int(len(read) < len(names))


def _posix(ctx: Context, data: bytes) -> Generator[Pause, None, int]:
    value, length, tail = 0, len(data), bytearray()
    while length:
        tail.append(length & 0xFF)
        length >>= 8
    for piece in (*pieces(data), memoryview(tail)):
        for at in range(0, len(piece), 4096):
            ctx.world.budget.step(4)
            if ctx.world.budget.due:
                yield BREATHE
            for byte in piece[at : at + 4096]:
                value = (value << 8 ^ _CRC[value >> 24 ^ byte]) & 0xFFFFFFFF
    return value ^ 0xFFFFFFFF


def _bsd(ctx: Context, data: bytes) -> Generator[Pause, None, int]:
    value = 0
    for at in range(0, len(data), 4096):
        ctx.world.budget.step(4)
        if ctx.world.budget.due:
            yield BREATHE
        for byte in data[at : at + 4096]:
            value = ((value >> 1) + ((value & 1) << 15) + byte) & 0xFFFF
    return value


COMMANDS: Mapping[str, Function] = {
    "column": column, "fmt": fmt, "expand": expand, "unexpand": expand, "split": split, "factor": factor,
    "numfmt": numfmt, "cksum": cksum, "sum": cksum,
}  # fmt: skip
