"""This module evaluates the syntax tree: generators that suspend, under a budget, on one machine."""

from collections.abc import Generator, Sequence

from decnet_actors.machine.shell.compound_runner import CompoundRunner
from decnet_actors.machine.shell.context import Context, Job, World
from decnet_actors.machine.shell.dialect import expansion_words, parser_of, syntax_words
from decnet_actors.machine.shell.expand import Expander
from decnet_actors.machine.shell.interactive import InteractiveShell, seen
from decnet_actors.machine.shell.launch import Launcher
from decnet_actors.machine.shell.simple_runner import SimpleRunner
from decnet_actors.machine.shell.state import (
    BudgetSpentError,
    ExitShellError,
    ExpansionError,
    LoopJumpError,
    ReturnError,
    ShellState,
)
from decnet_actors.machine.shell.streams import BREATHE, ClosedPipeError, Input, Pause, PipeEnd, Sink, Work
from decnet_actors.machine.shell.syntax import (
    AndOr,
    ArithmeticCommand,
    Command,
    Conditional,
    Function,
    Pipeline,
    Script,
    ShellSyntaxError,
    Simple,
    Subshell,
)

MAX_PROGRAM = 65_536  # characters parsed at once, during which nobody else is served
PARSED_A_STEP = 8  # characters that cost as much as running a command does
_CHECKED = (Simple, Subshell, Conditional, ArithmeticCommand)  # whose failure ``set -e`` and ``ERR`` look at
MAX_SUBSTITUTION = 1 << 20  # bytes of output a command substitution keeps


class Evaluator:
    """Runs scripts for one terminal."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.budget = world.budget
        self.expander = Expander(world, self._capture)
        self.launcher = Launcher(self)
        self._compound = CompoundRunner(self)
        self._simple = SimpleRunner(self)

    def prefix(self, sh: ShellState) -> str:
        """Return what the shell puts before its messages."""
        name = sh.parsing_name or sh.name
        if sh.interactive or sh.old_style or ("ash" in sh.options and sh.command_string):
            return f"{name}: "
        if "dash" in sh.options and "ash" not in sh.options:
            return f"{name}: {sh.line}: "
        return f"{name}: line {sh.line}: "

    def complain(self, sh: ShellState, message: str) -> None:
        """Write a message of the shell to standard error."""
        stream = sh.streams.get(2)
        if stream is not None and not isinstance(stream, Input):
            stream.write(f"{self.prefix(sh)}{message}\n".encode("utf-8", "surrogateescape"))

    def expansion_error(self, sh: ShellState, error: ExpansionError) -> int:
        """Write what the shell says of an expansion that failed; returns the status of its line."""
        self.complain(sh, expansion_words(sh.options, str(error)))
        return 2 if "dash" in sh.options else 1

    def run_text(self, sh: ShellState, text: str, *, outermost: bool = False) -> Work:
        """Parse and run a program in a shell; syntax errors go to standard error as bash writes them.

        A line of the outermost text that cannot be expanded is given up, and the next one runs.

        Raises:
            BudgetSpentError: it is longer than we parse at once, or than the line has left.

        """
        if len(text) > MAX_PROGRAM:
            raise BudgetSpentError
        self.budget.step(len(text) // PARSED_A_STEP)
        lines = parser_of(sh.options)(text).lines()
        status = 0
        while True:
            try:
                line = next(lines)
            except StopIteration:
                return status
            except ShellSyntaxError as error:
                self.syntax_error(sh, text, error)
                sh.status = 2
                return 2
            if self.budget.due:
                yield BREATHE
            if not line.items:
                continue
            try:
                status = yield from self.script(sh, line)
            except ExpansionError as error:
                if not outermost or error.status != 1 or "dash" in sh.options:
                    raise
                sh.status = status = self.expansion_error(sh, error)

    def lines(self, sh: ShellState, text: str) -> Work:
        """Run a whole program to its end, as a shell of its own does."""
        try:
            status = yield from self.run_text(sh, text, outermost=True)
        except ExitShellError as leave:
            status = leave.status
        except ExpansionError as error:
            self.expansion_error(sh, error)
            status = 2 if "dash" in sh.options else error.status
        except ReturnError as back:
            status = back.status
        except LoopJumpError:
            status = 0
        sh.status = status
        return (yield from self._leaving(sh))

    def _leaving(self, sh: ShellState) -> Work:
        """Run what ``trap ... EXIT`` asked for; returns the shell's status."""
        status = sh.status
        text = sh.traps.pop("EXIT", "")
        if text:
            try:
                yield from self.run_text(sh, text)
            except (ExitShellError, ReturnError) as leave:
                status = leave.status
            except (ExpansionError, LoopJumpError):
                status = 1
        return status

    def is_terminal(self, sink: Sink) -> bool:
        """Return whether output goes to the peer's terminal."""
        return self.world.tty is not None and sink is self.world.tty

    def one_command(self, sh: ShellState, text: str) -> Work:
        """Run a command given at log-in (``ssh host command``)."""
        seen(self.world, sh, text)
        status = yield from self.lines(sh, text)
        yield from self.world.capture(everything=True)
        return status

    def login(self, sh: ShellState) -> Work:
        """Run the log-in shell until it is left."""
        sh.login = True
        return (yield from self.interactive(sh))

    def interactive(self, sh: ShellState) -> Work:
        """Run an interactive shell until it is left."""
        return InteractiveShell(self, sh).run()

    def complain_raw(self, sh: ShellState, text: str) -> None:
        """Write to standard error as it is."""
        stream = sh.streams.get(2)
        if stream is not None and not isinstance(stream, Input):
            stream.write(text.encode("utf-8", "surrogateescape"))

    def syntax_error(self, sh: ShellState, text: str, error: ShellSyntaxError) -> None:
        """Write what the shell says of a syntax error."""
        sh.line = error.line
        if "dash" in sh.options:
            self.complain(sh, syntax_words(sh.options, error))
            return
        if sh.command_string:
            sh.parsing_name, sh.old_style = f"{sh.name}: -c", False
        if error.message or error.closing:
            self.complain(sh, error.message or f"unexpected EOF while looking for matching `{error.closing}'")
            if error.closing == '"' and sh.old_style:
                self.complain(sh, "syntax error: unexpected end of file")
            return
        if error.incomplete:
            sh.line = text.count("\n") + 2 if not text.endswith("\n") else text.count("\n") + 1
            self.complain(sh, "syntax error: unexpected end of file")
            return
        self.complain(sh, f"syntax error near unexpected token `{error.token}'")
        if not sh.interactive:
            lines = text.split("\n")
            self.complain(sh, f"`{lines[min(error.line, len(lines)) - 1]}'")

    def script(self, sh: ShellState, script: Script) -> Work:
        """Run a list of commands; returns the last status."""
        for item in script.items:
            if "n" in sh.options and not sh.interactive:
                return 0
            if item.background:
                self._background(sh, item)
                continue
            status = yield from self._and_or(sh, item)
            sh.status = status
        return sh.status

    def protected(self, sh: ShellState, script: Script) -> Work:
        """Run a script to its end whatever leaves it: exit, a failed expansion, a stray ``break``."""
        try:
            status = yield from self.script(sh, script)
        except ExitShellError as leave:
            status = leave.status
        except ExpansionError as error:
            status = self.expansion_error(sh, error)
        except ReturnError as back:
            status = back.status
        except LoopJumpError:
            status = 0
        sh.status = status
        return status

    def _and_or(self, sh: ShellState, item: AndOr) -> Work:
        status = yield from self._unwatched(sh, item.first, watched=not item.rest)
        for index, (operator, pipeline) in enumerate(item.rest):
            if (status == 0) == (operator == "&&"):
                sh.status = status
                status = yield from self._unwatched(sh, pipeline, watched=index == len(item.rest) - 1)
        return status

    def _unwatched(self, sh: ShellState, pipeline: Pipeline, *, watched: bool) -> Work:
        """Run a pipeline; ``set -e`` and ``trap ... ERR`` look at it, and all it calls, only if it is watched."""
        if watched and not pipeline.negated:
            return (yield from self._pipeline(sh, pipeline))
        sh.unwatched += 1
        try:
            return (yield from self._pipeline(sh, pipeline))
        finally:
            sh.unwatched -= 1

    def _pipeline(self, sh: ShellState, pipeline: Pipeline) -> Work:
        commands = pipeline.commands
        started = self.world.now
        if len(commands) > 1:
            status = yield from self._piped(sh, commands)
        else:
            status = yield from self.command(sh, commands[0])
            sh.statuses = (status,)
        if pipeline.timed:
            self._times(sh, self.world.now - started, posix=pipeline.timed == "-p")
        if pipeline.negated:
            return 0 if status else 1
        if status and not sh.unwatched and isinstance(commands[-1], _CHECKED):
            yield from self._failed(sh, status)
        return status

    def _failed(self, sh: ShellState, status: int) -> Generator[Pause, None, None]:
        """A command failed that nothing looks at: ``trap ... ERR`` runs, ``set -e`` ends the shell."""
        text = sh.traps.get("ERR")
        if text and not sh.locals_stack:
            sh.status = status
            yield from self.trapped(sh, text)
        if "e" in sh.options:
            raise ExitShellError(status)

    def trapped(self, sh: ShellState, text: str) -> Generator[Pause, None, None]:
        """Run what a trap holds; the status stays what it was."""
        before = sh.status
        self.enter()
        try:
            yield from self.run_text(sh, text)
        finally:
            self.budget.depth -= 1
        sh.status = before

    def _piped(self, sh: ShellState, commands: Sequence[Command]) -> Work:
        stdin = sh.streams.get(0)
        statuses: list[int] = []
        for index, command in enumerate(commands):
            inner = sh.copy()
            if stdin is not None:
                inner.streams[0] = stdin
            pipe = None
            if index < len(commands) - 1:
                pipe = PipeEnd()
                inner.streams[1] = pipe
            statuses.append((yield from self.contained(inner, command)))
            if pipe is not None:
                stdin = Input(pipe.data)
        sh.statuses = tuple(statuses)
        if "pipefail" in sh.options:
            return next((status for status in reversed(statuses) if status), 0)
        return statuses[-1]

    def contained(self, sh: ShellState, command: Command) -> Work:
        """Run a command in a subshell of its own: nothing it raises passes but the end of the budget."""
        self.enter()
        try:
            return (yield from self.command(sh, command))
        except ExitShellError as leave:
            return leave.status
        except ClosedPipeError:
            return 141
        except ExpansionError as error:
            return self.expansion_error(sh, error)
        except ReturnError as back:
            return back.status
        except LoopJumpError:
            return 0
        finally:
            self.budget.depth -= 1

    def enter(self) -> None:
        """Go one level deeper.

        Raises:
            BudgetSpentError: it is too deep.

        """
        self.budget.depth += 1
        if self.budget.depth > self.budget.limits.depth:
            self.budget.depth -= 1
            raise BudgetSpentError

    def _capture(self, sh: ShellState, script: Script) -> Generator[Pause, None, bytes]:
        inner = sh.copy()
        pipe = PipeEnd(MAX_SUBSTITUTION)
        inner.streams[1] = pipe
        self.enter()
        try:
            sh.status = yield from self.protected(inner, script)
        except ClosedPipeError:
            sh.status = 141
        finally:
            self.budget.depth -= 1
        return bytes(pipe.data)

    def _background(self, sh: ShellState, item: AndOr) -> None:
        world = self.world
        inner = sh.copy()
        inner.streams[0] = Input()
        inner.interactive = False
        pid = world.fork()
        sh.last_background = pid
        sh.status = 0
        if len(world.jobs) >= self.budget.limits.background:
            self.complain(sh, "fork: retry: Resource temporarily unavailable")
            return
        number = max((job.number for job in world.jobs), default=0) + 1
        foreground = AndOr(item.first, item.rest, text=item.text)
        world.jobs.append(Job(number, pid, item.text, self._job(inner, Script((foreground,)))))
        stream = sh.streams.get(2)
        if sh.interactive and stream is not None and not isinstance(stream, Input):
            stream.write(f"[{number}] {pid}\n".encode())

    def _job(self, sh: ShellState, script: Script) -> Work:
        try:
            return (yield from self.protected(sh, script))
        except ClosedPipeError:
            return 141

    def command(self, sh: ShellState, command: Command) -> Work:
        """Run one command of any kind."""
        if isinstance(command, Simple):
            return (yield from self._simple.run(sh, command))
        self.budget.step()
        if self.budget.due:
            yield BREATHE
        if isinstance(command, Function):
            sh.define(command)
            return 0
        if command.redirects:
            before = dict(sh.streams)
            try:
                if not (yield from self._simple.redirect(sh, command.redirects)):
                    return 1
                return (yield from self._compound.run(sh, command))
            finally:
                sh.streams = before
        return (yield from self._compound.run(sh, command))

    def call(self, sh: ShellState, name: str, body: Command, args: Sequence[str]) -> Work:
        """Call a function."""
        positional, sh.positional = sh.positional, list(args)
        sh.locals_stack.append({})
        sh.calls.append(name)
        self.enter()
        try:
            return (yield from self.command(sh, body))
        except ReturnError as back:
            return back.status
        finally:
            self.budget.depth -= 1
            sh.positional = positional
            for local, old in sh.locals_stack.pop().items():
                if old is None:
                    sh.variables.pop(local, None)
                else:
                    sh.variables[local] = old
            sh.calls.pop()

    def context(self, sh: ShellState, argv: Sequence[str]) -> Context:
        """Return what a command gets."""
        return Context(self, sh, argv)

    def _times(self, sh: ShellState, real: float, *, posix: bool) -> None:
        stream = sh.streams.get(2)
        if stream is not None and not isinstance(stream, Input):
            minutes, seconds = divmod(real + 0.002, 60)
            if posix:
                stream.write(f"real {real:.2f}\nuser 0.00\nsys 0.00\n".encode())
                return
            stream.write(f"\nreal\t{int(minutes)}m{seconds:.3f}s\nuser\t0m0.001s\nsys\t0m0.001s\n".encode())
