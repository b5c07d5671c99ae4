"""This module parses compound commands: loops, conditions, groups, subshells and functions."""

import re
from abc import abstractmethod

from decnet_actors.machine.shell.simple_parser import SimpleParser
from decnet_actors.machine.shell.syntax import (
    ArithmeticCommand,
    ArithmeticFor,
    Case,
    Command,
    Conditional,
    For,
    Function,
    Group,
    If,
    Literal,
    Script,
    ShellSyntaxError,
    Subshell,
    While,
    Word,
)


class CompoundParser(SimpleParser):
    """Parses what begins with a reserved word or a bracket."""

    _has_arithmetic_commands = True  # ``(( ))``, also after ``for``

    @abstractmethod
    def _list(self, until: frozenset[str], *, may_be_empty: bool = True) -> Script:
        """Parse commands up to a reserved word in ``until``, a closing bracket, ``;;`` or the end."""

    @abstractmethod
    def _command(self, *, optional: bool = False) -> Command:
        """Parse one command of any kind."""

    def _compound(self, word: str) -> Command:
        text = self.text
        if not word:
            if (
                self._has_arithmetic_commands
                and text.startswith("((", self.pos)
                and (end := self._arithmetic_end(self.pos + 2)) >= 0
            ):
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
                return self._for(asks=word == "select")
            case "case":
                return self._case()
            case "function":
                self._blank()
                found = re.compile(r"([^\s;&|<>()$`\"'\\]+)([ \t]*\([ \t]*\))?").match(text, self.pos)
                if found is None:
                    self._unexpected()
                start = self.pos
                self.pos = found.end()
                self._newlines()
                return Function(found[1], self._command(), self.pos - start)
            case _:
                return self._conditional()

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

    def _for(self, *, asks: bool) -> Command:
        self._blank()
        line = self.line()
        text = self.text
        if self._has_arithmetic_commands and text.startswith("((", self.pos):
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
        return For(label, words, self._do(), self._redirects(), asks, line)

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
            words.extend(self._braces(word))

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
                    self._unexpected(")")
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
                if self.pos >= len(self.text) and not self.more:
                    words_here = "unexpected token `newline', conditional binary operator expected"
                    raise ShellSyntaxError("", line=self.line(), message=words_here)
                self._unexpected()
            words.append(word)
            if _stray(words):
                raise ShellSyntaxError("", line=self.line(), message="conditional binary operator expected")

    def _pattern_word(self) -> Word | None:
        """Parse a regular expression's word: brackets and bars belong to it."""
        found = re.compile(r"(?:[^\s$`\"'\\]|\\.)+").match(self.text, self.pos)
        if found is None:
            return self.word()
        self.pos = found.end()
        rest = self.word()
        return Word((Literal(found[0]), *(rest.parts if rest else ())))


def _stray(words: list[Word]) -> bool:
    """Return whether two plain words follow each other at the beginning of a conditional: no operator joins them."""
    if len(words) != 2:  # noqa: PLR2004  the first and the second
        return False
    first, second = words[0].plain, words[1].plain
    return (
        first is not None
        and second is not None
        and first[:1] not in {"-", "!", "("}
        and second.isalnum()
        and second[:1] not in {"-", "="}
    )
