"""This module holds grep and its kin."""

import re
import stat
from collections.abc import Generator, Mapping, Sequence

from decnet_actors.machine.shell import patterns
from decnet_actors.machine.shell.commands.finding import walk
from decnet_actors.machine.shell.context import MAX_TEXT, Context, Function, UsageError
from decnet_actors.machine.shell.options import Options, getopt
from decnet_actors.machine.shell.regex_parser import UnsafePatternError
from decnet_actors.machine.shell.regexes import Regex, compile_posix
from decnet_actors.machine.shell.streams import BREATHE, Pause, Work
from decnet_actors.machine.table import words

MAX_MATCHES = 1000  # shown of one line


MAX_FILES = 2000  # one recursive grep looks at


LINES_A_STEP = 50  # lines that cost as much to search as running a command does


_GREP_LETTERS = "EFGPivwxcnlLqsohHrRabe:f:m:A:B:C:zTUIyZ"


_GREP_NAMES = words("""
extended-regexp/E fixed-strings/F ignore-case/i invert-match/v word-regexp/w line-regexp/x count/c line-number/n
byte-offset/b file=/f null-data/z
files-with-matches/l files-without-match/L quiet/q silent/q no-messages/s only-matching/o no-filename/h with-filename/H
recursive/r text/a regexp=/e max-count=/m color colour include= exclude= exclude-dir= perl-regexp/P after-context=/A
before-context=/B context=/C null/Z
""")


def grep(ctx: Context) -> Work:
    """Search lines."""
    program = ctx.name.rpartition("/")[2]
    patterns_given = _taken(ctx)
    try:
        opts = getopt(ctx, _GREP_LETTERS, _GREP_NAMES, status=2)
    except UsageError as error:
        first = error.message.partition("\n")[0]
        raise UsageError(f"{first}\n{_USAGE}", 2) from None
    rest = list(opts.rest)
    if "f" in opts:
        try:
            data = (yield from ctx.stdin.read_all()) if opts.given["f"] == "-" else ctx.read_file(opts.given["f"])
        except OSError as error:
            return ctx.fail(f"{opts.given['f']}: {error.strerror}", 2)
        patterns_given += yield from ctx.lines(data)
    if patterns_given or "f" in opts:
        pattern = "\n".join(patterns_given)
    elif rest:
        pattern = rest.pop(0)
    else:
        ctx.usage(_USAGE, 2)
    try:
        regex = _compiled(opts, pattern, program)
    except UnsafePatternError:
        return ctx.fail("Regular expression too big", 2)
    except ValueError as error:
        return ctx.fail(str(error)[:80] if program != "rgrep" else "Invalid regular expression", 2)
    names, failed = yield from _grep_files(ctx, opts, rest)
    many = (len(names) > 1 or "r" in opts or "R" in opts or "H" in opts) and "h" not in opts
    hit = False
    for name in names:
        try:
            data = (yield from ctx.stdin.read_all()) if name == "-" else ctx.read_file(name, MAX_TEXT)
        except OSError as error:
            failed = True
            if "s" not in opts:
                ctx.fail(f"{name}: {error.strerror}")
            continue
        label = "(standard input)" if name == "-" else name
        found = yield from _grep(ctx, regex, data, opts, label if many else "", label)
        hit = hit or found
        if hit and "q" in opts:
            return 0
    return 2 if failed and not (hit and "q" in opts) else int(not hit)


_USAGE = "Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.\n"


def _taken(ctx: Context) -> list[str]:
    """Take the patterns of ``-e`` off the words, however many there are."""
    out: list[str] = []
    kept: list[str] = []
    queue = list(ctx.args)
    while queue:
        word = queue.pop(0)
        found = re.fullmatch(r"-([EFGPivwxcnlLqsohHrRabzTUIyZ]*)e(.*)", word, re.DOTALL)
        if word == "--":
            kept += [word, *queue]
            break
        if found and (found[2] or queue):
            out.append(found[2] or queue.pop(0))
            kept += [f"-{found[1]}"] if found[1] else []
        elif word.startswith("--regexp="):
            out.append(word[9:])
        else:
            kept.append(word)
    ctx.args = kept
    return out


def _compiled(opts: Options, pattern: str, program: str) -> Regex:
    fixed = "F" in opts or program == "fgrep"
    extended = "E" in opts or "P" in opts or program == "egrep"
    if "P" in opts:
        pattern = pattern.replace("\\d", "[0-9]").replace("\\D", "[^0-9]")
    if "\n" in pattern:
        parts = pattern.split("\n")
        pattern = "|".join(re.sub(r"([][\\.*^$+?{}|()])", r"\\\1", part) if fixed else part for part in parts)
        fixed, extended = False, True
    if "w" in opts and fixed:
        pattern, fixed, extended = re.sub(r"([][\\.*^$+?{}|()])", r"\\\1", pattern), False, True
    if "w" in opts:
        pattern = rf"\<({pattern})\>" if extended else rf"\<\({pattern}\)\>"
    if "x" in opts:
        if fixed:
            pattern, fixed, extended = re.sub(r"([][\\.*^$+?{}|()])", r"\\\1", pattern), False, True
        pattern = f"^({pattern})$" if extended else rf"^\({pattern}\)$"
    return compile_posix(pattern, extended=extended, ignore_case="i" in opts or "y" in opts, fixed=fixed)


def _grep_files(ctx: Context, opts: Options, rest: Sequence[str]) -> Generator[Pause, None, tuple[list[str], bool]]:
    """Return the files to search, and whether one is missing."""
    recursive = "r" in opts or "R" in opts
    names: list[str] = []
    failed = False
    for name in rest or (["."] if recursive else ["-"]):
        try:
            is_dir = name != "-" and stat.S_ISDIR(ctx.files.stat(ctx.path(name), uid=ctx.sh.uid).mode)
        except OSError as error:
            failed = True
            if "s" not in opts:
                ctx.fail(f"{name}: {error.strerror}")
            continue
        if not is_dir:
            names.append(name)
        elif not recursive:
            if not ctx.applet:
                ctx.fail(f"{name}: Is a directory")
                failed = True
        else:
            for step in walk(ctx, name):
                if not isinstance(step, tuple):
                    yield step
                elif stat.S_ISREG(step[1].mode) and len(names) < MAX_FILES and _included(opts, step[0]):
                    names.append(step[0] if rest else step[0].removeprefix("./"))
    return names, failed


def _included(opts: Options, path: str) -> bool:
    name = path.rpartition("/")[2]
    if "exclude" in opts and patterns.matches(opts.given["exclude"], name):
        return False
    return "include" not in opts or patterns.matches(opts.given["include"], name)


def _grep(
    ctx: Context,
    regex: Regex,
    data: bytes,
    opts: Options,
    prefix: str,
    label: str,
) -> Generator[Pause, None, bool]:
    """Search one file; returns whether anything was found."""
    after = _number(opts.given.get("A") or opts.given.get("C"))
    before = _number(opts.given.get("B") or opts.given.get("C"))
    most = _number(opts.given["m"]) if "m" in opts else None
    binary = b"\0" in data[:32_768] and "a" not in opts
    quiet = bool({"c", "l", "L", "q"} & opts.given.keys())
    count, shown_to, owed = 0, 0, 0
    budget = ctx.world.budget
    lines = yield from ctx.lines(data)
    for number, line in enumerate(lines, 1):
        if number % LINES_A_STEP == 0:
            budget.step()
        if budget.due:
            yield BREATHE
        found = yield from regex.search(line, budget)
        if (found is None) == ("v" not in opts):
            if owed and not quiet:
                owed -= 1
                shown_to = number
                _show(ctx, opts, prefix, number, "-", line)
            continue
        count += 1
        if quiet:
            if "c" not in opts:
                break
        elif binary:
            ctx.err(f"grep: {label}: binary file matches\n")
            break
        elif "o" in opts:
            yield from _show_only(ctx, opts, prefix, number, line, regex)
        else:
            first = max(number - before, shown_to + 1)
            if (before or after) and shown_to and first > shown_to + 1:
                ctx.out("--\n")
            for earlier in range(first, number):
                if budget.due:
                    yield BREATHE
                _show(ctx, opts, prefix, earlier, "-", lines[earlier - 1])
            _show(ctx, opts, prefix, number, ":", line)
            shown_to, owed = number, after
        if most is not None and count >= most:
            break
    _summary(ctx, opts, prefix, label, count)
    return bool(count)


def _summary(ctx: Context, opts: Options, prefix: str, label: str, count: int) -> None:
    if "c" in opts:
        ctx.out(f"{prefix}{':' if prefix else ''}{count}\n")
    elif ("l" in opts and count) or ("L" in opts and not count):
        ctx.out(f"{label}\n")


def _show(ctx: Context, opts: Options, prefix: str, number: int, mark: str, line: str) -> None:
    head = f"{prefix}{mark}" if prefix else ""
    ctx.out(f"{head}{number}{mark}{line}\n" if "n" in opts else f"{head}{line}\n")


def _show_only(
    ctx: Context,
    opts: Options,
    prefix: str,
    number: int,
    line: str,
    regex: Regex,
) -> Generator[Pause, None, None]:
    if "v" in opts:
        return
    budget = ctx.world.budget
    at = rounds = 0
    while rounds < MAX_MATCHES and (found := (yield from regex.search(line, budget, at))) is not None:
        if budget.due:
            yield BREATHE
        rounds += 1
        start, end = found.span()
        if end > start:
            _show(ctx, opts, prefix, number, ":", line[start:end])
        at = end if end > start else end + 1


def _number(text: str | None) -> int:
    return int(text[:6]) if text and text.isdecimal() else 0


COMMANDS: Mapping[str, Function] = {"grep": grep, "egrep": grep, "fgrep": grep, "zgrep": grep}
