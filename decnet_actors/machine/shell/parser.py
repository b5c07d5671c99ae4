"""This module parses shell text (bash's grammar) into the syntax tree.

Errors carry the token bash names in its message, and whether more input could mend them: that is what
the continuation prompt hangs on.
"""

import re
from typing import NoReturn

from decnet_actors.machine.shell.braces import expand_braces
from decnet_actors.machine.shell.syntax import (
    AndOr,
    ArithmeticCommand,
    ArithmeticFor,
    Assignment,
    Case,
    Command,
    Conditional,
    For,
    Function,
    Group,
    If,
    Literal,
    Pipeline,
    Redirect,
    Script,
    ShellSyntaxError,
    Simple,
    Subshell,
    While,
    Word,
)
from decnet_actors.machine.shell.words import MAX_DEPTH, WordParser

MAX_HERE_DOCUMENTS = 64  # of one text; bash allows 16 on one line

_BLANK = re.compile(r"(?:[ \t\r]|\\\n)*(?:#[^\n]*)?")
_REDIRECT = re.compile(r"(\d*)(&>>|&>|>>|>\||>&|<<<|<<-|<<|<>|<&|<|>)")
_WORD_AT = re.compile(r"[^\s;&|<>()$`\"'\\]+")
_OPERATOR_AT = re.compile(r"&&|\|\||;;&|;;|;&|\|&|&>>|&>|<<<|<<|>>|[;&|<>()]")
_ASSIGN = re.compile(r"([A-Za-z_]\w*)(\[[^\]\n]*\])?(\+)?=", re.ASCII)
_FUNCTION = re.compile(r"([^\s;&|<>()$`\"'\\=]+)[ \t]*\([ \t]*\)")
_CLOSERS = frozenset({"then", "else", "elif", "fi", "do", "done", "esac", "}", "in"})
_OPENERS = frozenset({"if", "for", "while", "until", "case", "{", "!", "[[", "function", "time", "select"})
_RESERVED = _CLOSERS | _OPENERS | {"]]"}


def parse(text: str, *, more: bool = False) -> Script:
    """Return the program in ``text``.

    Args:
        text: the whole program, or what has been typed so far.
        more: whether more may come (an interactive shell): an open here-document is then incomplete.

    Raises:
        ShellSyntaxError: it is not one.

    """
    return Parser(text, more=more).program()


class Parser(WordParser):
    """A recursive-descent parser of bash's grammar (POSIX.1-2017, XCU 2.10, and bash's additions)."""

    def __init__(self, text: str, *, depth: int = 0, more: bool = False) -> None:
        super().__init__(text, depth=depth)
        self.more = more
        self._here_documents = 0
        self._resume: dict[int, int] = {}  # position of a newline -> where reading goes on after here-documents

    def program(self) -> Script:
        """Parse everything."""
        script = self._list(frozenset())
        if self.pos < len(self.text):
            self._unexpected()
        return script

    def script_until(self, closing: str) -> Script:
        script = self._list(frozenset())
        if not self.text.startswith(closing, self.pos):
            if self.pos < len(self.text):
                self._unexpected()
            self.fail_open(closing)
        self.pos += len(closing)
        return script

    def parse_nested(self, text: str) -> Script:
        return Parser(text, depth=self.depth).program()

    def _blank(self) -> None:
        found = _BLANK.match(self.text, self.pos)
        if found:
            self.pos = found.end()

    def _newlines(self) -> None:
        while True:
            self._blank()
            if not self.text.startswith("\n", self.pos):
                return
            self.pos = self._resume.get(self.pos, self.pos + 1)

    def _peek_word(self) -> str:
        """Return the reserved word here, or nothing."""
        found = _WORD_AT.match(self.text, self.pos)
        if found is None or found[0] not in _RESERVED:
            return ""
        end = found.end()
        return found[0] if end == len(self.text) or self.text[end] in " \t\r\n;&|<>()" else ""

    def _take(self, word: str) -> None:
        """Step over a reserved word that must be here."""
        self._newlines()
        if self._peek_word() != word:
            self._unexpected()
        self.pos += len(word)

    def _unexpected(self) -> NoReturn:
        self._blank()
        text, line = self.text, self.line()
        if self.pos >= len(text):
            raise ShellSyntaxError("", incomplete=True, line=line)
        if text[self.pos] == "\n":
            raise ShellSyntaxError("newline", line=line)
        found = _OPERATOR_AT.match(text, self.pos)
        if found:
            raise ShellSyntaxError(found[0], line=line)
        start = self.pos
        self.word()
        raise ShellSyntaxError(text[start : max(self.pos, start + 1)], line=line)

    def _list(self, until: frozenset[str], *, may_be_empty: bool = True) -> Script:
        """Parse commands up to a reserved word in ``until``, a closing bracket, ``;;`` or the end."""
        items: list[AndOr] = []
        text = self.text
        while True:
            self._newlines()
            if self.pos >= len(text) or text[self.pos] == ")" or text.startswith(";;", self.pos):
                break
            if text.startswith(";&", self.pos) and "esac" in until:
                break
            word = self._peek_word()
            if word in until:
                break
            if word in _CLOSERS and word != "in":
                self._unexpected()
            item, ended = self._and_or()
            items.append(item)
            if not ended:
                self._blank()
                if self.pos < len(text) and text[self.pos] not in "\n)" and not text.startswith((";;", ";&"), self.pos):
                    self._unexpected()
        if not items and not may_be_empty:
            self._unexpected()
        return Script(tuple(items))

    def _and_or(self) -> tuple[AndOr, bool]:
        start = self.pos
        first = self._pipeline()
        rest: list[tuple[str, Pipeline]] = []
        text = self.text
        while True:
            self._blank()
            operator = text[self.pos : self.pos + 2]
            if operator not in {"&&", "||"}:
                break
            self.pos += 2
            self._newlines()
            rest.append((operator, self._pipeline()))
        shown = text[start : self.pos].strip()[:200]
        if text.startswith("&", self.pos) and not text.startswith(("&>",), self.pos):
            self.pos += 1
            return AndOr(first, tuple(rest), background=True, text=shown), True
        if text.startswith(";", self.pos) and not text.startswith((";;", ";&"), self.pos):
            self.pos += 1
            return AndOr(first, tuple(rest), text=shown), True
        return AndOr(first, tuple(rest), text=shown), False

    def _pipeline(self) -> Pipeline:
        negated = timed = False
        while True:
            self._blank()
            word = self._peek_word()
            if word == "!":
                negated = not negated
            elif word == "time":
                timed = True
            else:
                break
            self.pos += len(word)
        commands: list[Command] = []
        while True:
            command = self._command(optional=(negated or timed) and not commands)
            self._blank()
            piped = self.text.startswith("|", self.pos) and not self.text.startswith("||", self.pos)
            if piped and self.text.startswith("|&", self.pos):
                self.pos += 1
                command = _with_redirect(command, Redirect(">&", 2, Word((Literal("1"),))))
            commands.append(command)
            if not piped:
                return Pipeline(tuple(commands), negated, timed)
            self.pos += 1
            self._newlines()

    def _command(self, *, optional: bool = False) -> Command:
        self._blank()
        text = self.text
        if self.pos >= len(text) or text[self.pos] == "\n":
            if optional:
                return Simple((), (), ())
            self._unexpected()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ShellSyntaxError(text[self.pos], line=self.line())
        try:
            word = self._peek_word()
            if word in _CLOSERS and word != "in":
                self._unexpected()
            if word in _OPENERS - {"!", "time"} or text[self.pos] == "(":
                return self._compound(word)
            found = _FUNCTION.match(text, self.pos)
            if found:
                self.pos = found.end()
                self._newlines()
                return Function(found[1], self._command())
            return self._simple(optional=optional)
        finally:
            self.depth -= 1

    def _compound(self, word: str) -> Command:
        text = self.text
        if not word:
            if text.startswith("((", self.pos) and (end := self._arithmetic_end(self.pos + 2)) >= 0:
                expression = self._sub_word(text[self.pos + 2 : end])
                self.pos = end + 2
                return ArithmeticCommand(expression, self._redirects())
            self.pos += 1
            body = self._list(frozenset(), may_be_empty=False)
            self._close(")")
            return Subshell(body, self._redirects())
        self.pos += len(word)
        match word:
            case "{":
                body = self._list(frozenset({"}"}), may_be_empty=False)
                self._take("}")
                return Group(body, self._redirects())
            case "if":
                return self._if()
            case "while" | "until":
                condition = self._list(frozenset({"do"}), may_be_empty=False)
                return While(condition, self._do(), word == "until", self._redirects())
            case "for" | "select":
                return self._for()
            case "case":
                return self._case()
            case "function":
                self._blank()
                found = re.compile(r"([^\s;&|<>()$`\"'\\]+)([ \t]*\([ \t]*\))?").match(text, self.pos)
                if found is None:
                    self._unexpected()
                self.pos = found.end()
                self._newlines()
                return Function(found[1], self._command())
            case _:
                return self._conditional()

    def _close(self, bracket: str) -> None:
        self._newlines()
        if not self.text.startswith(bracket, self.pos):
            self._unexpected()
        self.pos += 1

    def _do(self) -> Script:
        self._take("do")
        body = self._list(frozenset({"done"}), may_be_empty=False)
        self._take("done")
        return body

    def _if(self) -> If:
        clauses: list[tuple[Script, Script]] = []
        while True:
            condition = self._list(frozenset({"then"}), may_be_empty=False)
            self._take("then")
            body = self._list(frozenset({"elif", "else", "fi"}), may_be_empty=False)
            clauses.append((condition, body))
            word = self._peek_word()
            if word != "elif":
                break
            self.pos += len(word)
        otherwise = None
        if self._peek_word() == "else":
            self.pos += 4
            otherwise = self._list(frozenset({"fi"}), may_be_empty=False)
        self._take("fi")
        return If(tuple(clauses), otherwise, self._redirects())

    def _for(self) -> Command:
        self._blank()
        text = self.text
        if text.startswith("((", self.pos):
            end = self._arithmetic_end(self.pos + 2)
            if end < 0:
                self._unexpected()
            sections = text[self.pos + 2 : end].split(";")
            if len(sections) != 3:  # noqa: PLR2004  start; condition; step
                self._unexpected()
            start, condition, step = (self._sub_word(section.strip()) for section in sections)
            self.pos = end + 2
            self._separator()
            return ArithmeticFor(start, condition, step, self._do(), self._redirects())
        name = self.word()
        label = name.plain if name else None
        if label is None:
            self._unexpected()
        self._newlines()
        words: tuple[Word, ...] | None = None
        if self._peek_word() == "in":
            self.pos += 2
            words = self._words()
        self._separator()
        return For(label, words, self._do(), self._redirects())

    def _separator(self) -> None:
        self._blank()
        if self.text.startswith(";", self.pos):
            self.pos += 1
        self._newlines()

    def _words(self) -> tuple[Word, ...]:
        words: list[Word] = []
        while True:
            self._blank()
            word = self.word()
            if word is None:
                return tuple(words)
            words.extend(expand_braces(word))

    def _case(self) -> Case:
        self._blank()
        subject = self.word()
        if subject is None:
            self._unexpected()
        self._take("in")
        arms: list[tuple[tuple[Word, ...], Script, str]] = []
        while True:
            self._newlines()
            if self._peek_word() == "esac":
                self.pos += 4
                return Case(subject, tuple(arms), self._redirects())
            if self.text.startswith("(", self.pos):
                self.pos += 1
            patterns: list[Word] = []
            while True:
                self._blank()
                pattern = self.word()
                if pattern is None:
                    self._unexpected()
                patterns.append(pattern)
                self._blank()
                if not self.text.startswith("|", self.pos):
                    break
                self.pos += 1
            self._close(")")
            body = self._list(frozenset({"esac"}))
            ending = next((mark for mark in (";;&", ";;", ";&") if self.text.startswith(mark, self.pos)), "")
            self.pos += len(ending)
            arms.append((tuple(patterns), body, ending or ";;"))
            if not ending and self._peek_word() != "esac":
                self._unexpected()

    def _conditional(self) -> Conditional:
        words: list[Word] = []
        while True:
            self._newlines()
            if self._peek_word() == "]]":
                self.pos += 2
                return Conditional(tuple(words), self._redirects())
            operator = re.compile(r"&&|\|\||[()<>]").match(self.text, self.pos)
            if operator and not (words and words[-1].plain == "=~"):
                self.pos = operator.end()
                words.append(Word((Literal(operator[0]),)))
                continue
            word = self._pattern_word() if words and words[-1].plain == "=~" else self.word()
            if word is None:
                self._unexpected()
            words.append(word)

    def _pattern_word(self) -> Word | None:
        """Parse a regular expression's word: brackets and bars belong to it."""
        found = re.compile(r"(?:[^\s$`\"'\\]|\\.)+").match(self.text, self.pos)
        if found is None:
            return self.word()
        self.pos = found.end()
        rest = self.word()
        return Word((Literal(found[0]), *(rest.parts if rest else ())))

    def _redirects(self) -> tuple[Redirect, ...]:
        out: list[Redirect] = []
        while True:
            self._blank()
            redirect = self._redirect()
            if redirect is None:
                return tuple(out)
            out.append(redirect)

    def _redirect(self) -> Redirect | None:
        found = _REDIRECT.match(self.text, self.pos)
        if found is None or (self.text.startswith("(", found.end()) and found[2] in {"<", ">"} and not found[1]):
            return None
        self.pos = found.end()
        operator = found[2]
        self._blank()
        raw_start = self.pos
        target = self.word()
        if target is None:
            self._unexpected()
        fd = int(found[1][:9]) if found[1] else (0 if operator.startswith("<") else 1)
        if operator == "<<<":
            return Redirect(operator, fd, target, target)
        if operator in {"<<", "<<-"}:
            quoted = any(mark in self.text[raw_start : self.pos] for mark in "'\"\\")
            delimiter = target.plain if target.plain is not None else self.text[raw_start : self.pos]
            body = self._here_body(delimiter, strip=operator == "<<-")
            inner = Word((Literal(body, quoted=True),)) if quoted else self.here_document(body)
            return Redirect("<<", fd, target, inner)
        return Redirect(operator, fd, target)

    def _here_body(self, delimiter: str, *, strip: bool) -> str:
        """Cut a here-document out of the text: it begins after the next line end."""
        text = self.text
        self._here_documents += 1
        if self._here_documents > MAX_HERE_DOCUMENTS:
            raise ShellSyntaxError("<<", line=self.line())
        newline = text.find("\n", self.pos)
        if newline < 0:
            if self.more:
                raise ShellSyntaxError("", closing=delimiter, incomplete=True, line=self.line())
            return ""
        start = self._resume.get(newline, newline + 1)
        lines: list[str] = []
        at = start
        while at < len(text):
            end = text.find("\n", at)
            line = text[at:] if end < 0 else text[at:end]
            at = len(text) if end < 0 else end + 1
            line = line.lstrip("\t") if strip else line
            if line == delimiter:
                self._resume[newline] = at
                return "".join(lines)
            lines.append(f"{line}\n")
        if self.more:
            raise ShellSyntaxError("", closing=delimiter, incomplete=True, line=self.line())
        self._resume[newline] = at
        return "".join(lines)

    def _simple(self, *, optional: bool) -> Simple:
        assignments: list[Assignment] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        text = self.text
        line = self.line() if self.depth < 3 else 1  # noqa: PLR2004  only scripts' top levels show it
        while True:
            self._blank()
            redirect = self._redirect()
            if redirect is not None:
                redirects.append(redirect)
                continue
            if (not words or words[0].plain in _DECLARERS) and (found := _ASSIGN.match(text, self.pos)):
                if not words:
                    assignments.append(self._assignment(found))
                    continue
                if text.startswith("(", found.end()):
                    assignments.append(self._assignment(found))
                    words.append(Word((Literal(found[1]),)))
                    continue
            word = self.word()
            if word is None:
                break
            words.extend(expand_braces(word))
        if not (assignments or words or redirects or optional):
            self._unexpected()
        if self.pos < len(text) and text[self.pos] == "(":
            self._unexpected()
        return Simple(tuple(assignments), tuple(words), tuple(redirects), line)

    def _assignment(self, found: re.Match[str]) -> Assignment:
        self.pos = found.end()
        index = self._sub_word(found[2][1:-1]) if found[2] else None
        if self.text.startswith("(", self.pos):
            self.pos += 1
            elements: list[Word] = []
            while True:
                self._newlines()
                word = self.word()
                if word is None:
                    break
                elements.extend(expand_braces(word))
            self._close(")")
            return Assignment(found[1], None, found[3] is not None, index, tuple(elements))
        at_end = self.pos >= len(self.text) or self.text[self.pos] in " \t\n;&|<>()"
        return Assignment(found[1], None if at_end else self.word(), found[3] is not None, index)


_DECLARERS = frozenset({"export", "declare", "typeset", "local", "readonly"})


def _with_redirect(command: Command, redirect: Redirect) -> Command:
    if isinstance(command, Simple):
        return Simple(command.assignments, command.words, (*command.redirects, redirect), command.line)
    return Group(Script((AndOr(Pipeline((command,))),)), (redirect,))
