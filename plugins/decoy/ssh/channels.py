"""This module runs what a peer asks for in a session channel: a shell, one command, sftp or scp.

All of them are programs with the shape of ``contracts.machine.Terminal``: bytes in, effects out. Their replies wait
for the facts that explain them, and the peer is not read while they wait.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

import asyncssh
from asyncssh.channel import SSHServerChannel
from asyncssh.packet import SSHPacket, UInt32
from attrs import evolve
from msgspec.structs import replace

from decnet_actors.contracts.decoy import Attend, Effect, HangUp, Heed, Note, Send, WakeAt
from decnet_actors.contracts.machine import Login, Pty, Terminal
from decnet_actors.domain.facts import FileCaptured, ForwardRequested, ShellCommandSeen, TerminalResized, TerminalSeen
from plugins.decoy.ssh.scp import Scp, scp_of
from plugins.decoy.ssh.sftp import Sftp
from plugins.decoy.ssh.transport import MAX_SESSIONS, SshTransport

WINDOW = 2 * 1024 * 1024  # bytes; CHAN_SES_WINDOW_DEFAULT, channels.h. Before a program runs the window is closed
PACKET = 32 * 1024  # bytes; CHAN_SES_PACKET_DEFAULT, channels.h
MAX_ENVIRONMENT = 32  # variables taken of one session; a client with every LC_* sends 13
MAX_VALUE = 1024  # bytes of a variable
MAX_COLUMNS = 10_000  # of a terminal; a real one has a few hundred
MAX_COMMAND = 256 * 1024  # bytes; the longest packet anyhow

_MSG_WINDOW_ADJUST = 93


class SessionChannel(SSHServerChannel[bytes]):
    """A channel that answers requests as sshd does (``session.c``, session_input_channel_req)."""

    def __init__(self, connection: SshTransport) -> None:
        loop = connection.daemon.loop
        super().__init__(connection, loop, True, False, False, 0, 0, None, "strict", 0, PACKET)  # noqa: FBT003  the library's signature
        self.environment: dict[str, str] = {}
        self._connection = connection

    @property
    def number(self) -> int:
        """Our number of the channel, 0 for the first."""
        return self._recv_chan or 0

    def log_received_packet(self, *_ignored: object) -> None:
        """Nothing about packets is logged."""

    def open_window(self) -> None:
        """Let the peer send, now that something will read."""
        self._init_recv_window = self._recv_window = WINDOW
        self.send_packet(_MSG_WINDOW_ADJUST, UInt32(WINDOW))

    def leave(self, status: int) -> None:
        """End the channel as sshd does: end of file, status, close."""
        self.write_eof()
        self.exit(status)

    def _process_env_request(self, packet: SSHPacket) -> bool:
        """Take a variable that Debian's ``AcceptEnv LANG LC_*`` lets through."""
        name, value = packet.get_string(), packet.get_string()
        packet.check_end()
        if name != b"LANG" and not name.startswith(b"LC_"):
            return False
        if len(self.environment) < MAX_ENVIRONMENT and len(name) + len(value) <= MAX_VALUE:
            self.environment[name.decode("ascii", "replace")] = value.decode("utf-8", "replace")
        return True

    def _process_exec_request(self, packet: SSHPacket) -> bool:
        command = packet.get_string()
        packet.check_end()
        return self._start_session(command=command.decode("utf-8", "backslashreplace"))

    def _process_subsystem_request(self, packet: SSHPacket) -> bool:
        subsystem = packet.get_string()
        packet.check_end()
        return self._start_session(subsystem=subsystem.decode("utf-8", "backslashreplace"))

    def _process_x11_req_request(self, packet: SSHPacket) -> bool:
        """Refuse, as a server without xauth does."""
        packet.get_remaining_payload()
        self._connection.note(ForwardRequested(kind="x11", host="", port=0))
        return False

    def _process_auth_agent_req_at_openssh_dot_com_request(self, packet: SSHPacket) -> bool:  # type: ignore[override]  # as above
        """Agree, and never use it."""
        packet.check_end()
        self._connection.note(ForwardRequested(kind="auth-agent", host="", port=0))
        return True


class ProgramSession(asyncssh.SSHServerSession[bytes]):
    """One session: starts a program and carries its effects."""

    def __init__(self, connection: SshTransport, channel: SessionChannel) -> None:
        self._connection = connection
        self._channel = channel
        self._program: Terminal | None = None
        self._pty: Pty | None = None
        self._pending: deque[Effect] = deque()
        self._artifacts: list[bytes] = []
        self._unsettled = False  # a fact was noted that the next reply must wait for
        self._settling = False
        self._stalled = False  # the peer does not take what we write
        self._heedless = False  # the program has no room for input
        self._due = False  # time came meanwhile
        self._cancel: Callable[[], object] | None = None  # ends what is done beside the program
        self._gone = False  # the channel
        self._timer: asyncio.TimerHandle | None = None
        self._handle: int | None = None
        self._settler: asyncio.Task[None] | None = None  # owned and reaped by the connection

    # requests

    def pty_requested(self, term_type: str, term_size: Any, term_modes: Any) -> bool:  # Any: the library's own types
        """Take the terminal."""
        del term_modes  # echo and line editing are the machine's, whatever the client wishes
        columns, rows = min(term_size[0], MAX_COLUMNS), min(term_size[1], MAX_COLUMNS)
        self._pty = Pty(term=term_type[:40] or "dumb", columns=columns or 80, rows=rows or 24)
        return True

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        """Pass a new size on."""
        del pixwidth, pixheight
        if self._pty is not None:
            columns, rows = min(width, MAX_COLUMNS), min(height, MAX_COLUMNS)
            self._pty = evolve(self._pty, columns=columns or 80, rows=rows or 24)
            if self._program is not None:
                self._perform(self._program.resized(self._pty, self._now()))

    def shell_requested(self) -> bool:
        """Start the login shell."""
        return self._start(self._connection.machine.terminal(self._login(None)))

    def exec_requested(self, command: str) -> bool:
        """Start one command; ``scp`` is a program of ours where the machine's own are."""
        login = self._login(command)
        machine = self._connection.machine
        arguments = scp_of(command)
        if arguments is None or not machine.simulated:
            return self._start(machine.terminal(login))
        self._connection.note(ShellCommandSeen(line=command, interactive=False, user=login.user))
        self._unsettled = True
        return self._start(Scp(arguments, machine, login.user))

    def subsystem_requested(self, subsystem: str) -> bool:
        """Start sftp; there is no other subsystem."""
        if subsystem != "sftp":
            return False
        machine = self._connection.machine
        login = self._login(None)
        release = self._connection.daemon.release
        if not machine.simulated or not release.sftp:
            return self._start(machine.terminal(self._login(release.sftp_server)))
        return self._start(Sftp(machine, login.user, release.sftp))

    def session_started(self) -> None:
        """The request was granted: run."""
        if self._program is not None:
            self._perform(self._program.opened(self._now()))

    # the program's input

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Pass input on."""
        del datatype
        if self._program is not None:
            self._perform(self._program.received(data, self._now()))

    def eof_received(self) -> bool:
        """Pass the end of input on; the channel stays open for output."""
        if self._program is not None:
            self._perform(self._program.ended(self._now()))
        return True

    def break_received(self, msec: int) -> bool:
        """Ignore a break: sshd sends one to the terminal only where the kernel can."""
        del msec
        return False

    def pause_writing(self) -> None:
        """The peer does not take what it asked for: do nothing more for it."""
        self._stalled = True
        self._channel.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._stalled = False
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """The channel is gone: the program ends, its last facts are kept."""
        del exc
        if self._timer is not None:
            self._timer.cancel()
        self._pending.clear()
        self._gone = True
        if self._cancel is None:
            self._close()
        else:
            self._cancel()

    def _beside_over(self) -> None:
        """What was done beside the program is over."""
        self._cancel = None
        if self._gone:
            self._close()

    def _close(self) -> None:
        program = self._program
        if program is not None:
            for effect in program.closed(self._now()):
                if isinstance(effect, Note):
                    self._note(effect)
            self._program = None
        if self._artifacts:
            self._settler = self._connection.create_task(self._keep())
        if self._handle is not None:
            self._connection.machine.logged_out(self._handle, self._now())
            self._handle = None

    # its effects

    def _start(self, program: Terminal) -> bool:
        self._program = program
        if self._pty is not None:
            peer = self._connection.log.peer
            user = self._connection.user
            self._handle = self._connection.machine.logged_in(user, peer.address, self._now())
        self._channel.open_window()
        return True

    def _perform(self, effects: Sequence[Effect]) -> None:
        self._pending.extend(effects)
        if not self._settling:
            self._carry_out()

    def _carry_out(self) -> None:
        """Do what is pending, up to the first reply that must wait."""
        pending = self._pending
        while pending:
            effect = pending[0]
            if self._unsettled and isinstance(effect, (Send, HangUp)):
                self._settling = True
                self._channel.pause_reading()
                self._settler = self._connection.create_task(self._settle())
                return
            pending.popleft()
            match effect:
                case Note():
                    self._note(effect)
                case Send(data=data, is_error=is_error):
                    with contextlib.suppress(OSError):  # the peer closed the channel meanwhile
                        self._channel.write(data, asyncssh.EXTENDED_DATA_STDERR if is_error else None)
                case WakeAt(when=when):
                    self._wake_at(when)
                case Attend(work=work):
                    self._cancel = self._connection.log.attend(work, self._tick, self._beside_over)
                case Heed(peer=peer):
                    self._heed(peer=peer)
                case HangUp():
                    pending.clear()
                    self._finish()

    def _note(self, note: Note) -> None:
        fact = note.fact
        number = self._channel.number
        if number and isinstance(fact, (TerminalSeen, TerminalResized)):
            fact = replace(fact, channel=number)
        self._connection.note(fact)
        self._unsettled = self._unsettled or fact.barrier
        if isinstance(fact, FileCaptured) and self._program is not None:
            self._artifacts += self._program.take_artifacts()

    async def _settle(self) -> None:
        await self._keep()
        await self._connection.settled()
        self._settling = self._unsettled = False
        self._carry_out()
        if self._program is not None:
            self._go_on()

    def _heed(self, *, peer: bool) -> None:
        self._heedless = not peer
        if peer:
            self._connection.daemon.loop.call_soon(self._go_on)  # the program is in the middle of a call
        else:
            self._channel.pause_reading()

    def _go_on(self) -> None:
        """Serve what waited, as far as nothing else is in the way."""
        if self._gone or self._settling or self._stalled:
            return
        if not self._heedless:
            self._channel.resume_reading()
        self._tick_if_due()

    async def _keep(self) -> None:
        while self._artifacts:
            await self._connection.daemon.artifacts.keep(self._artifacts[0])
            del self._artifacts[0]

    def _finish(self) -> None:
        """The program has exited."""
        program = self._program
        if program is None:
            return
        self._wake_at(inf)
        self._program = None
        with contextlib.suppress(OSError):  # the peer closed the channel meanwhile
            self._channel.leave(program.status)

    def _wake_at(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if when < inf:
            wait = max(0.0, when - self._now())
            self._timer = self._connection.daemon.loop.call_later(wait, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._settling or self._stalled:
            self._due = True
        elif self._program is not None:
            self._perform(self._program.tick(self._now()))

    def _tick_if_due(self) -> None:
        if self._due:
            self._due = False
            self._tick()

    def _login(self, command: str | None) -> Login:
        peer = self._connection.log.peer
        return Login(
            user=self._connection.user,
            address=peer.address,
            port=peer.port,
            service="ssh",
            local_address=peer.local_address,
            local_port=peer.local_port,
            pty=self._pty,
            command=command,
            environment=self._channel.environment,
        )

    def _now(self) -> float:
        return self._connection.log.now()


class SshConnection(SshTransport):
    """A connection with sessions."""

    def _process_session_open(self, packet: SSHPacket) -> Any:  # Any: the library's pair of channel and session
        """Open a session channel, up to sshd's limit."""
        packet.check_end()
        if len(self._channels) >= MAX_SESSIONS:
            raise asyncssh.ChannelOpenError(2, "")
        channel = SessionChannel(self)
        return channel, ProgramSession(self, channel)
