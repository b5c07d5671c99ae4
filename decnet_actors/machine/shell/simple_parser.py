"""This module parses simple commands: assignments, words, redirects and here-documents.

Errors carry the token bash names in its message, and whether more input could mend them: that is what
the continuation prompt hangs on.
"""

import re
from collections.abc import Sequence
from typing import NoReturn

from decnet_actors.machine.shell.braces import expand_braces
from decnet_actors.machine.shell.syntax import Assignment, Literal, Redirect, ShellSyntaxError, Simple, Word
from decnet_actors.machine.shell.words import Room, WordParser

MAX_HERE_DOCUMENTS = 64  # of one text; bash allows 16 on one line
CLOSERS = frozenset({"then", "else", "elif", "fi", "do", "done", "esac", "}", "in"})
OPENERS = frozenset({"if", "for", "while", "until", "case", "{", "!", "[[", "function", "time", "select"})

_BLANK = re.compile(r"(?:[ \t\r]|\\\n)*(?:#[^\n]*)?")
_REDIRECT = re.compile(r"(\d*)(&>>|&>|>>|>\||>&|<<<|<<-|<<|<>|<&|<|>)")
_WORD_AT = re.compile(r"[^\s;&|<>()$`\"'\\]+")
_OPERATOR_AT = re.compile(r"&&|\|\||;;&|;;|;&|\|&|&>>|&>|<<<|<<|>>|[;&|<>()]")
_ASSIGN = re.compile(r"([A-Za-z_]\w*)(\[[^\]\n]*\])?(\+)?=", re.ASCII)
_RESERVED = CLOSERS | OPENERS | {"]]"}
_DECLARERS = frozenset({"export", "declare", "typeset", "local", "readonly"})


class SimpleParser(WordParser):
    """Parses simple commands, and steps over blanks, newlines and reserved words."""

    _redirect_at = _REDIRECT
    _assignment_at = _ASSIGN

    def __init__(self, text: str, *, depth: int = 0, more: bool = False, room: Room | None = None) -> None:
        super().__init__(text, depth=depth, room=room)
        self.more = more
        self._here_documents = 0
        self._resume: dict[int, int] = {}  # position of a newline -> where reading goes on after here-documents

    def _blank(self) -> None:
        found = _BLANK.match(self.text, self.pos)
        if found:
            self.pos = found.end()

    def _newlines(self) -> None:
        while True:
            self._blank()
            if not self.text.startswith("\n", self.pos):
                return
            self.room.spend()
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
            self._unexpected(word)
        self.pos += len(word)

    def _unexpected(self, expected: str = "") -> NoReturn:
        self._blank()
        text, line = self.text, self.line()
        if self.pos >= len(text):
            raise ShellSyntaxError("", incomplete=True, line=line, expected=expected)
        if text[self.pos] == "\n":
            raise ShellSyntaxError("newline", line=line, expected=expected)
        found = _OPERATOR_AT.match(text, self.pos)
        if found:
            raise ShellSyntaxError(found[0], line=line, expected=expected)
        start = self.pos
        self.word()
        raise ShellSyntaxError(text[start : max(self.pos, start + 1)], line=line, expected=expected)

    def _close(self, bracket: str) -> None:
        self._newlines()
        if not self.text.startswith(bracket, self.pos):
            self._unexpected(bracket)
        self.pos += 1

    def _redirects(self) -> tuple[Redirect, ...]:
        out: list[Redirect] = []
        while True:
            self._blank()
            redirect = self._redirect()
            if redirect is None:
                return tuple(out)
            out.append(redirect)

    def _redirect(self) -> Redirect | None:
        found = self._redirect_at.match(self.text, self.pos)
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
            self.room.spend()
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
            if (not words or words[0].plain in _DECLARERS) and (found := self._assignment_at.match(text, self.pos)):
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
            words.extend(self._braces(word))
        if not (assignments or words or redirects or optional):
            self._unexpected()
        if self.pos < len(text) and text[self.pos] == "(":
            self._unexpected()
        return Simple(tuple(assignments), tuple(words), tuple(redirects), line)

    def _braces(self, word: Word) -> Sequence[Word]:
        words = expand_braces(word)
        self.room.spend(len(words))
        return words

    def _assignment(self, found: re.Match[str]) -> Assignment:
        self.pos = found.end()
        index = self._index_word(found[2][1:-1]) if found[2] else None
        if self.text.startswith("(", self.pos):
            self.pos += 1
            elements: list[Word] = []
            while True:
                self._newlines()
                word = self.word()
                if word is None:
                    break
                elements.extend(self._braces(word))
            self._close(")")
            return Assignment(found[1], None, found[3] is not None, index, tuple(elements))
        at_end = self.pos >= len(self.text) or self.text[self.pos] in " \t\n;&|<>()"
        return Assignment(found[1], None if at_end else self.word(), found[3] is not None, index)
