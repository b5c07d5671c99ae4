"""This module parses sed scripts as GNU sed reads them, in bounded size."""

import re

from attrs import frozen

from decnet_actors.machine.shell.regex_parser import UnsafePatternError
from decnet_actors.machine.shell.regexes import Regex, compile_posix

MAX_COMMANDS = 500
MAX_SCRIPT = 20_000  # characters
_FLAGS = re.compile(r"[gpiIemM0-9]*")
_LABEL = re.compile(r"[ \t]*([^\n;}]*)")


@frozen
class Address:
    """Where a command applies: a line, every ``step``th, the last, those that match."""

    kind: str  # "line", "last", "match", "step", "more" (lines after the first), "multiple"
    number: int = 0
    step: int = 0
    regex: Regex | None = None  # None of a match: the one used last


@frozen(kw_only=True)
class SedCommand:
    """One command of a script; ``jump`` is where a branch, or a group that does not apply, goes on."""

    letter: str
    low: Address | None = None
    high: Address | None = None
    negated: bool = False
    regex: Regex | None = None
    text: str = ""
    flags: str = ""
    name: str = ""  # of a file
    jump: int = 0


class BadSedError(ValueError):
    """The script cannot be read: what GNU sed says, and at which character."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


def sed_script(text: str, *, extended: bool) -> list[SedCommand]:
    """Return the commands of a script.

    Raises:
        BadSedError: it cannot be read.

    """
    return _Parser(text[:MAX_SCRIPT], extended=extended).run()


class _Parser:
    def __init__(self, text: str, *, extended: bool) -> None:
        self.text = text
        self.at = 0
        self.extended = extended
        self.out: list[SedCommand] = []
        self.groups: list[int] = []
        self.labels: dict[str, int] = {}

    def run(self) -> list[SedCommand]:
        while self._to_command():
            if len(self.out) >= MAX_COMMANDS:
                raise self.wrong("too many commands")
            self._command()
        if self.groups:
            raise BadSedError("unmatched `{'", 0)
        return [self._linked(command) for command in self.out]

    def _linked(self, command: SedCommand) -> SedCommand:
        if command.letter not in "btT":
            return command
        if command.text and command.text not in self.labels:
            raise BadSedError(f"can't find label for jump to `{command.text}'", -1)
        return _with(command, jump=self.labels.get(command.text, len(self.out)))

    def wrong(self, message: str) -> BadSedError:
        return BadSedError(message, self.at)

    def _to_command(self) -> bool:
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif char in " \t\n;":
                self.at += 1
            else:
                return True
        return False

    def _spaces(self) -> None:
        while self.text[self.at : self.at + 1] in {" ", "\t"}:
            self.at += 1

    def _number(self) -> int:
        found = re.compile(r"\d{1,9}").match(self.text, self.at)
        if found is None:
            raise self.wrong("expected number")
        self.at = found.end()
        return int(found[0])

    def _address(self) -> Address | None:
        char = self.text[self.at : self.at + 1]
        if char.isdigit() and char.isascii():
            number = self._number()
            if self.text[self.at : self.at + 1] == "~":
                self.at += 1
                return Address("step", number, self._number())
            return Address("line", number)
        if char == "$":
            self.at += 1
            return Address("last")
        if char in {"/", "\\"}:
            if char == "\\":
                self.at += 1
            pattern = self._until(self.text[self.at : self.at + 1], "unterminated address regex")
            flags = re.compile(r"[IM]*").match(self.text, self.at)
            self.at += len(flags[0]) if flags else 0
            ignore = bool(flags and "I" in flags[0])
            return Address("match", regex=self._compiled(pattern, ignore_case=ignore) if pattern else None)
        return None

    def _second(self) -> Address | None:
        char = self.text[self.at : self.at + 1]
        if char in {"+", "~"}:
            self.at += 1
            return Address("more" if char == "+" else "multiple", self._number())
        found = self._address()
        if found is None:
            self.at += 1
            raise self.wrong("unexpected `,'")
        return found

    def _compiled(self, pattern: str, *, ignore_case: bool = False) -> Regex:
        try:
            return compile_posix(pattern.replace("\\n", "\n"), extended=self.extended, ignore_case=ignore_case)
        except UnsafePatternError:
            raise self.wrong("Regular expression too big") from None
        except ValueError as error:
            raise self.wrong(str(error)[:80]) from None

    def _until(self, mark: str, message: str, *, keep: bool = True) -> str:
        """Return the text between marks; the first is here."""
        self.at += 1
        out: list[str] = []
        bracket = False
        text = self.text
        while self.at < len(text):
            char = text[self.at]
            if char == mark and not bracket:
                self.at += 1
                return "".join(out)
            if char == "\\" and self.at + 1 < len(text) and not bracket:
                following = text[self.at + 1]
                special = following in "|()+?{}.*[]^$&"
                out.append(following if following == mark and not special else f"\\{following}")
                self.at += 2
                continue
            if keep and char == "[" and not bracket:
                bracket = True
                skipped = re.compile(r"\[\^?\]?").match(text, self.at)
                out.append(skipped[0] if skipped else char)
                self.at += len(out[-1])
                continue
            if char == "]":
                bracket = False
            if char == "\n" and bracket:
                bracket = False
            out.append(char)
            self.at += 1
        raise self.wrong(message)

    def _command(self) -> None:
        low = self._address()
        self._spaces()
        high = None
        if low is not None and self.text[self.at : self.at + 1] == ",":
            self.at += 1
            self._spaces()
            high = self._second()
            self._spaces()
        negated = False
        while self.text[self.at : self.at + 1] == "!":
            negated = True
            self.at += 1
            self._spaces()
        letter = self.text[self.at : self.at + 1]
        if not letter:
            raise self.wrong("missing command")
        self.at += 1
        command = SedCommand(letter=letter, low=low, high=high, negated=negated)
        self._read(command, letter)

    def _read(self, command: SedCommand, letter: str) -> None:
        match letter:
            case "{":
                self.groups.append(len(self.out))
                self.out.append(command)
                return
            case "}":
                if not self.groups:
                    raise self.wrong("unexpected `}'")
                at = self.groups.pop()
                self.out[at] = _with(self.out[at], jump=len(self.out))
                self._ended()
                return
            case ":":
                found = _LABEL.match(self.text, self.at)
                label = found[1].strip() if found else ""
                if not label:
                    raise self.wrong('":" lacks a label')
                self.labels[label] = len(self.out)
                self.at = found.end() if found else self.at
                return
            case "b" | "t" | "T":
                found = _LABEL.match(self.text, self.at)
                self.at = found.end() if found else self.at
                self.out.append(_with(command, text=found[1].strip() if found else ""))
                return
            case "s":
                self.out.append(self._substitution(command))
            case "y":
                self.out.append(self._exchange(command))
            case "a" | "i" | "c":
                self.out.append(_with(command, text=self._text()))
                return
            case "r" | "w" | "R" | "W":
                self.out.append(_with(command, name=self._name()))
                return
            case "q" | "Q" | "l" | "L":
                self._spaces()
                number = str(self._number()) if self.text[self.at : self.at + 1].isdigit() else ""
                self.out.append(_with(command, text=number))
            case _ if letter in "dpnNDPhHgGxz=F":
                self.out.append(command)
            case _:
                raise self.wrong(f"unknown command: `{letter}'")
        self._ended()

    def _ended(self) -> None:
        self._spaces()
        char = self.text[self.at : self.at + 1]
        if char and char not in "\n;}#":
            self.at += 1
            raise self.wrong("extra characters after command")

    def _name(self) -> str:
        self._spaces()
        end = self.text.find("\n", self.at)
        end = len(self.text) if end < 0 else end
        name, self.at = self.text[self.at : end], end
        if not name:
            raise self.wrong("missing filename in r/R/w/W commands")
        return name

    def _text(self) -> str:
        self._spaces()
        if self.text.startswith("\\", self.at):
            self.at += 1
            self._spaces()
            if self.text.startswith("\n", self.at):
                self.at += 1
        out: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if char == "\\" and self.at < len(self.text):
                following = self.text[self.at]
                out.append({"t": "\t"}.get(following, following))
                self.at += 1
            elif char == "\n":
                break
            else:
                out.append(char)
        if not out:
            raise self.wrong("expected \\ after `a', `c' or `i'")
        return "".join(out)

    def _substitution(self, command: SedCommand) -> SedCommand:
        mark = self.text[self.at : self.at + 1]
        if not mark or mark in "\n\\":
            raise self.wrong("unterminated `s' command")
        pattern = self._until(mark, "unterminated `s' command")
        self.at -= 1
        replacement = self._until(mark, "unterminated `s' command", keep=False)
        found = _FLAGS.match(self.text, self.at)
        flags = found[0] if found else ""
        self.at += len(flags)
        name = ""
        if self.text.startswith("w", self.at):
            self.at += 1
            name = self._name()
        following = self.text[self.at : self.at + 1]
        if following and following not in " \t\n;}#":
            self.at += 1
            raise self.wrong("unknown option to `s'")
        regex = self._compiled(pattern, ignore_case="i" in flags or "I" in flags) if pattern else None
        wanted = max((int(digit) for digit in re.findall(r"\\([1-9])", replacement)), default=0)
        if regex is not None and wanted > regex.groups:
            raise self.wrong(f"invalid reference \\{wanted} on `s' command's RHS")
        return _with(command, regex=regex, text=replacement, flags=flags, name=name)

    def _exchange(self, command: SedCommand) -> SedCommand:
        mark = self.text[self.at : self.at + 1]
        source = _plain(self._until(mark, "unterminated `y' command", keep=False))
        self.at -= 1
        target = _plain(self._until(mark, "unterminated `y' command", keep=False))
        if len(source) != len(target):
            raise self.wrong("strings for `y' command are different lengths")
        return _with(command, text=f"{source}\0{target}")


def _plain(text: str) -> str:
    return text.replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\")


def _with(
    command: SedCommand,
    *,
    jump: int = 0,
    regex: Regex | None = None,
    text: str = "",
    flags: str = "",
    name: str = "",
) -> SedCommand:
    return SedCommand(
        letter=command.letter,
        low=command.low,
        high=command.high,
        negated=command.negated,
        regex=regex or command.regex,
        text=text or command.text,
        flags=flags or command.flags,
        name=name or command.name,
        jump=jump or command.jump,
    )
