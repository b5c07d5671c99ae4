"""This module holds the commands about processes: ps, top, kill, sleep, pgrep."""

import re
from collections.abc import Mapping, Sequence

from attrs import frozen

from decnet_actors.domain.persona import Persona
from decnet_actors.machine import dates
from decnet_actors.machine.daemons import running
from decnet_actors.machine.releases import DAY
from decnet_actors.machine.shell.commands.screens import until_left
from decnet_actors.machine.shell.commands.system import uptime_line
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.streams import BREATHE, Sleep, Work
from decnet_actors.machine.tree import etc, proc
from decnet_actors.machine.tree.storage import root_type
from decnet_actors.machine.visits import Visit

MAX_SLEEP = 86_400.0  # seconds of one sleep


_KERNEL = (
    "kthreadd rcu_gp rcu_par_gp slub_flushwq netns kworker/0:0H-events_highpri mm_percpu_wq "
    "rcu_tasks_kthread ksoftirqd/0 "
    "rcu_preempt migration/0 cpuhp/0 kdevtmpfs inet_frag_wq kauditd khungtaskd oom_reaper writeback "
    "kcompactd0 ksmd khugepaged "
    "kintegrityd kblockd blkcg_punt_bio tpm_dev_wq edac-poller devfreq_wq kswapd0 kthrotld acpi_thermal_pm "
    "mld ipv6_addrconf "
    "kstrp zswap-shrink ata_sff scsi_eh_0 {journal}"
)
_JOURNALS = {"ext4": "jbd2/{disk}1-8 ext4-rsv-conver", "xfs": "xfs-buf/{disk}1 xfs-cil/{disk}1 xfsaild/{disk}1"}
_DEVICE_KERNEL = "kthreadd ksoftirqd/0 events/0 khelper async/mgr sync_supers bdi-default kblockd/0 kswapd0 mtdblockd"


@frozen(kw_only=True)
class Process:
    """One row of the process table."""

    pid: int
    ppid: int
    user: str
    started: float
    rss: int  # KiB
    vsz: int
    tty: str
    state: str
    command: str
    name: str


def processes(ctx: Context) -> Sequence[Process]:
    """Return the process table: the kernel's, the daemons', those of the visitors, and ours."""
    p, world = ctx.persona, ctx.world
    booted = p.booted_at
    if p.init == "systemd":
        rows = [_row(1, 0, "root", booted, 12_800, 167_900, "/sbin/init", "systemd")]
    else:
        rows = [_row(1, 0, "root", booted, 412, 1_640, "init" if p.embedded else "/sbin/init", "init")]
    names = (
        (_DEVICE_KERNEL if p.embedded else _KERNEL)
        .format(journal=_JOURNALS.get(root_type(p), "").format(disk=etc.disk(p)))
        .split()
    )
    rows += [
        _row(
            number,
            0 if name == "kthreadd" else 2,
            "root",
            booted,
            0,
            0,
            f"[{name}]",
            name,
            state="I<" if "wq" in name else "S",
        )
        for number, name in enumerate(names, 2)
    ]
    for row in running(p):
        one = row.daemon
        if row.pid > 1:
            state, when = ("S" if one.worker else "Ss"), booted + (10 if one.port or one.worker else 9)
            rows.append(
                _row(
                    row.pid, row.parent, one.user, when, one.rss, one.vsz, one.command, one.name,
                    tty=one.tty, state=state,
                )
            )  # fmt: skip
    for visit in world.visits.present():
        rows += _session(p, visit)
    tty = next((visit.tty for visit in world.visits.present() if visit.address == world.login.address), "pts/0")
    tty = tty if world.login.pty is not None else "?"
    for job in world.jobs:
        if not job.done:
            rows.append(
                _row(
                    job.pid, ctx.sh.pid, ctx.sh.user, ctx.now - 5, 900, 5_500, job.text, job.text.split(" ")[0], tty=tty
                )
            )
    shell = p.shell.rpartition("/")[2]
    rss, vsz = (4_900, 8_100) if shell == "bash" else (900, 1_700)
    rows.append(
        _row(
            ctx.sh.pid,
            etc.pid(p, _server(ctx)),
            ctx.sh.user,
            world.started,
            rss,
            vsz,
            ctx.sh.name,
            shell,
            tty=tty,
            state="Ss",
        )
    )
    rows.append(
        _row(
            world.fork(),
            ctx.sh.pid,
            ctx.sh.user,
            ctx.now,
            rss - 700,
            vsz if shell != "bash" else 11_100,
            " ".join([ctx.name, *ctx.args]),
            ctx.name,
            tty=tty,
            state="R+",
        )
    )
    return sorted(rows, key=lambda row: row.pid)


def _server(ctx: Context) -> str:
    """Return the daemon this log-in came by."""
    if ctx.world.login.service == "telnet" and ctx.persona.userland == "busybox":
        return "telnetd"
    return "dropbear" if ctx.persona.ssh_server == "dropbear" else "sshd"


def _session(p: Persona, visit: Visit) -> Sequence[Process]:
    """Return the processes that serve a log-in; BusyBox's telnetd serves all of them by itself."""
    base = 1000 + int(visit.since - p.booted_at) // 3 % 28_000
    match p.ssh_server:
        case "openssh":
            parent = etc.pid(p, "sshd")
            first, second = f"sshd: {visit.user} [priv]", f"sshd: {visit.user}@{visit.tty}"
            return (
                _row(base, parent, "root", visit.since, 10_900, 17_900, first, "sshd", state="Ss"),
                _row(base + 12, base, visit.user, visit.since, 6_700, 18_200, second, "sshd", state="S"),
            )
        case "dropbear":
            parent = etc.pid(p, "dropbear")
            return (_row(base, parent, "root", visit.since, 710, 2_200, "/usr/sbin/dropbear", "dropbear", state="S"),)
        case _:
            return ()


def _row(
    pid: int,
    ppid: int,
    user: str,
    started: float,
    rss: int,
    vsz: int,
    command: str,
    name: str,
    *,
    tty: str = "?",
    state: str = "S",
) -> Process:
    return Process(
        pid=pid,
        ppid=ppid,
        user=user,
        started=started,
        rss=rss,
        vsz=vsz,
        tty=tty,
        state=state,
        command=command,
        name=name,
    )


def ps(ctx: Context) -> int:
    """List processes: BSD, System V and short forms."""
    flags = "".join(word.lstrip("-") for word in ctx.args if not word.startswith("--"))
    dashed = any(word.startswith("-") for word in ctx.args)
    rows = processes(ctx)
    if ctx.args and not re.fullmatch(r"[A-Za-z,=:0-9%_. -]*", "".join(ctx.args)):
        ctx.usage(
            "error: unsupported option\n\nUsage:\n ps [options]\n\n Try 'ps --help "
            "<simple|list|output|threads|misc|all>'\n"
        )
    if "u" in flags and ("a" in flags or not dashed):
        shown = rows if "x" in flags else [row for row in rows if row.tty != "?"]
        ctx.out("USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n")
        for row in shown:
            share = row.rss * 100 / ctx.persona.memory_kib
            start, used = _start(ctx, row), "0:0" + str(row.pid % 7) if row.pid < 500 else "0:00"  # noqa: PLR2004  old ones have run a little
            user = row.user if len(row.user) <= 8 else row.user[:7] + "+"  # noqa: PLR2004  the column's width
            ctx.out(
                f"{user:<8} {row.pid:>7}  0.0 {share:>4.1f} {row.vsz:>6} {row.rss:>5} {row.tty:<8} "
                f"{row.state:<4} {start:<5} "
                f"{used:>6} {row.command}\n"
            )
    elif set(flags) & set("ef") and dashed and "f" in flags:
        shown = rows if "e" in flags or "A" in flags else [row for row in rows if row.tty != "?"]
        ctx.out("UID          PID    PPID  C STIME TTY          TIME CMD\n")
        for row in shown:
            user = row.user if len(row.user) <= 8 else row.user[:7] + "+"  # noqa: PLR2004  the column's width
            ctx.out(
                f"{user:<8} {row.pid:>7} {row.ppid:>7}  0 {_start(ctx, row):<5} {row.tty:<8} 00:00:00 {row.command}\n"
            )
    else:
        everything = bool(set(flags) & set("eAx")) or "ax" in flags
        bsd = "x" in flags or "a" in flags
        own_tty = next(row.tty for row in rows if row.pid == ctx.sh.pid)
        ctx.out("    PID TTY      STAT   TIME COMMAND\n" if bsd else "    PID TTY          TIME CMD\n")
        for row in rows:
            mine = row.tty == own_tty and row.user == ctx.sh.user and row.pid >= ctx.sh.pid
            if everything or mine:
                ctx.out(
                    f"{row.pid:>7} {row.tty:<8} {row.state:<4}   0:00 {row.command}\n"
                    if bsd
                    else f"{row.pid:>7} {row.tty:<8} 00:00:00 {row.name}\n"
                )
    return 0


def _start(ctx: Context, row: Process) -> str:
    t = dates.local(ctx.persona, row.started)
    if ctx.now - row.started < DAY:
        return f"{t.tm_hour:02d}:{t.tm_min:02d}"
    now = dates.local(ctx.persona, ctx.now)
    return f"{dates.MONTHS[t.tm_mon - 1]}{t.tm_mday:02d}" if t.tm_year == now.tm_year else str(t.tm_year)


def top(ctx: Context) -> Work:
    """Show processes once, or until ``q``."""
    batch = any("b" in word for word in ctx.args if word.startswith("-"))
    rows = processes(ctx)
    memory = proc.memory(ctx.persona, ctx.now)
    mib = {name: kib / 1024 for name, kib in memory.items()}
    used = mib["MemTotal"] - mib["MemFree"] - mib["Buffers"] - mib["Cached"]
    ctx.out(
        f"top -{uptime_line(ctx)}Tasks: {len(rows):3d} total,   1 running, {len(rows) - 1:3d} sleeping,"
        "   0 stopped,   0 zombie\n"
        "%Cpu(s):  0.3 us,  0.3 sy,  0.0 ni, 99.3 id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st\n"
        f"MiB Mem : {mib['MemTotal']:8.1f} total, {mib['MemFree']:8.1f} free, {used:8.1f} used, "
        f"{mib['Buffers'] + mib['Cached']:8.1f} buff/cache\n"
        f"MiB Swap: {mib['SwapTotal']:8.1f} total, {mib['SwapFree']:8.1f} free,      0.0 used. "
        f"{mib['MemAvailable']:8.1f} avail Mem\n\n"
        "    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n"
    )
    count = len(rows) if batch else max(ctx.world.rows - 8, 5)
    for row in rows[:count]:
        share = row.rss * 100 / ctx.persona.memory_kib
        ctx.out(
            f"{row.pid:>7} {row.user[:8]:<8}  20   0 {row.vsz:>7} {row.rss:>6} {row.rss // 2:>6} "
            f"{row.state[0]}   0.0 {share:>5.1f}   0:00.{row.pid % 90:02d} {row.name}\n"
        )
    if not batch and ctx.stdin.terminal:
        yield from until_left(ctx)
    return 0


def sleep(ctx: Context) -> Work:
    """Sleep, truly."""
    if not ctx.args:
        ctx.usage("sleep: missing operand\nTry 'sleep --help' for more information.\n")
    total = 0.0
    for word in ctx.args:
        found = re.fullmatch(r"(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})([smhd]?)", word)
        if found is None and word not in {"inf", "infinity"}:
            ctx.usage(f"sleep: invalid time interval \u2018{word}\u2019\nTry 'sleep --help' for more information.\n")
        total += (
            MAX_SLEEP if found is None else float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": DAY}[found[2]]
        )
    if total:
        yield Sleep(min(total, MAX_SLEEP))
    return 0


def usleep(ctx: Context) -> Work:
    """Sleep for microseconds."""
    yield Sleep(min(int(ctx.args[0][:9]) / 1e6, 60.0) if ctx.args and ctx.args[0].isdecimal() else 0.0)
    return 0


def pgrep(ctx: Context) -> int:
    """``pgrep``, ``pidof``, ``pkill``, ``killall``."""
    words = [word for word in ctx.args if not word.startswith("-")]
    program = ctx.name.rpartition("/")[2]
    if not words:
        if program == "killall" and ctx.applet:
            return ctx.fail("you need to specify whom to kill")
        if program == "killall":
            ctx.usage("Usage: killall [OPTION]... [--] NAME...\n")
        ctx.usage(f"{program}: no matching criteria specified\nTry `{program} --help' for more information.\n", 2)
    full = any("f" in word for word in ctx.args if word.startswith("-"))
    found = [row for row in processes(ctx)[:-1] if any(word in (row.command if full else row.name) for word in words)]
    exact = program in {"pidof", "killall"}
    found = [row for row in found if row.name in words] if exact else found
    if program == "killall" and not found and ctx.applet:
        ctx.err("".join(f"killall: {word}: no process killed\n" for word in words))
    elif program == "killall" and not found:
        ctx.err("".join(f"{word}: no process found\n" for word in words))
    if program in {"pgrep", "pidof"} and found:
        long = any("l" in word or "a" in word for word in ctx.args if word.startswith("-"))
        lines = (
            f"{row.pid} {row.command if 'a' in ''.join(ctx.args) else row.name}" if long else str(row.pid)
            for row in found
        )
        ctx.out(
            (" ".join(reversed([str(row.pid) for row in found])) if program == "pidof" else "\n".join(lines)) + "\n"
        )
    return int(not found)


def watch(ctx: Context) -> Work:
    """Run a command again and again."""
    args = list(ctx.args)
    every = 2.0
    while args and args[0].startswith("-"):
        option = args.pop(0)
        if option == "-n" and args:
            text = args.pop(0)
            every = float(text[:4]) if re.fullmatch(r"\d+(\.\d+)?", text[:4]) else 2.0
    if not args:
        ctx.usage("Usage:\n watch [options] command\n")
    while True:
        ctx.out("\x1b[H\x1b[J")
        ctx.out(f"Every {every:.1f}s: {' '.join(args)}\n\n")
        yield from ctx.evaluator.launcher.script(
            ctx.sh, "sh", " ".join(args).encode("utf-8", "surrogateescape"), (), dash=True
        )
        ctx.world.budget.step(10)
        yield Sleep(max(every, 0.1))
        if ctx.world.budget.due:
            yield BREATHE


COMMANDS: Mapping[str, Function] = {
    "ps": ps, "top": top, "htop": top, "sleep": sleep, "usleep": usleep, "pgrep": pgrep,
    "pidof": pgrep, "killall5": pgrep, "pkill": pgrep, "killall": pgrep, "watch": watch,
}  # fmt: skip
