"""This module is the terminal of ``contracts.machine`` with a real program behind it.

The program runs beside the session (``contracts.decoy.Attend``). What it prints waits here until the session takes it,
and then the program waits; what the peer types waits here until the program takes it, and then the peer does.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

from decnet_actors.contracts.decoy import Attend, Effect, HangUp, Heed, Note, Send
from decnet_actors.contracts.inside import Command, File, Output, Program
from decnet_actors.contracts.machine import Login, Pty
from decnet_actors.domain.facts import (
    Direction,
    Fact,
    FileCaptured,
    LimitReached,
    ShellCommandSeen,
    TerminalResized,
    TerminalSeen,
)
from decnet_actors.machine.inside.lines import MAX_LINE, Lines
from supervisors.log import get_logger

if TYPE_CHECKING:
    from decnet_actors.machine.inside.machine import RealMachine

MAX_PRINTED = 64 * 1024  # bytes that wait for the peer before the program does
MAX_TYPED = 64 * 1024  # bytes that wait for the program before the peer does
MECHANISM = "left inside"  # how a file came: by whatever the peer ran
ENDED = 0.02  # seconds between two looks at whether a program that prints no more has ended
FAILED = 255  # the status when no program could be run
_END_OF_FILE = b"\x04"
log = get_logger(__name__)


class ProgramTerminal:
    """Implements ``contracts.machine.Terminal``.

    Args:
        machine: where the program runs.
        login: who logged in, and how.
        command: what is run.

    """

    def __init__(self, machine: "RealMachine", login: Login, command: Command) -> None:
        self.status = 0
        self._machine = machine
        self._login = login
        self._command = command
        self._pty = login.pty
        self._lines = Lines(login.pty.columns) if login.pty is not None else None
        self._notes: list[Fact] = []
        self._printed: list[Output] = []
        self._typed: deque[bytes] = deque()
        self._line = b""  # of input that is no terminal's
        self._size = 0  # bytes in ``_typed``
        self._held = False  # the peer waits until there is room
        self._input_ended = False
        self._resized = False
        self._taken, self._given = asyncio.Event(), asyncio.Event()
        self._artifacts: list[bytes] = []
        self._over = False

    def opened(self, now: float) -> Sequence[Effect]:
        del now
        login = self._login
        effects: list[Effect] = []
        if self._pty is not None:
            effects.append(
                Note(TerminalResized(columns=self._pty.columns, rows=self._pty.rows, term=self._pty.term[:64]))
            )
        if login.command is not None:
            effects.append(Note(ShellCommandSeen(line=login.command, interactive=False, user=login.user)))
        return [*effects, Attend(self._run)]

    def received(self, data: bytes, now: float) -> Sequence[Effect]:
        del now
        effects: list[Effect] = []
        if self._lines is not None:
            effects.append(Note(TerminalSeen(direction=Direction.IN, data=data)))
            self._lines.typed(data)
        elif self._login.command is None:
            effects += map(Note, self._read(data))
        self._typed.append(data)
        self._size += len(data)
        self._given.set()
        if self._size > MAX_TYPED and not self._held:
            self._held = True
            effects.append(Heed(peer=False))
        return effects

    def ended(self, now: float) -> Sequence[Effect]:
        if self._pty is not None:
            return self.received(_END_OF_FILE, now)
        self._input_ended = True
        self._given.set()
        return ()

    def closed(self, now: float) -> Sequence[Effect]:
        self._over = True
        return [effect for effect in self.tick(now) if isinstance(effect, Note)]

    def tick(self, now: float) -> Sequence[Effect]:
        del now
        effects: list[Effect] = []
        for output in self._joined():
            if self._lines is not None:
                effects += map(self._told, self._lines.printed(output.data))
                effects.append(Note(TerminalSeen(direction=Direction.OUT, data=output.data)))
            effects.append(Send(output.data, output.is_error))
        effects += map(Note, self._notes)
        self._notes.clear()
        self._taken.set()
        if self._held and self._size <= MAX_TYPED // 2:
            self._held = False
            effects.append(Heed(peer=True))
        if self._over:
            if self._lines is not None:
                effects += map(self._told, self._lines.rest())
            effects.append(HangUp())
        return effects

    def resized(self, pty: Pty, now: float) -> Sequence[Effect]:
        del now
        if self._lines is None:
            return ()
        self._pty, self._resized = pty, True
        self._lines.screen.resize(pty.columns)
        self._given.set()
        return [Note(_size_of(pty))]

    def take_artifacts(self) -> Sequence[bytes]:
        taken, self._artifacts = self._artifacts, []
        return taken

    # what is done beside the session

    async def _run(self, ready: Callable[[], None]) -> None:
        """Run the program to its end; cancelled, kill it. Then keep what it left."""
        try:
            async with AsyncExitStack() as leaving:
                if not await leaving.enter_async_context(self._machine.room()):
                    self._notes.append(LimitReached(limit="programs", value=self._machine.limit))
                    self.status = FAILED
                    return
                leaving.push_async_callback(self._keep)
                program = await leaving.enter_async_context(
                    self._machine.inside.run(self._machine.decky, self._command)
                )
                self.status = await self._served(program, ready)
        except (OSError, ValueError) as error:
            self.status = FAILED
            log.warning("inside.not_run", decky=self._machine.decky, error=str(error))
        finally:
            self._over = True
            ready()

    async def _served(self, program: Program, ready: Callable[[], None]) -> int:
        """Carry input and output until the program ends; return its status."""
        try:
            async with asyncio.TaskGroup() as tasks:
                feeding = tasks.create_task(self._feed(program, ready))
                await self._listen(program, ready)
                feeding.cancel()
        except ExceptionGroup as group:
            raise group.exceptions[0] from group
        status = await program.status()
        while status is None:  # it has closed its output, which is not its end
            await asyncio.sleep(ENDED)
            status = await program.status()
        return status

    async def _listen(self, program: Program, ready: Callable[[], None]) -> None:
        """Take what the program prints, as the peer takes it."""
        while (output := await program.read()) is not None:
            self._printed.append(output)
            self._taken.clear()
            ready()
            while sum(len(one.data) for one in self._printed) >= MAX_PRINTED:
                await self._taken.wait()
                self._taken.clear()

    async def _feed(self, program: Program, ready: Callable[[], None]) -> None:
        """Give the program what the peer sends, as it takes it."""
        with suppress(ConnectionResetError):  # it has ended
            while True:
                if self._resized and self._pty is not None:
                    self._resized = False
                    await program.resize(self._pty)
                while self._typed:
                    data = self._typed.popleft()
                    await program.write(data)
                    self._size -= len(data)
                    if self._held:
                        ready()
                if self._input_ended:
                    await program.end_input()
                    return
                await self._given.wait()
                self._given.clear()

    async def _keep(self) -> None:
        """Find what was brought, and not seen before."""
        for file in await self._machine.brought(self._login.user):
            self._artifacts.append(file.data)
            self._notes.append(_captured(file))

    # notes

    def _told(self, line: str) -> Note:
        return Note(ShellCommandSeen(line=line, interactive=True, user=self._login.user))

    def _read(self, data: bytes) -> list[Fact]:
        """Return the lines that a shell without a terminal reads."""
        *lines, rest = (self._line + data).split(b"\n")
        self._line = rest[:MAX_LINE]
        texts = [line[:MAX_LINE].decode("utf-8", "backslashreplace").strip() for line in lines]
        return [ShellCommandSeen(line=text, interactive=False, user=self._login.user) for text in texts if text]

    def _joined(self) -> list[Output]:
        """Return (once) what was printed, as one piece where it goes one way."""
        printed, self._printed = self._printed, []
        joined: list[Output] = []
        for output in printed:
            if joined and joined[-1].is_error == output.is_error:
                joined[-1] = Output(data=joined[-1].data + output.data, is_error=output.is_error)
            else:
                joined.append(output)
        return joined


def _size_of(pty: Pty) -> TerminalResized:
    return TerminalResized(columns=pty.columns, rows=pty.rows, term=pty.term[:64])


def _captured(file: File) -> FileCaptured:
    return FileCaptured(
        path=file.path,
        sha256=hashlib.sha256(file.data).hexdigest(),
        size=len(file.data),
        direction=Direction.IN,
        mechanism=MECHANISM,
    )
