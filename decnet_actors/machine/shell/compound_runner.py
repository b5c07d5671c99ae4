"""This module evaluates compound commands: loops, conditions, groups and subshells."""

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from decnet_actors.machine.shell import conditional, patterns
from decnet_actors.machine.shell.state import LoopJumpError, ShellState
from decnet_actors.machine.shell.streams import BREATHE, Pause, Work
from decnet_actors.machine.shell.syntax import (
    ArithmeticCommand,
    ArithmeticFor,
    Case,
    Command,
    Conditional,
    For,
    Group,
    If,
    Script,
    Subshell,
    While,
)

if TYPE_CHECKING:
    from decnet_actors.machine.shell.evaluator import Evaluator


class CompoundRunner:
    """Runs compound commands for one evaluator."""

    def __init__(self, evaluator: "Evaluator") -> None:
        self._evaluator = evaluator
        self._budget = evaluator.budget
        self._expander = evaluator.expander

    def run(self, sh: ShellState, command: Command) -> Work:
        """Run one compound command, its redirects done."""
        match command:
            case Group():
                return (yield from self._evaluator.script(sh, command.body))
            case Subshell():
                self._evaluator.enter()
                try:
                    return (yield from self._evaluator.protected(sh.copy(), command.body))
                finally:
                    self._budget.depth -= 1
            case If():
                for condition, body in command.clauses:
                    if (yield from self._condition(sh, condition)) == 0:
                        return (yield from self._evaluator.script(sh, body))
                return (yield from self._evaluator.script(sh, command.otherwise)) if command.otherwise else 0
            case While():
                return (yield from self._while(sh, command))
            case For():
                words = (
                    sh.positional if command.words is None else (yield from self._expander.fields(sh, command.words))
                )
                return (yield from self._for(sh, command, list(words)))
            case ArithmeticFor():
                return (yield from self._arithmetic_for(sh, command))
            case Case():
                return (yield from self._case(sh, command))
            case ArithmeticCommand():
                return int((yield from self._expander.number(sh, command.expression)) == 0)
            case Conditional():
                return (yield from conditional.evaluate(self._expander, sh, command.words))
            case _:
                return 0

    def _condition(self, sh: ShellState, script: Script) -> Work:
        """Run a condition: ``set -e`` does not look at it."""
        strict = "e" in sh.options
        sh.options.discard("e")
        try:
            return (yield from self._evaluator.script(sh, script))
        finally:
            if strict:
                sh.options.add("e")

    def _round(self, sh: ShellState, body: Script) -> "Generator[Pause, None, bool]":
        """Run a loop's body once; returns whether the loop goes on."""
        self._budget.step()
        if self._budget.due:
            yield BREATHE
        try:
            yield from self._evaluator.script(sh, body)
        except LoopJumpError as jump:
            if jump.levels > 1:
                raise LoopJumpError(jump.levels - 1, again=jump.again) from None
            sh.status = 0
            return jump.again
        return True

    def _while(self, sh: ShellState, command: While) -> Work:
        status = 0
        while True:
            self._budget.step()
            try:
                if ((yield from self._condition(sh, command.condition)) == 0) == command.until:
                    return status
            except LoopJumpError as jump:
                if jump.levels > 1:
                    raise LoopJumpError(jump.levels - 1, again=jump.again) from None
                return 0
            if not (yield from self._round(sh, command.body)):
                return sh.status
            status = sh.status

    def _for(self, sh: ShellState, command: For, words: Sequence[str]) -> Work:
        status = 0
        for word in words:
            sh.set(command.name, word)
            if not (yield from self._round(sh, command.body)):
                return sh.status
            status = sh.status
        return status

    def _arithmetic_for(self, sh: ShellState, command: ArithmeticFor) -> Work:
        yield from self._expander.number(sh, command.start)
        status = 0
        while True:
            if command.condition.parts and (yield from self._expander.number(sh, command.condition)) == 0:
                return status
            if not (yield from self._round(sh, command.body)):
                return sh.status
            status = sh.status
            yield from self._expander.number(sh, command.step)

    def _case(self, sh: ShellState, command: Case) -> Work:
        subject = yield from self._expander.text(sh, command.word)
        falling = False
        status = 0
        for choices, body, ending in command.arms:
            hit = falling
            if not hit:
                for choice in choices:
                    pattern = yield from self._expander.pattern(sh, choice)
                    if patterns.matches(pattern, subject):
                        hit = True
                        break
            if hit:
                sh.status = 0
                status = yield from self._evaluator.script(sh, body)
                falling = ending == ";&"
                if ending == ";;":
                    return status
        return status
