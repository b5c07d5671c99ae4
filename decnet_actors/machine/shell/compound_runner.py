"""This module evaluates compound commands: loops, conditions, groups and subshells."""

import re
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from decnet_actors.machine.shell import conditional, patterns
from decnet_actors.machine.shell.quoting import quoted
from decnet_actors.machine.shell.state import ExpansionError, LoopJumpError, ShellState
from decnet_actors.machine.shell.streams import BREATHE, Input, Pause, Work
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


MAX_REPLY = 4096  # bytes of what ``select`` is answered


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
                return (yield from self._arithmetic(sh, command))
            case Conditional():
                if "x" in sh.options:
                    self._evaluator.complain_raw(
                        sh, f"+ [[ {' '.join(word.plain or '' for word in command.words)} ]]\n"
                    )
                return (yield from conditional.evaluate(self._expander, sh, command.words))
            case _:
                return 0

    def _arithmetic(self, sh: ShellState, command: ArithmeticCommand) -> Work:
        """Run ``(( ))``: what is wrong in it is said, and only it fails."""
        text = yield from self._expander.text(sh, command.expression)
        if "x" in sh.options:
            self._evaluator.complain_raw(sh, f"+ (( {text.strip()} ))\n")
        try:
            return int(self._expander.arithmetic(sh, text) == 0)
        except ExpansionError as error:
            self._evaluator.complain(sh, f"((: {error}")
            return 1

    def _condition(self, sh: ShellState, script: Script) -> Work:
        """Run a condition: ``set -e`` does not look at it."""
        sh.unwatched += 1
        try:
            return (yield from self._evaluator.script(sh, script))
        finally:
            sh.unwatched -= 1

    def _round(self, sh: ShellState, body: Script) -> "Generator[Pause, None, bool]":
        """Run a loop's body once; returns whether the loop goes on."""
        self._budget.step()
        if self._budget.due:
            yield BREATHE
        sh.loops += 1
        try:
            yield from self._evaluator.script(sh, body)
        except LoopJumpError as jump:
            if jump.levels > 1 and sh.loops > 1:
                raise LoopJumpError(jump.levels - 1, again=jump.again) from None
            sh.status = 0
            return jump.again
        finally:
            sh.loops -= 1
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
        if not re.fullmatch(r"[A-Za-z_]\w*", command.name, re.ASCII):
            sh.line = command.line
            self._evaluator.complain(sh, f"`{command.name}': not a valid identifier")
            return 1
        if command.asks:
            return (yield from self._select(sh, command, words))
        status = 0
        for word in words:
            if "x" in sh.options:
                self._evaluator.complain_raw(sh, f"+ for {command.name} in {' '.join(map(quoted, words))}\n")
            sh.set(command.name, word)
            if not (yield from self._round(sh, command.body)):
                return sh.status
            status = sh.status
        return status

    def _select(self, sh: ShellState, command: For, words: Sequence[str]) -> Work:
        """Let the peer choose from a list, again and again (``select``)."""
        stdin = sh.streams.get(0)
        if not words or not isinstance(stdin, Input):
            return 0
        listed = "".join(f"{number}) {word}\n" for number, word in enumerate(words, 1))
        shown = True
        while True:
            prompt = sh.get("PS3")
            self._evaluator.complain_raw(sh, (listed if shown else "") + ("#? " if prompt is None else prompt))
            line = yield from stdin.read_line()
            if not line:
                self._evaluator.complain_raw(sh, "\n")
                return 1
            reply = line[:MAX_REPLY].decode("utf-8", "surrogateescape").strip()
            shown = not reply
            if shown:
                continue
            number = int(reply[:6]) if reply.isdecimal() else 0
            sh.set("REPLY", reply)
            sh.set(command.name, words[number - 1] if 0 < number <= len(words) else "")
            if not (yield from self._round(sh, command.body)):
                return sh.status

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
