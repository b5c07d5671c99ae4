"""This module holds shells as programs (``sh -c``), ``sudo`` and ``env``: commands that run commands."""

import errno
import re
from collections.abc import Mapping

from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.state import ExitShellError
from decnet_actors.machine.shell.streams import Sleep, Work
from decnet_actors.machine.tree.applets import shell_banner

_ENV_OPTIONS = frozenset({"-i", "-", "--ignore-environment"})


def shell(ctx: Context) -> Work:
    """``sh``, ``bash``: a command string, a script, or standard input."""
    args = list(ctx.args)
    base = ctx.name.rpartition("/")[2]
    ash = ctx.persona.userland == "busybox"
    dash = ash or base in {"sh", "dash"}
    wants_text, strict = _shell_options(args)
    from_input = "-s" in ctx.args[: len(ctx.args) - len(args)]
    if wants_text is None:
        return _version(ctx)
    text: str | None = None
    if wants_text:
        if not args:
            return ctx.fail("-c: option requires an argument", 2)
        text = args.pop(0)
    launcher = ctx.evaluator.launcher
    name = ctx.name
    if text is None and args and args[0] != "-" and not from_input:
        name = args.pop(0)
        try:
            data = ctx.read_file(name)
        except OSError as error:
            if ash:
                return ctx.fail(f"can't open '{name}': {error.strerror}", 2)
            if dash:
                ctx.err(
                    f"{ctx.name}: 0: cannot open {name}: "
                    f"{'No such file' if error.errno == errno.ENOENT else error.strerror}\n"
                )
                return 2
            ctx.err(f"{ctx.name}: {name}: {error.strerror}\n")
            return 127
        ctx.world.drop(ctx.files.resolve(ctx.path(name)), "exec", whole=True)
        yield from ctx.world.capture(everything=True)
        if b"\0" in data[:200]:
            ctx.err(f"{name}: {name}: cannot execute binary file\n")
            return 126
    elif text is None:
        if ctx.stdin.terminal and ctx.sh.interactive:
            ctx.err(shell_banner(ctx.persona) if ash else "")
            return (yield from ctx.evaluator.launcher.nested(ctx.sh, ctx.name, dash=dash))
        data = yield from ctx.stdin.read_all()
    else:
        data = text.encode("utf-8", "surrogateescape")
        if args:
            name = args.pop(0)
    command = text is not None or (ash and name == ctx.name)  # ash numbers the lines of scripts only
    return (yield from launcher.script(ctx.sh, name, data, args, dash=dash, options=strict, command=command))


def _shell_options(args: list[str]) -> tuple[bool | None, set[str]]:
    """Take the options off; returns whether a command string follows (``None``: the version is wanted)."""
    wants_text = False
    strict: set[str] = set()
    while args and args[0].startswith(("-", "+")) and len(args[0]) > 1:
        word = args.pop(0)
        if word == "--":
            break
        if word == "--version":
            return None, strict
        if word.startswith("--"):
            continue
        strict |= {letter for letter in word[1:] if letter in "exuf"}
        if "o" in word:
            del args[:1]
        wants_text = wants_text or "c" in word
    return wants_text, strict


def _version(ctx: Context) -> int:
    version = ctx.evaluator.expander.world.persona.packages.get("bash", "5.2.15")
    release = {"5.0": "5.0.17(1)", "5.1": "5.1.16(1)"}.get(version.partition("-")[0], f"{version.partition('-')[0]}(1)")
    ctx.out(
        f"GNU bash, version {release}-release ({ctx.persona.architecture}-pc-linux-gnu)\n"
        "Copyright (C) 2022 Free Software Foundation, Inc.\n"
        "License GPLv3+: GNU GPL version 3 or later <http://gnu.org/licenses/gpl.html>\n\n"
        "This is free software; you are free to change and redistribute it.\n"
        "There is NO WARRANTY, to the extent permitted by law.\n"
    )
    return 0


def env(ctx: Context) -> Work:
    """``env``: show the environment, or run a command in a changed one."""
    args = list(ctx.args)
    inner = ctx.sh.copy()
    while args and (args[0] in _ENV_OPTIONS or args[0] == "-u" or re.match(r"[A-Za-z_]\w*=", args[0])):
        word = args.pop(0)
        if word in _ENV_OPTIONS:
            inner.variables.clear()
        elif word == "-u":
            inner.variables.pop(args.pop(0) if args else "", None)
        else:
            name, _, value = word.partition("=")
            inner.set(name, value, export=True)
    if not args:
        for name, value in inner.environment().items():
            ctx.out(f"{name}={value}\n")
        return 0
    path = ctx.evaluator.launcher.find(inner, args[0])
    if path is None or not ctx.evaluator.launcher.startable(inner, path):
        return ctx.fail(f"\u2018{args[0]}\u2019: No such file or directory", 127)
    return (yield from ctx.evaluator.launcher.start(inner, path, args))


def printenv(ctx: Context) -> int:
    """``printenv``."""
    environment = ctx.sh.environment()
    if not ctx.args:
        ctx.out("".join(f"{name}={value}\n" for name, value in environment.items()))
        return 0
    status = 0
    for name in ctx.args:
        if name in environment:
            ctx.out(f"{environment[name]}\n")
        else:
            status = 1
    return status


def wrapped(ctx: Context) -> Work:
    """``nohup``, ``nice``, ``time``, ``setsid``, ``stdbuf``, ``ionice``: run what follows."""
    args = list(ctx.args)
    while args and args[0].startswith("-"):
        option = args.pop(0)
        if option in {"-n", "-c"} and args:
            args.pop(0)
    if not args:
        ctx.usage(f"{ctx.name}: missing operand\nTry '{ctx.name} --help' for more information.\n", 125)
    if ctx.name == "nohup" and (ctx.sh.interactive or ctx.stdin.terminal):
        ctx.err(
            "nohup: ignoring input\n"
            if not ctx.sh.interactive
            else "nohup: ignoring input and appending output to 'nohup.out'\n"
        )
    launcher = ctx.evaluator.launcher
    path = launcher.find(ctx.sh, args[0])
    if path is None or not launcher.startable(ctx.sh, path):
        return ctx.fail(f"failed to run command \u2018{args[0]}\u2019: No such file or directory", 127)
    return (yield from launcher.start(ctx.sh.copy(), path, args))


def timeout(ctx: Context) -> Work:
    """``timeout``: run what follows; nothing here lasts longer than it may."""
    args = list(ctx.args)
    while args and args[0].startswith("-"):
        option = args.pop(0)
        if option in {"-s", "-k"} and args:
            args.pop(0)
    if len(args) < 2:  # noqa: PLR2004  duration command
        ctx.usage("timeout: missing operand\nTry 'timeout --help' for more information.\n", 125)
    found = re.fullmatch(r"(\d+(?:\.\d*)?)([smhd]?)", args[0])
    if found is None:
        ctx.usage(
            f"timeout: invalid time interval \u2018{args[0]}\u2019\nTry 'timeout --help' for more information.\n", 125
        )
    limit = min(float(found[1]), 1e6) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]
    launcher = ctx.evaluator.launcher
    path = launcher.find(ctx.sh, args[1])
    if path is None or not launcher.startable(ctx.sh, path):
        return ctx.fail(f"failed to run command \u2018{args[1]}\u2019: No such file or directory", 127)
    work = launcher.start(ctx.sh.copy(), path, args[1:])
    until = ctx.now + limit
    try:
        pause = next(work)
        while True:
            if isinstance(pause, Sleep) and ctx.now + pause.seconds > until:
                yield Sleep(max(until - ctx.now, 0.0))
                work.close()
                return _cut_off(ctx)
            yield pause
            if limit and ctx.now > until:
                work.close()
                return _cut_off(ctx)
            pause = next(work)
    except StopIteration as stop:
        return int(stop.value)


def _cut_off(ctx: Context) -> int:
    if ctx.applet:  # it becomes the program, which the signal ends
        ctx.err("Terminated\n")
        return 143
    return 124


def sudo(ctx: Context) -> Work:
    """``sudo``: as root; people who are not allowed are told so."""
    args = list(ctx.args)
    login = False
    while args and args[0].startswith("-"):
        option = args.pop(0)
        login = login or option in {"-i", "-s", "--login"}
        if option in {"-u", "-g", "-U"} and args:
            args.pop(0)
        if option in {"-l", "--list"}:
            ctx.out(
                f"User {ctx.sh.user} may run the following commands on {ctx.persona.hostname}:\n    (ALL : ALL) ALL\n"
            )
            return 0
        if option in {"-k", "-K", "-v"} and not args:
            return 0
    while args and re.match(r"[A-Za-z_]\w*=", args[0]):
        args.pop(0)
    if not args and not login:
        ctx.usage(
            "usage: sudo -h | -K | -k | -V\nusage: sudo [-ABbEHnPS] [-g group] [-u user] [VAR=value] "
            "[-i | -s] [command [arg ...]]\n"
        )
    inner = ctx.sh.copy()
    inner.user, inner.uid, inner.gid = "root", 0, 0
    inner.set("HOME", "/root", export=True)
    inner.set("USER", "root", export=True)
    inner.set("LOGNAME", "root", export=True)
    if not args:
        inner.cwd = "/root" if login else inner.cwd
        return (yield from ctx.evaluator.launcher.nested(inner, _login_name(ctx), dash=False))
    path = ctx.evaluator.launcher.find(inner, args[0])
    if path is None or not ctx.evaluator.launcher.startable(inner, path):
        return ctx.fail(f"{args[0]}: command not found")
    return (yield from ctx.evaluator.launcher.start(inner, path, args))


def su(ctx: Context) -> Work:
    """``su``: root becomes anybody; others are asked and refused."""
    args = [word for word in ctx.args if word not in {"-", "-l", "--login"}]
    text = ""
    if "-c" in args:
        at = args.index("-c")
        text = args[at + 1] if at + 1 < len(args) else ""
        del args[at : at + 2]
    name = args[0] if args else "root"
    account = ctx.world.account(name)
    if account is None:
        return ctx.fail(f"user {name} does not exist or the user entry does not contain all the required fields")
    if ctx.sh.uid:
        ctx.err("Password: ")
        yield from ctx.secret()
        yield Sleep(2.3)
        ctx.err("\n")
        return ctx.fail("Authentication failure")
    if not account.shell.endswith("sh"):
        ctx.out("This account is currently not available.\n")
        return 1
    inner = ctx.sh.copy()
    inner.user, inner.uid, inner.gid = account.name, account.uid, account.gid
    for variable, value in (("HOME", account.home), ("USER", name), ("LOGNAME", name)):
        inner.set(variable, value, export=True)
    if len(ctx.args) > len(args) + (2 if text else 0):
        inner.cwd = account.home
    if text:
        return (
            yield from ctx.evaluator.launcher.script(
                inner, _login_name(ctx)[1:], text.encode("utf-8", "surrogateescape"), ()
            )
        )
    return (yield from ctx.evaluator.launcher.nested(inner, _login_name(ctx), dash=False))


def _login_name(ctx: Context) -> str:
    """Return what a log-in shell of this machine calls itself."""
    return f"-{ctx.persona.shell.rpartition('/')[2]}"


def halt(ctx: Context) -> Work:
    """``reboot``, ``shutdown``, ``poweroff``: the connection ends, nothing else does."""
    if ctx.sh.uid:
        ctx.err("Failed to set wall message, ignoring: Interactive authentication required.\n")
        ctx.err(f"Failed to {ctx.name} system via logind: Interactive authentication required.\n")
        return 1
    yield Sleep(1.2)
    raise ExitShellError(255)


PROGRAMS: Mapping[str, Function] = {
    "sh": shell, "bash": shell, "dash": shell, "rbash": shell, "env": env, "printenv": printenv,
    "nohup": wrapped,
    "nice": wrapped, "setsid": wrapped, "stdbuf": wrapped, "ionice": wrapped, "timeout": timeout,
    "sudo": sudo, "su": su, "reboot": halt, "poweroff": halt, "halt": halt, "shutdown": halt,
}  # fmt: skip
COMMANDS: Mapping[str, Function] = {}
