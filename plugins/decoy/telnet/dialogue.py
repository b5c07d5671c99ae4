"""This module conducts a daemon's option negotiation, from its first byte to the moment it starts ``login``.

A BSD telnetd talks in three steps and waits for the peer between them: for an answer to each DO of its opening and the
values it then asks for; for the answer to DO NAWS (and, from a peer that knows NAWS, to DO ECHO, which no sane client
grants: it tells 4.2BSD clients from others). Then it turns its own echo on and starts ``login``.
"""

from enum import IntEnum

from decnet_actors.contracts.machine import Pty
from decnet_actors.wire.telnet import Negotiation, Negotiator, Option, Subnegotiation, Verb, build
from plugins.decoy.telnet.daemons import Daemon, Requests

MAX_NOTED = 64  # options reported of one peer; there are 50 in IANA's list
MAX_TERMINAL = 40  # characters of a terminal type (RFC 1091)
MAX_ASKED = 8  # times a peer is asked for another terminal type; ours, the daemon has no limit

_NAMES: dict[int, str] = {option: option.name.replace("_", "-") for option in Option}
_SAID = {verb: tuple(f"{verb.name} {_NAMES.get(option, option)}" for option in range(256)) for verb in Verb}
_SEND, _IS = b"\x01", 0
_MARK = build(Negotiation(Verb.DO, Option.TM))
_MARKED = build(Negotiation(Verb.WILL, Option.TM))
_NO_ECHO = build(Negotiation(Verb.DONT, Option.ECHO))
_SIZE_BYTES = 4
_KNOWN_TERMINALS = ("xterm", "vt", "linux", "screen", "tmux", "rxvt", "ansi", "dumb", "unknown", "putty", "cygwin")


class Step(IntEnum):
    """How far the negotiation is."""

    OPENING = 0
    VALUES = 1
    TERMINAL = 2
    DONE = 3


# Bound once: to look a member up in its class costs as much as a call, and these are for each option of each peer.
_OPENING, _VALUES, _TERMINAL, _DONE = Step
_WILL, _WONT, _DO = Verb.WILL, Verb.WONT, Verb.DO
_ECHO, _TM, _NAWS, _LFLOW, _LINEMODE = Option.ECHO, Option.TM, Option.NAWS, Option.LFLOW, Option.LINEMODE


def opening(daemon: Daemon) -> bytes:
    """Return the daemon's first octets."""
    return b"".join(build(Negotiation(verb, option)) for verb, option in daemon.opening)


class Dialogue:
    """One negotiation, after ``opening`` was said. Feed it what is not data; it returns the octets to send."""

    __slots__ = (
        "_asked",
        "_awaited",
        "_daemon",
        "_flow_untold",
        "_options",
        "_unanswered",
        "columns",
        "rows",
        "said",
        "step",
        "terminal",
    )

    def __init__(self, daemon: Daemon) -> None:
        self.step = _OPENING if daemon.waits else _DONE
        self.said: list[str] = []  # what the peer negotiated, in order: "DO ECHO", "WILL NAWS", "WILL 99"
        self.terminal = ""
        self.columns = 80
        self.rows = 24
        self._daemon = daemon
        self._options = Negotiator(local=daemon.local, remote=daemon.remote, offered=daemon.offered, asked=daemon.asked)
        self._awaited: set[int] = set()  # options whose value was asked for
        self._unanswered = set(daemon.asked)
        self._asked = 0
        self._flow_untold = False  # of a peer that agreed to LFLOW early

    @property
    def binary(self) -> bool:
        """Whether we transmit binary: no byte but 0xff is touched (RFC 856)."""
        return self._options.ours(Option.BINARY)

    @property
    def pty(self) -> Pty:
        """The terminal as the peer describes it."""
        return Pty(term=self.terminal.lower() or "network", columns=self.columns, rows=self.rows)

    def negotiated(self, event: Negotiation) -> bytes:
        """Take WILL, WONT, DO or DONT; return the answer, and what follows once the wait is over."""
        if not self._daemon.waits:
            if len(self.said) < MAX_NOTED:
                self.said.append(_SAID[event.verb][event.option])
            return b""
        reply = self._negotiated(event.verb, event.option)
        return reply if self._unanswered or self.step is _DONE else reply + self._advance()

    def told(self, event: Subnegotiation) -> bytes:
        """Take the argument of an option; return the answer, and what follows once the wait is over."""
        reply = self._told(event.option, event.payload)
        return reply if self._unanswered or self.step is _DONE else reply + self._advance()

    def give_up(self) -> bytes:
        """Return everything that was still to be said to a peer that does not answer."""
        reply = b""
        self._unanswered.clear()
        if self.step < _TERMINAL:
            reply = self._request(self._daemon.terminal)
        if self.step < _DONE:
            reply += self._finish()
        return reply

    def _negotiated(self, verb: Verb, option: int) -> bytes:
        if self.step is not _DONE and len(self.said) < MAX_NOTED:
            self.said.append(_SAID[verb][option])
        if verb is _WILL or verb is _WONT:
            self._unanswered.discard(option)
        if option == _TM:  # a mark in the stream, not a state (RFC 860)
            return _MARKED if verb is _DO else b""
        if option not in self._daemon.agreed:
            return self._options.receive(verb, option)
        known = self._options.theirs(option)
        reply = self._options.receive(verb, option)
        if known or not self._options.theirs(option):
            return reply
        if self.step >= _TERMINAL:
            return reply + self._daemon.agreed[option]
        self._flow_untold = self._flow_untold or option == _LFLOW
        return reply + self._daemon.agreed_early[option]

    def _told(self, option: int, payload: bytes) -> bytes:
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
        if self.step is _OPENING:
            wanted = [option for option in self._daemon.values if options.theirs(option)]
            self._awaited = set(wanted)
            reply = b"".join(build(Subnegotiation(option, _SEND)) for option in wanted)
            self.step = _VALUES
        if self.step is _VALUES and not self._awaited:
            self.step = _TERMINAL
            reply += self._request(self._daemon.terminal)
            if options.pending(_NAWS, ours=False):  # not of a peer that offered it unasked: it answers no more
                self._unanswered.add(_NAWS)
                return reply
        if self.step is _TERMINAL:
            if options.theirs(_NAWS) and options.pending(_ECHO, ours=False):
                self._unanswered.add(_ECHO)
            else:
                reply += self._finish()
        return reply

    def _finish(self) -> bytes:
        """Return the last step: our echo on, the peer's off."""
        options = self._options
        self.step = _DONE
        reply = b""
        if options.theirs(_ECHO) or options.pending(_ECHO, ours=False):
            options.dont(_ECHO)
            reply = _NO_ECHO
        reply += options.will(_ECHO)
        linemode = options.theirs(_LINEMODE)
        # A peer with LINEMODE needs no timing mark, but is told at once that a login prompt is not edited by it.
        reply += self._request([one for one in self._daemon.last if not (linemode and one[1] == _TM)])
        if self._flow_untold and options.theirs(_LFLOW):
            reply += self._daemon.agreed[_LFLOW]
        return reply + options.dont(_LINEMODE) if linemode else reply

    def _request(self, requests: Requests) -> bytes:
        options = self._options
        said = b""
        for verb, option in requests:
            if option == _TM:
                said += _MARK
            else:
                said += options.will(option) if verb is _WILL else options.do(option)
        return said
