"""This module holds what other shells than bash differ in: their parser, their builtins, their words of errors."""

import errno
import re
from collections.abc import Set as AbstractSet

from decnet_actors.domain.persona import Persona
from decnet_actors.machine.shell.ash_parser import AshParser
from decnet_actors.machine.shell.parser import Parser
from decnet_actors.machine.shell.simple_parser import CLOSERS
from decnet_actors.machine.shell.syntax import ShellSyntaxError
from decnet_actors.machine.table import words

# What ``help`` lists in the ash of BusyBox 1.35.
ASH_BUILTINS = frozenset(
    words("""
    . : [ [[ alias bg break cd chdir command continue echo eval exec exit export false fg getopts hash help history
    jobs kill let local printf pwd read readonly return set shift source test times trap true type ulimit umask
    unalias unset wait
    """)
)


_EXPANSIONS = (
    (re.compile(r"(\w+): readonly variable"), r"\1: is read only"),
    (re.compile(r"(\w+): unbound variable"), r"\1: parameter not set"),
    (re.compile(r".*: division by 0 .*", re.DOTALL), "divide by zero"),
    (re.compile(r".*: (?:syntax error|arithmetic syntax error)\b.*", re.DOTALL), "arithmetic syntax error"),
)
_OPENED = {errno.ENOENT: "no such file"}
_CREATED = {errno.ENOENT: "nonexistent directory"}


def shell_options(persona: Persona, *, dash: bool) -> set[str]:
    """Return the options that make a new shell what it is on this machine; on BusyBox every shell is ash."""
    if persona.userland == "busybox":
        return {"dash", "ash"}
    return {"dash"} if dash else set()


def expansion_words(options: AbstractSet[str], message: str) -> str:
    """Return what the shell says of an expansion that failed."""
    if "dash" in options:
        for pattern, words_of_it in _EXPANSIONS:
            if pattern.fullmatch(message):
                return pattern.sub(words_of_it, message)
    return message


def redirect_words(options: AbstractSet[str], operator: str, name: str, error: OSError) -> str:
    """Return what the shell says of a file a redirect cannot open."""
    if error.errno == errno.EBADF:
        return f"{name}: {'b' if 'ash' in options else 'B'}ad file descriptor"
    if "ash" not in options:
        return f"{name}: {error.strerror}"
    known, verb = (_OPENED, "open") if operator.startswith("<") else (_CREATED, "create")
    return f"can't {verb} {name}: {known.get(error.errno or 0, error.strerror)}"


def parser_of(options: AbstractSet[str]) -> type[Parser]:
    """Return the parser of a shell with some options."""
    return AshParser if "ash" in options else Parser


def syntax_words(options: AbstractSet[str], error: ShellSyntaxError) -> str:
    """Return what dash, or the ash of BusyBox, says of a syntax error."""
    return f"syntax error: {_ash_words(error)}" if "ash" in options else f"Syntax error: {_dash_words(error)}"


def _dash_words(error: ShellSyntaxError) -> str:
    return _open(error) or f"{_subject(error)} unexpected{_wish(error)}"


def _ash_words(error: ShellSyntaxError) -> str:
    opened = _open(error)
    if error.message or opened:
        return error.message or opened[:1].lower() + opened[1:] if not opened.startswith("EOF") else opened
    if error.token[:1] in {"<", ">"}:
        return "unexpected redirection"
    return f"unexpected {_subject(error)}{_wish(error)}"


def _open(error: ShellSyntaxError) -> str:
    """Return the words about a quote or brace that was left open."""
    match error.closing:
        case "`":
            return "EOF in backquote substitution"
        case "'" | '"':
            return "Unterminated quoted string"
        case "}":
            return "Missing '}'"
        case _:
            return ""


def _subject(error: ShellSyntaxError) -> str:
    if error.incomplete:
        return "end of file"
    if error.token == "newline":  # noqa: S105  a token of the grammar
        return "newline"
    return f'"{error.token}"' if error.token in CLOSERS or not error.token[:1].isalnum() else "word"


def _wish(error: ShellSyntaxError) -> str:
    wanted = error.expected or (error.closing if error.closing == ")" else "")
    return f' (expecting "{wanted}")' if wanted else ""
