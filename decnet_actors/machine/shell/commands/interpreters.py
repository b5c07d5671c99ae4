"""This module holds python and perl as a machine has them whose libraries are gone.

They print literals and what simple arithmetic makes of them, which is what a peer tries to see whether they are there.
Whatever wants a module is told there is none; the rest ends as a program does that finds its memory broken.
"""

import re
from collections.abc import Generator, Mapping
from typing import TypeAlias

from attrs import define

from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.streams import BREATHE, Pause, Work
from decnet_actors.machine.tree import etc

MAX_SOURCE = 4096  # characters of a program that are looked at
MAX_DEPTH = 20  # nested brackets
MAX_DIGITS = 300  # of a number, and characters of a text that is repeated
CRASHED = 139  # of SIGSEGV
_TOKEN = re.compile(r"""\s*(?:(\d+\.\d+|\d+)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(\*\*|//|[-+*/%().,]))""", re.DOTALL)
_STATEMENT = re.compile(r"""(?:[^;\n"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')+""", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "0": "\0", "e": "\x1b"}
_PERL_FOLDERS = (
    "/etc/perl /usr/local/lib/{triple}/perl/{v} /usr/local/share/perl/{v} /usr/lib/{triple}/perl5/{m} "
    "/usr/share/perl5 /usr/lib/{triple}/perl-base /usr/lib/{triple}/perl/{m} /usr/share/perl/{m} "
    "/usr/local/lib/site_perl"
)
_PERLS = {"11": "5.32.1", "12": "5.36.0", "20.04": "5.30.0", "22.04": "5.34.0", "24.04": "5.38.2", "9": "5.32.1"}

Value: TypeAlias = int | float | str


class BeyondError(Exception):
    """The program is more than literals and arithmetic."""


@define
class _Expression:
    """A recursive-descent evaluator of literals, arithmetic and brackets."""

    text: str
    perl: bool
    at: int = 0
    depth: int = 0

    def values(self) -> list[Value]:
        """Return the values a list of expressions has."""
        if not self.text.strip():
            return []
        out = [self._sum()]
        while self._take(","):
            out.append(self._sum())
        if self.text[self.at :].strip():
            raise BeyondError
        return out

    def _take(self, *operators: str) -> str:
        found = _TOKEN.match(self.text, self.at)
        if found is None or found[3] not in operators:
            return ""
        self.at = found.end()
        return found[3]

    def _sum(self) -> Value:
        left = self._product()
        while operator := self._take("+", "-", *("." if self.perl else ())):
            left = _combined(operator, left, self._product(), perl=self.perl)
        return left

    def _product(self) -> Value:
        left = self._factor()
        while operator := self._take("*", "/", "//", "%"):
            left = _combined(operator, left, self._factor(), perl=self.perl)
        return left

    def _factor(self) -> Value:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BeyondError
        value = self._power()
        self.depth -= 1
        return value

    def _power(self) -> Value:
        if self._take("-"):
            return _combined("-", 0, self._factor(), perl=self.perl)
        if self._take("("):
            value = self._sum()
            if not self._take(")"):
                raise BeyondError
        else:
            value = self._literal()
        return _combined("**", value, self._factor(), perl=self.perl) if self._take("**") else value

    def _literal(self) -> Value:
        found = _TOKEN.match(self.text, self.at)
        if found is None or found[3]:
            raise BeyondError
        self.at = found.end()
        if found[1]:
            return float(found[1]) if "." in found[1] else int(found[1][:MAX_DIGITS])
        quote, body = found[2][0], found[2][1:-1]
        if self.perl and quote == "'":
            return body.replace("\\'", "'")
        if self.perl and re.search(r"[$@]\w", body):
            raise BeyondError
        return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _LETTERS.get(m[2], m[2]), body)


def _combined(operator: str, left: Value, right: Value, *, perl: bool) -> Value:
    """Return what an operator makes of two values."""
    if perl and operator == ".":
        return f"{_shown(left)}{_shown(right)}"
    if isinstance(left, str) or isinstance(right, str):
        return _combined_text(operator, left, right)
    value: int | float
    match operator:
        case "+":
            value = left + right
        case "-":
            value = left - right
        case "*":
            value = left * right
        case "**":
            if abs(right) > MAX_DIGITS or abs(left) > MAX_DIGITS:
                raise BeyondError
            value = left**right
        case _:
            if right == 0:
                raise BeyondError
            value = left % right if operator == "%" else left // right if operator == "//" else left / right
    if isinstance(value, complex) or abs(value) > 10**MAX_DIGITS:
        raise BeyondError
    return int(value) if perl and isinstance(value, float) and value.is_integer() else value


def _combined_text(operator: str, left: Value, right: Value) -> Value:
    if operator == "+" and isinstance(left, str) and isinstance(right, str):
        return left + right
    if operator == "*" and isinstance(left, str) and isinstance(right, int) and len(left) * right <= MAX_DIGITS:
        return left * right
    raise BeyondError


def _shown(value: Value) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def python(ctx: Context) -> Work:
    """``python3``: ``-c``, a script, or standard input."""
    args = list(ctx.args)
    version = _python_release(ctx)
    if args[:1] and args[0] in {"-V", "--version", "-VV"}:
        ctx.out(f"Python {version}\n")
        return 0
    source = yield from _source(ctx, args, "c")
    if source is None:
        return 2
    for text in _statements(source):
        if ctx.world.budget.due:
            yield BREATHE
        if found := re.match(r"(?:import|from)\s+(\w+)", text):
            if found[1] in {"sys", "os"} and re.fullmatch(r"import (?:sys|os)", text):
                continue  # built in
            where = f'  File "{_named(ctx, "<string>")}", line 1, in <module>\n'
            ctx.err(f"Traceback (most recent call last):\n{where}ModuleNotFoundError: No module named '{found[1]}'\n")
            return 1
        if found := re.fullmatch(r"(?:sys\.)?exit\((\d{0,3})\)", text):
            return int(found[1] or 0) & 0xFF
        try:
            found = re.fullmatch(r"print\s*\((.*)\)", text, re.DOTALL)
            values = _Expression(found[1] if found else text, perl=False).values()
        except BeyondError:
            return _crashed(ctx)
        if found:
            ctx.out(" ".join(str(value) for value in values) + "\n")
    return 0


def perl(ctx: Context) -> Work:
    """``perl``: ``-e``, a script, or standard input."""
    args = list(ctx.args)
    version = _PERLS.get(ctx.persona.release, "5.36.0")
    triple = f"{ctx.persona.architecture}-linux-gnu"
    if args[:1] and args[0] in {"-v", "--version"}:
        release = f"perl {version.split('.')[0]}, version {version.split('.')[1]}, subversion {version.split('.')[2]}"
        ctx.out(f"\nThis is {release} (v{version}) built for {triple}-thread-multi\n")
        return 0
    source = yield from _source(ctx, args, "e")
    if source is None:
        return 2
    for text in _statements(source):
        if ctx.world.budget.due:
            yield BREATHE
        if found := re.match(r"(?:use|require)\s+([A-Z][\w:]*)", text):
            name = found[1]
            folders = _PERL_FOLDERS.format(triple=triple, v=version, m=version.rpartition(".")[0])
            at = f"at {_named(ctx, '-e')} line 1"
            ctx.err(
                f"Can't locate {name.replace('::', '/')}.pm in @INC (you may need to install the {name} module) "
                f"(@INC contains: {folders}) {at}.\nBEGIN failed--compilation aborted {at}.\n"
            )
            return 2
        if found := re.fullmatch(r"exit\s*\(?\s*(\d{0,3})\s*\)?", text):
            return int(found[1] or 0) & 0xFF
        try:
            found = re.fullmatch(r"print\b\s*(.*)", text, re.DOTALL)
            values = _Expression(found[1] if found else text, perl=True).values()
        except BeyondError:
            return _crashed(ctx)
        if found:
            ctx.out("".join(map(_shown, values)))
    return 0


def _python_release(ctx: Context) -> str:
    package = ctx.persona.packages.get("python3", "")
    if package.count(".") > 1:
        return package.partition("-")[0]
    minor = etc.python_version(ctx.persona)
    return {"3.11": "3.11.2", "3.9": "3.9.18", "3.8": "3.8.10", "3.10": "3.10.12", "3.12": "3.12.3"}.get(minor, minor)


def _named(ctx: Context, inline: str) -> str:
    """Return what a program calls its own text: a script's name, or a word for what was given with the command."""
    first = ctx.args[0] if ctx.args else "-"
    return inline if first.startswith("-") else first


def _source(ctx: Context, args: list[str], letter: str) -> Generator[Pause, None, str | None]:
    """Return the program's text, ``None`` if it cannot be had."""
    texts: list[str] = []
    while args and args[0].startswith("-") and len(args[0]) > 1:
        word = args.pop(0)
        if word.endswith(letter):
            if not args:
                ctx.err(
                    f"Argument expected for the -{letter} option\n"
                    if letter == "c"
                    else f"No code specified for -{letter}.\n"
                )
                return None
            texts.append(args.pop(0))
    if texts:
        return "\n".join(texts)[:MAX_SOURCE]
    if args and args[0] != "-":
        try:
            data = ctx.read_file(args[0], MAX_SOURCE)
        except OSError as error:
            number = f"[Errno {error.errno}] {error.strerror}"
            ctx.err(
                f"{ctx.name}: can't open file '{ctx.path(args[0])}': {number}\n"
                if letter == "c"
                else f'Can\'t open perl script "{args[0]}": {error.strerror}\n'
            )
            return None
    else:
        data = yield from ctx.stdin.read_all()
    return data[:MAX_SOURCE].decode("utf-8", "surrogateescape")


def _statements(source: str) -> list[str]:
    """Return the statements of a program without comments."""
    lines = "\n".join(line for line in source.split("\n") if not line.lstrip().startswith("#"))
    return [text.strip() for text in _STATEMENT.findall(lines) if text.strip()]


def _crashed(ctx: Context) -> int:
    ctx.err("Segmentation fault\n")
    return CRASHED


COMMANDS: Mapping[str, Function] = {"python3": python, "perl": perl}
