"""This module is the interactive shell: prompt, line, run, again, until it is left."""

from collections.abc import Generator
from typing import TYPE_CHECKING

from decnet_actors.domain.facts import ShellCommandSeen
from decnet_actors.machine.shell.context import MAX_HISTORY, World, clean
from decnet_actors.machine.shell.dialect import parser_of
from decnet_actors.machine.shell.prompt import paste_mode, prompt
from decnet_actors.machine.shell.state import (
    BudgetSpentError,
    ExitShellError,
    ExpansionError,
    InterruptedShellError,
    LoopJumpError,
    ReturnError,
    ShellState,
)
from decnet_actors.machine.shell.streams import BREATHE, ClosedPipeError, Input, Pause, Work
from decnet_actors.machine.shell.syntax import AndOr, Script, ShellSyntaxError

if TYPE_CHECKING:
    from decnet_actors.machine.shell.evaluator import Evaluator

MAX_PENDING = 65_536  # characters of one command, over all its lines
MAX_LINES = 400  # lines of one command: each new one may parse them all again
MAX_PARSED = 1_000_000  # characters parsed for one command, over all its lines


def seen(world: World, sh: ShellState, text: str) -> None:
    """Record a command line."""
    line = clean(text[:MAX_PENDING])
    world.note(ShellCommandSeen(line=line, interactive=sh.interactive, cwd=clean(sh.cwd), user=clean(sh.user)))


def show_prompt(evaluator: "Evaluator", sh: ShellState, *, continued: bool) -> None:
    """Write the prompt; a shell that reads no terminal has none."""
    if sh.interactive:
        bracket = "\x1b[?2004h" if paste_mode(evaluator.world, sh) else ""
        evaluator.complain_raw(sh, bracket + ("> " if continued else prompt(evaluator.world, sh)))


def farewell(sh: ShellState) -> str:
    """Return what an interactive shell writes as its input ends."""
    if "dash" in sh.options:
        return "\n"
    return "logout\n" if sh.login else "exit\n"


class InteractiveShell:
    """Reads lines from a shell's standard input and runs each."""

    def __init__(self, evaluator: "Evaluator", sh: ShellState) -> None:
        self.evaluator = evaluator
        self.world = evaluator.world
        self.sh = sh
        self._awaited = ""  # the quote or here-document's end without which the command cannot be complete
        self._parsed = 0  # characters, for this command

    def run(self) -> Work:
        """Run until the shell is left."""
        sh = self.sh
        stdin = sh.streams.get(0)
        if not isinstance(stdin, Input):
            return 0
        pending = ""
        while True:
            try:
                line = yield from self._typed_line(stdin, continued=bool(pending))
                if not line:
                    if pending and stdin.terminal:
                        self.evaluator.complain(sh, "syntax error: unexpected end of file")
                        pending = ""
                        continue
                    self.evaluator.complain_raw(sh, farewell(sh) if stdin.terminal else "")
                    return sh.status
                text = line.decode("utf-8", "surrogateescape").replace("\0", "")
                if not pending:
                    self._awaited, self._parsed = "", 0
                pending += text
                if self._awaited and self._awaited not in text and self._may_grow(pending):
                    continue
                script = yield from self._complete(pending)
                if script is None:
                    continue
                pending = ""
                yield from self._run_line(script)
            except ExitShellError as leave:
                return leave.status
            except InterruptedShellError:
                pending = ""
                sh.status = 130
                self.evaluator.complain_raw(sh, "\n")

    def _typed_line(self, stdin: Input, *, continued: bool) -> Generator[Pause, None, bytes]:
        world, sh = self.world, self.sh
        self._report_jobs()
        yield from world.capture(everything=False)
        world.echo = True
        world.at_prompt, world.front = True, sh
        show_prompt(self.evaluator, sh, continued=continued)
        try:
            line = yield from stdin.read_line()
        finally:
            world.at_prompt = False
        if paste_mode(world, sh):
            self.evaluator.complain_raw(sh, "\x1b[?2004l\r")
        self.world.budget.renew()
        text = line.decode("utf-8", "surrogateescape").rstrip("\n")
        if text.strip():
            seen(self.world, sh, text)
            if len(world.history) < MAX_HISTORY and not text.startswith(" "):
                world.history.append(text[:4096])
        return line

    def _complete(self, pending: str) -> Generator[Pause, None, Script | None]:
        """Return the program typed so far, ``None`` if it is not complete; empty if it is wrong and complained of."""
        self._parsed += len(pending)
        items: list[AndOr] = []
        try:
            for line in parser_of(self.sh.options)(pending, more=True).lines():
                items += line.items
                if self.world.budget.due:
                    yield BREATHE
            return Script(tuple(items))
        except BudgetSpentError:
            self.evaluator.complain_raw(self.sh, "Killed\n")
            self.sh.status = 137
            return Script(())
        except ShellSyntaxError as error:
            if error.incomplete and self._parsed < MAX_PARSED and self._may_grow(pending):
                self._awaited = "" if error.closing in {")", "}"} else error.closing
                return None
            self.evaluator.syntax_error(self.sh, pending, error)
            self.sh.status = 2
            return Script(())

    def _may_grow(self, pending: str) -> bool:
        return len(pending) < MAX_PENDING and pending.count("\n") < MAX_LINES

    def _run_line(self, script: Script) -> Generator[Pause, None, None]:
        """Run one line of an interactive shell: what fails in it leaves the shell alive."""
        sh = self.sh
        try:
            sh.status = yield from self.evaluator.script(sh, script)
        except ExpansionError as error:
            sh.status = self.evaluator.expansion_error(sh, error)
        except (ReturnError, LoopJumpError, ClosedPipeError):
            sh.status = 1
        except BudgetSpentError:
            self.world.budget.renew()
            self.evaluator.complain_raw(sh, "Killed\n")
            sh.status = 137
        except RecursionError:  # our own stack is the bound of last resort
            self.evaluator.complain_raw(sh, "Segmentation fault\n")
            sh.status = 139
        self.world.budget.depth = 0 if sh.login else self.world.budget.depth

    def _report_jobs(self) -> None:
        sh = self.sh
        for job in [job for job in self.world.jobs if job.done]:
            self.world.jobs.remove(job)
            if sh.interactive:
                state = "Done" if job.status == 0 else f"Exit {job.status}"
                self.evaluator.complain_raw(sh, f"[{job.number}]+  {state:<23} {job.text}\n")
