"""This module reads what a peer typed into a shell as the commands it comes to, so that quoting hides little.

Quotes and backslashes are taken off, ``$(echo ...)`` and variables set before are filled in, wildcards are marked,
``sudo``, ``sh -c``, ``eval`` and text piped to a shell are looked into. It is no shell: what it cannot know stays as
it was typed, and everything is bounded.
"""

import base64
import binascii
import re
from collections.abc import Sequence

from attrs import define, evolve, field, frozen

from decnet_actors.analysis.techniques.patterns import Wild

MAX_LINE = 8192  # characters looked at
MAX_COMMANDS = 64  # of one line
MAX_DEPTH = 4  # of lines inside lines
MAX_VALUE = 256  # characters kept of a variable: a few doublings of one would fill the memory

SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh"})
_WRAPPERS = frozenset(
    {"sudo", "doas", "busybox", "nohup", "env", "exec", "command", "builtin", "time", "timeout", "nice", "setsid"}
)
_TAKING = frozenset({"-u", "-g", "-n", "-s", "-k"})  # options of wrappers that have a value
_RESERVED = frozenset({"if", "then", "elif", "else", "while", "until", "do", "{", "}", "!", "fi", "done"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "e": "\x1b", "a": "\a"}


@frozen(kw_only=True)
class Command:
    """One simple command. ``feeds`` are the programs its output goes through."""

    words: tuple[str, ...]
    writes: tuple[str, ...] = ()  # files that > and >> name
    reads: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()

    @property
    def program(self) -> str:
        """The name of what is run, without its folder."""
        word = self.words[0] if self.words else ""
        name = word.rpartition("/")[2]
        return Wild(name) if isinstance(word, Wild) else name


def commands(line: str) -> tuple[Command, ...]:
    """Return the commands of a line, also of the lines inside it."""
    found: list[Command] = []
    _read(line, {}, found, MAX_DEPTH)
    return tuple(found[:MAX_COMMANDS])


def _read(line: str, names: dict[str, str], found: list[Command], depth: int) -> None:
    """Add the commands of a line to ``found``."""
    if depth == 0 or len(found) >= MAX_COMMANDS:
        return
    for pipe in _Scanner(line[:MAX_LINE], names, found, depth).pipes():
        for place, command in enumerate(pipe):
            if len(found) >= MAX_COMMANDS:
                return
            feeds = tuple(other.program for other in pipe[place + 1 :])
            _keep(evolve(command, feeds=feeds), names, found, depth)
        _read(_piped(pipe), names, found, depth - 1)


def _keep(command: Command, names: dict[str, str], found: list[Command], depth: int) -> None:
    found.append(command)
    words = command.words
    if command.program in _WRAPPERS:
        inner = _wrapped(words[1:])
        if inner and len(found) < MAX_COMMANDS and depth > 1:
            _keep(evolve(command, words=inner), names, found, depth - 1)
    elif command.program == "eval":
        _read(" ".join(words[1:]), names, found, depth - 1)
    elif command.program in SHELLS | {"su"} and "-c" in words[1:-1]:
        _read(words[words.index("-c") + 1], names, found, depth - 1)


def _wrapped(words: Sequence[str]) -> tuple[str, ...]:
    """Return the command behind the options of another."""
    at = 0
    while at < len(words) and (words[at].startswith("-") or _ASSIGNED.match(words[at]) or _is_time(words[at])):
        at += 2 if words[at] in _TAKING else 1
    return tuple(words[at:])


def _is_time(word: str) -> bool:
    return word[:1].isdigit() and word.rstrip("smhd").replace(".", "").isdigit()


def _piped(pipe: Sequence[Command]) -> str:
    """Return the text a pipe feeds to a shell, if that is known."""
    if len(pipe) < 2 or pipe[-1].program not in SHELLS:  # noqa: PLR2004  who speaks, and the shell that listens
        return ""
    text = _said(pipe[0])
    for command in pipe[1:-1]:
        if command.program != "base64" or text is None:
            return ""
        try:
            text = base64.b64decode("".join(text.split()), validate=True).decode(errors="replace")
        except (binascii.Error, ValueError):
            return ""
    return text or ""


def _said(command: Command) -> str | None:
    """Return what a command prints, if that is known."""
    if command.program not in {"echo", "printf"}:
        return None
    words = [word for word in command.words[1:] if word not in {"-n", "-e", "-ne", "-en", "%s", "--"}]
    return " ".join(words)[:MAX_LINE]


@define
class _Word:
    text: list[str] = field(factory=list)
    begun: bool = False
    wild: bool = False

    def add(self, text: str) -> None:
        self.text.append(text)
        self.begun = True


class _Scanner:
    """Reads one line. Words gather in a command, commands in a pipe."""

    def __init__(self, line: str, names: dict[str, str], found: list[Command], depth: int) -> None:
        self._line = line
        self._names = names
        self._found = found  # takes the commands inside $( )
        self._depth = depth
        self._at = 0
        self._word = _Word()
        self._words: list[str] = []
        self._writes: list[str] = []
        self._reads: list[str] = []
        self._target: list[str] | None = None  # where the next word goes, after a > or <
        self._pipe: list[Command] = []
        self._pipes: list[list[Command]] = []

    def pipes(self) -> list[list[Command]]:
        while self._at < len(self._line):
            self._step(self._line[self._at])
        self._end_pipe()
        return self._pipes

    def _step(self, character: str) -> None:
        line, at = self._line, self._at
        self._at += 1
        match character:
            case " " | "\t" | "\r":
                self._end_word()
            case "'":
                self._word.add(self._until("'"))
            case '"':
                self._double()
            case "\\":
                if line[at + 1 : at + 2] != "\n":
                    self._word.add(line[at + 1 : at + 2])
                self._at += 1
            case "$" | "`":
                self._expansion(character)
            case ";" | "\n" | "(" | ")":
                self._end_pipe()
            case "&" if line[at + 1 : at + 2] != ">":
                self._end_pipe()
            case "|":
                if line[at + 1 : at + 2] == "|":
                    self._at += 1
                    self._end_pipe()
                else:
                    self._end_command()
            case ">" | "<":
                self._redirection(character)
            case "&":
                self._end_word()
            case "#" if not self._word.begun:
                self._until("\n")
                self._end_pipe()
            case _:
                self._word.wild |= character in "*?["
                self._word.add(character)

    def _until(self, mark: str) -> str:
        """Return the text up to a mark, or to the end; go on behind it."""
        end = self._line.find(mark, self._at)
        end = len(self._line) if end < 0 else end
        text = self._line[self._at : end]
        self._at = end + 1
        return text

    def _double(self) -> None:
        self._word.add("")
        while self._at < len(self._line):
            character = self._line[self._at]
            self._at += 1
            if character == '"':
                return
            if character == "\\" and self._line[self._at : self._at + 1] in set('"\\$`\n'):
                self._word.add(self._line[self._at].strip("\n"))
                self._at += 1
            elif character in "$`":
                self._expansion(character, quoted=True)
            else:
                self._word.add(character)

    def _expansion(self, character: str, *, quoted: bool = False) -> None:
        line, at = self._line, self._at
        if character == "`":
            self._word.add(self._output(self._until("`")))
        elif line.startswith("(", at):
            self._at += 1
            self._word.add(self._output(self._inside()))
        elif line.startswith("'", at) and not quoted:
            self._at += 1
            self._word.add(_ESCAPE.sub(_unescaped, self._until("'")))
        elif line.startswith("{", at):
            self._at += 1
            self._variable(self._until("}"), "${{{}}}", quoted=quoted)
        elif found := _NAME.match(line, at):
            self._at = found.end()
            self._variable(found.group(), "${}", quoted=quoted)
        elif line[at : at + 1] in set("@*123456789"):
            self._at += 1  # there are no arguments: w$@get is wget
        else:
            self._word.add("$")

    def _variable(self, name: str, shape: str, *, quoted: bool) -> None:
        if name == "IFS" and not quoted:
            self._end_word()
            return
        self._word.add(self._names.get(name, shape.format(name)))

    def _inside(self) -> str:
        """Return the text up to the parenthesis that closes, or to the end; go on behind it."""
        begun, depth = self._at, 1
        while self._at < len(self._line) and depth:
            depth += {"(": 1, ")": -1}.get(self._line[self._at], 0)
            self._at += 1
        return self._line[begun : self._at - (depth == 0)]

    def _output(self, inner: str) -> str:
        before = len(self._found)
        _read(inner, self._names, self._found, self._depth - 1)
        made = self._found[before:]
        return (_said(made[0]) or "") if len(made) == 1 else ""

    def _redirection(self, character: str) -> None:
        if "".join(self._word.text).isdigit():
            self._word = _Word()  # the number of a file
        self._end_word()
        while self._line[self._at : self._at + 1] in set("><&|"):
            self._at += 1
        self._target = self._writes if character == ">" else self._reads

    def _end_word(self) -> None:
        word, self._word = self._word, _Word()
        if not word.begun:
            return
        text = "".join(word.text)
        if self._target is not None:
            self._target.append(text)
            self._target = None
        elif not self._words and text in _RESERVED:
            return
        elif not self._words and (found := _ASSIGNED.match(text)):
            self._names[found.group(1)] = text[found.end() :][:MAX_VALUE]
        elif text.startswith("{") and text.endswith("}") and "," in text:
            self._words += text[1:-1].split(",")
        else:
            self._words.append(Wild(text) if word.wild else text)

    def _end_command(self) -> None:
        self._end_word()
        self._target = None
        if self._words or self._writes:
            self._pipe.append(Command(words=tuple(self._words), writes=tuple(self._writes), reads=tuple(self._reads)))
        self._words, self._writes, self._reads = [], [], []

    def _end_pipe(self) -> None:
        self._end_command()
        if self._pipe:
            self._pipes.append(self._pipe)
        self._pipe = []


def _unescaped(found: re.Match[str]) -> str:
    hexadecimal, octal, other = found.groups()
    if hexadecimal:
        return chr(int(hexadecimal, 16))
    return chr(int(octal, 8)) if octal else _ESCAPED.get(other, other)
