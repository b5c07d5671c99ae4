"""This module holds the builtins that read: ``read``, ``mapfile`` and ``getopts``."""

import re
from collections.abc import Generator, Mapping

from attrs import define, field

from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.state import MAX_ELEMENTS
from decnet_actors.machine.shell.streams import BREATHE, Input, NeedInput, Pause, Work

MAX_READ = 131_072  # bytes of a line that ``read`` takes


@define
class _Wanted:
    raw: bool = False
    prompt: str = ""
    end: str = "\n"
    array: str = ""
    count: int = 0
    source: int = 0
    names: list[str] = field(factory=list)


def _wanted(args: list[str]) -> _Wanted | str:
    """Return what ``read`` is to do, or the option that is none."""
    wanted = _Wanted()
    while args:
        word = args.pop(0)
        if not word.startswith("-") or len(word) == 1:
            wanted.names.append(word)
            continue
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in "rse":
                wanted.raw = wanted.raw or letter == "r"
                continue
            if letter not in "ptnNdaui":
                return letter
            value = letters or (args.pop(0) if args else "")
            letters = ""
            match letter:
                case "p":
                    wanted.prompt = value
                case "a":
                    wanted.array = value
                case "d":
                    wanted.end = value[:1] or "\0"
                case "n" | "N":
                    wanted.count = int(value[:6]) if value.isdecimal() else 0
                case "u":
                    wanted.source = int(value[:4]) if value.isdecimal() else 0
                case _:
                    pass
    return wanted


def read(ctx: Context) -> Work:
    """``read``: one line, or some characters, into variables."""
    wanted = _wanted(list(ctx.args))
    if isinstance(wanted, str):
        ctx.complain(f"-{wanted}: invalid option")
        ctx.err(
            "read: usage: read [-ers] [-a array] [-d delim] [-i text] [-n nchars] [-N nchars] [-p prompt] "
            "[-t timeout] [-u fd] [name ...]\n"
        )
        return 2
    stream = ctx.sh.streams.get(wanted.source) if wanted.source else ctx.stdin
    if not isinstance(stream, Input):
        return ctx.complain(f"read error: {wanted.source}: Bad file descriptor")
    if wanted.prompt and ctx.sh.interactive:
        ctx.err(wanted.prompt)
    if wanted.count:
        line = yield from _characters(stream, wanted)
        ended = not line
    else:
        line = yield from stream.read_line(wanted.end.encode()[:1])
        ended = not line.endswith(wanted.end.encode()[:1])
    text = line[:MAX_READ].decode("utf-8", "surrogateescape").removesuffix(wanted.end).replace("\0", "")
    if not wanted.raw:
        while text.endswith("\\") and not text.endswith("\\\\") and not ended and len(text) < MAX_READ:
            more = (yield from stream.read_line()).decode("utf-8", "surrogateescape")
            text = text[:-1] + more.removesuffix("\n")
            ended = not more
            ctx.world.budget.step()
            if ctx.world.budget.due:
                yield BREATHE
        text = re.sub(r"\\(.)", r"\1", text)
    _assign_fields(ctx, text, wanted.names, wanted.array)
    return int(ended)


def _characters(stream: Input, wanted: _Wanted) -> Generator[Pause, None, bytes]:
    """Return as many characters as are wanted, fewer if the line ends before."""
    out = b""
    end = wanted.end.encode()[:1]
    while len(out.decode("utf-8", "ignore")) < wanted.count:
        while not stream.waiting and not stream.eof:
            yield NeedInput()
        byte = stream.take(1)
        if not byte or byte == end:
            break
        out += byte
    return out


def _assign_fields(ctx: Context, text: str, names: list[str], array: str) -> None:
    sh = ctx.sh
    separators = sh.get("IFS")
    separators = " \t\n" if separators is None else separators
    if not names and not array:
        sh.set("REPLY", text)
        return
    blank = "".join(char for char in separators if char in " \t\n")
    hard = "".join(char for char in separators if char not in " \t\n")
    text = text.strip(blank) if blank else text
    gap = (
        f"[{re.escape(blank)}]*[{re.escape(hard)}][{re.escape(blank)}]*|"
        if hard and blank
        else f"[{re.escape(hard)}]|"
        if hard
        else ""
    )
    pattern = (gap + (f"[{re.escape(blank)}]+" if blank else "")).rstrip("|")
    if array:
        parts = [part for part in (re.split(pattern, text, maxsplit=MAX_ELEMENTS) if pattern else [text]) if part]
        sh.fill(sh.declare(array), {str(index): part for index, part in enumerate(parts)})
        return
    parts = re.split(pattern, text, maxsplit=len(names) - 1) if pattern and len(names) > 1 else [text]
    for index, name in enumerate(names):
        sh.set(name, parts[index] if index < len(parts) else "")


def mapfile(ctx: Context) -> Work:
    """``mapfile`` and ``readarray``: the lines of standard input as an array."""
    args = list(ctx.args)
    strip, end, most, skip, source = False, "\n", 0, 0, 0
    while args and args[0].startswith("-") and len(args[0]) > 1:
        for at, letter in enumerate(word := args.pop(0), 0):
            if letter == "t":
                strip = True
            elif letter in "dnsuOcC":
                value = word[at + 1 :] or (args.pop(0) if args else "")
                number = int(value[:6]) if value.isdecimal() else 0
                end = (value[:1] or "\0") if letter == "d" else end
                most, skip = (number, skip) if letter == "n" else (most, number) if letter == "s" else (most, skip)
                source = number if letter == "u" else source
                break
    stream = ctx.sh.streams.get(source) if source else ctx.stdin
    name = args[0] if args else "MAPFILE"
    lines: list[str] = []
    while isinstance(stream, Input) and len(lines) < MAX_ELEMENTS:
        ctx.world.budget.step()
        if ctx.world.budget.due:
            yield BREATHE
        line = yield from stream.read_line(end.encode()[:1])
        if not line:
            break
        text = line[:MAX_READ].decode("utf-8", "surrogateescape")
        lines.append(text.removesuffix(end) if strip else text)
    lines = lines[skip:]
    variable = ctx.sh.declare(name)
    ctx.sh.fill(variable, {str(index): line for index, line in enumerate(lines[:most] if most else lines)})
    return 0


def getopts(ctx: Context) -> int:
    """``getopts``: the next option of the words, by ``OPTIND`` (POSIX, "getopts")."""
    sh, args = ctx.sh, ctx.args
    if len(args) < 2:  # noqa: PLR2004  letters name
        ctx.err("getopts: usage: getopts optstring name [arg ...]\n")
        return 2
    letters, name, words = args[0], args[1], args[2:] or sh.positional
    quiet = letters.startswith(":")
    index = sh.get("OPTIND") or "1"
    at = int(index[:6]) if index.isdecimal() and int(index[:6]) > 0 else 1
    inside = sh.option_place if at == sh.option_index else 1
    word = words[at - 1] if at <= len(words) else ""
    if word == "--":
        at, word = at + 1, ""
    if not word.startswith("-") or len(word) < 2:  # noqa: PLR2004  a dash and a letter
        sh.set(name, "?")
        sh.set("OPTIND", str(at))
        sh.variables.pop("OPTARG", None)
        return 1
    letter = word[inside : inside + 1]
    inside += 1
    known = letters.find(letter) if letter != ":" else -1
    value: str | None = None
    if known < 0:
        if not quiet:
            _complain_of_option(ctx, f"illegal option -- {letter}", f"Illegal option -{letter}")
        value, letter = (letter if quiet else None), "?"
    elif letters[known + 1 : known + 2] == ":":
        if word[inside:]:
            value = word[inside:]
        elif at < len(words):
            at += 1
            value = words[at - 1]
        else:
            if not quiet:
                _complain_of_option(ctx, f"option requires an argument -- {letter}", f"No arg for -{letter} option")
            value, letter = (letter, ":") if quiet else (None, "?")
        inside = len(word)
    if inside >= len(word):
        at, inside = at + 1, 1
    sh.option_index, sh.option_place = at, inside
    sh.set(name, letter)
    sh.set("OPTIND", str(at))
    if value is None:
        sh.variables.pop("OPTARG", None)
    else:
        sh.set("OPTARG", value)
    return 0


def _complain_of_option(ctx: Context, words: str, small: str) -> None:
    """Write what bash says of an option, or dash and ash."""
    name = ctx.evaluator.prefix(ctx.sh).partition(": ")[0]
    ctx.err(f"{small}\n" if "dash" in ctx.sh.options else f"{name}: {words}\n")


COMMANDS: Mapping[str, Function] = {"read": read, "mapfile": mapfile, "readarray": mapfile, "getopts": getopts}
