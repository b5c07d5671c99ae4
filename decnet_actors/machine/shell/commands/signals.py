"""This module holds the builtins that send signals and catch them: ``kill`` and ``trap``."""

import re
from collections.abc import Mapping

from decnet_actors.machine.shell.commands.processes import processes
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.state import MAX_NAMES, ExitShellError
from decnet_actors.machine.shell.streams import Work
from decnet_actors.machine.table import words

SIGNALS = words("""
HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU
XFSZ VTALRM PROF WINCH IO PWR SYS
""")
_HARMLESS = frozenset({"CHLD", "CONT", "URG", "WINCH", "STOP", "TSTP", "TTIN", "TTOU"})  # the shell lives on


def signal_number(name: str) -> int:
    """Return the number of a signal, 0 if there is none of that name or number."""
    label = name.upper().removeprefix("SIG")
    if label.isdecimal():
        number = int(label[:4])
        return number if number <= len(SIGNALS) else 0
    return SIGNALS.index(label) + 1 if label in SIGNALS else 0


def trap(ctx: Context) -> int:
    """``trap``: what runs when the shell ends, a command fails, or the shell is sent a signal."""
    args = [word for word in ctx.args if word != "--"]
    if not args or args == ["-p"]:
        for name, text in ctx.sh.traps.items():
            ctx.out(f"trap -- '{text}' {name}\n")
        return 0
    if args == ["-l"]:
        return 0
    for name in args[1:] or args:
        label = name.upper()
        label = "EXIT" if label == "0" else label
        if label not in {"EXIT", "ERR", "DEBUG", "RETURN"}:
            number = signal_number(label)
            if not number:
                ctx.complain(f"{name}: invalid signal specification")
                return 1
            label = f"SIG{SIGNALS[number - 1]}"
        if len(args) == 1 or args[0] == "-":
            ctx.sh.traps.pop(label, None)
        elif label in ctx.sh.traps or len(ctx.sh.traps) < MAX_NAMES:
            ctx.sh.traps[label] = args[0][:1000]
    return 0


def kill(ctx: Context) -> Work:
    """Send signals: to the visitor's jobs and this very shell; daemons are out of reach, the rest does not exist."""
    args = list(ctx.args)
    if args and args[0] in {"-l", "-L"}:
        return _listed(ctx, args[1:])
    name, args = _chosen(args)
    number = signal_number(name)
    if not number and name != "0":
        return ctx.complain(f"{name}: invalid signal specification")
    if not args:
        if "ash" in ctx.sh.options:
            return ctx.complain("usage: kill [-l] [-SIG] PID...")
        ctx.err("kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]\n")
        return 2
    status = 0
    table = {row.pid: row for row in processes(ctx)}
    for word in args:
        job = next((job for job in ctx.world.jobs if word in {str(job.pid), f"%{job.number}"} and not job.done), None)
        if job is not None:
            if number and SIGNALS[number - 1] not in _HARMLESS:
                job.work.close()
                job.done, job.status = True, 128 + number
        elif word.startswith("%"):
            status = ctx.complain(f"{word}: no such job")
        elif not re.fullmatch(r"-?\d+", word):
            status = ctx.complain(f"{word}: arguments must be process or job IDs")
        elif word == str(ctx.sh.pid):
            yield from _received(ctx, number)
        elif int(word.lstrip("-")[:9]) not in table:
            status = ctx.complain(f"({word}) - No such process")
        elif ctx.sh.uid and table[int(word.lstrip("-")[:9])].user != ctx.sh.user:
            status = ctx.complain(f"({word}) - Operation not permitted")
    return status


def _chosen(args: list[str]) -> tuple[str, list[str]]:
    """Return the signal some words name, and the words after it."""
    name = "TERM"
    if args and args[0] in {"-s", "-n"}:
        name, args = args[1] if len(args) > 1 else "", args[2:]
    elif args and args[0].startswith("-") and len(args[0]) > 1 and args[0] != "--":
        name, args = args[0][1:], args[1:]
    return name, args[1:] if args[:1] == ["--"] else args


def _received(ctx: Context, number: int) -> Work:
    """The shell sent itself a signal: its trap runs, or it ends as of the signal."""
    name = SIGNALS[number - 1] if number else ""
    text = ctx.sh.traps.get(f"SIG{name}")
    if text is not None and name not in {"KILL", "STOP"}:
        yield from ctx.evaluator.trapped(ctx.sh, text)
    elif name and name not in _HARMLESS and not (ctx.sh.interactive and name in {"TERM", "INT", "QUIT"}):
        raise ExitShellError(128 + number)
    return 0


def _listed(ctx: Context, names: list[str]) -> int:
    if not names and "ash" in ctx.sh.options:
        ctx.out("".join(f"{number:2d}) {name}\n" for number, name in enumerate(SIGNALS, 1)))
        return 0
    if not names:
        cells = [f"{number:2d}) SIG{name}" for number, name in enumerate(SIGNALS, 1)]
        ctx.out("".join(cell + ("\n" if at % 5 == 0 else "\t") for at, cell in enumerate(cells, 1)) + "\n")
        return 0
    status = 0
    for name in names:
        wanted = str(int(name) - 128) if name.isdecimal() and 128 < int(name[:4]) < 192 else name  # noqa: PLR2004  a status
        number = signal_number(wanted)
        if not number:
            status = ctx.complain(f"{name}: invalid signal specification")
        else:
            ctx.out(f"{SIGNALS[number - 1]}\n" if name.isdecimal() else f"{number}\n")
    return status


BUILTINS: Mapping[str, Function] = {"kill": kill, "trap": trap}
COMMANDS: Mapping[str, Function] = {"kill": kill}
