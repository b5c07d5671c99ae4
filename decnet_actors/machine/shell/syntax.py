"""This module defines the shell's syntax tree: what the parser makes and the evaluator walks."""

from typing import TypeAlias

from attrs import frozen


class ShellSyntaxError(ValueError):
    """The text is not a shell program.

    ``token`` is what bash would name (``newline`` for the end of a line); ``closing`` the quote or bracket
    that is missing, if that is the trouble; ``incomplete`` says whether more input could mend it; ``expected``
    is what dash and ash say they want instead.
    """

    def __init__(
        self,
        token: str,
        *,
        closing: str = "",
        incomplete: bool = False,
        line: int = 1,
        message: str = "",
        expected: str = "",
    ) -> None:
        super().__init__(token or closing)
        self.token = token
        self.closing = closing
        self.incomplete = incomplete
        self.line = line
        self.message = message  # instead of the words about the token
        self.expected = expected


@frozen
class Literal:
    """Text; quoted text is not split, globbed, or taken for an operator."""

    text: str
    quoted: bool = False


@frozen
class Parameter:
    """``$name`` and every ``${...}``."""

    name: str
    quoted: bool = False
    operator: str = (
        ""  # ":-" ":=" ":+" ":?" (and without colon) "#" "##" "%" "%%" "/" "//" "/#" "/%" ":" "^" "^^" "," ",,"
    )
    first: "Word | None" = None
    second: "Word | None" = None
    length: bool = False  # ${#name}
    indirect: bool = False  # ${!name}
    index: "Word | None" = None  # ${name[index]}


@frozen
class Substitution:
    """``$(...)`` or backticks."""

    script: "Script"
    quoted: bool = False


@frozen
class Arithmetic:
    """``$((...))``."""

    expression: "Word"
    quoted: bool = False


@frozen
class ProcessSubstitution:
    """``<(...)`` and ``>(...)``."""

    script: "Script"
    direction: str


Part: TypeAlias = Literal | Parameter | Substitution | Arithmetic | ProcessSubstitution


@frozen
class Word:
    """Parts that make one word before expansion."""

    parts: tuple[Part, ...]

    @property
    def plain(self) -> str | None:
        """The text, if it is nothing but literals."""
        text = ""
        for part in self.parts:
            if not isinstance(part, Literal):
                return None
            text += part.text
        return text


@frozen
class Redirect:
    """``fd operator target``; ``body`` is a here-document's or here-string's text."""

    operator: str  # > >> < <> >| &> &>> >& <& << <<<
    fd: int
    target: Word
    body: Word | None = None


@frozen
class Assignment:
    """``name=value``, ``name+=value``, ``name[i]=value``, ``name=(a b)``."""

    name: str
    value: Word | None
    append: bool = False
    index: Word | None = None
    elements: tuple[Word, ...] | None = None


@frozen
class Simple:
    """A simple command."""

    assignments: tuple[Assignment, ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]
    line: int = 1


@frozen
class Subshell:
    """``( ... )``."""

    body: "Script"
    redirects: tuple[Redirect, ...] = ()


@frozen
class Group:
    """``{ ...; }``."""

    body: "Script"
    redirects: tuple[Redirect, ...] = ()


@frozen
class If:
    """``if ... then ... elif ... else ... fi``."""

    clauses: tuple[tuple["Script", "Script"], ...]
    otherwise: "Script | None"
    redirects: tuple[Redirect, ...] = ()


@frozen
class For:
    """``for name in words; do ... done``; ``words`` is ``None`` for the positional parameters."""

    name: str
    words: tuple[Word, ...] | None
    body: "Script"
    redirects: tuple[Redirect, ...] = ()
    asks: bool = False  # ``select``
    line: int = 1


@frozen
class ArithmeticFor:
    """``for ((a; b; c)); do ... done``."""

    start: Word
    condition: Word
    step: Word
    body: "Script"
    redirects: tuple[Redirect, ...] = ()


@frozen
class While:
    """``while`` and ``until``."""

    condition: "Script"
    body: "Script"
    until: bool = False
    redirects: tuple[Redirect, ...] = ()


@frozen
class Case:
    """``case word in pattern) ... ;; esac``."""

    word: Word
    arms: tuple[tuple[tuple[Word, ...], "Script", str], ...]  # patterns, body, how it ends: ;; ;& ;;&
    redirects: tuple[Redirect, ...] = ()


@frozen
class Function:
    """``name() { ...; }``; ``size`` is the length of its text."""

    name: str
    body: "Command"
    size: int


@frozen
class ArithmeticCommand:
    """``(( ... ))``."""

    expression: Word
    redirects: tuple[Redirect, ...] = ()


@frozen
class Conditional:
    """``[[ ... ]]``: its words, operators as unquoted literals."""

    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...] = ()


Command: TypeAlias = (
    Simple | Subshell | Group | If | For | ArithmeticFor | While | Case | Function | ArithmeticCommand | Conditional
)


@frozen
class Pipeline:
    """Commands joined by ``|`` (``|&`` adds a redirect of standard error)."""

    commands: tuple[Command, ...]
    negated: bool = False
    timed: str = ""  # ``time``, or ``-p`` for its POSIX form


@frozen
class AndOr:
    """Pipelines joined by ``&&`` and ``||``."""

    first: Pipeline
    rest: tuple[tuple[str, Pipeline], ...] = ()
    background: bool = False
    text: str = ""  # as written; job control shows it


@frozen
class Script:
    """A list of commands."""

    items: tuple[AndOr, ...]
