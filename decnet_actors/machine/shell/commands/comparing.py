"""This module holds the commands that compare files: diff and cmp."""

from collections.abc import Generator, Mapping, Sequence
from typing import TypeAlias

from decnet_actors.machine import dates
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.options import getopt
from decnet_actors.machine.shell.streams import BREATHE, Pause, Work, pieces

MAX_CELLS = 1_000_000  # pairs of lines that are compared; what differs more is one change
AROUND = 3  # lines shown around a change

_Change: TypeAlias = tuple[int, int, int, int]  # lines of the first file from, to; of the second from, to


def changes(ctx: Context, a: Sequence[str], b: Sequence[str]) -> Generator[Pause, None, list[_Change]]:
    """Return what turns one list of lines into another: the longest common subsequence stays."""
    start = 0
    while start < len(a) and start < len(b) and a[start] == b[start]:
        start += 1
    end = 0
    while end < len(a) - start and end < len(b) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    ours, theirs = a[start : len(a) - end], b[start : len(b) - end]
    if not ours and not theirs:
        return []
    if len(ours) * len(theirs) > MAX_CELLS:
        return [(start, start + len(ours), start, start + len(theirs))]
    lengths = [[0] * (len(theirs) + 1)]
    for line in reversed(ours):
        ctx.world.budget.step(1 + len(theirs) // 100)
        if ctx.world.budget.due:
            yield BREATHE
        below = lengths[-1]
        row = [0] * (len(theirs) + 1)
        for at in range(len(theirs) - 1, -1, -1):
            row[at] = below[at + 1] + 1 if theirs[at] == line else max(below[at], row[at + 1])
        lengths.append(row)
    lengths.reverse()
    return _walk(ours, theirs, lengths, start)


def _walk(ours: Sequence[str], theirs: Sequence[str], lengths: Sequence[Sequence[int]], start: int) -> list[_Change]:
    out: list[_Change] = []
    i = j = 0
    while i < len(ours) or j < len(theirs):
        low, high = i, j
        while (i < len(ours) or j < len(theirs)) and not (i < len(ours) and j < len(theirs) and ours[i] == theirs[j]):
            if j >= len(theirs) or (i < len(ours) and lengths[i + 1][j] >= lengths[i][j + 1]):
                i += 1
            else:
                j += 1
        if i > low or j > high:
            out.append((start + low, start + i, start + high, start + j))
        while i < len(ours) and j < len(theirs) and ours[i] == theirs[j]:
            i, j = i + 1, j + 1
    return out


def diff(ctx: Context) -> Work:
    """Say what differs between two files."""
    opts = getopt(
        ctx,
        "uqrNwbBicaysU:C:",
        ("unified/u", "brief/q", "recursive/r", "new-file/N", "ignore-all-space/w", "ignore-case/i", "color", "text/a"),
        status=2,
    )
    if len(opts.rest) < 2:  # noqa: PLR2004  two files
        after = f" after '{opts.rest[0]}'" if opts.rest else f" after '{ctx.name}'"
        ctx.usage(f"{ctx.name}: missing operand{after}\n{ctx.name}: Try '{ctx.name} --help' for more information.\n", 2)
    read = yield from ctx.input_of(opts.rest[:2])
    if len(read) < 2:  # noqa: PLR2004  two files
        return 2
    (one, first), (two, second) = read
    if first == second:
        if "s" in opts:
            ctx.out(f"Files {one} and {two} are identical\n")
        return 0
    if "q" in opts:
        ctx.out(f"Files {one} and {two} differ\n")
        return 1
    if b"\0" in first[:4096] or b"\0" in second[:4096]:
        ctx.out(f"Binary files {one} and {two} differ\n")
        return 1
    left = yield from _lines(ctx, first)
    right = yield from _lines(ctx, second)
    plain = [_folded(opts.given, line) for line in left], [_folded(opts.given, line) for line in right]
    found = yield from changes(ctx, *plain)
    if not found:
        return 0
    if "u" in opts or "U" in opts or ctx.applet:
        for mark, name in (("---", one), ("+++", two)):
            ctx.out(f"{mark} {name}\n" if ctx.applet else f"{mark} {name}\t{_stamp(ctx, name)}\n")
        around = int(opts.given["U"][:4]) if opts.given.get("U", "").isdecimal() else AROUND
        yield from ctx.pour(line.encode("utf-8", "surrogateescape") for line in _unified(left, right, found, around))
    else:
        yield from ctx.pour(line.encode("utf-8", "surrogateescape") for line in _normal(left, right, found))
    return 1


def _lines(ctx: Context, data: bytes) -> Generator[Pause, None, list[str]]:
    """Return lines with their ends; one without says so as ``diff`` does."""
    lines = yield from ctx.lines(data)
    whole = [f"{line}\n" for line in lines]
    if whole and not data.endswith(b"\n"):
        whole[-1] += "\\ No newline at end of file\n"
    return whole


def _folded(given: Mapping[str, str], line: str) -> str:
    if "w" in given:
        line = "".join(line.split())
    elif "b" in given:
        line = " ".join(line.split())
    return line.lower() if "i" in given else line


def _stamp(ctx: Context, name: str) -> str:
    try:
        when = ctx.files.stat(ctx.path(name), uid=ctx.sh.uid).modified if name != "-" else ctx.now
    except OSError:
        when = ctx.now
    t = dates.local(ctx.persona, when)
    return (
        f"{t.tm_year}-{t.tm_mon:02d}-{t.tm_mday:02d} {t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}"
        f".{int(when % 1 * 1e9):09d} {dates.offset(ctx.persona)}"
    )


def _range(low: int, high: int) -> str:
    return f"{low + 1},{high}" if high - low > 1 else str(max(low, high))


def _normal(left: Sequence[str], right: Sequence[str], found: Sequence[_Change]) -> list[str]:
    out: list[str] = []
    for a, b, c, d in found:
        letter = "c" if b > a and d > c else "d" if b > a else "a"
        out.append(f"{_range(a, b)}{letter}{_range(c, d)}\n")
        out += [f"< {line}" for line in left[a:b]]
        if letter == "c":
            out.append("---\n")
        out += [f"> {line}" for line in right[c:d]]
    return out


def _unified(left: Sequence[str], right: Sequence[str], found: Sequence[_Change], around: int) -> list[str]:
    groups: list[list[_Change]] = []
    for change in found:
        if groups and change[0] - groups[-1][-1][1] <= 2 * around:
            groups[-1].append(change)
        else:
            groups.append([change])
    out: list[str] = []
    for group in groups:
        low, high = max(group[0][0] - around, 0), min(group[-1][1] + around, len(left))
        first, last = max(group[0][2] - around, 0), min(group[-1][3] + around, len(right))
        out.append(f"@@ -{_hunk(low, high)} +{_hunk(first, last)} @@\n")
        at = low
        for a, b, c, d in group:
            out += [f" {line}" for line in left[at:a]]
            out += [f"-{line}" for line in left[a:b]]
            out += [f"+{line}" for line in right[c:d]]
            at = b
        out += [f" {line}" for line in left[at:high]]
    return out


def _hunk(low: int, high: int) -> str:
    size = high - low
    return str(high) if size == 1 else f"{low + 1 if size else low},{size}"


def cmp(ctx: Context) -> Work:
    """Say where two files begin to differ."""
    opts = getopt(ctx, "sln:i:b", ("quiet/s", "silent/s", "verbose/l", "bytes=/n"), status=2)
    if not opts.rest:
        ctx.usage(f"cmp: missing operand after '{ctx.name}'\ncmp: Try 'cmp --help' for more information.\n", 2)
    names = [*opts.rest[:2], "-"][:2]
    read = yield from ctx.input_of(names)
    if len(read) < 2:  # noqa: PLR2004  two files
        return 2
    (one, a), (two, b) = read
    if "n" in opts and opts.given["n"].isdecimal():
        a, b = a[: int(opts.given["n"][:9])], b[: int(opts.given["n"][:9])]
    if a == b:
        return 0
    if "s" in opts:
        return 1
    at = _common(a, b)
    if at >= min(len(a), len(b)):
        short, data = (one, a) if len(a) < len(b) else (two, b)
        if not data:
            ctx.err(f"cmp: EOF on {short} which is empty\n")
        else:
            lines = data.count(b"\n")
            where = f"line {lines}" if data.endswith(b"\n") else f"in line {lines + 1}"
            ctx.err(f"cmp: EOF on {short} after byte {len(data)}, {where}\n")
    elif "l" in opts:
        width = len(str(max(len(a), len(b))))
        pairs = enumerate(zip(a, b, strict=False), 1)
        yield from ctx.show(f"{place:{width}d} {x:3o} {y:3o}" if x != y else None for place, (x, y) in pairs)
    else:
        ctx.out(f"{one} {two} differ: {'char' if ctx.applet else 'byte'} {at + 1}, line {a[:at].count(10) + 1}\n")
    return 1


def _common(a: bytes, b: bytes) -> int:
    """Return how many bytes two contents begin with in common."""
    at = 0
    for x, y in zip(pieces(a), pieces(b), strict=False):
        if x != y:
            return at + next((i for i, (m, n) in enumerate(zip(x, y, strict=False)) if m != n), min(len(x), len(y)))
        at += len(x)
    return at


COMMANDS: Mapping[str, Function] = {"diff": diff, "cmp": cmp}
