"""This module evaluates ``test``, ``[`` and ``[[``."""

import re
import stat
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING

from decnet_actors.contracts.machine import Stat
from decnet_actors.machine.shell import patterns
from decnet_actors.machine.shell.regex_parser import UnsafePatternError
from decnet_actors.machine.shell.regexes import compile_posix
from decnet_actors.machine.shell.state import ExpansionError, ShellState
from decnet_actors.machine.shell.streams import Pause
from decnet_actors.machine.shell.syntax import Literal, Word
from decnet_actors.machine.walk import READ, SEARCH, WRITE

if TYPE_CHECKING:
    from decnet_actors.machine.shell.context import Context, World
    from decnet_actors.machine.shell.expand import Expander

DECLARERS = frozenset({"export", "declare", "typeset", "local", "readonly"})
_UNARY = frozenset("-a -b -c -d -e -f -g -h -k -n -o -p -r -s -t -u -v -w -x -z -G -L -N -O -S".split())  # noqa: SIM905  a table
_BINARY = frozenset("= == != < > =~ -eq -ne -lt -le -gt -ge -nt -ot -ef".split())  # noqa: SIM905  a table
_MAX_DEPTH = 40


class TestSyntaxError(ValueError):
    """The expression is wrong; the text is what ``test`` says."""

    __test__ = False  # not a test class


def _file(world: "World", sh: ShellState, name: str, *, follow: bool = True) -> Stat | None:
    try:
        path = name if name.startswith("/") or not name else f"{sh.cwd.rstrip('/')}/{name}"
        return world.files.stat(path, follow=follow, uid=sh.uid)
    except OSError:
        return None


def _allowed(world: "World", sh: ShellState, name: str, wanted: int) -> bool:
    try:
        path = name if name.startswith("/") else f"{sh.cwd.rstrip('/')}/{name}"
        return world.files.allows(world.files.node(path, uid=sh.uid), wanted, sh.uid)
    except OSError:
        return False


_KINDS: dict[str, Callable[[int], bool]] = {
    "-f": stat.S_ISREG, "-d": stat.S_ISDIR, "-b": stat.S_ISBLK, "-c": stat.S_ISCHR, "-p": stat.S_ISFIFO,
    "-S": stat.S_ISSOCK, "-g": lambda mode: bool(mode & stat.S_ISGID), "-u": lambda mode: bool(mode & stat.S_ISUID),
    "-k": lambda mode: bool(mode & stat.S_ISVTX),
}  # fmt: skip


def unary(world: "World", sh: ShellState, operator: str, value: str) -> bool:
    """Return what a one-sided operator says of a value."""
    match operator:
        case "-n":
            return bool(value)
        case "-z":
            return not value
        case "-t":
            return sh.interactive and value.strip() in {"0", "1", "2"}
        case "-v":
            name, bracket, index = value.partition("[")
            variable = sh.variables.get(name)
            if not bracket or variable is None:
                return variable is not None
            return index.removesuffix("]") in (variable.elements or {"0": variable.value})
        case "-o":
            return value in sh.options
        case "-h" | "-L":
            found = _file(world, sh, value, follow=False)
            return found is not None and stat.S_ISLNK(found.mode)
        case "-r":
            return _allowed(world, sh, value, READ)
        case "-w":
            return _allowed(world, sh, value, WRITE)
        case "-x":
            return _allowed(world, sh, value, SEARCH)
        case _:
            pass
    found = _file(world, sh, value)
    if found is None:
        return False
    if operator in _KINDS:
        return _KINDS[operator](found.mode)
    return {
        "-s": found.size > 0,
        "-O": found.uid == sh.uid,
        "-G": found.gid == sh.gid,
        "-N": found.modified > found.accessed,
    }.get(operator, True)


def _number(text: str) -> int:
    if not re.fullmatch(r"\s*[-+]?\d{1,19}\s*", text):
        raise TestSyntaxError(f"{text}: integer expression expected")
    return int(text)


def binary(world: "World", sh: ShellState, left: str, operator: str, right: str) -> bool:
    """Return what a two-sided operator says.

    Raises:
        TestSyntaxError: a number is none.

    """
    match operator:
        case "=" | "==":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right
        case ">":
            return left > right
        case "-nt" | "-ot" | "-ef":
            one, two = _file(world, sh, left), _file(world, sh, right)
            if operator == "-ef":
                return one is not None and two is not None and one.inode == two.inode
            if operator == "-ot":
                one, two = two, one
            return one is not None and (two is None or one.modified > two.modified)
        case _:
            pass
    a, b = _number(left), _number(right)
    return {"-eq": a == b, "-ne": a != b, "-lt": a < b, "-le": a <= b, "-gt": a > b, "-ge": a >= b}[operator]


class TestExpression:
    """POSIX ``test`` over its arguments."""

    __test__ = False  # not a test class

    def __init__(self, ctx: "Context", args: Sequence[str]) -> None:
        self.ctx = ctx
        self.args = args
        self.at = 0
        self.depth = 0

    def run(self) -> bool:
        """Return the value.

        Raises:
            TestSyntaxError: it has none.

        """
        args = self.args
        if not args:
            return False
        if len(args) == 1:
            return bool(args[0])
        if len(args) == 2 and args[0] == "!":  # noqa: PLR2004  POSIX counts arguments
            return not args[1]
        if len(args) == 3 and args[1] in _BINARY:  # noqa: PLR2004  as above
            return binary(self.ctx.world, self.ctx.sh, args[0], args[1], args[2])
        value = self.either()
        if self.at < len(args):
            many = len(args) > 2  # noqa: PLR2004  as above
            raise TestSyntaxError("too many arguments" if many else f"{args[0]}: unary operator expected")
        return value

    def either(self) -> bool:
        value = self.both()
        while self.at < len(self.args) and self.args[self.at] == "-o":
            self.at += 1
            right = self.both()
            value = value or right
        return value

    def both(self) -> bool:
        value = self.negation()
        while self.at < len(self.args) and self.args[self.at] == "-a":
            self.at += 1
            right = self.negation()
            value = value and right
        return value

    def negation(self) -> bool:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise TestSyntaxError("too many arguments")
        args = self.args
        if self.at >= len(args):
            raise TestSyntaxError("argument expected")
        word = args[self.at]
        if self.at + 2 < len(args) and args[self.at + 1] in _BINARY:
            self.at += 3
            return binary(self.ctx.world, self.ctx.sh, word, args[self.at - 2], args[self.at - 1])
        if word == "!":
            self.at += 1
            return not self.negation()
        if word == "(":
            self.at += 1
            value = self.either()
            if self.at >= len(args) or args[self.at] != ")":
                raise TestSyntaxError("`)' expected")
            self.at += 1
            return value
        if word in _UNARY and self.at + 1 < len(args):
            self.at += 2
            return unary(self.ctx.world, self.ctx.sh, word, args[self.at - 1])
        if len(args) == 2:  # noqa: PLR2004  bash's words depend on the count
            raise TestSyntaxError(f"{word}: unary operator expected")
        if len(args) == 3:  # noqa: PLR2004  as above
            raise TestSyntaxError(f"{args[1]}: binary operator expected")
        self.at += 1
        return bool(word)


def evaluate(expander: "Expander", sh: ShellState, words: Sequence[Word]) -> Generator[Pause, None, int]:
    """Evaluate ``[[``; returns the status."""
    runner = _Double(expander, sh, words)
    try:
        return int(not (yield from runner.either()))
    except TestSyntaxError as error:
        raise ExpansionError(f"[[: {error}") from None


class _Double:
    def __init__(self, expander: "Expander", sh: ShellState, words: Sequence[Word]) -> None:
        self.expander, self.sh, self.words = expander, sh, words
        self.at = 0
        self.depth = 0

    def operator(self, ahead: int = 0) -> str:
        """Return the unquoted word here, if it is one literal."""
        if self.at + ahead >= len(self.words):
            return ""
        parts = self.words[self.at + ahead].parts
        only = parts[0] if len(parts) == 1 else None
        return only.text if isinstance(only, Literal) and not only.quoted else ""

    def either(self) -> Generator[Pause, None, bool]:
        value = yield from self.both()
        while self.operator() == "||":
            self.at += 1
            right = yield from self.both()
            value = value or right
        return value

    def both(self) -> Generator[Pause, None, bool]:
        value = yield from self.term()
        while self.operator() == "&&":
            self.at += 1
            right = yield from self.term()
            value = value and right
        return value

    def term(self) -> Generator[Pause, None, bool]:
        self.depth += 1
        if self.depth > _MAX_DEPTH or self.at >= len(self.words):
            raise TestSyntaxError("syntax error in conditional expression")
        word = self.operator()
        if word == "!":
            self.at += 1
            return not (yield from self.term())
        if word == "(":
            self.at += 1
            value = yield from self.either()
            self.at += 1
            return value
        if self.operator(1) in _BINARY:
            return (yield from self.comparison())
        if word in _UNARY and self.at + 1 < len(self.words):
            text = yield from self.expander.text(self.sh, self.words[self.at + 1])
            self.at += 2
            return unary(self.expander.world, self.sh, word, text)
        text = yield from self.expander.text(self.sh, self.words[self.at])
        self.at += 1
        return bool(text)

    def comparison(self) -> Generator[Pause, None, bool]:
        operator = self.operator(1)
        left = yield from self.expander.text(self.sh, self.words[self.at])
        target = self.words[self.at + 2] if self.at + 2 < len(self.words) else None
        self.at += 3
        if operator in {"=", "==", "!="}:
            pattern = yield from self.expander.pattern(self.sh, target)
            return patterns.matches(pattern, left) == (operator != "!=")
        right = yield from self.expander.text(self.sh, target)
        if operator == "=~":
            return (yield from self.regular(left, right))
        if operator in {"-eq", "-ne", "-lt", "-le", "-gt", "-ge"}:
            left, right = (str(self.expander.arithmetic(self.sh, text)) for text in (left, right))
        return binary(self.expander.world, self.sh, left, operator, right)

    def regular(self, text: str, pattern: str) -> Generator[Pause, None, bool]:
        try:
            found = yield from compile_posix(pattern, extended=True).search(text, self.expander.world.budget)
        except (UnsafePatternError, ValueError):
            return False
        groups = {} if found is None else {str(i): found.group(i) or "" for i in range(found.groups + 1)}
        self.sh.fill(self.sh.declare("BASH_REMATCH"), groups)
        return found is not None
