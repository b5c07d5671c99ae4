"""This module holds the applets of BusyBox that tell of the machine in formats of their own: ps, free, df, mount."""

import errno
import os
from collections.abc import Mapping

from decnet_actors.machine import dates
from decnet_actors.machine.shell.commands.processes import processes
from decnet_actors.machine.shell.commands.screens import until_left
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.options import getopt
from decnet_actors.machine.shell.streams import Work
from decnet_actors.machine.tree import proc, storage
from decnet_actors.machine.tree.applets import release

SIX_COLUMNS = (1, 24)  # the release since which free has them
TITLE = 20  # columns of a file system's name


def ps(ctx: Context) -> int:
    """List everything; only the builds of distributions leave the memory out."""
    short = not ctx.persona.embedded
    ctx.out("PID   USER     TIME  COMMAND\n" if short else "  PID USER       VSZ STAT COMMAND\n")
    for row in processes(ctx):
        user = row.user[:8]
        if short:
            ctx.out(f"{row.pid:>5} {user:<8}  0:00 {row.command}\n")
        else:
            ctx.out(f"{row.pid:>5} {user:<8} {row.vsz:>5} {row.state[:1]:<4} {row.command}\n")
    return 0


def top(ctx: Context) -> Work:
    """Show processes once, or until ``q``."""
    batch = any("b" in word or "n" in word for word in ctx.args if word.startswith("-"))
    m = proc.memory(ctx.persona, ctx.now)
    used = m["MemTotal"] - m["MemFree"]
    one, five, fifteen = proc.load(ctx.persona, ctx.now)
    rows = processes(ctx)
    ctx.out("" if batch else "\x1b[H\x1b[J")
    ctx.out(
        f"Mem: {used}K used, {m['MemFree']}K free, {m['Shmem']}K shrd, {m['Buffers']}K buff, {m['Cached']}K cached\n"
        "CPU:   0% usr   0% sys   0% nic 100% idle   0% io   0% irq   0% sirq\n"
        f"Load average: {one:.2f} {five:.2f} {fifteen:.2f} 1/{len(rows)} {rows[-1].pid}\n"
    )
    head = "  PID  PPID USER     STAT   VSZ %VSZ %CPU COMMAND\n"
    ctx.out(head if batch or not ctx.stdin.terminal else f"\x1b[7m{head[:-1]}\x1b[m\n")
    for row in rows if batch else rows[: max(ctx.world.rows - 5, 5)]:
        share = row.vsz * 100 // ctx.persona.memory_kib
        who = f"{row.pid:>5} {row.ppid:>5} {row.user[:8]:<8}"
        ctx.out(f"{who} {row.state[:2]:<4} {row.vsz:>5} {share:>3}%   0% {row.command}\n")
    if not batch and ctx.stdin.terminal:
        yield from until_left(ctx)
    return 0


def free(ctx: Context) -> int:
    """Tell how much memory is used."""
    opts = getopt(ctx, "bkmgh")
    if release(ctx.persona) < SIX_COLUMNS:
        return _old_free(ctx, opts.given)
    m = proc.memory(ctx.persona, ctx.now)
    cache = m["Buffers"] + m["Cached"] + m["SReclaimable"]
    row = (m["MemTotal"], m["MemTotal"] - m["MemFree"] - cache, m["MemFree"], m["Shmem"], cache, m["MemAvailable"])
    ctx.out("              total        used        free      shared  buff/cache   available\n")
    for name, values in (("Mem:", row), ("Swap:", (m["SwapTotal"], 0, m["SwapFree"]))):
        ctx.out(f"{name:<7}" + " ".join(f"{_scaled(opts.given, value):>11}" for value in values) + "\n")
    return 0


def _old_free(ctx: Context, given: Mapping[str, str]) -> int:
    m = proc.memory(ctx.persona, ctx.now)
    used, swap = m["MemTotal"] - m["MemFree"], m["SwapTotal"]
    rows: tuple[tuple[str, ...], ...] = (("", "total", "used", "free", "shared", "buffers"),)
    for name, sizes in (
        ("Mem:", (m["MemTotal"], used, m["MemFree"], 0, m["Buffers"])),
        ("Swap:", (swap, 0, swap)),
        ("Total:", (m["MemTotal"] + swap, used, m["MemFree"] + swap)),
    ):
        rows += ((name, *(_scaled(given, size) for size in sizes)),)
    ctx.out("".join(f"{name:>6}" + "".join(f"{cell:>13}" for cell in cells) + "\n" for name, *cells in rows))
    return 0


def _scaled(given: Mapping[str, str], kib: int) -> str:
    """Return a size in KiB as the options ask for it."""
    if "h" in given:
        return human(kib)
    if "b" in given:
        return str(kib * 1024)
    return str(kib // (1024 if "m" in given else 1 << 20 if "g" in given else 1))


def human(kib: int) -> str:
    """Return a size in KiB with one decimal and its unit, as BusyBox shows it."""
    value, unit = float(kib), "K"
    for larger in "MGT":
        if value < 1024:  # noqa: PLR2004  of the next unit
            break
        value, unit = value / 1024, larger
    return f"{value:.1f}{unit}" if kib else "0"


def df(ctx: Context) -> int:
    """Tell how full the file systems are."""
    opts = getopt(ctx, "PkmhTaiB:t:")
    volumes = [one for one in storage.volumes(ctx.persona, ctx.now, ctx.files.used[0]) if one.size]
    large, mega = "h" in opts, "m" in opts
    sizes = "     Size      Used" if large else "1M-blocks      Used" if mega else "1K-blocks      Used"
    kind = f"{'Type':<10} " if "T" in opts else ""
    ctx.out(f"{'Filesystem':<{TITLE}} {kind}{sizes} Available Use% Mounted on\n")
    status = 0
    for name in opts.rest:
        try:
            ctx.files.stat(ctx.path(name), uid=ctx.sh.uid)
        except OSError as error:
            status = ctx.fail(f"{name}: {error.strerror}")
    if opts.rest:
        volumes = [one for one in volumes if one.place == "/"] if not status else []
    for one in volumes:
        cells = (human(v) if large else str(v // 1024 if mega else v) for v in (one.size, one.used, one.free))
        size, used, left = cells
        share = f"{-(-one.used * 100 // max(one.used + one.free, 1))}%"
        title = f"{one.device:<{TITLE}}" if len(one.device) <= TITLE else f"{one.device}\n{'':<{TITLE}}"
        shown = f"{one.kind:<10} " if kind else ""
        ctx.out(f"{title} {shown}{size:>9} {used:>9} {left:>9} {share:>4} {one.place}\n")
    return status


def mount(ctx: Context) -> int:
    """Show what is mounted; mounting something fails, but for a change of options."""
    words = [word for word in ctx.args if not word.startswith("-")]
    if not words:
        rows = proc.mounts(ctx.persona)
        ctx.out("".join(f"{device} on {place} type {kind} ({flags})\n" for device, place, kind, flags in rows))
        return 0
    if "remount" in " ".join(ctx.args) and ctx.sh.uid == 0:
        return 0
    if ctx.sh.uid:
        return ctx.fail(f"mounting {words[0]} on {words[-1]} failed: Operation not permitted", 255)
    if len(words) == 1:
        return ctx.fail(f"can't find {words[0]} in /etc/fstab")
    return ctx.fail(f"mounting {words[-2]} on {words[-1]} failed: {_obstacle(ctx, words[-2], words[-1])}", 255)


def _obstacle(ctx: Context, device: str, place: str) -> str:
    for name in (place, device):
        try:
            ctx.files.stat(ctx.path(name), uid=ctx.sh.uid)
        except OSError as error:
            return error.strerror or ""
    return "Invalid argument"


def umount(ctx: Context) -> int:
    """Unmount nothing: what is not mounted cannot be, and what is mounted is busy."""
    status = 0
    mounted = {place for _, place, _, _ in proc.mounts(ctx.persona)}
    for name in (word for word in ctx.args if not word.startswith("-")):
        path = ctx.files.resolve(name, cwd=ctx.sh.cwd)
        try:
            ctx.files.stat(path, uid=ctx.sh.uid)
            reason = os.strerror(errno.EBUSY) if path in mounted else os.strerror(errno.EINVAL)
        except OSError as error:
            reason = error.strerror or ""
        if ctx.sh.uid:
            reason = os.strerror(errno.EPERM)
        status = ctx.fail(f"can't unmount {name}: {reason}")
    return status


def uptime(ctx: Context) -> int:
    """How long the machine runs."""
    t = dates.local(ctx.persona, ctx.now)
    minutes = int(ctx.now - ctx.persona.booted_at) // 60
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    span = f"{days} day{'s' if days != 1 else ''}, " if days else ""
    span += f"{hours:2d}:{rest:02d}" if hours else f"{rest} min"
    users = "" if ctx.persona.embedded else f"{len(ctx.world.visits.present())} users,  "
    load = ", ".join(f"{value:.2f}" for value in proc.load(ctx.persona, ctx.now))
    ctx.out(f" {t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d} up {span},  {users}load average: {load}\n")
    return 0


def chroot(ctx: Context) -> int:
    """Change to no other root."""
    name = ctx.args[0]
    try:
        ctx.files.list(ctx.path(name), uid=ctx.sh.uid)
    except OSError as error:
        return ctx.fail(f"can't change root directory to '{name}': {error.strerror}")
    if ctx.sh.uid:
        return ctx.fail(f"can't change root directory to '{name}': Operation not permitted")
    return ctx.fail(
        f"can't execute '{ctx.args[1] if len(ctx.args) > 1 else '/bin/sh'}': No such file or directory", 127
    )


COMMANDS: Mapping[str, Function] = {
    "ps": ps, "top": top, "free": free, "df": df, "mount": mount, "umount": umount, "uptime": uptime, "chroot": chroot,
}  # fmt: skip
