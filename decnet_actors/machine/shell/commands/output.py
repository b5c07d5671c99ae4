"""This module holds the commands that only print: echo, printf, yes, seq and their like."""

import re
import time as _time
from collections.abc import Generator, Mapping, Sequence

from decnet_actors.machine import dates
from decnet_actors.machine.shell.arithmetic import wrap
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.streams import BREATHE, Pause, Work

MAX_FIELD = 100_000  # characters a printf field is padded to
MAX_DECIMALS = 100  # of a number of seq
MAX_PRINTED = 1 << 20  # bytes of one printf
MAX_LINES = 1_000_000  # numbers of one seq

_LETTERS = {
    "a": b"\a",
    "b": b"\b",
    "e": b"\x1b",
    "E": b"\x1b",
    "f": b"\f",
    "n": b"\n",
    "r": b"\r",
    "t": b"\t",
    "v": b"\v",
    "\\": b"\\",
}
_ECHO = re.compile(
    r"\\(?:([abeEfnrtv\\])|(c)|0([0-7]{0,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8}))"
)
OCTAL = re.compile(
    r"\\(?:([abeEfnrtv\\])|(c)|([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8}))"
)
_SPEC = re.compile(
    r"%(?:\((?P<time>[^)]{0,200})\)T|([-+ 0#]*)(\*|\d+)?(?:\.(\*|\d+)?)?"
    r"(?:hh|h|ll|l|q|j|z|t|L)?([diouxXcsbqeEfFgGaA%]))"
)


def unescape(text: str, pattern: re.Pattern[str] = _ECHO) -> tuple[bytes, bool]:
    r"""Return the bytes of a text with backslash escapes, and whether ``\c`` ended it."""
    out: list[bytes] = []
    at = 0
    for found in pattern.finditer(text):
        out.append(text[at : found.start()].encode("utf-8", "surrogateescape"))
        at = found.end()
        letter, stop, octal, hexadecimal, short, long = found.groups()
        if stop:
            return b"".join(out), True
        if letter:
            out.append(_LETTERS[letter])
        elif octal is not None:
            out.append(bytes((int(octal or "0", 8) & 0xFF,)))
        elif hexadecimal:
            out.append(bytes((int(hexadecimal, 16),)))
        else:
            code = int(short or long, 16)
            out.append(chr(code).encode("utf-8", "replace") if code < 0x110000 else b"")  # noqa: PLR2004  Unicode's end
    out.append(text[at:].encode("utf-8", "surrogateescape"))
    return b"".join(out), False


def echo(ctx: Context) -> int:
    """The builtin: bash's and ash's, or dash's, which knows ``-n`` only and always reads escapes."""
    return _echo(ctx, dash="dash" in ctx.sh.options and "ash" not in ctx.sh.options)


def echo_program(ctx: Context) -> int:
    """Print the words; ``-n``, ``-e``, ``-E`` in any combination, whichever shell starts it."""
    return _echo(ctx, dash=False)


def _echo(ctx: Context, *, dash: bool) -> int:
    args = ctx.args
    newline, escapes = True, dash
    if not dash:
        at = 0
        while at < len(args) and re.fullmatch(r"-[neE]+", args[at]):
            newline = newline and "n" not in args[at]
            for letter in args[at]:
                escapes = letter == "e" or (escapes and letter != "E")
            at += 1
        args = args[at:]
    elif args[:1] == ["-n"]:
        newline, args = False, args[1:]
    text = " ".join(args)
    if escapes and "\\" in text:
        data, stopped = unescape(text)
        newline = newline and not stopped
    else:
        data = text.encode("utf-8", "surrogateescape")
    ctx.write(data + b"\n" if newline else data)
    return 0


def printf(ctx: Context) -> Work:
    """Print by a format, again and again while words are left."""
    args = ctx.args
    target = ""
    if args[:1] == ["-v"] and len(args) > 2:  # noqa: PLR2004  -v name format
        target, args = args[1], args[2:]
    if args[:1] == ["--"]:
        args = args[1:]
    if not args:
        return ctx.complain("usage: printf [-v var] format [arguments]", 2)
    run = _Printf(ctx, args[0], args[1:])
    data = yield from run.all()
    if target:
        ctx.sh.set(target, data.decode("utf-8", "surrogateescape"))
    else:
        ctx.write(data)
    return run.status


class _Printf:
    def __init__(self, ctx: Context, form: str, words: Sequence[str]) -> None:
        self.ctx, self.form, self.words = ctx, form, list(words)
        self.at = 0
        self.status = 0
        self.size = 0

    def all(self) -> Generator[Pause, None, bytes]:
        out: list[bytes] = []
        while True:
            before = self.at
            stopped = yield from self.once(out)
            self.ctx.world.budget.step()
            if stopped or self.at >= len(self.words) or self.at == before or self.size > MAX_PRINTED:
                return b"".join(out)

    def word(self) -> str:
        self.at += 1
        return self.words[self.at - 1] if self.at <= len(self.words) else ""

    def once(self, out: list[bytes]) -> Generator[Pause, None, bool]:
        """Add what the format makes of the next words; returns whether that ends it all."""
        at = 0
        for found in _SPEC.finditer(self.form):
            if self.ctx.world.budget.due:
                yield BREATHE
            data, stopped = unescape(self.form[at : found.start()], OCTAL)
            out.append(data)
            if stopped:
                return True
            at = found.end()
            data, stopped = self.field(found) if found["time"] is None else (self.time(found["time"]), False)
            out.append(data)
            self.size += len(data) + 1
            if stopped or self.size > MAX_PRINTED:
                return True
        rest = self.form[at:]
        if "%" in rest and not rest.endswith("%%"):
            bad = rest[rest.index("%") : rest.index("%") + 2]
            self.ctx.complain(
                f"`{_bad_character(rest, bad)}': invalid format character"
                if len(bad) > 1
                else "`%': missing format character"
            )
            self.status = 1
            rest = rest[: rest.index("%")]
        data, stopped = unescape(rest, OCTAL)
        out.append(data)
        self.size += len(data)
        return stopped

    def field(self, found: re.Match[str]) -> tuple[bytes, bool]:
        flags, width_text, precision_text, kind = found.group(2, 3, 4, 5)
        if kind == "%":
            return b"%", False
        width = self.number(self.word()) if width_text == "*" else int((width_text or "0")[:7])
        precision: int | None = None
        if "." in found[0]:
            precision = self.number(self.word()) if precision_text == "*" else int((precision_text or "0")[:7])
            precision = None if precision < 0 else min(precision, MAX_FIELD)
        if width < 0:
            flags, width = flags + "-", -width
        width = min(width, MAX_FIELD)
        word = self.word()
        if kind == "b":
            data, stopped = unescape(word)
            return self.padded(data if precision is None else data[:precision], flags, width), stopped
        if kind == "c":
            return self.padded(word[:1].encode("utf-8", "surrogateescape"), flags, width), False
        if kind in "sq":
            text = word if kind == "s" else _shell_quoted(word)
            text = text if precision is None else text[:precision]
            return self.padded(text.encode("utf-8", "surrogateescape"), flags, width), False
        return self.numeric(kind, flags, width, precision, word).encode(), False

    def time(self, form: str) -> bytes:
        """Return a time of the words: seconds, -1 for now."""
        word = self.word()
        seconds = self.number(word) if word and word not in {"-1", "-2"} else int(self.ctx.now)
        parts = dates.local(self.ctx.persona, float(max(min(seconds, 1 << 33), 0)))
        return _time.strftime(form or "%X", parts).encode("utf-8", "surrogateescape")

    @staticmethod
    def padded(data: bytes, flags: str, width: int) -> bytes:
        return data.ljust(width) if "-" in flags else data.rjust(width)

    def number(self, text: str) -> int:
        if text[:1] in {"'", '"'}:
            return ord(text[1]) if len(text) > 1 else 0
        found = re.match(r"\s*([-+]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)", text)
        if found is None or found.end() != len(text):
            if text:
                self.ctx.complain(f"{text}: invalid number")
                self.status = 1
            if found is None:
                return 0
        digits = found[2][:30]
        value = int(digits, 16 if digits[:2] in {"0x", "0X"} else 8 if digits.startswith("0") else 10)
        return wrap(-value if found[1] == "-" else value)

    def numeric(self, kind: str, flags: str, width: int, precision: int | None, word: str) -> str:
        spec = "%" + "".join(dict.fromkeys(flags)) + (str(width) if width else "")
        if kind in "eEfFgGaA":
            try:
                value = float(word) if word else 0.0
            except ValueError:
                self.ctx.complain(f"{word}: invalid number")
                self.status, value = 1, 0.0
            shown = "f" if kind in "aAF" else kind
            return (spec + (f".{min(precision, 500)}" if precision is not None else "") + shown) % value
        number = self.number(word)
        if kind in "ouxX" and number < 0:
            number += 1 << 64
        shown = "d" if kind in "iu" else kind
        if kind == "o" and "#" in flags:
            return f"{'0' + format(number, 'o'):>{width or 1}}"
        return (spec + (f".{min(precision, 500)}" if precision is not None else "") + shown) % number


def _bad_character(rest: str, bad: str) -> str:
    """Return the character bash names: after a length letter it is the one that follows."""
    if bad[1] not in "hlLjzt":
        return bad[1]
    return rest[rest.index("%") + 2 : rest.index("%") + 3]


def _shell_quoted(text: str) -> str:
    if not text:
        return "''"
    return re.sub(r"([^\w@%+=:,./-])", r"\\\1", text, flags=re.ASCII)


def yes(ctx: Context) -> Work:
    """Repeat a line for ever: until nobody reads, or the budget ends."""
    line = (" ".join(ctx.args) or "y").encode("utf-8", "surrogateescape")[:4096] + b"\n"
    block = line * max(8192 // len(line), 1)
    budget = ctx.world.budget
    while True:
        ctx.write(block)
        budget.step()
        if budget.due:
            yield BREATHE


def seq(ctx: Context) -> Work:
    """Print numbers."""
    args, separator, width, form = list(ctx.args), "\n", False, ""
    while args and re.match(r"-[swf]", args[0]):
        option = args.pop(0)
        if option.startswith("-f"):
            form = option[2:] or (args.pop(0) if args else "")
            continue
        if option.startswith("-s"):
            separator = option[2:] or (args.pop(0) if args else "\n")
        else:
            width = True
    if not args:
        ctx.usage("seq: missing operand\nTry 'seq --help' for more information.\n")
    for word in args:
        if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)", word):
            ctx.usage(
                f"seq: invalid floating point argument: \u2018{word}\u2019\nTry 'seq --help' for more information.\n"
            )
    if len(args) > 3:  # noqa: PLR2004  first step last
        ctx.usage(f"seq: extra operand \u2018{args[3]}\u2019\nTry 'seq --help' for more information.\n")
    decimals = min(MAX_DECIMALS, max(len(word.partition(".")[2]) for word in args[:2])) if len(args) > 1 else 0
    numbers = [float(word) for word in args]
    if len(numbers) == 1:
        numbers.insert(0, 1.0)
    first, step, last = numbers[0], numbers[1] if len(numbers) == 3 else 1.0, numbers[-1]  # noqa: PLR2004  first step last
    if step == 0:
        ctx.usage(f"seq: invalid Zero increment value: \u2018{args[1]}\u2019\nTry 'seq --help' for more information.\n")
    count = min(int((last - first) / step + 1e-9) + 1, MAX_LINES) if abs((last - first) / step) < 1e15 else MAX_LINES  # noqa: PLR2004  a float's digits
    size = max(len(f"{first:.{decimals}f}"), len(f"{last:.{decimals}f}")) if width else 0
    for start in range(0, max(count, 0), 500):
        block = (first + step * index for index in range(start, min(start + 500, count)))
        ctx.out(separator.join(_numbered(value, form, size, decimals) for value in block))
        ctx.out("\n" if start + 500 >= count else separator)
        ctx.world.budget.step(10)
        if ctx.world.budget.due:
            yield BREATHE
    return 0


def _numbered(value: float, form: str, size: int, decimals: int) -> str:
    """Return a number of ``seq``, by the format it was given."""
    found = re.fullmatch(r"([^%]{0,200})%([-+ 0]{0,4})(\d{0,3})(\.\d{1,2})?([efgEFG])([^%]{0,200})", form)
    if found is None:
        return f"{value:0{size}.{decimals}f}"
    return found[1] + f"%{found[2]}{found[3]}{found[4] or ''}{found[5]}" % value + found[6]


def _true(_: Context) -> int:
    return 0


def _false(_: Context) -> int:
    return 1


def clear(ctx: Context) -> int:
    """Clear the screen as an xterm does."""
    ctx.out("\x1b[H\x1b[2J\x1b[3J")
    return 0


BUILTINS: Mapping[str, Function] = {"echo": echo, "printf": printf, "true": _true, ":": _true, "false": _false}
PROGRAMS: Mapping[str, Function] = {
    "echo": echo_program, "printf": printf, "true": _true, "false": _false, "yes": yes, "seq": seq, "clear": clear,
    "reset": clear, "sync": _true,
}  # fmt: skip
