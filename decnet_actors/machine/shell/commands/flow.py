"""This module holds the builtins that steer the shell: exit, return, eval, source, test, trap and their like."""

import textwrap
from collections.abc import Mapping

from decnet_actors.machine.shell.conditional import TestExpression, TestSyntaxError
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.state import ExitShellError, LoopJumpError, ReturnError
from decnet_actors.machine.shell.streams import BREATHE, Sleep, Work

_MAX_ROUNDS = 100_000  # of one wait


def _status(ctx: Context) -> int:
    if not ctx.args:
        return ctx.sh.status
    word = ctx.args[0]
    if not word.lstrip("-").isdecimal():
        ctx.complain(f"{word}: numeric argument required")
        return 2
    return int(word[:18]) & 0xFF


def leave(ctx: Context) -> int:
    """``exit`` and ``logout``."""
    if ctx.name == "logout" and not ctx.sh.login:
        return ctx.complain("not login shell: use `exit'")
    if ctx.sh.interactive and ctx.name == "exit" and "dash" not in ctx.sh.options:
        ctx.err("logout\n" if ctx.sh.login else "exit\n")
    raise ExitShellError(_status(ctx))


def back(ctx: Context) -> int:
    """``return``."""
    if not ctx.sh.locals_stack and not ctx.sh.sourcing:
        if "dash" in ctx.sh.options:
            raise ExitShellError(_status(ctx))
        return ctx.complain("can only `return' from a function or sourced script", 2)
    raise ReturnError(_status(ctx))


def jump(ctx: Context) -> int:
    """``break`` and ``continue``."""
    if not ctx.sh.loops:
        if "dash" in ctx.sh.options:
            return 0
        ctx.complain("only meaningful in a `for', `while', or `until' loop")
        return 0
    levels = int(ctx.args[0][:3]) if ctx.args and ctx.args[0].isdecimal() else 1
    raise LoopJumpError(max(levels, 1), again=ctx.name == "continue")


def evaluate(ctx: Context) -> Work:
    """``eval``."""
    budget = ctx.world.budget
    budget.depth += 1
    try:
        if budget.depth > budget.limits.depth:
            return ctx.complain("maximum eval nesting level exceeded (1000)")
        return (yield from ctx.evaluator.run_text(ctx.sh, " ".join(ctx.args)))
    finally:
        budget.depth -= 1


def source(ctx: Context) -> Work:
    """``.`` and ``source``."""
    if not ctx.args:
        ctx.complain("filename argument required")
        ctx.err(f"{ctx.name}: usage: {ctx.name} filename [arguments]\n")
        return 2
    name = ctx.args[0]
    try:
        data = ctx.read_file(name)
    except OSError as error:
        status = ctx.complain(f"{name}: {error.strerror}", named=False)
        if "dash" in ctx.sh.options and not ctx.sh.interactive:
            raise ExitShellError(status) from error
        return status
    return (yield from ctx.evaluator.launcher.source(ctx.sh, data, ctx.args[1:]))


def execute(ctx: Context) -> Work:
    """``exec``: what follows replaces the shell."""
    args = ctx.args
    while args and args[0] in {"-l", "-c", "-a", "--"}:
        args = args[2:] if args[0] == "-a" else args[1:]
    if not args:
        return 0
    launcher = ctx.evaluator.launcher
    if "ash" in ctx.sh.options and launcher.find(ctx.sh, args[0]) is None:
        raise ExitShellError(ctx.complain(f"{args[0]}: not found", 127))
    status = yield from launcher.program(ctx.sh, args)
    raise ExitShellError(status)


_BINARY = frozenset(["=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"])


def test(ctx: Context) -> int:
    """``test`` and ``[``."""
    args = ctx.args
    if ctx.name == "[":
        if not args or args[-1] != "]":
            return ctx.complain("missing `]'", 2)
        args = args[:-1]
    try:
        return int(not TestExpression(ctx, args).run())
    except TestSyntaxError as error:
        return ctx.complain(_small_words(args, str(error)) if "ash" in ctx.sh.options else str(error), 2)


def _small_words(args: list[str], message: str) -> str:
    """Return what the ash of BusyBox says of a test it does not understand."""
    if message.endswith("integer expression expected") or not args:
        return message
    return f"{args[-1]}: {'argument expected' if args[-1] in _BINARY else 'unknown operand'}"


def command(ctx: Context) -> Work:
    """``command``: no functions; ``-v`` and ``-V`` tell what a name is."""
    args = ctx.args
    if args and args[0] in {"-v", "-V"}:
        return (yield from describe(ctx, args[1:], terse=args[0] == "-v"))
    if args[:1] == ["-p"]:
        args = args[1:]
    if not args:
        return 0
    launcher = ctx.evaluator.launcher
    function = launcher.builtin(ctx.sh, args[0])
    if function is None and ctx.name == "builtin":
        return ctx.complain(f"{args[0]}: not a shell builtin")
    if function is not None:
        return (yield from launcher.invoke(ctx.sh, args, function))
    return (yield from launcher.program(ctx.sh, args))


def describe(ctx: Context, names: list[str], *, terse: bool) -> Work:
    """Say what each name is, as ``type`` and ``command -v`` do."""
    status = 0
    launcher = ctx.evaluator.launcher
    for name in names:
        if ctx.world.budget.due:
            yield BREATHE
        path = launcher.find(ctx.sh, name)
        if name in ctx.sh.aliases:
            ctx.out(
                f"alias {name}='{ctx.sh.aliases[name]}'\n"
                if terse
                else f"{name} is aliased to `{ctx.sh.aliases[name]}'\n"
            )
        elif name in KEYWORDS:
            ctx.out(f"{name}\n" if terse else f"{name} is a shell keyword\n")
        elif name in ctx.sh.functions:
            ctx.out(f"{name}\n" if terse else f"{name} is a function\n")
        elif launcher.builtin(ctx.sh, name) is not None:
            ctx.out(f"{name}\n" if terse else f"{name} is a shell builtin\n")
        elif path is not None and launcher.startable(ctx.sh, path):
            ctx.out(f"{path}\n" if terse else f"{name} is {path}\n")
        else:
            status = 127 if "dash" in ctx.sh.options else 1
            if "dash" in ctx.sh.options:
                ctx.out("" if terse else f"{name}: not found\n")
            elif not terse:
                ctx.complain(f"{name}: not found")
    return status


KEYWORDS = frozenset(
    [
        "if",
        "then",
        "else",
        "elif",
        "fi",
        "case",
        "esac",
        "for",
        "select",
        "while",
        "until",
        "do",
        "done",
        "in",
        "function",
        "time",
        "{",
        "}",
        "!",
        "[[",
        "]]",
        "coproc",
    ]
)


def type_(ctx: Context) -> Work:
    """``type``."""
    args = ctx.args
    if args[:1] == ["-t"]:
        return _kinds(ctx, args[1:])
    if args and args[0] in {"-p", "-P"}:
        status = 0
        for name in args[1:]:
            path = ctx.evaluator.launcher.find(ctx.sh, name)
            if path is None:
                status = 1
            else:
                ctx.out(f"{path}\n")
        return status
    if args[:1] == ["-a"]:
        args = args[1:]
    return (yield from describe(ctx, args, terse=False))


def _kinds(ctx: Context, names: list[str]) -> int:
    status = 0
    launcher = ctx.evaluator.launcher
    for name in names:
        if name in KEYWORDS:
            ctx.out("keyword\n")
        elif name in ctx.sh.functions:
            ctx.out("function\n")
        elif launcher.builtin(ctx.sh, name) is not None:
            ctx.out("builtin\n")
        elif launcher.find(ctx.sh, name):
            ctx.out("file\n")
        else:
            status = 1
    return status


def wait(ctx: Context) -> Work:
    """``wait``: until the jobs in the background are done."""
    wanted = {int(word[:9]) for word in ctx.args if word.isdecimal()}
    known = {job.pid for job in ctx.world.jobs}
    status = 0
    for word in ctx.args:
        if word.isdecimal() and int(word[:9]) not in known:
            ctx.complain(f"pid {word} is not a child of this shell")
            status = 127
    rounds = 0
    while rounds < _MAX_ROUNDS and any(not job.done and (not wanted or job.pid in wanted) for job in ctx.world.jobs):
        rounds += 1
        ctx.world.budget.step()
        due = min(job.wake for job in ctx.world.jobs if not job.done)
        yield Sleep(max(due - ctx.now, 0.02))
    for job in ctx.world.jobs:
        if job.pid in wanted:
            status = job.status
    return status


def jobs(ctx: Context) -> int:
    """``jobs``."""
    for job in ctx.world.jobs:
        if not job.done:
            ctx.out(
                f"[{job.number}]{'+' if job is ctx.world.jobs[-1] else '-'}  Running                 {job.text} &\n"
            )
    return 0


def foreground(ctx: Context) -> Work:
    """``fg``: wait for the latest job."""
    running = [job for job in ctx.world.jobs if not job.done]
    if not running:
        return ctx.complain("current: no such job")
    ctx.out(f"{running[-1].text}\n")
    while not running[-1].done:
        ctx.world.budget.step()
        yield Sleep(max(running[-1].wake - ctx.now, 0.02))
    return running[-1].status


def shift(ctx: Context) -> int:
    """``shift``."""
    if ctx.args and not ctx.args[0].lstrip("-").isdecimal():
        return ctx.complain(f"{ctx.args[0]}: numeric argument required")
    count = int(ctx.args[0][:6]) if ctx.args else 1
    if count > len(ctx.sh.positional):
        return 1
    del ctx.sh.positional[:count]
    return 0


def let(ctx: Context) -> Work:
    """``let``."""
    value = 0
    for text in ctx.args:
        if ctx.world.budget.due:
            yield BREATHE
        value = ctx.evaluator.expander.arithmetic(ctx.sh, text)
    return int(value == 0)


def unheard(ctx: Context) -> int:
    """``bg`` and ``disown``: there is nothing of that kind."""
    if ctx.name == "bg" and not ctx.sh.interactive:
        return ctx.complain("no job control")
    running = [job for job in ctx.world.jobs if not job.done]
    return 0 if running else ctx.complain("current: no such job")


def times(ctx: Context) -> int:
    """``times``: what the shell and its children have used of the processor."""
    ctx.out("0m0.00s 0m0.00s\n0m0.00s 0m0.00s\n" if "dash" in ctx.sh.options else "0m0.002s 0m0.001s\n" * 2)
    return 0


def nothing(_: Context) -> int:
    """Builtins whose effect cannot be seen here."""
    return 0


def help_(ctx: Context) -> int:
    """``help`` of ash: the names of its builtins."""
    names = " ".join(sorted(ctx.evaluator.launcher.builtin_names(ctx.sh)))
    listed = textwrap.fill(names, 70, initial_indent="\t", subsequent_indent="\t", break_on_hyphens=False)
    ctx.out(f"Built-in commands:\n------------------\n{listed}\n")
    return 0


# What ash has and bash has not, or not so.
OF_ASH: Mapping[str, Function] = {"help": help_}
COMMANDS: Mapping[str, Function] = {
    "exit": leave, "logout": leave, "return": back, "break": jump, "continue": jump, "eval": evaluate, ".": source,
    "source": source, "exec": execute, "test": test, "[": test, "command": command, "builtin": command,
    "type": type_, "wait": wait, "jobs": jobs, "fg": foreground, "bg": unheard, "disown": unheard,
    "shift": shift, "let": let, "suspend": nothing, "times": times, "bind": nothing, "enable": nothing,
    "complete": nothing,
}  # fmt: skip
