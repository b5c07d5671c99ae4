"""This module holds ``xargs``: standard input as the arguments of commands."""

import re
from collections.abc import Generator, Mapping, Sequence

from attrs import define

from decnet_actors.machine.shell.commands.output import unescape
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.streams import BREATHE, MAX_PIPE, Pause, Work

MAX_ARGUMENT = 131_072  # characters; MAX_ARG_STRLEN
_ITEM = re.compile(r"(?:[^\s'\"\\]++|\\.|'[^']*'|\"[^\"]*\"){1,65536}")
_QUOTED = re.compile(r"\\(.)|'([^']*)'|\"([^\"]*)\"")


@define
class _Wanted:
    per: int = 0  # arguments of one command
    replace: str = ""
    mark: str = ""  # what ends an argument
    empty: bool = True  # whether the command runs without arguments
    traced: bool = False


def _wanted(args: list[str]) -> _Wanted:
    """Take the options off the words."""
    wanted = _Wanted()
    while args and args[0].startswith("-"):
        option = args.pop(0)
        letter, value = option[1:2], option[2:]
        if option == "--":
            break
        if letter in "nIdPLas" and letter:
            value = value or (args.pop(0) if args else "")
        match letter:
            case "n" | "L":
                wanted.per = int(value[:6]) if value.isdecimal() else 1
            case "I":
                wanted.replace = value or "{}"
            case "i":
                wanted.replace = value or "{}"
            case "d":
                wanted.mark = unescape(value or "\n")[0].decode("latin-1")[:1]
            case _:
                wanted.mark = "\0" if option in {"-0", "--null"} else wanted.mark
                wanted.empty = wanted.empty and option not in {"-r", "--no-run-if-empty"}
                wanted.traced = wanted.traced or option in {"-t", "--verbose"}
    return wanted


def _items(ctx: Context, wanted: _Wanted, data: str) -> Generator[Pause, None, list[str]]:
    if wanted.mark == "\0":
        return [item for item in data.split("\0") if item]
    if wanted.mark:
        return data.removesuffix(wanted.mark).split(wanted.mark) if data else []
    if wanted.replace:
        return [line.strip() for line in data.split("\n") if line.strip()]
    items: list[str] = []
    for found in _ITEM.finditer(data):
        if ctx.world.budget.due:
            yield BREATHE
        items.append(_QUOTED.sub(lambda m: m[1] or m[2] or m[3] or "", found[0][:MAX_ARGUMENT]))
    return items


def xargs(ctx: Context) -> Work:
    """Run a command with arguments from standard input."""
    args = list(ctx.args)
    wanted = _wanted(args)
    data = (yield from ctx.stdin.read_all())[:MAX_PIPE].decode("utf-8", "surrogateescape")
    items = yield from _items(ctx, wanted, data)
    if not items and (not wanted.empty or wanted.replace):
        return 0
    command = args or ["echo"]
    size = 1 if wanted.replace else wanted.per or max(len(items), 1)
    status = 0
    for at in range(0, max(len(items), 1), size):
        ctx.world.budget.step()
        argv = _command(command, items[at : at + size], wanted.replace)
        if wanted.traced:
            ctx.err(f"{' '.join(argv)}\n")
        path = ctx.evaluator.launcher.find(ctx.sh, argv[0])
        if path is None:
            return ctx.fail(f"{argv[0]}: No such file or directory", 127)
        if (yield from ctx.evaluator.launcher.start(ctx.sh.copy(), path, argv)):
            status = 123
    return status


def _command(command: Sequence[str], group: Sequence[str], replace: str) -> list[str]:
    if not replace:
        return [*command, *group]
    times = MAX_ARGUMENT // max(len(group[0]), 1)
    return [word.replace(replace, group[0], times)[:MAX_ARGUMENT] for word in command]


COMMANDS: Mapping[str, Function] = {"xargs": xargs}
