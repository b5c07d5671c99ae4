"""This module is the terminal of ``contracts.machine``: it drives one shell and turns its doings into effects."""

import math
from collections.abc import Sequence
from itertools import groupby

from decnet_actors.contracts.decoy import Effect, HangUp, Note, Send, WakeAt
from decnet_actors.contracts.machine import Login, Pty
from decnet_actors.domain.facts import Direction, TerminalResized, TerminalSeen
from decnet_actors.machine.banner import banner
from decnet_actors.machine.shell.completion import complete
from decnet_actors.machine.shell.context import Job, World
from decnet_actors.machine.shell.evaluator import Evaluator
from decnet_actors.machine.shell.interactive import show_prompt
from decnet_actors.machine.shell.start import new_shell
from decnet_actors.machine.shell.state import BudgetSpentError, InterruptedShellError, ShellState
from decnet_actors.machine.shell.streams import Breathe, CallSink, ClosedPipeError, Input, NeedInput, Pause, Sleep, Work
from decnet_actors.machine.tty import Interrupt, LineEditor, Redraw

MAX_TYPE_AHEAD = 1 << 20  # bytes typed while a command runs, or pasted: a script as a here-document
MAX_COMMAND = 131_072  # bytes of a command to execute: MAX_ARG_STRLEN
MAX_RESUMES = 2000  # resumptions in one call: a bound should a command never pause for good
BREATHS = (0.01, 0.05)  # seconds between slices: the first ones, and those of programs that go on and on
HUNG_UP = 129  # the status of what SIGHUP ends
JOB_BREATH = 0.2  # seconds between slices of a job in the background


class ShellTerminal:
    """Implements ``contracts.machine.Terminal``.

    Args:
        world: what its shells share.
        login: who logged in, and how.

    """

    def __init__(self, world: World, login: Login) -> None:
        self.status = 0
        self.directory = ""  # where the shell begins; empty for the user's home
        self._world = world
        self._login = login
        self._pty = login.pty
        self._out: list[Send] = []
        self._typed = bytearray()
        self._stdin = Input(live=True)
        self._work: Work | None = None
        self._waiting = False  # for input
        self._fresh = False  # something arrived since the shell began to wait
        self._wake = -math.inf
        self._asked = math.inf  # the latest WakeAt given
        self._breaths = 0
        self._since = 0.0  # when the line that runs began
        self._cut = False  # the slice ended before the shell paused
        self._leaving = False  # only captures what the shell left behind
        self._over = False

    def opened(self, now: float) -> Sequence[Effect]:
        world, login = self._world, self._login
        world.at(now)
        world.started = self._since = now
        tty = CallSink(self._print)
        error = tty if self._pty is not None else CallSink(self._complain)
        self._stdin.terminal = self._pty is not None
        self._evaluator = Evaluator(world)
        sh = new_shell(world, login, self._stdin, tty, error)
        self._sh = sh
        if self.directory:
            sh.cwd = self.directory
            sh.set("PWD", sh.cwd, export=True)
        if self._pty is not None:
            world.tty = tty
            self._editor = LineEditor(self._echo, history=world.history)
            self._editor.complete = lambda text: complete(world, world.front or sh, text)
            world.note(TerminalResized(columns=self._pty.columns, rows=self._pty.rows, term=self._pty.term[:64]))
        if login.command is None:
            if self._pty is not None:
                self._print(banner(world, login).encode())
            self._work = self._life(self._evaluator.login(sh))
        else:
            self._work = self._life(self._command(sh, login.command))
        return self._pump(now)

    def received(self, data: bytes, now: float) -> Sequence[Effect]:
        if self._over:
            return ()
        self._world.at(now)
        if self._pty is None:
            self._stdin.feed(data)
            self._fresh = True
            return self._pump(now)
        self._world.note(TerminalSeen(direction=Direction.IN, data=data))
        if not self._waiting and (b"\x03" in data or b"\x1c" in data):
            self._typed.clear()
            data = data[max(data.rfind(b"\x03"), data.rfind(b"\x1c")) + 1 :]
            self._print(b"^C")
            self._interrupt()
        room = MAX_TYPE_AHEAD - len(self._typed)
        self._typed += data[:room]
        return self._pump(now)

    def ended(self, now: float) -> Sequence[Effect]:
        if self._over:
            return ()
        self._world.at(now)
        self._stdin.terminal = False
        self._stdin.end()
        return self._pump(now)

    def closed(self, now: float) -> Sequence[Effect]:
        effects = self.ended(now)
        if not self._over:
            if self._work is not None:
                self._work.close()
            self._end_jobs()
            self._finish(HUNG_UP)
        return effects

    def tick(self, now: float) -> Sequence[Effect]:
        if self._over:
            return ()
        self._world.at(now)
        self._asked = math.inf
        return self._pump(now)

    def resized(self, pty: Pty, now: float) -> Sequence[Effect]:
        if self._over:
            return ()
        self._world.at(now)
        self._world.columns, self._world.rows = pty.columns, pty.rows
        self._world.note(TerminalResized(columns=pty.columns, rows=pty.rows, term=pty.term[:64]))
        return self._effects()

    def take_artifacts(self) -> Sequence[bytes]:
        taken = tuple(self._world.artifacts)
        self._world.artifacts.clear()
        return taken

    def _command(self, sh: ShellState, text: str) -> Work:
        if len(text) > MAX_COMMAND:
            self._evaluator.complain_raw(sh, f"{self._world.persona.shell}: Argument list too long\n")
            return 126
        return (yield from self._evaluator.one_command(sh, text))

    def _life(self, work: Work) -> Work:
        """Run the shell to its end, whatever that is, then capture what it left behind."""
        try:
            status = (yield from work) & 0xFF
        except InterruptedShellError:
            status = 130
        except ClosedPipeError:
            status = 141
        except BudgetSpentError:
            status = 137
        except RecursionError:  # our own stack is the bound of last resort; the shell dies of it as bash does
            status = 139
        self._leaving = True
        self._end_jobs()
        yield from self._world.capture(everything=True)
        return status

    def _end_jobs(self) -> None:
        for job in self._world.jobs:
            job.work.close()
        self._world.jobs.clear()

    def _print(self, data: bytes) -> None:
        """Take what the shell writes."""
        self._world.budget.wrote(len(data))
        self._out.append(Send(data.replace(b"\n", b"\r\n") if self._pty is not None else data))

    def _complain(self, data: bytes) -> None:
        """Take what the shell writes to standard error, where there is no terminal for both."""
        self._world.budget.wrote(len(data))
        self._out.append(Send(data, is_error=True))

    def _echo(self, data: bytes) -> None:
        """Take what the keyboard's echo writes: it counts for the slice, not for the program."""
        self._world.budget.slice_output += len(data)
        self._out.append(Send(data))

    def _pump(self, now: float) -> Sequence[Effect]:
        """Run the shell, and the jobs behind it, as far as they go now and within one slice."""
        self._world.budget.breathed()
        self._advance_jobs(now, before=-math.inf if self._waiting else self._wake)
        self._run(now)
        self._advance_jobs(now, before=math.inf)
        return self._effects()

    def _run(self, now: float) -> None:
        """Resume the shell until it pauses, or the slice is used up."""
        self._cut = False
        for _ in range(MAX_RESUMES):
            if self._work is None:
                break
            if self._world.budget.due:
                self._cut = True
                break
            if self._waiting:
                if not self._keys():
                    break
            elif self._wake > now:
                break
            self._step(now)

    def _step(self, now: float) -> None:
        """Resume the shell once."""
        self._waiting = False
        self._wake = -math.inf
        if self._work is None:
            return
        if self._world.at_prompt:
            self._since, self._breaths = now, 0
        elif now - self._since > self._world.budget.limits.seconds and not self._leaving:
            self._throw(BudgetSpentError())
            return
        self._resumed(self._work, None, now)

    def _throw(self, error: Exception) -> None:
        if self._work is not None and not self._leaving:
            self._waiting = False
            self._wake = -math.inf
            self._resumed(self._work, error, self._world.now)

    def _interrupt(self) -> None:
        self._editor.reset()
        self._throw(InterruptedShellError())

    def _resumed(self, work: Work, error: Exception | None, now: float) -> None:
        try:
            pause = next(work) if error is None else work.throw(error)
        except StopIteration as stop:
            self._finish(int(stop.value))
        else:
            self._paused(pause, now)

    def _paused(self, pause: Pause, now: float) -> None:
        if isinstance(pause, Sleep):
            self._wake = now + max(pause.seconds, 0.0)
        elif isinstance(pause, Breathe):
            self._breaths += 1
            self._wake = now + BREATHS[self._breaths > 20]  # noqa: PLR2004  a fifth of a second of patience
        else:
            self._waiting = True
            self._wake = math.inf

    def _advance_jobs(self, now: float, *, before: float) -> None:
        """Resume the jobs that are due, the one that has waited longest first, while the slice lasts."""
        due = [job for job in self._world.jobs if not job.done and job.wake <= now and job.wake < before]
        for job in sorted(due, key=lambda job: job.wake):
            if self._world.budget.due:
                break
            if not job.done:  # by one that ran before it
                self._advance(job, now)

    def _advance(self, job: Job, now: float) -> None:
        """Resume a job in the background."""
        try:
            pause = next(job.work)
        except StopIteration as stop:
            job.done, job.status = True, int(stop.value)
        except (BudgetSpentError, RecursionError):
            job.done, job.status = True, 137
        else:
            job.wake = now + (
                pause.seconds if isinstance(pause, Sleep) else JOB_BREATH if isinstance(pause, Breathe) else math.inf
            )
            if isinstance(pause, NeedInput):
                job.done, job.status = True, 149

    def _keys(self) -> bool:
        """Feed what was typed to the reader; returns whether the shell can go on."""
        if self._pty is None:
            fresh, self._fresh = self._fresh, False
            return fresh or self._stdin.eof
        if self._stdin.eof:
            return True
        editor, world = self._editor, self._world
        if world.raw:
            self._stdin.feed(bytes(self._typed))
            fresh = bool(self._typed)
            self._typed.clear()
            return fresh
        editor.plain = not world.at_prompt
        editor.echo = world.echo
        for index, byte in enumerate(self._typed):
            if world.budget.due:
                del self._typed[:index]
                self._cut = True
                return False
            key = editor.key(byte)
            if key is None:
                continue
            if isinstance(key, Redraw):
                show_prompt(self._evaluator, world.front or self._sh, continued=False)
                self._out.append(Send(key.text))
                continue
            del self._typed[: index + 1]
            if isinstance(key, Interrupt):
                self._print(key.character.encode())
                self._throw(InterruptedShellError())
                return self._work is not None and not self._waiting
            if key.data:
                self._stdin.feed(key.data)
            else:
                self._stdin.end()
            return True
        self._typed.clear()
        return False

    def _finish(self, status: int) -> None:
        self.status = status
        self._work = None
        self._over = True
        self._wake = math.inf
        self._let_go()

    def _let_go(self) -> None:
        """Drop what was held: the parts of a shell know one another, and the collector would find them late."""
        world = self._world
        world.tty = world.front = None
        for store in (world.history, world.dropped, world.captured, self._typed):
            store.clear()
        self._stdin = Input()
        if self._pty is not None:
            self._editor.complete = None
        del self._sh, self._evaluator

    def _effects(self) -> Sequence[Effect]:
        world = self._world
        effects: list[Effect] = [Note(fact) for fact in world.notes]
        world.notes.clear()
        for is_error, run in groupby(self._out, lambda one: one.is_error):
            data = b"".join(one.data for one in run)
            if self._pty is not None:
                effects.append(Note(TerminalSeen(direction=Direction.OUT, data=data)))
            effects.append(Send(data, is_error=is_error))
        self._out.clear()
        if self._over:
            effects.append(HangUp())
            return effects
        wake = self._wake
        if self._waiting:
            more = self._cut and (self._typed or self._fresh or self._stdin.eof)
            wake = -math.inf if more else math.inf
        wake = min([wake, *(job.wake for job in world.jobs if not job.done)])
        if wake != self._asked:
            self._asked = wake
            effects.append(WakeAt(max(wake, world.now)))
        return effects
