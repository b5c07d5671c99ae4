"""Tests of a terminal with a program behind it that a test plays."""

import asyncio
from collections import deque
from contextlib import asynccontextmanager

import pytest
from attrs import evolve

from decnet_actors.conformance.fake_machine import fake_persona
from decnet_actors.contracts.decoy import Attend, HangUp, Heed, Note, Send
from decnet_actors.contracts.fleet_driver import DriverUnreachableError
from decnet_actors.contracts.inside import File, Output
from decnet_actors.contracts.machine import Login, Pty
from decnet_actors.domain.facts import FileCaptured, LimitReached, ShellCommandSeen, TerminalSeen
from decnet_actors.machine.inside.machine import RealMachine, command_of
from decnet_actors.machine.inside.terminal import FAILED, MAX_PRINTED, MAX_TYPED

LOGIN = Login(user="ops", address="192.0.2.7", port=4000, service="ssh", local_address="192.0.2.80", local_port=22)
SHELL = evolve(LOGIN, pty=Pty(columns=90, rows=20))


class Program:
    def __init__(self) -> None:
        self.prints: deque[bytes] = deque()
        self.taken = 0
        self.input: list[bytes] = []
        self.more = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()
        self.over = self.input_ended = False
        self.size: Pty | None = None

    async def read(self):
        while not self.prints:
            if self.over:
                return None
            await self.more.wait()
            self.more.clear()
        self.taken += 1
        return Output(data=self.prints.popleft())

    async def write(self, data):
        await self.reads.wait()
        self.input.append(data)

    async def end_input(self):
        self.input_ended = True

    async def resize(self, pty):
        self.size = pty

    async def status(self):
        return 7


class Inside:
    def __init__(self) -> None:
        self.program = Program()
        self.away = False
        self.killed = self.tidied = 0
        self.files = [File(path="/tmp/x", data=b"payload")]

    @asynccontextmanager
    async def run(self, decky, command):
        if self.away:
            raise DriverUnreachableError("the engine does not answer")
        try:
            yield self.program
        finally:
            self.killed += 1

    async def tidy(self, decky):
        self.tidied += 1

    async def brought(self, decky, *, user, count, limit):
        return self.files


class Host:
    """Runs a terminal's work and takes its effects, as the hosts of sessions do."""

    def __init__(self, machine, login) -> None:
        self.terminal = machine.terminal(login)
        self.effects: list[object] = []
        self.takes = True
        *notes, attend = self.terminal.opened(0.0)
        self.effects += notes
        assert isinstance(attend, Attend)
        self.task = asyncio.get_running_loop().create_task(attend.work(self.ready))

    def ready(self):
        if self.takes:
            self.effects += self.terminal.tick(0.0)

    def facts(self, kind):
        return [effect.fact for effect in self.effects if isinstance(effect, Note) and isinstance(effect.fact, kind)]

    def sent(self):
        return b"".join(effect.data for effect in self.effects if isinstance(effect, Send))


@pytest.fixture
def inside():
    return Inside()


@pytest.fixture
def machine(inside):
    return RealMachine(fake_persona(), inside, limit=2)


async def settled():
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_program_is_served_to_its_end(machine, inside):
    host = Host(machine, evolve(LOGIN, command="cat"))
    host.terminal.received(b"in", 0.0)
    host.terminal.ended(0.0)
    await settled()
    inside.program.prints.append(b"out")
    inside.program.over = True
    inside.program.more.set()
    await host.task

    assert ([b"in"], True) == (inside.program.input, inside.program.input_ended)
    assert (b"out", 7) == (host.sent(), host.terminal.status)
    assert [ShellCommandSeen(line="cat", interactive=False, user="ops")] == host.facts(ShellCommandSeen)
    assert [("/tmp/x", 7)] == [(one.path, one.size) for one in host.facts(FileCaptured)]
    assert [b"payload"] == list(host.terminal.take_artifacts())
    assert isinstance(host.effects[-1], HangUp)
    assert (1, 1) == (inside.killed, inside.tidied)


async def test_a_command_line_is_told_before_what_it_prints(machine, inside):
    host = Host(machine, SHELL)
    host.effects += host.terminal.received(b"id\r", 0.0)
    inside.program.prints.append(b"id\r\nuid=0\r\n")
    inside.program.more.set()
    await settled()

    kinds = [type(effect.fact if isinstance(effect, Note) else effect) for effect in host.effects[1:]]
    assert [TerminalSeen, ShellCommandSeen, TerminalSeen, Send] == kinds
    host.task.cancel()


async def test_a_peer_that_takes_nothing_stops_the_program(machine, inside):
    host = Host(machine, LOGIN)
    host.takes = False
    inside.program.prints.extend([bytes(MAX_PRINTED // 4)] * 20)
    inside.program.more.set()
    await settled()
    assert inside.program.taken == 4

    host.takes = True
    host.ready()
    inside.program.over = True
    await host.task
    assert len(host.sent()) == MAX_PRINTED * 5


async def test_a_program_that_takes_nothing_holds_its_peer_up(machine, inside):
    inside.program.reads.clear()
    host = Host(machine, LOGIN)
    await settled()
    effects = [effect for _ in range(3) for effect in host.terminal.received(bytes(MAX_TYPED), 0.0)]
    assert [Heed(peer=False)] == effects

    inside.program.reads.set()
    await settled()
    assert Heed(peer=True) in host.effects
    host.task.cancel()


async def test_a_window_is_passed_on(machine, inside):
    host = Host(machine, SHELL)
    await settled()
    host.terminal.resized(Pty(columns=100, rows=30), 0.0)
    await settled()

    assert Pty(columns=100, rows=30) == inside.program.size
    host.task.cancel()


async def test_a_program_whose_peer_is_gone_is_killed_and_its_last_facts_are_told(machine, inside):
    host = Host(machine, SHELL)
    host.takes = False
    await settled()
    host.terminal.received(b"wget http://192.0.2.1/x\r", 0.0)
    host.task.cancel()
    await asyncio.wait([host.task])

    facts = [effect.fact for effect in host.terminal.closed(0.0)]
    assert [ShellCommandSeen(line="wget http://192.0.2.1/x", interactive=True, user="ops")] == [
        fact for fact in facts if isinstance(fact, ShellCommandSeen)
    ]
    assert any(isinstance(fact, FileCaptured) for fact in facts)
    assert (1, 1) == (inside.killed, inside.tidied)


async def test_there_is_room_for_so_many_and_the_last_one_tidies_up(machine, inside):
    hosts = [Host(machine, LOGIN) for _ in range(3)]
    await settled()

    assert [LimitReached(limit="programs", value=2)] == hosts[2].facts(LimitReached)
    assert (FAILED, True) == (hosts[2].terminal.status, isinstance(hosts[2].effects[-1], HangUp))
    hosts[0].task.cancel()
    await settled()
    assert inside.tidied == 0
    hosts[1].task.cancel()
    await asyncio.wait([host.task for host in hosts])
    assert inside.tidied == 1


async def test_a_program_that_cannot_run_ends_the_session(machine, inside):
    inside.away = True
    host = Host(machine, LOGIN)
    await host.task

    assert FAILED == host.terminal.status
    assert isinstance(host.effects[-1], HangUp)


async def test_what_was_told_once_is_not_told_again(machine, inside):
    first = await machine.brought("ops")
    inside.files = [*inside.files, File(path="/tmp/x", data=b"other")]

    assert [b"payload"] == [file.data for file in first]
    assert [b"other"] == [file.data for file in await machine.brought("ops")]


def test_a_shell_without_a_terminal_is_recorded_by_the_lines_it_reads(machine):
    terminal = machine.terminal(LOGIN)
    notes = [*terminal.received(b"id\nuna", 0.0), *terminal.received(b"me -a\n\n", 0.0)]

    assert ["id", "uname -a"] == [note.fact.line for note in notes]


def test_a_command_has_the_environment_of_a_log_in(machine):
    (account,) = [one for one in machine.persona.accounts if one.name == "ops"]
    command = command_of(evolve(LOGIN, command="id", environment={"LANG": "C", "HOME": "/x"}), account)

    assert ("/bin/bash", "-c", "id") == command.words[-3:]
    assert ("ops", "/home/ops", "C") == (command.user, command.environment["HOME"], command.environment["LANG"])
    assert command.environment["SSH_CONNECTION"] == "192.0.2.7 4000 192.0.2.80 22"
    assert "SSH_CLIENT" not in command_of(evolve(LOGIN, service="telnet"), account).environment
