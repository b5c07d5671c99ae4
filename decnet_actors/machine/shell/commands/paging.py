"""This module holds the pagers: less and more. Without a terminal they pass everything on."""

from collections.abc import Generator, Mapping, Sequence

from decnet_actors.machine.shell.commands.screens import Screen
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.streams import ClosedPipeError, Pause, Work, pieces

MAX_SOUGHT = 200  # characters that are searched for


def pager(ctx: Context) -> Work:
    """``less`` and ``more``."""
    names = [word for word in ctx.args if not word.startswith(("-", "+"))]
    read = yield from ctx.input_of(names)
    if names and ctx.evaluator.is_terminal(ctx.stdout) and ctx.stdin.terminal:
        lines: list[str] = []
        for _, data in read:
            lines += yield from ctx.lines(data)
        if read:
            yield from (_more if ctx.name.endswith("more") else _less)(ctx, lines, names[0])
        return int(len(read) < len(names))
    for _, data in read:
        try:
            yield from ctx.pour(map(bytes, pieces(data)))
        except ClosedPipeError:
            return 0
    return int(len(read) < len(names))


def _less(ctx: Context, lines: Sequence[str], name: str) -> Work:
    screen = Screen(ctx)
    top, sought, first = 0, "", name
    while True:
        page = screen.rows - 1
        last = max(len(lines) - page, 0)
        top = max(min(top, last), 0)
        status = first or (":" if top < last else "(END)")
        screen.show(lines[top : top + page], f"\x1b[7m{status}\x1b[27m", page, len(status))
        first = ""
        key = yield from screen.key()
        steps = {" ": page, "f": page, "page-down": page, "\x06": page, "b": -page, "page-up": -page, "\x02": -page}
        steps |= {"j": 1, "enter": 1, "down": 1, "k": -1, "y": -1, "up": -1, "d": page // 2, "u": -page // 2}
        steps |= {"g": -top, "<": -top, "home": -top, "G": last, ">": last, "end": last}
        if key in {"q", "Q", "", "\x04"}:
            break
        if key in {"/", "n"}:
            if key == "/":
                sought = yield from _sought(screen, lines[top : top + page])
            found = (at for at in range(top + 1, len(lines)) if sought and sought in lines[at])
            at = next(found, -1)
            top, first = (at, "") if at >= 0 else (top, "Pattern not found  (press RETURN)")
        top += steps.get(key, 0)
    screen.leave()
    return 0


def _sought(screen: Screen, shown: Sequence[str]) -> Generator[Pause, None, str]:
    """Return what is to be searched for."""
    typed = ""
    while True:
        screen.show(shown, f"/{typed}", screen.rows - 1, len(typed) + 1)
        key = yield from screen.key()
        if key in {"enter", ""}:
            return typed
        if key in {"escape", "\x03"}:
            return ""
        typed = typed[:-1] if key == "rubout" else typed + key[: len(key) == 1 and len(typed) < MAX_SOUGHT]


def _more(ctx: Context, lines: Sequence[str], name: str) -> Work:
    del name
    screen = Screen(ctx)
    at, room = 0, screen.rows - 1
    while True:
        ctx.out("".join(f"{line}\n" for line in lines[at : at + room]))
        at += room
        if at >= len(lines):
            return 0
        share = f"--More--({100 * at // len(lines)}%)"
        ctx.out(f"\x1b[7m{share}\x1b[27m")
        room = 0
        while not room:
            key = yield from screen.key()
            if key in {"q", "Q", "", "\x03"}:
                ctx.out(f"\r{'':{len(share)}}\r")
                return 0
            room = {" ": screen.rows - 1, "f": screen.rows - 1, "enter": 1}.get(key, 0)
        ctx.out(f"\r{'':{len(share)}}\r")


COMMANDS: Mapping[str, Function] = {"less": pager, "more": pager}
