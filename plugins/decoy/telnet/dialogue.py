"""This module conducts a daemon's option negotiation, from its first byte to the moment it starts ``login``.

A BSD telnetd talks in three steps and waits for the peer between them: for an answer to each DO of its opening and the
values it then asks for; for the answer to DO NAWS (and, from a peer that knows NAWS, to DO ECHO, which no sane client
grants: it tells 4.2BSD clients from others). Then it turns its own echo on and starts ``login``.
"""

from enum import IntEnum

from decnet_actors.contracts.machine import Pty
from decnet_actors.wire.telnet import Event, Negotiation, Negotiator, Option, Subnegotiation, Verb, build
from plugins.decoy.telnet.daemons import Daemon, Requests

MAX_NOTED = 64  # options reported of one peer; there are 50 in IANA's list
MAX_TERMINAL = 40  # characters of a terminal type (RFC 1091)
MAX_ASKED = 8  # times a peer is asked for another terminal type; ours, the daemon has no limit

_NAMES: dict[int, str] = {option: option.name.replace("_", "-") for option in Option}
_SAID = {verb: tuple(f"{verb.name} {_NAMES.get(option, option)}" for option in range(256)) for verb in Verb}
_SEND, _IS = b"\x01", 0
_LINEMODE_MODE = b"\x01\x03"  # MODE EDIT|TRAPSIG (RFC 1184)
_LFLOW_RESTART_XON = b"\x03"  # RFC 1372
_SIZE_BYTES = 4
_KNOWN_TERMINALS = ("xterm", "vt", "linux", "screen", "tmux", "rxvt", "ansi", "dumb", "unknown", "putty", "cygwin")


class Step(IntEnum):
    """How far the negotiation is."""

    OPENING = 0
    VALUES = 1
    TERMINAL = 2
    DONE = 3


def opening(daemon: Daemon) -> bytes:
    """Return the daemon's first octets."""
    return b"".join(build(Negotiation(verb, option)) for verb, option in daemon.opening)


class Dialogue:
    """One negotiation, after ``opening``. Feed it what is not data; it returns the octets to send."""

    __slots__ = (
        "_asked",
        "_awaited",
        "_daemon",
        "_options",
        "_unanswered",
        "columns",
        "rows",
        "said",
        "step",
        "terminal",
    )

    def __init__(self, daemon: Daemon) -> None:
        self.step = Step.OPENING
        self.said: list[str] = []  # what the peer negotiated, in order: "DO ECHO", "WILL NAWS", "WILL 99"
        self.terminal = ""
        self.columns = 80
        self.rows = 24
        self._daemon = daemon
        self._options = Negotiator(local=daemon.local, remote=daemon.remote)
        self._awaited: set[int] = set()  # options whose value was asked for
        self._unanswered = {option for verb, option in daemon.opening if verb is Verb.DO}
        self._asked = 0
        self._request(daemon.opening)  # said when the peer connected

    @property
    def binary(self) -> bool:
        """Whether we transmit binary: no byte but 0xff is touched (RFC 856)."""
        return self._options.ours(Option.BINARY)

    @property
    def pty(self) -> Pty:
        """The terminal as the peer describes it."""
        return Pty(term=self.terminal.lower() or "network", columns=self.columns, rows=self.rows)

    def receive(self, event: Event) -> bytes:
        """Take a negotiation or subnegotiation; return the answer, and what follows once the wait is over."""
        reply = b""
        if isinstance(event, Negotiation):
            reply = self._negotiated(event)
        elif isinstance(event, Subnegotiation):
            reply = self._told(event)
        if self.step is Step.DONE or self._unanswered:
            return reply
        return reply + self._advance()

    def give_up(self) -> bytes:
        """Return everything that was still to be said to a peer that does not answer."""
        reply = b""
        self._unanswered.clear()
        if self.step < Step.TERMINAL:
            reply = self._request(self._daemon.terminal)
        if self.step < Step.DONE:
            reply += self._finish()
        return reply

    def _negotiated(self, event: Negotiation) -> bytes:
        verb, option = event.verb, event.option
        if len(self.said) < MAX_NOTED and self.step < Step.DONE:
            self.said.append(_SAID[verb][option])
        if verb is Verb.WILL or verb is Verb.WONT:
            self._unanswered.discard(option)
        if option == Option.TM:  # a mark in the stream, not a state (RFC 860)
            return build(Negotiation(Verb.WILL, option)) if verb is Verb.DO else b""
        known = self._options.theirs(option)
        reply = self._options.receive(verb, option)
        if not known and self._options.theirs(option):
            # The daemon's own oddity: it sends these two with the string's terminating NUL.
            if option == Option.LINEMODE:
                reply += build(Subnegotiation(option, _LINEMODE_MODE)) + b"\0"
            elif option == Option.LFLOW:
                reply += build(Subnegotiation(option, _LFLOW_RESTART_XON)) + b"\0"
        return reply

    def _told(self, event: Subnegotiation) -> bytes:
        option, payload = event.option, event.payload
        match option:
            case Option.NAWS if len(payload) == _SIZE_BYTES:
                self.columns = int.from_bytes(payload[:2], "big") or self.columns
                self.rows = int.from_bytes(payload[2:], "big") or self.rows
            case Option.TTYPE if payload[:1] == bytes((_IS,)):
                return self._named(payload[1 : 1 + MAX_TERMINAL].decode("ascii", "replace"))
            case Option.STATUS if payload[:1] == _SEND:
                return self._status()
            case _:
                pass
        self._awaited.discard(option)
        return b""

    def _named(self, terminal: str) -> bytes:
        """Take a terminal type; a daemon that has no entry for it asks on until the peer repeats itself (RFC 1091)."""
        again = terminal == self.terminal
        self.terminal = "".join(character if character.isprintable() else "?" for character in terminal)
        self._asked += 1
        if Option.TTYPE not in self._awaited:
            return b""
        if again or self._asked > MAX_ASKED or terminal.lower().startswith(_KNOWN_TERMINALS):
            self._awaited.discard(Option.TTYPE)
            return b""
        return build(Subnegotiation(Option.TTYPE, _SEND))

    def _status(self) -> bytes:
        """Return the list of options in force (RFC 859), as recorded from the daemon."""
        if not self._options.ours(Option.STATUS):
            return b""
        payload = bytearray((_IS,))
        for option in range(Option.NEW_ENVIRON + 1):
            if self._options.ours(option):
                payload += bytes((Verb.WILL, option))
            if self._options.theirs(option):
                payload += bytes((Verb.DO, option))
        return build(Subnegotiation(Option.STATUS, bytes(payload)))

    def _advance(self) -> bytes:
        """Return what the next steps say, for as long as nothing is waited for."""
        reply = b""
        options = self._options
        if self.step is Step.OPENING:
            wanted = [option for option in self._daemon.values if options.theirs(option)]
            self._awaited = set(wanted)
            reply = b"".join(build(Subnegotiation(option, _SEND)) for option in wanted)
            self.step = Step.VALUES
        if self.step is Step.VALUES and not self._awaited:
            self.step = Step.TERMINAL
            self._unanswered.add(Option.NAWS)
            return reply + self._request(self._daemon.terminal)
        if self.step is Step.TERMINAL:
            if options.theirs(Option.NAWS) and options.pending(Option.ECHO, ours=False):
                self._unanswered.add(Option.ECHO)
            else:
                reply += self._finish()
        return reply

    def _finish(self) -> bytes:
        """Return the last step: our echo on, the peer's off."""
        options = self._options
        self.step = Step.DONE
        reply = b""
        if options.theirs(Option.ECHO) or options.pending(Option.ECHO, ours=False):
            options.dont(Option.ECHO)
            reply = build(Negotiation(Verb.DONT, Option.ECHO))
        reply += options.will(Option.ECHO)
        linemode = options.theirs(Option.LINEMODE)
        # A peer with LINEMODE needs no timing mark, but is told at once that a login prompt is not edited by it.
        reply += self._request([one for one in self._daemon.last if not (linemode and one[1] == Option.TM)])
        return reply + options.dont(Option.LINEMODE) if linemode else reply

    def _request(self, requests: Requests) -> bytes:
        options = self._options
        said = b""
        for verb, option in requests:
            if option == Option.TM:
                said += build(Negotiation(verb, option))
            else:
                said += options.will(option) if verb is Verb.WILL else options.do(option)
        return said
