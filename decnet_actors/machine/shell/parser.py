"""This module parses shell text (bash's grammar) into the syntax tree."""

import re
from collections.abc import Iterator

from decnet_actors.machine.shell.compound_parser import CompoundParser
from decnet_actors.machine.shell.simple_parser import CLOSERS, OPENERS
from decnet_actors.machine.shell.syntax import (
    AndOr,
    Command,
    Function,
    Group,
    Literal,
    Pipeline,
    Redirect,
    Script,
    ShellSyntaxError,
    Simple,
    Word,
)
from decnet_actors.machine.shell.words import MAX_DEPTH

COMMAND = 3  # words a command costs besides its words
_EMPTY = re.compile(r"\n*")
_FUNCTION = re.compile(r"([^\s;&|<>()$`\"'\\=]+)[ \t]*\([ \t]*\)")


def parse(text: str, *, more: bool = False) -> Script:
    """Return the program in ``text``.

    Args:
        text: the whole program, or what has been typed so far.
        more: whether more may come (an interactive shell): an open here-document is then incomplete.

    Raises:
        ShellSyntaxError: it is not one.
        BudgetSpentError: one of its commands is more than we parse at once.

    """
    return Script(tuple(item for line in Parser(text, more=more).lines() for item in line.items))


class Parser(CompoundParser):
    """A recursive-descent parser of bash's grammar (POSIX.1-2017, XCU 2.10, and bash's additions)."""

    def lines(self) -> Iterator[Script]:
        """Parse one line after another, as the shell reads them; an empty script is a moment for others.

        Raises:
            ShellSyntaxError: the next line is wrong.
            BudgetSpentError: it holds a command that is more than we parse at once.

        """
        items: list[AndOr] = []
        while True:
            self._blank()
            self.room.refill()
            if self.pos >= len(self.text) or self.text[self.pos] == "\n":
                yield Script(tuple(items))
                items.clear()
                self._next_line()
                if self.pos >= len(self.text):
                    return
                continue
            if self.text[self.pos] == ")" or self.text.startswith((";;", ";&"), self.pos):
                self._unexpected()
            if self._peek_word() in CLOSERS - {"in"}:
                self._unexpected()
            item, ended = self._and_or()
            items.append(item)
            self._blank()
            if not ended and self.pos < len(self.text) and self.text[self.pos] != "\n":
                self._unexpected()
            yield Script(())

    def _next_line(self) -> None:
        """Step over a line end, and the here-documents and empty lines behind it."""
        if self.pos < len(self.text):
            self.pos = self._resume.get(self.pos, self.pos + 1)
        if not self._resume:
            empty = _EMPTY.match(self.text, self.pos)
            self.pos = empty.end() if empty else self.pos

    def script_until(self, closing: str) -> Script:
        script = self._list(frozenset())
        if not self.text.startswith(closing, self.pos):
            if self.pos < len(self.text):
                self._unexpected()
            self.fail_open(closing)
        self.pos += len(closing)
        return script

    def parse_nested(self, text: str) -> Script:
        return type(self)(text, depth=self.depth, room=self.room).whole()

    def whole(self) -> Script:
        """Parse commands up to the end."""
        script = self._list(frozenset())
        if self.pos < len(self.text):
            self._unexpected()
        return script

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
            if word in CLOSERS and word != "in":
                self._unexpected()
            item, ended = self._and_or()
            items.append(item)
            if not ended:
                self._blank()
                if self.pos < len(text) and text[self.pos] not in "\n)" and not text.startswith((";;", ";&"), self.pos):
                    self._unexpected()
        at_end = self.pos >= len(self.text)
        if not items and not may_be_empty:
            self._unexpected(("fi" if "fi" in until else min(until, default="")) if at_end else "")
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
        negated, timed = False, ""
        while True:
            self._blank()
            word = self._peek_word()
            if word == "!":
                negated = not negated
            elif word == "time":
                timed = "time"
                self.pos += 4
                self._blank()
                if self.text.startswith("-p", self.pos) and self.text[self.pos + 2 : self.pos + 3].isspace():
                    timed = "-p"
                    self.pos += 2
                continue
            else:
                break
            self.pos += len(word)
        commands: list[Command] = []
        while True:
            command = self._command(optional=(negated or bool(timed)) and not commands)
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
        self.room.spend(COMMAND)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ShellSyntaxError(text[self.pos], line=self.line())
        try:
            word = self._peek_word()
            if word in CLOSERS and word != "in":
                self._unexpected()
            if word in OPENERS - {"!", "time"} or text[self.pos] == "(":
                return self._compound(word)
            found = _FUNCTION.match(text, self.pos)
            if found:
                start = self.pos
                self.pos = found.end()
                self._newlines()
                return Function(found[1], self._command(), self.pos - start)
            return self._simple(optional=optional)
        finally:
            self.depth -= 1


def _with_redirect(command: Command, redirect: Redirect) -> Command:
    if isinstance(command, Simple):
        return Simple(command.assignments, command.words, (*command.redirects, redirect), command.line)
    return Group(Script((AndOr(Pipeline((command,))),)), (redirect,))
