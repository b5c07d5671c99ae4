"""This module evaluates simple commands: it assigns, redirects, and hands the words to the launcher."""

import re
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from decnet_actors.machine.shell import conditional
from decnet_actors.machine.shell.dialect import redirect_words
from decnet_actors.machine.shell.quoting import quoted
from decnet_actors.machine.shell.redirects import opened
from decnet_actors.machine.shell.state import MAX_ELEMENTS, ExpansionError, ShellState, Variable
from decnet_actors.machine.shell.streams import BREATHE, Input, Pause, Work
from decnet_actors.machine.shell.syntax import Assignment, Redirect, Simple

if TYPE_CHECKING:
    from decnet_actors.machine.shell.evaluator import Evaluator


_PLACED = re.compile(r"\[([^\]]+)\]=")


class SimpleRunner:
    """Runs simple commands for one evaluator."""

    def __init__(self, evaluator: "Evaluator") -> None:
        self._evaluator = evaluator
        self._expander = evaluator.expander

    def run(self, sh: ShellState, command: Simple) -> Work:
        """Run a simple command."""
        budget = self._evaluator.budget
        budget.step()
        if budget.due:
            yield BREATHE
        sh.line = command.line
        before_status = sh.status
        argv = yield from self._expander.fields(sh, command.words)
        if not argv:
            return (yield from self._bare(sh, command, before_status))
        if "x" in sh.options:
            self._trace(sh, argv)
        sh.last_word = argv[-1]
        if not command.assignments and not command.redirects:
            return (yield from self._evaluator.launcher.run(sh, argv))
        streams = dict(sh.streams)
        saved: dict[str, Variable | None] = {}
        keep = False
        try:
            declares = argv[0] in conditional.DECLARERS
            for assignment in command.assignments:
                if not declares:
                    old = sh.variables.get(assignment.name)
                    saved.setdefault(assignment.name, old)
                    if old is not None:
                        sh.variables[assignment.name] = Variable(old.value, exported=True, elements=old.elements)
                if declares and any(word.startswith("-") and "A" in word for word in argv[1:]):
                    variable = sh.declare(assignment.name)
                    variable.elements, variable.keyed = variable.elements or {}, True
                yield from self._assign(sh, assignment, export=True if not declares else None)
            if not (yield from self.redirect(sh, command.redirects)):
                return 1
            keep = argv == ["exec"]
            return (yield from self._evaluator.launcher.run(sh, argv))
        finally:
            if not keep:
                sh.streams = streams
            for name, old in saved.items():
                if old is None:
                    sh.variables.pop(name, None)
                else:
                    sh.variables[name] = old

    def _bare(self, sh: ShellState, command: Simple, before: int) -> Work:
        """Assignments and redirects without a command."""
        has_substitution = sh.status != before
        if not has_substitution:
            sh.status = 0
        for assignment in command.assignments:
            yield from self._assign(sh, assignment)
            if "x" in sh.options and assignment.elements is None and assignment.index is None:
                value = sh.get(assignment.name) or ""
                self._evaluator.complain_raw(sh, f"+ {assignment.name}={quoted(value) if value else ''}\n")
        streams = dict(sh.streams)
        try:
            if not (yield from self.redirect(sh, command.redirects)):
                return 1
        finally:
            sh.streams = streams
        return sh.status

    def _assign(
        self, sh: ShellState, assignment: Assignment, *, export: bool | None = None
    ) -> Generator[Pause, None, None]:
        """Carry out an assignment."""
        name = assignment.name
        if assignment.elements is not None:
            yield from self._assign_array(sh, assignment)
            return
        value = yield from self._expander.text(sh, assignment.value)
        variable = sh.variables.get(name)
        if assignment.index is not None:
            index = yield from self._expander.text(sh, assignment.index)
            variable = sh.declare(name)
            if not variable.keyed:
                index = self._expander.place(sh, variable, index)
            sh.put(variable, index, ((variable.elements or {}).get(index, "") if assignment.append else "") + value)
            return
        if variable is not None and variable.integer:
            value = str(self._expander.arithmetic(sh, value))
            if assignment.append:
                value = str(self._expander.arithmetic(sh, f"{variable.value or 0}+{value}"))
        elif assignment.append:
            value = (sh.get(name) or "") + value
        sh.set(name, value, export=export)
        if export is None and "a" in sh.options:
            sh.variables[name].exported = True

    def _assign_array(self, sh: ShellState, assignment: Assignment) -> Generator[Pause, None, None]:
        variable = sh.declare(assignment.name)
        if variable.readonly:
            raise ExpansionError(f"{assignment.name}: readonly variable")
        elements = dict(variable.elements or {}) if assignment.append else {}
        if variable.keyed:
            values = yield from self._expander.fields(sh, assignment.elements or ())
            for value in values:
                key, _, text = value.removeprefix("[").partition("]=")
                elements[key] = text
        else:
            start = max((int(key) for key in elements if key.isdigit()), default=-1) + 1
            values = yield from self._expander.fields(sh, assignment.elements or ())
            for value in values[:MAX_ELEMENTS]:
                placed = _PLACED.match(value)
                if placed:
                    start, value = self._expander.arithmetic(sh, placed[1]), value[placed.end() :]  # noqa: PLW2901  its place is cut off
                elements[str(start)] = value
                start += 1
            elements = dict(sorted(elements.items(), key=lambda item: int(item[0])))
        sh.fill(variable, elements)

    def redirect(self, sh: ShellState, redirects: Sequence[Redirect]) -> "Generator[Pause, None, bool]":
        """Apply redirects to the shell's streams; on failure complain and return False."""
        for redirect in redirects:
            if redirect.body is not None:
                text = yield from self._expander.text(sh, redirect.body)
                if redirect.operator == "<<<":
                    text += "\n"
                sh.streams[redirect.fd] = Input(text.encode("utf-8", "surrogateescape"))
                continue
            names = yield from self._expander.fields(sh, (redirect.target,))
            if len(names) != 1:
                self._evaluator.complain(sh, f"{redirect.target.plain or '$x'}: ambiguous redirect")
                return False
            try:
                opened(self._evaluator.world, sh, redirect, names[0])
            except OSError as error:
                self._evaluator.complain(sh, redirect_words(sh.options, redirect.operator, names[0], error))
                return False
        return True

    def _trace(self, sh: ShellState, argv: Sequence[str]) -> None:
        stream = sh.streams.get(2)
        if stream is not None and not isinstance(stream, Input):
            stream.write(f"+ {' '.join(map(quoted, argv))}\n".encode("utf-8", "surrogateescape"))
