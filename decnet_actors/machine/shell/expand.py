"""This module expands words: parameters, substitutions, arithmetic, splitting, tilde and globs."""

import re
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from decnet_actors.machine.shell import arithmetic, patterns
from decnet_actors.machine.shell.ordering import collation
from decnet_actors.machine.shell.parameters import EACH, each, special, transform
from decnet_actors.machine.shell.state import MAX_EXPANDED, BudgetSpentError, ExpansionError, ShellState, Variable
from decnet_actors.machine.shell.streams import BREATHE, Input, Pause
from decnet_actors.machine.shell.syntax import (
    Literal,
    Parameter,
    Part,
    ProcessSubstitution,
    Script,
    Substitution,
    Word,
)

if TYPE_CHECKING:
    from decnet_actors.machine.shell.context import World

MAX_FIELDS = 20_000  # words one word may become
MAX_PATTERN = 10_000  # characters of one part of a pattern; patterns are cut at less

_Segment: TypeAlias = tuple[str, bool]  # text, quoted
_NEEDS_WORK = re.compile(r"[*?\[~]")
_QUOTE = re.compile(r"([*?\[\]\\!^-])")  # what means something in a pattern
_TILDE = re.compile(r"~([A-Za-z_][\w.-]*|\+|-)?(?=/|$)")

Capture: TypeAlias = "Callable[[ShellState, Script], Generator[Pause, None, bytes]]"


class Expander:
    """Expands words for one terminal; ``capture`` runs a script and returns its output."""

    def __init__(self, world: "World", capture: Capture) -> None:
        self.world = world
        self._capture = capture

    def fields(self, sh: ShellState, words: Sequence[Word]) -> Generator[Pause, None, list[str]]:
        """Return the fields some words become."""
        out: list[str] = []
        size = 0
        for word in words:
            parts = word.parts
            if len(parts) == 1:
                only = parts[0]
                if isinstance(only, Literal) and (only.quoted or not _NEEDS_WORK.search(only.text)):
                    out.append(only.text)
                    continue
            if self.world.budget.due:
                yield BREATHE
            fields = yield from self._word(sh, parts)
            out.extend(fields)
            size += sum(map(len, fields))
            if len(out) > MAX_FIELDS or size > MAX_EXPANDED:
                raise ExpansionError("argument list too long")
        return out

    def text(self, sh: ShellState, word: Word | None) -> Generator[Pause, None, str]:
        """Return a word as one text: no splitting, no globs."""
        if word is None:
            return ""
        out: list[str] = []
        size = 0
        for index, part in enumerate(word.parts):
            if isinstance(part, Literal):
                text = part.text
                if index == 0 and not part.quoted and text.startswith("~"):
                    text = self._tilde(sh, text)
                out.append(text)
            else:
                out.append((yield from self._value(sh, part)))
            size += len(out[-1])
            if size > MAX_EXPANDED:
                raise BudgetSpentError
        return "".join(out)

    def pattern(self, sh: ShellState, word: Word | None) -> Generator[Pause, None, str]:
        """Return a word as a pattern: quoted wildcards are escaped."""
        if word is None:
            return ""
        out: list[str] = []
        for part in word.parts:
            text = part.text if isinstance(part, Literal) else (yield from self._value(sh, part))
            text = text[:MAX_PATTERN]
            out.append(_QUOTE.sub(r"\\\1", text) if getattr(part, "quoted", False) else text)
        return "".join(out)

    def number(self, sh: ShellState, word: Word) -> Generator[Pause, None, int]:
        """Return the value of an arithmetic expression.

        Raises:
            ExpansionError: it is none.

        """
        text = yield from self.text(sh, word)
        return self.arithmetic(sh, text)

    def arithmetic(self, sh: ShellState, text: str) -> int:
        """Return the value of an expression in which substitutions are done."""
        try:
            return arithmetic.evaluate(
                text, lambda name: self._get(sh, name), lambda name, value: self._put(sh, name, value)
            )
        except arithmetic.ArithmeticShellError as error:
            shown = text.strip()
            raise ExpansionError(f"{shown}: {error}") from None

    def place(self, sh: ShellState, variable: Variable | None, index: str) -> str:
        """Return an index of an array as its key: negative ones count from the end."""
        number = self.arithmetic(sh, index)
        if number < 0 and variable is not None and variable.elements:
            number += max((int(key) for key in variable.elements if key.isdigit()), default=-1) + 1
        return str(number)

    def _key(self, sh: ShellState, name: str, index: str) -> str:
        """Return the key of an index that stands in an expression."""
        variable = sh.variables.get(name)
        index = index.removesuffix("]")
        return index if index.isdigit() or (variable and variable.keyed) else self.place(sh, variable, index)

    def _get(self, sh: ShellState, name: str) -> str:
        name, _, index = name.partition("[")
        if name == "RANDOM":
            return special(sh, self.world, name) or "0"
        variable = sh.variables.get(name)
        if variable is None:
            return special(sh, self.world, name) or ""
        if index and variable.elements is not None:
            return variable.elements.get(self._key(sh, name, index), "")
        return sh.get(name) or ""

    def _word(self, sh: ShellState, parts: Sequence[Part]) -> Generator[Pause, None, list[str]]:
        builder = _Builder(sh.get("IFS"))
        first = parts[0]
        if isinstance(first, Literal) and not first.quoted and first.text.startswith("~"):
            parts = (Literal(self._tilde(sh, first.text)), *parts[1:])
        yield from self._build(sh, parts, builder)
        out: list[str] = []
        for segments in builder.finished():
            text = "".join(text for text, _ in segments)
            if "f" not in sh.options and any(not quoted and _NEEDS_WORK.search(text) for text, quoted in segments):
                pattern = "".join(_QUOTE.sub(r"\\\1", text) if quoted else text for text, quoted in segments)
                if patterns.has_magic(pattern):
                    self.world.budget.step(5)
                    found = yield from patterns.paths(
                        pattern,
                        self.world.files,
                        self.world.budget,
                        cwd=sh.cwd,
                        uid=sh.uid,
                        look=patterns.Look(
                            dots="dotglob" in sh.shopts,
                            deep="globstar" in sh.shopts,
                            ignore_case="nocaseglob" in sh.shopts,
                            collation=collation(sh),
                        ),
                    )
                    if found:
                        out.extend(found)
                        continue
                    if "failglob" in sh.shopts:
                        raise ExpansionError(f"no match: {text}")
                    if "nullglob" in sh.shopts:
                        continue
            out.append(text)
        return out

    def _build(self, sh: ShellState, parts: Sequence[Part], builder: "_Builder") -> Generator[Pause, None, None]:
        for part in parts:
            if isinstance(part, Literal):
                builder.add(part.text, quoted=part.quoted)
            elif isinstance(part, Parameter) and (listed := self._listed(sh, part)) is not None:
                builder.add_list(listed, quoted=part.quoted)
            elif isinstance(part, Parameter) and (whole := self._whole(sh, part)) is not None:
                builder.add_list((yield from each(self, sh, part, whole)), quoted=part.quoted)
            elif isinstance(part, Parameter) and part.operator in {":-", "-", ":+", "+"} and part.first is not None:
                value = self._parameter(sh, part)
                unset = value is None or (part.operator.startswith(":") and not value)
                if unset == part.operator.endswith("-"):
                    yield from self._build(sh, part.first.parts, builder)
                elif part.operator.endswith("-"):
                    builder.add_value(value or "", quoted=part.quoted)
                elif part.quoted:
                    builder.add("", quoted=True)
            else:
                value = yield from self._value(sh, part)
                builder.add_value(value, quoted=part.quoted if not isinstance(part, ProcessSubstitution) else True)

    def _listed(self, sh: ShellState, part: Parameter) -> list[str] | None:
        """Return the elements of ``$@``, ``$*`` and whole arrays, ``None`` for anything else."""
        if part.length:
            return None
        whole = part.index.plain if part.index is not None else None
        if part.indirect and whole in {"@", "*"}:
            variable = array_of(sh, self.world, part.name)
            return [] if variable is None else list(_elements(variable))
        if part.indirect:
            return None
        if part.name == "@" or (part.name == "*" and not part.quoted):
            values = list(sh.positional)
        elif whole == "@" or (whole == "*" and not part.quoted):
            variable = array_of(sh, self.world, part.name)
            values = [] if variable is None else list(_elements(variable).values())
        else:
            return None
        if not part.operator:
            return values
        if part.operator in {":-", "-"}:
            return values or None
        return None

    def _whole(self, sh: ShellState, part: Parameter) -> list[str] | None:
        """Return the values an operator works on one by one, ``None`` if it works on one value."""
        whole = part.index.plain if part.index is not None else part.name
        if part.length or part.indirect or whole not in {"@", "*"} or part.operator not in EACH:
            return None
        if part.index is None:
            return [sh.name, *sh.positional] if part.operator == ":" else list(sh.positional)
        variable = sh.variables.get(part.name)
        return [] if variable is None else list(_elements(variable).values())

    def _parameter(self, sh: ShellState, part: Parameter) -> str | None:
        name = part.name
        if part.indirect:
            name = sh.get(name) or ""
            if not name:
                return None
        if part.index is not None:
            variable = array_of(sh, self.world, name)
            if variable is None:
                return None
            index = part.index.plain or ""
            if index in {"@", "*"}:
                separator = sh.get("IFS") if index == "*" else " "
                return (" " if separator is None else separator[:1]).join(_elements(variable).values())
            return _elements(variable).get(index)
        if name in {"*", "@"}:
            separator = sh.get("IFS")
            return (" " if separator is None else separator[:1]).join(sh.positional)
        value = sh.get(name) if name in sh.variables else None
        return special(sh, self.world, name) if value is None else value

    def _value(self, sh: ShellState, part: Part) -> Generator[Pause, None, str]:
        if isinstance(part, Literal):
            return part.text
        if isinstance(part, Parameter):
            if part.index is not None and part.index.plain not in {"@", "*"}:
                index = yield from self.text(sh, part.index)
                variable = sh.variables.get(part.name)
                if not (variable and variable.keyed):
                    index = self.place(sh, variable, index)
                part = Parameter(
                    part.name, part.quoted, part.operator, part.first, part.second, part.length, part.indirect,
                    Word((Literal(index, quoted=True),)),
                )  # fmt: skip
            return (yield from transform(self, sh, part, self._parameter(sh, part)))
        if isinstance(part, Substitution):
            data = (yield from self._capture(sh, part.script)).replace(b"\0", b"")
            return data.decode("utf-8", "surrogateescape").rstrip("\n")
        if isinstance(part, ProcessSubstitution):
            data = yield from self._capture(sh, part.script)
            number = next(fd for fd in range(63, 0, -1) if fd not in sh.streams)
            sh.streams[number] = Input(data)
            return f"/dev/fd/{number}"
        return str((yield from self.number(sh, part.expression)))

    def _put(self, sh: ShellState, name: str, value: str) -> None:
        name, _, index = name.partition("[")
        if not index:
            sh.set(name, value)
            return
        sh.put(sh.declare(name), self._key(sh, name, index), value)

    def _tilde(self, sh: ShellState, text: str) -> str:
        found = _TILDE.match(text)
        if found is None:
            return text
        name = found[1] or ""
        if name == "+":
            home: str | None = sh.cwd
        elif name == "-":
            home = sh.oldpwd or None
        elif name:
            account = self.world.account(name)
            home = account.home if account else None
        else:
            home = sh.get("HOME")
            if home is None:
                account = self.world.account(sh.user)
                home = account.home if account else None
        return text if home is None else home + text[found.end() :]


class _Builder:
    """Collects segments into fields, splitting unquoted values."""

    def __init__(self, separators: str | None) -> None:
        self._ifs = " \t\n" if separators is None else separators
        self._done: list[list[_Segment]] = []
        self._now: list[_Segment] | None = None
        self._size = 0

    def add(self, text: str, *, quoted: bool) -> None:
        self._size += len(text)
        if self._size > MAX_EXPANDED:
            raise BudgetSpentError
        if self._now is None:
            self._now = []
        self._now.append((text, quoted))

    def add_value(self, value: str, *, quoted: bool) -> None:
        if quoted:
            self.add(value, quoted=True)
            return
        if not value:
            return
        if not self._ifs:
            self.add(value, quoted=False)
            return
        blank = "".join(char for char in self._ifs if char in " \t\n")
        hard = "".join(char for char in self._ifs if char not in " \t\n")
        if not hard:
            pieces = (
                value.split(maxsplit=MAX_FIELDS)
                if self._ifs == " \t\n"
                else re.split(f"[{re.escape(blank)}]+", value.strip(blank), maxsplit=MAX_FIELDS)
            )
            if value[0] in blank:
                self._break()
            for index, piece in enumerate(pieces):
                if index:
                    self._break()
                if piece:
                    self.add(piece, quoted=False)
            if value[-1] in blank:
                self._break()
            return
        gap = f"[{re.escape(blank)}]*" if blank else ""
        pieces = re.split(
            f"{gap}[{re.escape(hard)}]{gap}" + (f"|[{re.escape(blank)}]+" if blank else ""),
            value.strip(blank),
            maxsplit=MAX_FIELDS,
        )
        if len(pieces) > 1 and not pieces[-1]:
            pieces.pop()
        for index, piece in enumerate(pieces):
            if index:
                self._break()
            self.add(piece, quoted=False)

    def add_list(self, values: Sequence[str], *, quoted: bool) -> None:
        for index, value in enumerate(values):
            if index:
                self._break()
            if quoted:
                self.add(value, quoted=True)
            else:
                self.add_value(value, quoted=False)

    def finished(self) -> list[list[_Segment]]:
        self._break()
        if len(self._done) > MAX_FIELDS:
            raise ExpansionError("argument list too long")
        return self._done

    def _break(self) -> None:
        if len(self._done) > MAX_FIELDS:
            raise ExpansionError("argument list too long")
        if self._now is not None:
            self._done.append(self._now)
            self._now = None


def array_of(sh: ShellState, world: "World", name: str) -> Variable | None:
    """Return a variable, also those the shell fills by itself."""
    match name:
        case "PIPESTATUS":
            values = [str(status) for status in sh.statuses]
        case "FUNCNAME":
            values = list(reversed(sh.calls))
        case "DIRSTACK":
            values = [sh.cwd, *reversed(sh.folders)]
        case "BASH_VERSINFO":
            version = (special(sh, world, "BASH_VERSION") or "").replace("(", ".").replace(")-", ".").split(".")
            values = [*version, f"{world.persona.architecture}-pc-linux-gnu"]
        case _:
            return sh.variables.get(name)
    return Variable(elements={str(index): value for index, value in enumerate(values)})


def _elements(variable: Variable) -> dict[str, str]:
    return {"0": variable.value} if variable.elements is None else variable.elements
