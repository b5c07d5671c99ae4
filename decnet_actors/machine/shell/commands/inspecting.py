"""This module holds the commands that tell about single files: stat, du, which, file, readlink."""

import re
import stat
from collections.abc import Mapping

from decnet_actors.contracts.machine import Stat
from decnet_actors.machine import dates
from decnet_actors.machine.shell.commands.finding import walk
from decnet_actors.machine.shell.commands.hardware import human
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.options import getopt
from decnet_actors.machine.shell.streams import BREATHE, Work
from decnet_actors.machine.tree.elf import machine_of


def stat_(ctx: Context) -> Work:
    """Show all about files."""
    opts = getopt(ctx, "Lfc:t", ("format=/c", "printf=", "dereference/L", "terse/t", "file-system/f"))
    if not opts.rest:
        ctx.usage("stat: missing operand\nTry 'stat --help' for more information.\n")
    status = 0
    for name in opts.rest:
        if ctx.world.budget.due:
            yield BREATHE
        try:
            found = ctx.files.stat(ctx.path(name), follow="L" in opts, uid=ctx.sh.uid)
        except OSError as error:
            status = ctx.fail(f"cannot statx '{name}': {error.strerror}")
            continue
        if "c" in opts or "printf" in opts:
            ctx.out(
                _stat_format(ctx, opts.given.get("c") or opts.given.get("printf", ""), name, found)
                + ("\n" if "c" in opts else "")
            )
            continue
        kind = _stat_kind(found)
        arrow = f" -> {found.target}" if stat.S_ISLNK(found.mode) else ""
        times = [dates.local(ctx.persona, when) for when in (found.accessed, found.modified, found.changed)]
        shown = [
            f"{t.tm_year}-{t.tm_mon:02d}-{t.tm_mday:02d} "
            f"{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}.{int(when % 1 * 1e9):09d} "
            f"{dates.offset(ctx.persona)}"
            for t, when in zip(times, (found.accessed, found.modified, found.changed), strict=True)
        ]
        group = ctx.world.group_names().get(found.gid, "UNKNOWN")
        ctx.out(
            f"  File: {name}{arrow}\n  Size: {found.size:<10}\tBlocks: {-(-found.size // 4096) * 8:<10} "
            f"IO Block: 4096   {kind}\n"
            f"Device: 254,1\tInode: {found.inode:<11} Links: {found.links}\n"
            f"Access: ({found.mode & 0o7777:04o}/{stat.filemode(found.mode)})  Uid: "
            f"({found.uid:>5}/{ctx.world.user_name(found.uid):>8})   "
            f"Gid: ({found.gid:>5}/{group:>8})\nAccess: {shown[0]}\nModify: {shown[1]}\nChange: "
            f"{shown[2]}\n Birth: {shown[2]}\n"
        )
    return status


def _stat_kind(found: Stat) -> str:
    if stat.S_ISDIR(found.mode):
        return "directory"
    if stat.S_ISLNK(found.mode):
        return "symbolic link"
    if stat.S_ISCHR(found.mode):
        return "character special file"
    return "regular file" if found.size else "regular empty file"


def _stat_format(ctx: Context, form: str, name: str, found: Stat) -> str:
    table = {
        "n": name,
        "N": f"'{name}'",
        "s": str(found.size),
        "a": f"{found.mode & 0o7777:o}",
        "A": stat.filemode(found.mode),
        "u": str(found.uid),
        "U": ctx.world.user_name(found.uid),
        "g": str(found.gid),
        "G": ctx.world.group_names().get(found.gid, "UNKNOWN"),
        "i": str(found.inode),
        "h": str(found.links),
        "F": _stat_kind(found),
        "Y": str(int(found.modified)),
        "X": str(int(found.accessed)),
        "Z": str(int(found.changed)),
        "f": f"{found.mode:x}",
        "b": str(-(-found.size // 4096) * 8),
        "B": "512",
        "o": "4096",
    }
    return re.sub(r"%([a-zA-Z])", lambda m: table.get(m[1], "?"), form.replace("\\n", "\n"))


def du(ctx: Context) -> Work:
    """Tell what directories use."""
    opts = getopt(
        ctx,
        "ashkmcbd:xS0L",
        ("summarize/s", "human-readable/h", "all/a", "total/c", "max-depth=/d", "bytes/b", "apparent-size"),
    )
    deepest = 0 if "s" in opts else int(opts.given["d"]) if opts.given.get("d", "").isdecimal() else None
    status, grand = 0, 0

    def shown(size: int) -> str:
        return (
            human(size) if "h" in opts else str(size if "b" in opts else -(-size // (1 << 20 if "m" in opts else 1024)))
        )

    for top in opts.rest or ["."]:
        rows: list[tuple[str, int, int, bool]] = []
        try:
            ctx.files.stat(ctx.path(top), follow=False, uid=ctx.sh.uid)
        except OSError as error:
            status = ctx.fail(f"cannot access '{top}': {error.strerror}")
            continue
        for step in walk(ctx, top):
            if isinstance(step, tuple):
                path, found, depth = step
                is_dir = stat.S_ISDIR(found.mode)
                size = (
                    found.size if "b" in opts else -(-found.size // 4096) * 4096 if not stat.S_ISLNK(found.mode) else 0
                )
                rows.append((path, depth, size, is_dir))
            else:
                yield step
        totals: list[tuple[str, int, int, bool]] = []
        sums: dict[int, int] = {}
        for path, depth, size, is_dir in reversed(rows):
            total = size + (sums.pop(depth + 1, 0) if is_dir else 0)
            sums[depth] = sums.get(depth, 0) + total
            totals.append((path, depth, total, is_dir))
        for path, depth, total, is_dir in totals:
            if (is_dir or "a" in opts or depth == 0) and (deepest is None or depth <= deepest):
                ctx.out(f"{shown(total)}\t{path}\n")
        grand += sums.get(0, 0)
    if "c" in opts:
        ctx.out(f"{shown(grand)}\ttotal\n")
    return status


def which(ctx: Context) -> Work:
    """Tell where programs are."""
    names = [word for word in ctx.args if not word.startswith("-")]
    status = 0
    for name in names:
        if ctx.world.budget.due:
            yield BREATHE
        path = ctx.evaluator.launcher.find(ctx.sh, name)
        if path is None or not ctx.evaluator.launcher.startable(ctx.sh, path):
            status = 1
        else:
            ctx.out(f"{path}\n")
    return status if names else 1


def whereis(ctx: Context) -> Work:
    """Tell where binaries are."""
    for name in [word for word in ctx.args if not word.startswith("-")]:
        if ctx.world.budget.due:
            yield BREATHE
        found = [
            f"{folder}/{name}"
            for folder in ("/usr/bin", "/usr/sbin", "/usr/lib", "/etc")
            if ctx.evaluator.launcher.startable(ctx.sh, f"{folder}/{name}")
        ]
        ctx.out(f"{name}:{''.join(f' {path}' for path in found)}\n")
    return 0


def file(ctx: Context) -> Work:
    """Tell what files are."""
    names = [word for word in ctx.args if not word.startswith("-")]
    brief = "-b" in ctx.args
    for name in names:
        if ctx.world.budget.due:
            yield BREATHE
        try:
            path = ctx.path(name)
            found = ctx.files.stat(path, follow=False, uid=ctx.sh.uid)
            if stat.S_ISREG(found.mode):
                kind = _magic(ctx.files.read(path, uid=ctx.sh.uid, size=1024), found)
            else:
                kind = f"symbolic link to {found.target}" if stat.S_ISLNK(found.mode) else _stat_kind(found)
        except OSError as error:
            kind = f"cannot open `{name}' ({error.strerror})"
        ctx.out(f"{kind}\n" if brief else f"{name + ':':<{max(map(len, names)) + 1}} {kind}\n")
    return 0


def _magic(data: bytes, found: Stat) -> str:
    if not data:
        return "empty"
    machine = machine_of(data)
    if machine is not None:
        label = {62: "x86-64", 3: "Intel 80386", 40: "ARM, EABI5", 8: "MIPS, MIPS32", 183: "ARM aarch64"}.get(
            machine, f"*unknown arch {machine:#x}*"
        )
        bits = "64-bit" if data[4] == 2 else "32-bit"  # noqa: PLR2004  EI_CLASS
        order = "MSB" if data[5] == 2 else "LSB"  # noqa: PLR2004  EI_DATA
        pie = "pie executable" if data[16:18] in {b"\x03\x00", b"\x00\x03"} else "executable"
        return f"ELF {bits} {order} {pie}, {label}, version 1 (SYSV), dynamically linked, stripped"
    if data.startswith(b"#!"):
        shell = data[2:60].split(b"\n")[0].strip().decode("ascii", "replace")
        label = {"/bin/sh": "POSIX shell", "/bin/bash": "Bourne-Again shell"}.get(shell.split(" ")[0], f"a {shell}")
        return f"{label} script, ASCII text executable"
    if data.startswith(b"\x1f\x8b"):
        return "gzip compressed data"
    text = all(byte >= 32 or byte in b"\t\n\r\f\x1b" for byte in data)  # noqa: PLR2004  controls
    if not text:
        return "data"
    return "ASCII text" if data.isascii() else "Unicode text, UTF-8 text" if found.size else "data"


def readlink(ctx: Context) -> Work:
    """``readlink`` and ``realpath``."""
    follow = ctx.name.endswith("realpath") or any(word in {"-f", "-e", "-m"} for word in ctx.args)
    status = 0
    for name in [word for word in ctx.args if not word.startswith("-")]:
        if ctx.world.budget.due:
            yield BREATHE
        try:
            if follow:
                ctx.out(f"{ctx.files.real(ctx.path(name), uid=ctx.sh.uid)}\n")
                continue
            found = ctx.files.stat(ctx.path(name), follow=False, uid=ctx.sh.uid)
            if stat.S_ISLNK(found.mode):
                ctx.out(f"{found.target}\n")
            else:
                status = 1
        except OSError as error:
            status = ctx.fail(f"{name}: {error.strerror}") if ctx.name.endswith("realpath") else 1
    return status


def basename(ctx: Context) -> int:
    """``basename`` and ``dirname``."""
    args = [word for word in ctx.args if word not in {"-a", "--"}]
    many, suffix = "-a" in ctx.args, ""
    if args[:1] == ["-s"]:
        many, suffix, args = True, args[1] if len(args) > 1 else "", args[2:]
    if not args:
        ctx.usage(f"{ctx.name}: missing operand\nTry '{ctx.name} --help' for more information.\n")
    if ctx.name.endswith("dirname"):
        for name in args:
            head = name.rstrip("/").rpartition("/")[0]
            ctx.out(f"{head.rstrip('/') or ('/' if name.startswith('/') else '.')}\n")
        return 0
    if not many and len(args) > 2:  # noqa: PLR2004  name suffix
        ctx.usage(f"basename: extra operand \u2018{args[2]}\u2019\nTry 'basename --help' for more information.\n")
    if not many and len(args) > 1:
        suffix, args = args[1], args[:1]
    for name in args:
        base = name.rstrip("/").rpartition("/")[2] or ("/" if name.startswith("/") else "")
        ctx.out(f"{base.removesuffix(suffix) if base != suffix else base}\n")
    return 0


COMMANDS: Mapping[str, Function] = {
    "stat": stat_, "du": du, "which": which, "whereis": whereis, "file": file, "readlink": readlink,
    "realpath": readlink, "basename": basename, "dirname": basename,
}  # fmt: skip
