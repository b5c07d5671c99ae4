import asyncio
import random

import asyncssh
import pytest
from attrs import evolve

from decnet_actors.conformance.fake_machine import FakeMachine, FakeTerminal
from decnet_actors.conformance.fakes import NOW, FakeJournal
from decnet_actors.contracts.decoy import HangUp, Note, Send, WakeAt
from decnet_actors.domain.facts import (
    CommandSeen,
    Direction,
    FileCaptured,
    ForwardRequested,
    SessionClosed,
    SessionCrashed,
    ShellCommandSeen,
    TerminalResized,
    TerminalSeen,
)
from decnet_actors.machine import generate, make_machine
from tests.plugins.decoy.ssh.serving import client, served, ssh_deps


class Scripted(FakeTerminal):
    """A terminal that shows what it was given."""

    def __init__(self, login) -> None:
        super().__init__(login)
        self.login = login
        self.ticks = 0

    def opened(self, now):
        command = self.login.command
        if command == "env":
            text = ",".join(f"{name}={value}" for name, value in sorted(self.login.environment.items()))
            return [Send(text.encode()), HangUp()]
        if command == "fail":
            self.status = 3
            return [HangUp()]
        if command == "sleep":
            return [Send(b"a"), WakeAt(now + 0.02)]
        if command == "wget":
            note = FileCaptured(path="/tmp/x", sha256="0" * 64, size=1, direction=Direction.IN, mechanism="wget")
            return [Note(note), Send(b"saved\n"), HangUp()]
        if command == "yes":
            return [Send(b"y" * 5_000_000)]
        if command == "crash":
            raise ZeroDivisionError
        pty = self.login.pty
        seen = [Note(TerminalResized(columns=pty.columns, rows=pty.rows, term=pty.term))] if pty else []
        return [*seen, *super().opened(now)]

    def tick(self, now):
        self.ticks += 1
        return [Send(b"b"), HangUp()]

    def resized(self, pty, now):
        return [Send(b"%dx%d" % (pty.columns, pty.rows))]

    def take_artifacts(self):
        return (b"x",)


class Machine(FakeMachine):
    def terminal(self, login):
        return Scripted(login)


@pytest.fixture
def deps():
    deps = ssh_deps()
    return evolve(deps, machine=Machine(deps.persona))


async def test_a_command_is_run_recorded_and_its_status_told(deps):
    async with served(deps) as found, client(found) as connection:
        done = await connection.run("uname")

        assert ("uname\n", 0) == (done.stdout, done.exit_status)
        assert 3 == (await connection.run("fail")).exit_status
        assert [ShellCommandSeen(line="uname", interactive=False, cwd="/root", user="root")] == found.journal.of(
            ShellCommandSeen
        )


async def test_no_output_before_the_command_is_durable(deps):
    journal = FakeJournal()
    async with served(deps, journal=journal) as found, client(found) as connection:
        journal.held = True
        task = asyncio.get_running_loop().create_task(connection.run("uname"))
        await found.until_facts(ShellCommandSeen)
        await asyncio.sleep(0.05)

        assert not task.done()
        journal.commit()

        assert "uname\n" == (await task).stdout
        journal.held = False


async def test_a_shell_in_a_terminal_is_counted_as_a_log_in(deps):
    async with served(deps) as found, client(found) as connection:
        async with connection.create_process(term_type="xterm-256color", term_size=(132, 43)) as process:
            assert "$ " == await process.stdout.read(2)
            assert isinstance(deps.machine, FakeMachine)
            assert {1: "root"} == deps.machine.logins
            process.change_terminal_size(80, 25)

            assert "80x25" == await process.stdout.read(5)
            process.stdin.write("id\n")

            assert "id\r\n$ " == await process.stdout.readuntil("$ ")
            process.stdin.write("exit\n")
            await process.wait()
        assert [
            TerminalResized(columns=132, rows=43, term="xterm-256color"),
        ] == found.journal.of(TerminalResized)
        await found.until(lambda: not deps.machine.logins)


async def test_a_second_channel_has_its_number(deps):
    async with (
        served(deps) as found,
        client(found) as connection,
        connection.create_process(term_type="xterm"),
        connection.create_process(term_type="vt100"),
    ):
        await found.until_facts(TerminalResized, 2)

        assert [0, 1] == [fact.channel for fact in found.journal.of(TerminalResized)]


async def test_only_harmless_variables_are_taken(deps):
    async with served(deps) as found, client(found) as connection:
        done = await connection.run(
            "env", env={"LANG": "C", "LC_ALL": "x", "LD_PRELOAD": "/evil", "LC_BIG": "y" * 2000}
        )

        assert "LANG=C,LC_ALL=x" == done.stdout


async def test_time_passes_in_a_command(deps):
    async with served(deps) as found, client(found) as connection:
        assert "ab" == (await connection.run("sleep")).stdout


async def test_what_a_command_captured_is_kept_before_it_answers(deps):
    async with served(deps) as found, client(found) as connection:
        assert "saved\n" == (await connection.run("wget")).stdout
        assert [b"x"] == list(deps.artifacts.kept.values())


async def test_output_nobody_takes_stops_the_program(deps):
    async with served(deps) as found, client(found) as connection:
        process = await connection.create_process("yes", window=1024)
        await found.until(lambda: True)
        process.close()

        assert "hi\n" == (await connection.run("hi")).stdout


async def test_a_crash_of_ours_is_a_fact_and_ends_one_connection(deps):
    async with served(deps) as found, client(found) as other:
        async with client(found) as connection:
            assert (await connection.run("crash")).exit_status is None
        (crash,) = await found.until_facts(SessionCrashed)

        assert crash.error.startswith("ZeroDivisionError test_channels.py:")
        assert "hi\n" == (await other.run("hi")).stdout


async def test_an_unknown_subsystem_is_refused(deps):
    async with served(deps) as found, client(found) as connection:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.create_process(subsystem="netconf")


async def test_the_eleventh_session_is_refused(deps):
    async with served(deps) as found, client(found) as connection:
        for _ in range(10):
            await connection.create_process(term_type="xterm")
        with pytest.raises(asyncssh.ChannelOpenError) as refused:
            await connection.create_process(term_type="xterm")

        assert (2, "open failed") == (refused.value.code, refused.value.reason)


async def test_x11_and_agent_forwarding_are_recorded(deps):
    async with served(deps) as found, client(found, agent_forwarding=True) as connection:
        await connection.run("x")
        channel = await connection.create_process()
        channel.channel._send_request(b"x11-req", b"\0", b"\0\0\0\1a", b"\0\0\0\1b", bytes(4))
        await found.until(lambda: len(found.journal.of(ForwardRequested)))

        assert "x11" in {fact.kind for fact in found.journal.of(ForwardRequested)}


async def test_sftp_and_scp_see_the_same_files(deps, tmp_path):
    local = tmp_path / "dropper"
    local.write_bytes(b"#!/bin/sh\n")
    async with served(deps) as found, client(found) as connection:
        async with connection.start_sftp_client() as sftp:
            await sftp.put(str(local), "/tmp/dropper")

            assert ["dropper"] == [name for name in await sftp.listdir("/tmp") if name not in {".", ".."}]
            back = tmp_path / "back"
            await sftp.get("/tmp/dropper", str(back))

            assert local.read_bytes() == back.read_bytes()
        await asyncssh.scp((connection, "/tmp/dropper"), str(tmp_path / "again"))

        assert local.read_bytes() == (tmp_path / "again").read_bytes()
        await asyncssh.scp(str(local), (connection, "/tmp/second"))

        assert local.read_bytes() == deps.machine.files.read("/tmp/second")
        assert ["sftp", "scp"] == [fact.mechanism for fact in found.journal.of(FileCaptured)]
        assert [local.read_bytes()] == list(deps.artifacts.kept.values())
        assert "OPEN" == found.journal.of(CommandSeen)[0].verb
        assert "scp -f /tmp/dropper" == found.journal.of(ShellCommandSeen)[0].line


async def test_an_upload_cut_short_is_still_kept(deps):
    async with served(deps) as found:
        async with client(found) as connection:
            sftp = await connection.start_sftp_client()
            handle = await sftp.open("/tmp/half", "wb")
            await handle.write(b"half a dropper")
            connection.abort()
        await found.until_facts(SessionClosed)
        (seen,) = found.journal.of(FileCaptured)
        await found.until(lambda: deps.artifacts.kept)

        assert {seen.sha256: b"half a dropper"} == deps.artifacts.kept


async def test_terminal_recordings_name_their_channel(deps):
    class Recording(Scripted):
        def opened(self, now):
            return [Note(TerminalSeen(direction=Direction.OUT, data=b"$ ")), Send(b"$ ")]

    class Recorder(FakeMachine):
        def terminal(self, login):
            return Recording(login)

    async with (
        served(evolve(deps, machine=Recorder(deps.persona))) as found,
        client(found) as connection,
        connection.create_process(term_type="xterm") as one,
        connection.create_process(term_type="xterm") as two,
    ):
        await one.stdout.read(2)
        await two.stdout.read(2)

        assert [0, 1] == sorted(fact.channel for fact in found.journal.of(TerminalSeen))


async def test_errors_of_the_machines_programs_are_told_from_output_where_there_is_no_terminal():
    persona = generate(7, "web01", "10.0.0.5", NOW, distribution="debian:12")
    deps = evolve(ssh_deps(persona=persona), machine=make_machine(persona, random.Random(1)))
    async with served(deps) as found, client(found) as connection:
        apart = await connection.run("ls /nope; echo out")
        together = await connection.run("ls /nope; echo out", term_type="xterm")

    wrong = "ls: cannot access '/nope': No such file or directory\n"
    assert ("out\n", wrong) == (apart.stdout, apart.stderr)
    assert (wrong + "out\n").replace("\n", "\r\n") == together.stdout
