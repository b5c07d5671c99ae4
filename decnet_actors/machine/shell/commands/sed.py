"""This module holds ``sed``: its options, and the run of a script over lines, in bounded time and memory."""

from collections.abc import Generator, Mapping, Sequence

from attrs import define, field

from decnet_actors.machine.shell.commands.sed_parser import Address, BadSedError, SedCommand, sed_script
from decnet_actors.machine.shell.commands.sed_replace import MAX_GROWN, changed
from decnet_actors.machine.shell.context import MAX_LINES, MAX_TEXT, MAX_TEXTS, Context, Function
from decnet_actors.machine.shell.regexes import Regex
from decnet_actors.machine.shell.streams import BREATHE, Pause, Work, pieces

MAX_FILES = 16  # that a script writes
_HELP = "Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...\n"
_SHOWN = {"\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}


@define
class _Options:
    quiet: bool = False
    extended: bool = False
    in_place: bool = False
    suffix: str = ""
    separate: bool = False
    end: str = "\n"
    scripts: list[str] = field(factory=list)
    names: list[str] = field(factory=list)


def _options(ctx: Context) -> Generator[Pause, None, _Options]:
    opts = _Options()
    args = list(ctx.args)
    while args:
        word = args.pop(0)
        if word == "--":
            opts.names += args
            break
        if not word.startswith("-") or word == "-":
            opts.names.append(word)
            continue
        name, _, value = word.partition("=")
        if name.startswith("--"):
            letter = _LONG.get(name)
            if letter is None:
                ctx.usage(f"sed: unrecognized option '{word}'\n{_HELP}")
            letters = letter
        else:
            letters, value = word[1:], ""
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in "ef":
                taken = letters or value or (args.pop(0) if args else None)
                if taken is None:
                    ctx.usage(f"sed: option requires an argument -- '{letter}'\n{_HELP}")
                opts.scripts.append(taken if letter == "e" else (yield from _script_file(ctx, taken)))
                letters = ""
            elif letter == "i":
                opts.in_place = opts.separate = True
                opts.suffix, letters = letters or value, ""
            elif letter not in "nErsuzl":
                ctx.usage(f"sed: invalid option -- '{letter}'\n{_HELP}")
            opts.quiet = opts.quiet or letter == "n"
            opts.extended = opts.extended or letter in "Er"
            opts.separate = opts.separate or letter == "s"
            opts.end = "\0" if letter == "z" else opts.end
    if not opts.scripts and opts.names:
        opts.scripts.append(opts.names.pop(0))
    return opts


_LONG = {
    "--quiet": "n", "--silent": "n", "--regexp-extended": "E", "--in-place": "i", "--expression": "e", "--file": "f",
    "--separate": "s", "--null-data": "z", "--unbuffered": "u",
}  # fmt: skip


def _script_file(ctx: Context, name: str) -> Generator[Pause, None, str]:
    try:
        data = (yield from ctx.stdin.read_all()) if name == "-" else ctx.read_file(name, MAX_TEXT)
    except OSError as error:
        ctx.usage(f"sed: couldn't open file {name}: {error.strerror}\n")
    return data.decode("utf-8", "surrogateescape").removesuffix("\n")


def sed(ctx: Context) -> Work:
    """Edit lines."""
    opts = yield from _options(ctx)
    if not opts.scripts:
        ctx.usage(_HELP)
    script = "\n".join(opts.scripts)
    try:
        commands = sed_script(script, extended=opts.extended)
    except BadSedError as error:
        where = f"char {error.at}: " if error.at >= 0 else ""
        ctx.usage(f"sed: -e expression #1, {where}{error}\n" if where else f"sed: -e expression #1, {error}\n")
    read = yield from _input(ctx, opts.names)
    status = 2 if len(read) < max(len(opts.names), 1) else 0
    groups = [[pair] for pair in read] if opts.separate else [read]
    run = _Run(ctx, commands, quiet=opts.quiet, end=opts.end)
    for group in groups:
        lines: list[str] = []
        for _, data in group:
            lines += yield from _lines(ctx, data, opts.end)
        run.whole = not group or not group[-1][1] or group[-1][1].endswith(opts.end.encode())
        out = (yield from run.over(lines)).encode("utf-8", "surrogateescape")
        if not opts.in_place:
            yield from ctx.pour(map(bytes, pieces(out)))
        elif len(group[0][1]) <= MAX_TEXT and group[0][1].count(b"\n") <= MAX_LINES:  # nothing of it is lost
            if opts.suffix:
                ctx.write_file(group[0][0] + opts.suffix, group[0][1])
            ctx.write_file(group[0][0], out)
        if run.left:
            break
    run.write_files()
    return run.status or status


def _lines(ctx: Context, data: bytes, end: str) -> Generator[Pause, None, list[str]]:
    if end == "\n":
        return (yield from ctx.lines(data))
    parts = data[:MAX_TEXT].decode("utf-8", "surrogateescape").split(end, MAX_LINES)
    return parts if parts[-1] else parts[:-1]


def _input(ctx: Context, names: Sequence[str]) -> Generator[Pause, None, list[tuple[str, bytes]]]:
    out: list[tuple[str, bytes]] = []
    room = MAX_TEXTS
    for name in names or ("-",):
        if ctx.world.budget.due:
            yield BREATHE
        try:
            out.append((name, (yield from ctx.stdin.read_all()) if name == "-" else ctx.read_file(name, room)))
            room -= len(out[-1][1])
        except OSError as error:
            shown = f"couldn't edit {name}: not a regular file" if error.errno == _IS_DIR and "-i" in ctx.args else ""
            reads = f"read error on {name}: {error.strerror}" if error.errno == _IS_DIR else ""
            ctx.fail(shown or reads or f"can't read {name}: {error.strerror}")
    return out


_IS_DIR = 21  # EISDIR
_DELETED, _RESTART, _ENDED = -1, -2, -3  # places a command goes on at that are none of the script


class _Run:
    """A script at work on the lines of one or more files."""

    def __init__(self, ctx: Context, commands: Sequence[SedCommand], *, quiet: bool, end: str) -> None:
        self.ctx = ctx
        self.budget = ctx.world.budget
        self.commands = commands
        self.quiet = quiet
        self.end = end
        self.whole = True  # whether the last line has an end
        self.left = False
        self.status = 0
        self.hold = ""
        self.number = 0
        self.regex: Regex | None = None  # the one used last
        self.files: dict[str, list[str]] = {}
        self.active: dict[int, int] = {}  # ranges that are on: their last line, 0 if not known

    def over(self, lines: Sequence[str]) -> Generator[Pause, None, str]:
        """Edit lines; return what is written."""
        self.lines, self.at, self.out, self.size = lines, 0, list[str](), 0
        self.space = ""
        again = False
        while (again or self._next()) and not self.left and self.size <= MAX_GROWN:
            again = yield from self._cycle()
        text = "".join(self.out)
        return text if self.whole else text.removesuffix(self.end)

    @property
    def last(self) -> bool:
        return self.at >= len(self.lines)

    def _next(self) -> bool:
        if self.last:
            return False
        self.space = self.lines[self.at]
        self.at += 1
        self.number += 1
        return True

    def emit(self, text: str) -> None:
        self.out.append(f"{text}{self.end}")
        self.size += len(text) + 1

    def _cycle(self) -> Generator[Pause, None, bool]:
        """Run the script over one line; return whether the next begins with what is left of it."""
        self.after: list[str] = []
        self.replaced = False
        place, again, silent = 0, False, self.quiet
        while 0 <= place < len(self.commands):
            command = self.commands[place]
            self.budget.step()
            if self.budget.due:
                yield BREATHE
            if not (yield from self._applies(place, command)):
                place = command.jump if command.letter == "{" else place + 1
                continue
            place = yield from self._do(place, command)
            if place in {_DELETED, _RESTART}:
                again, silent = place == _RESTART, True
            if self.size > MAX_GROWN:
                break
        if not silent:
            self.emit(self.space)
        for text in self.after:
            self.out.append(text)
            self.size += len(text)
        return again

    def _do(self, place: int, command: SedCommand) -> Generator[Pause, None, int]:
        """Run one command; return the place of the next."""
        following = place + 1
        match command.letter:
            case "s":
                yield from self._substitute(command)
            case "y":
                source, _, target = command.text.partition("\0")
                self.space = self.space.translate(dict(zip(map(ord, source), target, strict=False)))
            case "d":
                return _DELETED
            case "D":
                _, newline, rest = self.space.partition("\n")
                if newline:
                    self.space = rest
                    return _RESTART
                return _DELETED
            case "p":
                self.emit(self.space)
            case "P":
                self.emit(self.space.partition("\n")[0])
            case "n" | "N":
                return self._advance(command.letter, following)
            case "b":
                return command.jump
            case "t" | "T":
                jumps = self.replaced == (command.letter == "t")
                self.replaced = False
                return command.jump if jumps else following
            case "q" | "Q":
                self.left, self.status = True, int(command.text or 0) & 0xFF
                return _DELETED if command.letter == "Q" else _ENDED
            case "c":
                if command.high is None or command.negated or place not in self.active:
                    self.emit(command.text)
                return _DELETED
            case _:
                self._hold(command)
        return following

    def _advance(self, letter: str, following: int) -> int:
        if self.last:
            if letter == "n" and self.quiet:
                return _DELETED
            self.left = True
            return _ENDED
        if letter == "n":
            if not self.quiet:
                self.emit(self.space)
            self._next()
            return following
        before = self.space
        self._next()
        self.space = f"{before}\n{self.space}"[:MAX_GROWN]
        return following

    def _hold(self, command: SedCommand) -> None:
        match command.letter:
            case "h":
                self.hold = self.space
            case "H":
                self.hold = f"{self.hold}\n{self.space}"[:MAX_GROWN]
            case "g":
                self.space = self.hold
            case "G":
                self.space = f"{self.space}\n{self.hold}"[:MAX_GROWN]
            case "x":
                self.space, self.hold = self.hold, self.space
            case "z":
                self.space = ""
            case "=":
                self.emit(str(self.number))
            case "l":
                self.emit("".join(_SHOWN.get(char, char) for char in self.space) + "$")
            case "a":
                self.after.append(f"{command.text}\n")
            case "i":
                self.emit(command.text)
            case "r":
                self._read(command.name)
            case "w":
                self.write(command.name, self.space)
            case _:
                pass

    def _read(self, name: str) -> None:
        try:
            data = self.ctx.read_file(name, MAX_TEXT)
        except OSError:
            return  # what cannot be read is nothing (POSIX, "sed", r)
        self.after.append(data.decode("utf-8", "surrogateescape"))

    def write(self, name: str, line: str) -> None:
        if name == "/dev/stdout":
            self.emit(line)
        elif name in self.files or len(self.files) < MAX_FILES:
            self.files.setdefault(name, []).append(line)
            self.size += len(line)

    def write_files(self) -> None:
        """Write the files the script names, also those nothing was written to."""
        for command in self.commands:
            if command.name and (command.letter in {"w", "s"}):
                self.files.setdefault(command.name, [])
        for name, lines in self.files.items():
            if name != "/dev/stdout":
                text = "".join(f"{line}\n" for line in lines)
                self.ctx.write_file(name, text.encode("utf-8", "surrogateescape"), mechanism="sed")

    def _applies(self, place: int, command: SedCommand) -> Generator[Pause, None, bool]:
        if command.low is None:
            return not command.negated
        if command.high is None:
            return (yield from self._hit(command.low)) != command.negated
        if place in self.active:
            inside = yield from self._inside(place, command.high)
            return inside != command.negated
        zero = command.low.kind == "line" and command.low.number == 0
        if zero and self.number == 1:
            self.active[place] = 0
            return (yield from self._inside(place, command.high)) != command.negated
        if zero or not (yield from self._hit(command.low)):
            return command.negated
        self._begin(place, command.high)
        return not command.negated

    def _begin(self, place: int, high: Address) -> None:
        end = 0
        match high.kind:
            case "line":
                end = high.number
            case "more":
                end = self.number + high.number
            case "multiple":
                end = -(-self.number // max(high.number, 1)) * max(high.number, 1)
            case _:
                self.active[place] = 0
                return
        if end > self.number:
            self.active[place] = end

    def _inside(self, place: int, high: Address) -> Generator[Pause, None, bool]:
        end = self.active[place]
        if end:
            if self.number >= end:
                del self.active[place]
            return self.number <= end
        if (yield from self._hit(high)):
            del self.active[place]
        return True

    def _hit(self, address: Address) -> Generator[Pause, None, bool]:
        match address.kind:
            case "line":
                return self.number == address.number
            case "last":
                return self.last
            case "step":
                step = address.step
                return (
                    self.number == address.number
                    if not step
                    else (self.number >= address.number and (self.number - address.number) % step == 0)
                )
            case _:
                self.regex = address.regex or self.regex
                return self.regex is not None and (yield from self.regex.search(self.space, self.budget)) is not None

    def _substitute(self, command: SedCommand) -> Generator[Pause, None, None]:
        self.regex = command.regex or self.regex
        if self.regex is None:
            return
        line, any_changed = yield from changed(self.budget, self.regex, command, self.space)
        self.space = line[:MAX_GROWN]
        if not any_changed:
            return
        self.replaced = True
        if "p" in command.flags:
            self.emit(self.space)
        if command.name:
            self.write(command.name, self.space)


COMMANDS: Mapping[str, Function] = {"sed": sed}
