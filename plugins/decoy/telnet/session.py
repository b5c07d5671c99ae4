"""This module serves one telnet connection: negotiation, then ``login``, then the machine's shell."""

import random
from collections.abc import Sequence
from enum import StrEnum
from math import inf
from typing import TypeAlias

from attrs import frozen

from decnet_actors.contracts.decky_files import Author, Hand
from decnet_actors.contracts.decoy import CredentialPolicy, Effect, HangUp, Note, Send, WakeAt
from decnet_actors.contracts.machine import Login, Machine, Terminal
from decnet_actors.domain.facts import CredentialSeen, LimitReached, Outcome, TelnetClientSeen
from decnet_actors.domain.peer import Peer
from decnet_actors.wire.telnet import (
    Code,
    Command,
    Data,
    Negotiation,
    Newlines,
    Option,
    TelnetParser,
    escape,
    from_terminal,
)
from plugins.decoy.telnet.daemons import Daemon
from plugins.decoy.telnet.dialogue import Dialogue, Step
from plugins.decoy.telnet.lines import Ending, LineEditor

MAX_TYPED_AHEAD = 4096  # bytes typed before anybody reads them; N_TTY_BUF_SIZE, drivers/tty/n_tty.c
LOGIN_TIMEOUT = 60.0  # LOGIN_TIMEOUT, /etc/login.defs

# What the daemon types into the terminal for a command (BSD telnetd, state.c).
_KEYS: dict[int, bytes] = {
    Code.IP: b"\x03",
    Code.BRK: b"\x1c",
    Code.EC: b"\x7f",
    Code.EL: b"\x15",
    Code.EOF: b"\x04",
    Code.SUSP: b"\x1a",
    Code.ABORT: b"\x1c",
}
_DATA_MARK = b"\xff\xf2"

_Action: TypeAlias = bytes | Effect  # octets to send are joined at the end; see ``_joined``


class _Phase(StrEnum):
    GREETING = "greeting"  # options are negotiated; what is typed waits
    USER = "user"
    PASSWORD = "password"  # noqa: S105  a phase, not a secret
    VERDICT = "verdict"  # the refusal is held back; what is typed waits
    SHELL = "shell"
    OVER = "over"


# Bound once: to look a member up in its class costs as much as a call, and these are for each event of each peer.
_GREETING, _USER, _PASSWORD, _VERDICT, _SHELL, _OVER = _Phase
_ENTER, _END_OF_FILE, _INTERRUPT = Ending
_NEGOTIATED = Step.DONE


@frozen(kw_only=True)
class Host:
    """What all sessions of one service share."""

    daemon: Daemon
    machine: Machine
    policy: CredentialPolicy
    rng: random.Random
    opening: Send
    banner: bytes
    prompt: bytes
    failure_delay: float
    patience: float


class _Speech:
    """What it takes to understand a peer; made when it says something."""

    __slots__ = ("dialogue", "line", "newlines", "parser")

    def __init__(self, daemon: Daemon) -> None:
        self.parser = TelnetParser()
        self.newlines = Newlines()
        self.dialogue = Dialogue(daemon)
        self.line = LineEditor()


class TelnetSession:
    """One connection. See ``contracts.decoy.CapturingSession``."""

    __slots__ = (
        "_deadline",
        "_handle",
        "_host",
        "_id",
        "_peer",
        "_phase",
        "_said",
        "_terminal",
        "_tries",
        "_typed",
        "_user",
    )

    def __init__(self, host: Host, peer: Peer, session: str) -> None:
        self._host = host
        self._id = session
        self._peer = peer
        self._phase = _GREETING
        self._said: _Speech | None = None
        self._typed = b""  # ahead of whoever will read it
        self._user = b""
        self._tries = 0
        self._deadline = inf  # of the log-in
        self._terminal: Terminal | None = None
        self._handle: int | None = None

    def opened(self, now: float) -> Sequence[Effect]:
        """Return the daemon's opening."""
        host = self._host
        if not host.daemon.waits:
            self._phase = _USER
            self._deadline = now + LOGIN_TIMEOUT
            return [Send(host.opening.data + host.banner + host.prompt), WakeAt(self._deadline)]
        patience = host.patience
        return [self._host.opening, WakeAt(now + patience if patience else inf)]

    @property
    def _speech(self) -> _Speech:
        if self._said is None:
            self._said = _Speech(self._host.daemon)
        return self._said

    def received(self, data: bytes, now: float) -> Sequence[Effect]:
        """Take what the peer sent."""
        effects: list[_Action] = []
        speech = self._speech
        dialogue = speech.dialogue
        for event in speech.parser.receive(data):
            if isinstance(event, Negotiation):
                self._answer(dialogue, dialogue.negotiated(event), now, effects)
            elif isinstance(event, Data):
                self._type(speech.newlines.receive(event.data), now, effects)
            elif isinstance(event, Command):
                self._command(event.code, now, effects)
            else:
                self._answer(dialogue, dialogue.told(event), now, effects)
                if event.option == Option.NAWS and self._terminal is not None:
                    self._show(self._terminal.resized(dialogue.pty, now), effects)
            if self._phase is _OVER:
                break
        return _joined(effects)

    def ended(self, now: float) -> Sequence[Effect]:
        """The peer finished sending; the daemon hangs up on its terminal."""
        effects: list[_Action] = []
        if self._terminal is not None:
            self._show(self._terminal.ended(now), effects)
        if self._phase is not _OVER:
            self._over(effects)
        return _joined(effects)

    def tick(self, now: float) -> Sequence[Effect]:
        """The wait is over: for options, for the verdict, or for the log-in."""
        effects: list[_Action] = []
        if self._terminal is not None:
            self._show(self._terminal.tick(now), effects)
        elif self._phase is _GREETING:
            self._start_login(self._speech.dialogue.give_up(), now, effects)
        elif now >= self._deadline:
            effects += [
                self._host.daemon.late.format(seconds=LOGIN_TIMEOUT).encode(),
                Note(LimitReached(limit="login_timeout", value=int(LOGIN_TIMEOUT))),
            ]
            self._over(effects)
        elif self._phase is _VERDICT:
            self._refuse(now, effects)
        return _joined(effects)

    def closed(self, now: float) -> Sequence[Effect]:
        """The connection is gone: the shell ends, the log-in is noted as over."""
        effects: Sequence[Effect] = ()
        if self._terminal is not None and self._phase is not _OVER:
            effects = [effect for effect in self._terminal.closed(now) if isinstance(effect, Note)]
        if self._handle is not None:
            self._host.machine.logged_out(self._handle, now)
            self._handle = None
        return effects

    def take_artifacts(self) -> Sequence[bytes]:
        """Return (once) what the shell captured."""
        return () if self._terminal is None else self._terminal.take_artifacts()

    def _command(self, code: int, now: float, effects: list[_Action]) -> None:
        if code == Code.AYT:
            effects.append(self._host.daemon.alive)
        elif code == Code.AO:
            effects.append(_DATA_MARK)
        elif key := _KEYS.get(code):
            self._type(key, now, effects)

    def _answer(self, dialogue: Dialogue, reply: bytes, now: float, effects: list[_Action]) -> None:
        """Send what the dialogue says; with its last word the log-in starts."""
        if self._phase is _GREETING and dialogue.step is _NEGOTIATED:
            self._start_login(reply, now, effects)
        elif reply:
            effects.append(reply)

    def _start_login(self, reply: bytes, now: float, effects: list[_Action]) -> None:
        """Finish the negotiation with ``reply`` and show the prompt."""
        dialogue = self._speech.dialogue
        self._deadline = now + LOGIN_TIMEOUT
        seen = TelnetClientSeen(options=tuple(dialogue.said), terminal=dialogue.terminal)
        effects += [Note(seen), WakeAt(self._deadline), reply, self._host.banner]
        self._prompt(now, effects)

    def _prompt(self, now: float, effects: list[_Action]) -> None:
        self._phase = _USER
        effects.append(self._host.prompt)
        if self._typed:
            typed, self._typed = self._typed, b""
            self._type(typed, now, effects)

    def _type(self, data: bytes, now: float, effects: list[_Action]) -> None:
        """Take keystrokes."""
        if self._terminal is not None:
            self._show(self._terminal.received(data, now), effects)
            return
        position, size = 0, len(data)
        while position < size:
            phase = self._phase
            if phase is _SHELL:
                self._type(data[position:], now, effects)
                return
            if phase is not _USER and phase is not _PASSWORD:
                self._typed = (self._typed + data[position:])[:MAX_TYPED_AHEAD]
                return
            shown, position, ending = self._speech.line.take(data, position, echo=phase is _USER)
            if phase is _PASSWORD and ending is _ENTER:
                self._try(shown, now, effects)
                continue
            if shown:
                effects.append(from_terminal(shown))
            if ending is _ENTER:
                self._user = self._speech.line.finish()
                self._phase = _PASSWORD
                effects.append(b"Password: ")
            elif ending is _END_OF_FILE:
                effects.append(b"\r\n")
                self._judge(now, effects)
            elif ending is _INTERRUPT:
                effects.append(_DATA_MARK)
                self._over(effects)
                return

    def _try(self, shown: bytes, now: float, effects: list[_Action]) -> None:
        """Take a user name and a password. ``shown``, the terminal's newline, follows the fact."""
        user, secret = self._user.decode("utf-8", "backslashreplace"), self._speech.line.finish()
        accepted = self._host.policy.accepts(user, secret, service="telnet")
        outcome = Outcome.ACCEPTED if accepted else Outcome.REFUSED
        seen = CredentialSeen(user=user, secret=secret, mechanism="telnet login", outcome=outcome)
        if not self._host.daemon.waits and not self._tries:  # by now its client has said what it will
            dialogue = self._speech.dialogue
            effects.append(Note(TelnetClientSeen(options=tuple(dialogue.said), terminal=dialogue.terminal)))
        effects += [Note(seen), shown]
        if accepted:
            self._enter(user, now, effects)
        else:
            self._judge(now, effects)

    def _judge(self, now: float, effects: list[_Action]) -> None:
        """Hold the refusal back as PAM does: the delay times the mean of three draws (pam_fail_delay(3))."""
        self._phase = _VERDICT
        delay = self._host.failure_delay
        if delay <= 0:
            self._refuse(now, effects)
            return
        draw = self._host.rng.random
        when = now + delay * (0.5 + (draw() + draw() + draw()) / 3)
        effects.append(WakeAt(min(when, self._deadline)))

    def _refuse(self, now: float, effects: list[_Action]) -> None:
        self._tries += 1
        effects.append(b"\r\nLogin incorrect\r\n")
        daemon = self._host.daemon
        if self._tries >= daemon.tries:
            effects += [
                daemon.exceeded.format(tries=daemon.tries).encode(),
                Note(LimitReached(limit="login_tries", value=daemon.tries)),
            ]
            self._over(effects)
            return
        if self._host.failure_delay > 0:
            effects.append(WakeAt(self._deadline))
        self._prompt(now, effects)

    def _enter(self, user: str, now: float, effects: list[_Action]) -> None:
        self._phase = _SHELL
        peer = self._peer
        machine = self._host.machine.seen_by(Author(hand=Hand.ATTACKER, source=peer.address, session=self._id))
        self._handle = machine.logged_in(user, peer.address, now)
        self._terminal = machine.terminal(
            Login(
                user=user,
                address=peer.address,
                port=peer.port,
                service="telnet",
                local_address=peer.local_address,
                local_port=peer.local_port,
                pty=self._speech.dialogue.pty,
            )
        )
        effects.append(WakeAt(inf))
        self._show(self._terminal.opened(now), effects)

    def _show(self, shown: Sequence[Effect], effects: list[_Action]) -> None:
        """Pass the shell's effects on."""
        for effect in shown:
            match effect:
                case Send(data=data):
                    binary = self._speech.dialogue.binary
                    effects.append(escape(data) if binary else from_terminal(data))
                case HangUp():
                    self._over(effects)
                    return
                case _:
                    effects.append(effect)

    def _over(self, effects: list[_Action]) -> None:
        self._phase = _OVER
        effects.append(HangUp())


def _joined(actions: list[_Action]) -> Sequence[Effect]:
    """Return the effects, with the octets between two others as one ``Send``."""
    if not actions:
        return ()
    effects: list[Effect] = []
    octets: list[bytes] = []
    for action in actions:
        if isinstance(action, bytes):
            octets.append(action)
            continue
        if said := b"".join(octets):
            effects.append(Send(said))
        octets.clear()
        effects.append(action)
    if said := b"".join(octets):
        effects.append(Send(said))
    return effects
