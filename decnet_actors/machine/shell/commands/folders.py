"""This module holds the builtins that tell of the shell itself: its folders, callers and names."""

from collections.abc import Mapping

from decnet_actors.machine.shell.commands.environment import cd
from decnet_actors.machine.shell.commands.flow import KEYWORDS
from decnet_actors.machine.shell.context import Context, Function

MAX_FOLDERS = 100  # of ``pushd``


def caller(ctx: Context) -> int:
    """``caller``: where the function at hand was called."""
    if not ctx.sh.calls:
        return 1
    ctx.out(f"{ctx.sh.line} {ctx.sh.calls[-2] if len(ctx.sh.calls) > 1 else 'main'} {ctx.sh.name}\n")
    return 0


def directories(ctx: Context) -> int:
    """``pushd``, ``popd`` and ``dirs``."""
    sh = ctx.sh
    if ctx.name == "pushd":
        target = next((word for word in ctx.args if not word.startswith("-")), "")
        if not target and not sh.folders:
            return ctx.complain("no other directory")
        before, target = sh.cwd, target or sh.folders[-1]
        if not target:
            return 0
        if sh.folders and not ctx.args:
            sh.folders.pop()
        ctx.args = [target]
        if cd(ctx):
            return 1
        if len(sh.folders) < MAX_FOLDERS:
            sh.folders.append(before)
    elif ctx.name == "popd":
        if not sh.folders:
            return ctx.complain("directory stack empty")
        ctx.args = [sh.folders.pop()]
        if cd(ctx):
            return 1
    home = sh.get("HOME") or "/"
    shown = (
        f"~{path[len(home) :]}" if f"{path}/".startswith(f"{home}/") else path
        for path in (sh.cwd, *reversed(sh.folders))
    )
    ctx.out(f"{' '.join(shown)}\n")
    return 0


def compgen(ctx: Context) -> int:
    """``compgen``: words, builtins, variables and functions that begin with a text."""
    args = list(ctx.args)
    names: list[str] = []
    while args and args[0].startswith("-"):
        match args.pop(0):
            case "-W":
                names += (args.pop(0) if args else "").split()
            case "-b":
                names += sorted(ctx.evaluator.launcher.builtin_names(ctx.sh))
            case "-k":
                names += sorted(KEYWORDS)
            case "-v":
                names += sorted(ctx.sh.variables)
            case "-a":
                names += sorted(ctx.sh.aliases)
            case "-A" if args:
                names += sorted(ctx.sh.functions if args.pop(0) == "function" else ())
            case "-c":
                names += [*sorted(KEYWORDS), *sorted(ctx.evaluator.launcher.builtin_names(ctx.sh))]
            case _:
                pass
    found = [name for name in names if name.startswith(args[0] if args else "")]
    ctx.out("".join(f"{name}\n" for name in found))
    return int(not found)


COMMANDS: Mapping[str, Function] = {
    "caller": caller, "pushd": directories, "popd": directories, "dirs": directories, "compgen": compgen,
}  # fmt: skip
