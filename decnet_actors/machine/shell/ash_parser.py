"""This module parses shell text as BusyBox's ash does: dash's grammar with some of bash's additions."""

import re
from collections.abc import Sequence

from decnet_actors.machine.shell.parser import Parser
from decnet_actors.machine.shell.syntax import Assignment, Parameter, Part, ShellSyntaxError, Word

# Operators in braces that are bash's alone.
_FOREIGN = frozenset({"^", "^^", ",", ",,", "@", "names", "bad"})


class AshParser(Parser):
    """A parser of ash's grammar: no arrays, braces, here-strings or ``(( ))``; ``[[ ]]`` and ``${x/a/b}`` it has."""

    _redirect_at = re.compile(r"(\d*)(&>>|&>|>>|>\||>&|<<-|<<|<>|<&|<|>)")
    _assignment_at = re.compile(r"([A-Za-z_]\w*)()(\+)?=", re.ASCII)
    _has_arithmetic_commands = False

    def _braces(self, word: Word) -> Sequence[Word]:
        return (word,)

    def _assignment(self, found: re.Match[str]) -> Assignment:
        if self.text.startswith("(", found.end()):
            raise ShellSyntaxError("(", line=self.line())
        return super()._assignment(found)

    def _braced(self, *, quoted: bool) -> Part:
        part = super()._braced(quoted=quoted)
        if isinstance(part, Parameter) and (part.indirect or part.index is not None or part.operator in _FOREIGN):
            raise ShellSyntaxError("", line=self.line(), message="bad substitution")
        return part
