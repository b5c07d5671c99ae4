"""This module holds ``ls`` and its kin."""

import re
import stat
from collections.abc import Generator, Iterator, Mapping, Sequence

from decnet_actors.contracts.machine import Stat
from decnet_actors.machine import dates
from decnet_actors.machine.shell.commands.hardware import human
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.options import getopt
from decnet_actors.machine.shell.ordering import collation, ordered
from decnet_actors.machine.shell.streams import BREATHE, Pause, Work

MAX_VISITED = 20_000  # directories of one recursive listing
HALF_YEAR = 15_778_476.0


_COLOURS = {
    "dir": "01;34",
    "link": "01;36",
    "exec": "01;32",
    "setuid": "37;41",
    "sticky": "30;42",
    "device": "40;33;01",
    "archive": "01;31",
}


_ARCHIVES = (".tar", ".tgz", ".gz", ".zip", ".xz", ".bz2", ".deb", ".rpm", ".jar")


def ls(ctx: Context) -> Work:
    """List directories."""
    opts = getopt(
        ctx,
        "alhAdRrtS1FiGgnoscCxmpQkLHUXZuBNqbwv:I:T:",
        (
            "all/a",
            "almost-all/A",
            "human-readable/h",
            "recursive/R",
            "reverse/r",
            "directory/d",
            "inode/i",
            "size/s",
            "color/color",
            "classify/F",
            "full-time/full",
            "time-style=",
            "group-directories-first",
            "numeric-uid-gid/n",
            "sort=",
            "file-type/F",
            "author",
        ),
        status=2,
    )
    if "n" in opts or "o" in opts or "g" in opts or "full" in opts:
        opts = type(opts)({**opts.given, "l": ""}, opts.rest)
    lister = _Lister(ctx, opts.given)
    status = 0
    files: list[tuple[str, Stat]] = []
    folders: list[str] = []
    for name in (yield from ordered(opts.rest, collation(ctx.sh), ctx.world.budget)) or ["."]:
        try:
            path = ctx.path(name)
            found = ctx.files.stat(path, follow="l" not in opts and "d" not in opts, uid=ctx.sh.uid)
        except OSError as error:
            try:
                found = ctx.files.stat(ctx.path(name), follow=False, uid=ctx.sh.uid)
            except OSError:
                ctx.fail(f"cannot access '{name}': {error.strerror}")
                status = 2
                continue
        if stat.S_ISDIR(found.mode) and "d" not in opts:
            folders.append(name)
        else:
            files.append((name, found))
    if files:
        yield from lister.show(files)
    many = len(folders) + len(files) > 1 or "R" in opts or status != 0
    first = not files
    queue = list(folders)
    visited = 0
    while queue and visited < MAX_VISITED:
        name = queue.pop(0)
        visited += 1
        ctx.world.budget.step()
        if ctx.world.budget.due:
            yield BREATHE
        try:
            names = ctx.files.list(ctx.path(name), uid=ctx.sh.uid)
        except OSError as error:
            ctx.fail(f"cannot open directory '{name}': {error.strerror}")
            status = 2 if name in folders else max(status, 1)
            continue
        if many:
            ctx.out(f"{'' if first else chr(10)}{name}:\n")
        first = False
        children = yield from lister.folder(name, names)
        if "R" in opts:
            queue[:0] = [
                f"{name.rstrip('/')}/{child}"
                for child, found in children
                if stat.S_ISDIR(found.mode) and child not in {".", ".."}
            ]
    return status


class _Lister:
    def __init__(self, ctx: Context, flags: Mapping[str, str]) -> None:
        self.ctx, self.flags = ctx, flags
        interactive = ctx.evaluator.is_terminal(ctx.stdout)
        self.one_column = not interactive or "1" in flags
        wanted = flags.get("color")
        self.colour = wanted in {"always", "yes", "force"} or (wanted in {"", "auto", "tty"} and interactive)

    def folder(self, name: str, names: Sequence[str]) -> Generator[Pause, None, list[tuple[str, Stat]]]:
        base = self.ctx.path(name).rstrip("/")
        shown = [child for child in names if not child.startswith(".") or "a" in self.flags or "A" in self.flags]
        if "a" in self.flags and "A" not in self.flags:
            shown = [".", "..", *shown]
        rows: list[tuple[str, Stat]] = []
        for child in shown:
            if self.ctx.world.budget.due:
                yield BREATHE
            try:
                rows.append((child, self.ctx.files.stat(f"{base}/{child}", follow=False, uid=self.ctx.sh.uid)))
            except OSError as error:
                self.ctx.fail(f"cannot access '{name}/{child}': {error.strerror}")
        if "l" in self.flags or "s" in self.flags:
            blocks = sum(-(-found.size // 4096) * 4 for _, found in rows if not stat.S_ISLNK(found.mode))
            self.ctx.out(f"total {human(blocks * 1024) if 'h' in self.flags else blocks}\n")
        yield from self.show(rows)
        return rows

    def show(self, rows: list[tuple[str, Stat]]) -> Generator[Pause, None, None]:
        flags, budget = self.flags, self.ctx.world.budget
        if "U" not in flags and "f" not in flags:
            order = collation(self.ctx.sh)
            rows = yield from ordered(rows, lambda row: order(row[0]), budget)
        if "t" in flags:
            rows = yield from ordered(rows, lambda row: -row[1].modified, budget)
        elif "S" in flags:
            rows = yield from ordered(rows, lambda row: -row[1].size, budget)
        elif "X" in flags:
            rows = yield from ordered(rows, lambda row: row[0].rpartition(".")[2] if "." in row[0] else "", budget)
        if "r" in flags:
            rows.reverse()
        if "l" in flags:
            yield from self.long(rows)
            return
        names = [self.marked(name, found) for name, found in rows]
        if "i" in flags:
            names = [f"{found.inode} {name}" for name, (_, found) in zip(names, rows, strict=True)]
        if "m" in flags:
            self.ctx.out(", ".join(names) + "\n" if names else "")
        elif self.one_column and "C" not in flags and "x" not in flags:
            self.ctx.out("".join(f"{name}\n" for name in names))
        else:
            yield from self.columns(names, [len(name) for name, _ in rows])

    def marked(self, name: str, found: Stat) -> str:
        kind = _kind(name, found)
        tail = ""
        if "F" in self.flags or ("p" in self.flags and kind in {"dir", "sticky"}):
            tail = {"dir": "/", "sticky": "/", "link": "@", "exec": "*", "setuid": "*"}.get(kind, "")
        if " " in name and self.ctx.evaluator.is_terminal(self.ctx.stdout):
            name = f"'{name}'"
        if self.colour and kind in _COLOURS:
            name = f"\x1b[0m\x1b[{_COLOURS[kind]}m{name}\x1b[0m"
        return name + tail

    def columns(self, names: list[str], lengths: list[int]) -> Generator[Pause, None, None]:
        if not names:
            return
        width = max(self.ctx.world.columns, 20)
        for count in range(min(len(names), width // 3 or 1), 0, -1):
            if self.ctx.world.budget.due:
                yield BREATHE
            rows = -(-len(names) // count)
            groups = [range(start, min(start + rows, len(names))) for start in range(0, len(names), rows)]
            widths = [max(lengths[i] for i in group) + 2 for group in groups]
            if sum(widths) - 2 <= width or count == 1:
                break
        else:
            return
        for row in range(rows):
            if self.ctx.world.budget.due:
                yield BREATHE
            line = ""
            for group, wide in zip(groups, widths, strict=True):
                if row < len(group):
                    index = group[row]
                    last = group is groups[-1] or row + group.start + rows >= len(names)
                    line += names[index] + ("" if last else " " * (wide - lengths[index]))
            self.ctx.out(line + "\n")

    def long(self, rows: list[tuple[str, Stat]]) -> Generator[Pause, None, None]:
        ctx, flags = self.ctx, self.flags
        groups = ctx.world.group_names()
        table: list[tuple[str, ...]] = []
        for name, found in rows:
            if ctx.world.budget.due:
                yield BREATHE
            owner = str(found.uid) if "n" in flags else ctx.world.user_name(found.uid)
            group = str(found.gid) if "n" in flags else groups.get(found.gid, str(found.gid))
            size = human(found.size) if "h" in flags else str(found.size)
            if stat.S_ISCHR(found.mode) or stat.S_ISBLK(found.mode):
                size = f"{_device(name)[0]}, {_device(name)[1]:3d}"
            shown = self.marked(name, found)
            if stat.S_ISLNK(found.mode):
                shown = f"{shown.removesuffix('@')} -> {found.target}"
            inode = f"{found.inode} " if "i" in flags else ""
            table.append(
                (
                    inode + stat.filemode(found.mode),
                    str(found.links),
                    owner,
                    group,
                    size,
                    long_time(ctx, found.modified, flags),
                    shown,
                )
            )
        if not table:
            return
        widths = [max(len(row[i]) for row in table) for i in range(5)]
        yield from ctx.show(self.joined(table, widths))

    def joined(self, table: list[tuple[str, ...]], widths: list[int]) -> Iterator[str]:
        flags = self.flags
        for mode, links, owner, group, size, when, shown in table:
            who = ("" if "g" in flags else f"{owner:<{widths[2]}} ") + (
                "" if "o" in flags or "G" in flags else f"{group:<{widths[3]}} "
            )
            yield f"{mode:<{widths[0]}} {links:>{widths[1]}} {who}{size:>{widths[4]}} {when} {shown}"


def long_time(ctx: Context, when: float, flags: Mapping[str, str]) -> str:
    """Return a time as ``ls -l`` shows it."""
    t = dates.local(ctx.persona, when)
    day = f"{t.tm_year}-{t.tm_mon:02d}-{t.tm_mday:02d}"
    if "full" in flags or flags.get("time-style") == "full-iso":
        clock = f"{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}.{int(when % 1 * 1e9):09d}"
        return f"{day} {clock} {dates.offset(ctx.persona)}"
    if flags.get("time-style") == "long-iso":
        return f"{day} {t.tm_hour:02d}:{t.tm_min:02d}"
    if 0 <= ctx.now - when < HALF_YEAR:
        return f"{dates.MONTHS[t.tm_mon - 1]} {t.tm_mday:2d} {t.tm_hour:02d}:{t.tm_min:02d}"
    return f"{dates.MONTHS[t.tm_mon - 1]} {t.tm_mday:2d}  {t.tm_year}"


def _device(name: str) -> tuple[int, int]:
    base = name.rpartition("/")[2]
    known = {
        "null": (1, 3),
        "zero": (1, 5),
        "full": (1, 7),
        "random": (1, 8),
        "urandom": (1, 9),
        "tty": (5, 0),
        "console": (5, 1),
        "ptmx": (5, 2),
        "kmsg": (1, 11),
        "mem": (1, 1),
    }
    if base in known:
        return known[base]
    digits = re.search(r"\d+$", base)
    number = int(digits[0]) if digits else 0
    return (4, number) if base.startswith("tty") else (7, number) if base.startswith("loop") else (254, number)


def _kind(name: str, found: Stat) -> str:
    mode = found.mode
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISDIR(mode):
        return "sticky" if mode & stat.S_ISVTX and mode & stat.S_IWOTH else "dir"
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        return "device"
    if mode & stat.S_ISUID:
        return "setuid"
    if mode & 0o111:
        return "exec"
    return "archive" if name.endswith(_ARCHIVES) else "file"


COMMANDS: Mapping[str, Function] = {"ls": ls, "dir": ls, "vdir": ls}
