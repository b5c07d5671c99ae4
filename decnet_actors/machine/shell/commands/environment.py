"""This module holds the builtins that read and change the shell's variables, options and place."""

import re
from collections.abc import Mapping

from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.quoting import quoted_double
from decnet_actors.machine.shell.state import MAX_NAMES, Variable

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_SAFE = re.compile(r"[\w@%+=:,./-]*")
_LONG_OPTIONS = {
    "errexit": "e", "nounset": "u", "xtrace": "x", "verbose": "v", "noglob": "f", "noclobber": "C", "allexport": "a",
    "noexec": "n", "notify": "b", "monitor": "m", "hashall": "h", "braceexpand": "B", "histexpand": "H",
}  # fmt: skip
_SHOWN_OPTIONS = (
    "allexport", "braceexpand", "emacs", "errexit", "errtrace", "functrace", "hashall", "histexpand", "history",
    "ignoreeof", "interactive-comments", "keyword", "monitor", "noclobber", "noexec", "noglob", "nolog", "notify",
    "nounset", "onecmd", "physical", "pipefail", "posix", "privileged", "verbose", "vi", "xtrace",
)  # fmt: skip
MAX_HISTORY_SHOWN = 1000


def cd(ctx: Context) -> int:
    """Change the working directory."""
    sh = ctx.sh
    args = [word for word in ctx.args if word not in {"-P", "-L", "-e", "--"}]
    if len(args) > 1:
        return ctx.complain("too many arguments")
    target = args[0] if args else sh.get("HOME")
    if target is None:
        return ctx.complain("HOME not set")
    if target == "-":
        if not sh.oldpwd:
            return ctx.complain("OLDPWD not set")
        target = sh.oldpwd
        ctx.out(f"{target}\n")
    if not target:
        return 0
    try:
        path = ctx.files.resolve(target, cwd=sh.cwd)
        if not ctx.files.node(path, uid=sh.uid).is_dir:
            return ctx.complain(f"{target}: Not a directory")
        ctx.files.stat(f"{path}/.", uid=sh.uid)
    except OSError as error:
        return ctx.complain(f"{target}: {error.strerror}")
    if not ctx.files.allows(ctx.files.node(path, uid=sh.uid), 1, sh.uid):
        return ctx.complain(f"{target}: Permission denied")
    sh.oldpwd, sh.cwd = sh.cwd, path
    sh.set("OLDPWD", sh.oldpwd, export=True)
    sh.set("PWD", path, export=True)
    return 0


def pwd(ctx: Context) -> int:
    """Print the working directory."""
    ctx.out(f"{ctx.files.real(ctx.sh.cwd) if '-P' in ctx.args else ctx.sh.cwd}\n")
    return 0


def export(ctx: Context) -> int:
    """``export``, ``readonly``, ``declare``, ``typeset``, ``local``."""
    sh, kind = ctx.sh, ctx.name
    flags = {letter for word in ctx.args if re.fullmatch(r"[-+][a-zA-Z]+", word) for letter in word[1:]}
    words = [word for word in ctx.args if not re.fullmatch(r"[-+][a-zA-Z]+|--", word)]
    if kind == "local" and not sh.locals_stack:
        return ctx.complain("can only be used in a function")
    if kind in {"declare", "typeset"} and flags & {"p", "f", "F"} and words:
        return _described(ctx, flags, words)
    if not words:
        return _show(ctx, flags)
    status = 0
    for word in words:
        name, equals, value = word.partition("=")
        append = name.endswith("+")
        name = name.removesuffix("+")
        if not _NAME.fullmatch(name):
            status = ctx.complain(f"`{word}': not a valid identifier")
            continue
        if kind == "local" or (kind in {"declare", "typeset"} and sh.locals_stack and "g" not in flags):
            old = sh.variables.get(name)
            if name not in sh.locals_stack[-1]:
                sh.locals_stack[-1][name] = old
                if not (old and old.elements is not None and not equals):
                    sh.variables.pop(name, None)
        if "n" in flags and kind == "export":
            if name in sh.variables:
                sh.variables[name].exported = False
            continue
        _declare(ctx, name, value if equals else None, flags, append=append)
    return status


def _declare(ctx: Context, name: str, value: str | None, flags: set[str], *, append: bool) -> None:
    sh = ctx.sh
    if value is not None:
        if "i" in flags or (name in sh.variables and sh.variables[name].integer):
            value = str(ctx.evaluator.expander.arithmetic(sh, value))
        value = value.lower() if "l" in flags else value.upper() if "u" in flags else value
        sh.set(name, (sh.get(name) or "") + value if append else value)
    elif name not in sh.variables:
        sh.declare(name)
    variable = sh.variables.get(name)
    if variable is None:
        return
    variable.exported = variable.exported or ctx.name == "export" or "x" in flags
    variable.readonly = variable.readonly or ctx.name == "readonly" or "r" in flags
    variable.integer = variable.integer or "i" in flags
    if flags & {"a", "A"}:
        variable.elements = variable.elements if variable.elements is not None else {}
        variable.keyed = "A" in flags


def _show(ctx: Context, flags: set[str]) -> int:
    for name in sorted(ctx.sh.variables):
        variable = ctx.sh.variables[name]
        if ctx.name == "export" and not variable.exported:
            continue
        if ctx.name == "readonly" and not variable.readonly:
            continue
        if flags & {"f", "F"}:
            continue
        ctx.out(f"{_declaration(name, variable)}\n")
    return 0


def _declaration(name: str, variable: Variable) -> str:
    """Return a variable as ``declare -p`` shows it."""
    marks = [
        letter
        for letter, on in (
            ("A", variable.keyed),
            ("a", variable.elements is not None and not variable.keyed),
            ("i", variable.integer),
            ("r", variable.readonly),
            ("x", variable.exported),
        )
        if on
    ]
    if variable.elements is None:
        shown = quoted_double(variable.value)
    else:
        pairs = [f"[{key}]={quoted_double(value)}" for key, value in variable.elements.items()]
        shown = f"({' '.join(pairs)}{' ' if variable.keyed and pairs else ''})"
    return f"declare -{''.join(marks) or '-'} {name}={shown}"


def _described(ctx: Context, flags: set[str], names: list[str]) -> int:
    """``declare -p`` and ``-F``: say what each name is."""
    status = 0
    for name in names:
        if flags & {"f", "F"}:
            if name not in ctx.sh.functions:
                status = 1
            elif "F" in flags:
                ctx.out(f"{name}\n")
        elif name in ctx.sh.variables:
            ctx.out(f"{_declaration(name, ctx.sh.variables[name])}\n")
        else:
            status = ctx.complain(f"{name}: not found")
    return status


def unset(ctx: Context) -> int:
    """Forget variables and functions."""
    status = 0
    only = ctx.args[0] if ctx.args and ctx.args[0] in {"-f", "-v"} else ""
    for word in ctx.args[1 if only else 0 :]:
        name, _, index = word.partition("[")
        variable = ctx.sh.variables.get(name)
        if variable is not None and variable.readonly:
            status = ctx.complain(f"{name}: cannot unset: readonly variable")
        elif index and variable is not None and variable.elements is not None:
            key = index.removesuffix("]")
            key = key if variable.keyed else ctx.evaluator.expander.place(ctx.sh, variable, key)
            variable.elements.pop(key, None)
        elif only != "-f" and name in ctx.sh.variables:
            del ctx.sh.variables[name]
        elif only != "-v":
            ctx.sh.functions.pop(name, None)
    return status


def set_(ctx: Context) -> int:
    """``set``: options, positional parameters, or a list of variables."""
    sh, args = ctx.sh, list(ctx.args)
    if not args:
        for name in sorted(sh.variables):
            value = sh.variables[name].value
            ctx.out(f"{name}={value if _SAFE.fullmatch(value) else _single(value)}\n")
        return 0
    while args:
        word = args.pop(0)
        if word in {"-o", "+o"}:
            if not args:
                return _list_options(ctx, plus=word == "+o")
            name = args.pop(0)
            if name not in _SHOWN_OPTIONS:
                return ctx.complain(f"{name}: invalid option name", 2)
            _switch(sh.options, _LONG_OPTIONS.get(name, name), on=word == "-o")
        elif word in {"--", "-"}:
            sh.positional = args
            return 0
        elif re.fullmatch(r"[-+][a-zA-Z]+", word):
            for letter in word[1:]:
                if letter == "o" and args:
                    name = args.pop(0)
                    _switch(sh.options, _LONG_OPTIONS.get(name, name), on=word[0] == "-")
                elif letter in "abefhkmnptuvxBCEHPT":
                    _switch(sh.options, letter, on=word[0] == "-")
                else:
                    ctx.complain(f"-{letter}: invalid option")
                    ctx.err("set: usage: set [-abefhkmnptuvxBCEHPT] [-o option-name] [--] [-] [arg ...]\n")
                    return 2
        else:
            sh.positional = [word, *args]
            return 0
    return 0


def _switch(options: set[str], name: str, *, on: bool) -> None:
    if on:
        options.add(name)
    else:
        options.discard(name)


def _list_options(ctx: Context, *, plus: bool) -> int:
    usual = {
        "braceexpand",
        "hashall",
        "interactive-comments",
        *(("emacs", "histexpand", "history", "monitor") if ctx.sh.interactive else ()),
    }
    for name in _SHOWN_OPTIONS:
        on = name in usual or _LONG_OPTIONS.get(name, name) in ctx.sh.options
        ctx.out(f"set {'-' if on else '+'}o {name}\n" if plus else f"{name:<15}\t{'on' if on else 'off'}\n")
    return 0


def _single(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"


def shopt(ctx: Context) -> int:
    """``shopt``: remembered."""
    args = ctx.args
    if args and args[0] in {"-s", "-u"}:
        for name in args[1:]:
            if len(ctx.sh.shopts) < MAX_NAMES or args[0] == "-u":
                _switch(ctx.sh.shopts, name, on=args[0] == "-s")
        return 0
    quiet = "-q" in args
    status = 0
    for name in args:
        if name.startswith("-"):
            continue
        on = name in ctx.sh.shopts
        status = status or int(not on)
        if not quiet:
            ctx.out(f"{name:<15}\t{'on' if on else 'off'}\n")
    return status


def history(ctx: Context) -> int:
    """``history``."""
    args, world = ctx.args, ctx.world
    if args[:1] == ["-c"]:
        world.history.clear()
        return 0
    if args[:1] == ["-d"]:
        number = int(args[1][:6]) if len(args) > 1 and args[1].isdecimal() else 0
        if not 0 < number <= len(world.history):
            return ctx.complain(f"{args[1] if len(args) > 1 else ''}: history position out of range")
        del world.history[number - 1]
        return 0
    if args and args[0] in {"-a", "-w", "-r", "-n", "-s", "-p"}:
        return 0
    if args and not args[0].isdecimal():
        return ctx.complain(f"{args[0]}: numeric argument required")
    count = int(args[0][:6]) if args else MAX_HISTORY_SHOWN
    first = max(len(world.history) - count, 0)
    for number, line in enumerate(world.history[first:], first + 1):
        ctx.out(f"{number:5d}  {line}\n")
    return 0


def alias(ctx: Context) -> int:
    """``alias``: listed, and used at the next line."""
    status = 0
    if not [word for word in ctx.args if word != "-p"]:
        for name in sorted(ctx.sh.aliases):
            ctx.out(f"{_prefix(ctx)}{name}={_single(ctx.sh.aliases[name])}\n")
    for word in ctx.args:
        name, equals, value = word.partition("=")
        if equals and len(ctx.sh.aliases) < 200:  # noqa: PLR2004  a bound
            ctx.sh.aliases[name] = value[:1000]
        elif name in ctx.sh.aliases:
            ctx.out(f"{_prefix(ctx)}{name}={_single(ctx.sh.aliases[name])}\n")
        elif word != "-p" and "dash" in ctx.sh.options:
            ctx.err(f"alias: {name} not found\n")
            status = 1
        elif word != "-p":
            status = ctx.complain(f"{name}: not found")
    return status


def _prefix(ctx: Context) -> str:
    return "" if "dash" in ctx.sh.options else "alias "


def unalias(ctx: Context) -> int:
    """``unalias``."""
    if ctx.args[:1] == ["-a"]:
        ctx.sh.aliases.clear()
        return 0
    status = 0
    for name in ctx.args:
        if ctx.sh.aliases.pop(name, None) is None:
            status = ctx.complain(f"{name}: not found")
    return status


def umask(ctx: Context) -> int:
    """``umask``."""
    if not ctx.args:
        ctx.out(f"{ctx.sh.umask:04o}\n")
    elif ctx.args == ["-S"]:
        allowed = 0o777 & ~ctx.sh.umask
        shown = (f"{who}={_letters(allowed >> shift)}" for who, shift in (("u", 6), ("g", 3), ("o", 0)))
        ctx.out(f"{','.join(shown)}\n")
    elif re.fullmatch(r"[0-7]{1,4}", ctx.args[-1]):
        ctx.sh.umask = int(ctx.args[-1], 8) & 0o777
    return 0


def _letters(bits: int) -> str:
    return "".join(letter for letter, bit in (("r", 4), ("w", 2), ("x", 1)) if bits & bit)


def ulimit(ctx: Context) -> int:
    """``ulimit``: the usual numbers."""
    words = "".join(word.lstrip("-") for word in ctx.args if word.startswith("-"))
    if any(word.isdecimal() or word == "unlimited" for word in ctx.args):
        return 0
    if "a" in words:
        ctx.out(_ULIMITS.format(pending=ctx.persona.memory_kib // 256))
    else:
        ctx.out(
            {"n": "1024\n", "s": "8192\n", "u": f"{ctx.persona.memory_kib // 256}\n", "c": "0\n"}.get(
                words[-1:], "unlimited\n"
            )
        )
    return 0


_ULIMITS = """real-time non-blocking time  (microseconds, -R) unlimited
core file size              (blocks, -c) 0
data seg size               (kbytes, -d) unlimited
scheduling priority                 (-e) 0
file size                   (blocks, -f) unlimited
pending signals                     (-i) {pending}
max locked memory           (kbytes, -l) 502288
max memory size             (kbytes, -m) unlimited
open files                          (-n) 1024
pipe size                (512 bytes, -p) 8
POSIX message queues         (bytes, -q) 819200
real-time priority                  (-r) 0
stack size                  (kbytes, -s) 8192
cpu time                   (seconds, -t) unlimited
max user processes                  (-u) {pending}
virtual memory              (kbytes, -v) unlimited
file locks                          (-x) unlimited
"""


def hash_(ctx: Context) -> int:
    """``hash``: nothing is remembered; what cannot be found is said."""
    names = [word for word in ctx.args if not word.startswith("-")]
    if not ctx.args and "dash" not in ctx.sh.options:
        ctx.out("hash: hash table empty\n")
    status = 0
    for name in names:
        if ctx.evaluator.launcher.find(ctx.sh, name) is None:
            status = ctx.complain(f"{name}: not found")
    return status


COMMANDS: Mapping[str, Function] = {
    "cd": cd, "pwd": pwd, "export": export, "readonly": export, "declare": export, "typeset": export, "local": export,
    "unset": unset, "set": set_, "shopt": shopt, "history": history, "alias": alias, "unalias": unalias,
    "umask": umask, "ulimit": ulimit, "hash": hash_,
}  # fmt: skip
