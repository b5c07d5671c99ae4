"""This module holds the commands that show files: cat, head, tail, wc, tac, rev, tee, more."""

import codecs
import errno
import re
import stat
from collections.abc import Callable, Generator, Mapping
from itertools import islice

from decnet_actors.machine.shell.context import MAX_LINES, MAX_TEXT, Context, Function
from decnet_actors.machine.shell.options import getopt
from decnet_actors.machine.shell.streams import BREATHE, Pause, Work, pieces

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_COUNT = re.compile(r"([-+]?)(\d{1,15})([bkKmMgG]?)B?")


def cat(ctx: Context) -> Work:
    """Concatenate files."""
    opts = getopt(ctx, "AbeEnstTuv", ("show-all/A", "number/n", "show-ends/E", "show-tabs/T", "squeeze-blank/s"))
    status, number = 0, 1
    plain = not opts.given or set(opts.given) == {"u"}
    for name in opts.rest or ["-"]:
        if name == "-":
            while data := (yield from ctx.stdin.read_some()):
                number = yield from _cat(ctx, data, opts.given, number, plain=plain)
            continue
        try:
            path = ctx.path(name)
            node = ctx.files.node(path, uid=ctx.sh.uid)
            if stat.S_ISCHR(node.mode) and node.size:
                yield from _endless(ctx, path)
            if stat.S_ISCHR(node.mode) and name.endswith(("/tty", "/stdin")):
                ctx.write((yield from ctx.stdin.read_all()))
                continue
            data = ctx.files.read(path, uid=ctx.sh.uid)
            number = yield from _cat(ctx, data, opts.given, number, plain=plain)
        except OSError as error:
            status = ctx.fail(f"{name}: {error.strerror}")
    return status


def _endless(ctx: Context, path: str) -> Work:
    while True:
        ctx.write(ctx.files.read(path, uid=ctx.sh.uid))
        ctx.world.budget.step(50)
        yield BREATHE


def _cat(
    ctx: Context, data: bytes, flags: Mapping[str, str], number: int, *, plain: bool
) -> Generator[Pause, None, int]:
    if plain:
        yield from ctx.pour(map(bytes, pieces(data)))
        return number
    blank = False
    for found in _LINE.finditer(data[:MAX_TEXT]):
        line = found[0]
        body, ended = (line[:-1], b"\n") if line.endswith(b"\n") else (line, b"")
        if "s" in flags and not body and blank:
            continue
        blank = not body
        if set(flags) & set("AeE"):
            ended = b"$" + ended if ended else ended
        if ("b" in flags and body) or ("n" in flags and "b" not in flags):
            ctx.write(b"%6d\t" % number)
            number += 1
        for piece in map(bytes, pieces(body)):
            if ctx.world.budget.due:
                yield BREATHE
            ctx.write(_visible(piece, tabs=bool(set(flags) & set("AtT"))) if set(flags) & set("AvetT") else piece)
        ctx.write(ended)
        if ctx.world.budget.due:
            yield BREATHE
    return number


def _visible(data: bytes, *, tabs: bool) -> bytes:
    return b"".join([b"\t" if byte == TAB and not tabs else _SHOWN[byte] for byte in data])


def _shown(byte: int) -> bytes:
    """Return a byte as ``cat -v`` shows it."""
    head, low = (b"M-", byte - HALF) if byte >= HALF else (b"", byte)
    if low < ord(" "):
        return head + b"^" + bytes((low + 64,))
    return head + (b"^?" if low == HALF - 1 else bytes((low,)))


TAB, HALF = 9, 128  # a byte, and where the high half begins
_SHOWN = [_shown(byte) for byte in range(256)]


def _counted(ctx: Context, text: str, what: str) -> tuple[str, int]:
    found = _COUNT.fullmatch(text)
    if found is None:
        ctx.usage(f"{ctx.name}: invalid number of {what}: \u2018{text}\u2019\n")
    scale = {"": 1, "b": 512, "k": 1024, "K": 1024, "m": 1 << 20, "M": 1 << 20, "g": 1 << 30, "G": 1 << 30}[found[3]]
    return found[1], int(found[2]) * scale


def _old_style(ctx: Context) -> None:
    """Rewrite ``head -5`` as ``head -n5``."""
    if ctx.args and re.fullmatch(r"-\d+", ctx.args[0]):
        ctx.args[:1] = ["-n", ctx.args[0][1:]]


def head(ctx: Context) -> Work:
    """Show the beginning of files."""
    _old_style(ctx)
    opts = getopt(ctx, "n:c:qvz", ("lines=/n", "bytes=/c", "quiet/q", "silent/q", "verbose/v"))
    by_bytes = "c" in opts
    sign, count = _counted(ctx, opts.given.get("c" if by_bytes else "n", "10"), "bytes" if by_bytes else "lines")

    def part(data: bytes) -> bytes:
        if by_bytes:
            return data[:-count] if sign == "-" and count else data[:count]
        return data[: _lines_off_end(data, count)] if sign == "-" else data[: _after_lines(data, count)]

    return (
        yield from _parts(
            ctx, opts.rest, part, quiet="q" in opts, verbose="v" in opts, limit=count if by_bytes else None
        )
    )


def _after_lines(data: bytes, count: int) -> int:
    """Return where the first lines end."""
    at = 0
    for _ in range(min(count, MAX_LINES)):
        at = data.find(b"\n", at) + 1
        if not at:
            return len(data)
    return at


def _lines_off_end(data: bytes, count: int) -> int:
    """Return where the last lines begin."""
    at = len(data) - data.endswith(b"\n") if count else len(data)
    for _ in range(min(count, MAX_LINES)):
        at = data.rfind(b"\n", 0, at)
        if at < 0:
            return 0
    return at + 1 if count else at


def tail(ctx: Context) -> Work:
    """Show the end of files; ``-f`` then waits for ever."""
    _old_style(ctx)
    opts = getopt(ctx, "n:c:qvfFs:", ("lines=/n", "bytes=/c", "quiet/q", "follow/f", "verbose/v", "retry", "pid="))
    by_bytes = "c" in opts
    sign, count = _counted(ctx, opts.given.get("c" if by_bytes else "n", "10"), "bytes" if by_bytes else "lines")

    def part(data: bytes) -> bytes:
        if by_bytes:
            return data[count - 1 if count else 0 :] if sign == "+" else data[max(len(data) - count, 0) :]
        return data[_after_lines(data, count - 1) if sign == "+" else _lines_off_end(data, count) :]

    status = yield from _parts(ctx, opts.rest, part, quiet="q" in opts, verbose="v" in opts)
    if ("f" in opts or "F" in opts) and status == 0:
        while True:
            ctx.world.budget.step()
            yield BREATHE
    return status


def _parts(
    ctx: Context,
    names: list[str],
    part: Callable[[bytes], bytes],
    *,
    quiet: bool,
    verbose: bool,
    limit: int | None = None,
) -> Work:
    status, shown = 0, 0
    many = (len(names) > 1 and not quiet) or verbose
    for name in names or ["-"]:
        try:
            if name == "-":
                data = yield from ctx.stdin.read_all()
            else:
                path = ctx.path(name)
                if ctx.files.node(path, uid=ctx.sh.uid).is_dir:
                    if many:
                        ctx.out(("\n" if shown else "") + f"==> {name} <==\n")
                    status = ctx.fail(f"error reading '{name}': Is a directory")
                    continue
                data = ctx.files.read(path, uid=ctx.sh.uid, size=limit)
        except OSError as error:
            status = ctx.fail(f"cannot open '{name}' for reading: {error.strerror}")
            continue
        if many:
            label = "standard input" if name == "-" else name
            ctx.out(("\n" if shown else "") + f"==> {label} <==\n")
        shown += 1
        if ctx.world.budget.due:
            yield BREATHE
        yield from ctx.pour(map(bytes, pieces(part(data))))
    return status


def wc(ctx: Context) -> Work:
    """Count lines, words and bytes."""
    opts = getopt(ctx, "clmwL", ("bytes/c", "lines/l", "chars/m", "words/w", "max-line-length/L"))
    wanted = [letter for letter in "lwmcL" if letter in opts] or ["l", "w", "c"]
    files = opts.rest
    rows: list[tuple[list[int], str]] = []
    status = 0
    for name in files or ["-"]:
        try:
            data = (yield from ctx.stdin.read_all()) if name == "-" else ctx.read_file(name)
        except OSError as error:
            status = ctx.fail(f"{name}: {error.strerror}")
            if error.errno == errno.EISDIR:
                rows.append(([0] * len(wanted), name))
            continue
        counts = yield from _counts(ctx, data)
        rows.append(([counts[letter] for letter in wanted], name if files else ""))
    if len(files) > 1:
        rows.append(([sum(row[0][i] for row in rows) for i in range(len(wanted))], "total"))
    biggest = max((value for row in rows for value in row[0]), default=0)
    width = max(len(str(biggest)), 7 if not files and len(wanted) > 1 else 1)
    if ctx.applet:
        width = 9
    if len(rows) == 1 and len(wanted) == 1:
        width = 1
    for numbers, name in rows:
        ctx.out(" ".join(f"{value:{width}d}" for value in numbers) + (f" {name}" if name else "") + "\n")
    return status


def _counts(ctx: Context, data: bytes) -> Generator[Pause, None, dict[str, int]]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    counts = dict.fromkeys("lwcmL", 0)
    counts["c"] = len(data)
    apart, width = True, 0  # whether a word cannot go on; the line that may
    for piece in map(bytes, pieces(data)):
        if ctx.world.budget.due:
            yield BREATHE
        counts["l"] += piece.count(b"\n")
        counts["m"] += len(decoder.decode(piece))
        counts["w"] += len(piece.split()) - (not apart and not piece[:1].isspace())
        apart = piece[-1:].isspace()
        widths = [len(line) for line in piece.split(b"\n")]
        widths[0] += width
        width = widths[-1]
        counts["L"] = max(counts["L"], *widths)
    counts["m"] += len(decoder.decode(b"", final=True))
    return counts


def tac(ctx: Context) -> Work:
    """Show files with their lines in reverse order."""
    names = [word for word in ctx.args if not word.startswith("-") or word == "-"]
    read = yield from ctx.input_of(names)
    for _, data in read:
        lines = [found[0] for found in islice(_LINE.finditer(data[:MAX_TEXT]), MAX_LINES)]
        yield from ctx.pour(reversed(lines))
    return int(len(read) < len(names))


def rev(ctx: Context) -> Work:
    """Show files with every line reversed."""
    read = yield from ctx.input_of(ctx.args)
    for _, data in read:
        lines = yield from ctx.lines(data)
        yield from ctx.show(line[::-1] for line in lines)
    return 0


def tee(ctx: Context) -> Work:
    """Copy standard input to files and on."""
    opts = getopt(ctx, "aip", ("append/a", "ignore-interrupts/i"))
    data = yield from ctx.stdin.read_all()
    status = 0
    for name in opts.rest:
        try:
            ctx.write_file(name, data, append="a" in opts, mechanism="tee")
        except OSError as error:
            status = ctx.fail(f"{name}: {error.strerror}")
    yield from ctx.pour(map(bytes, pieces(data)))
    return status


COMMANDS: Mapping[str, Function] = {
    "cat": cat, "head": head, "tail": tail, "wc": wc, "tac": tac, "rev": rev, "tee": tee,
}  # fmt: skip
