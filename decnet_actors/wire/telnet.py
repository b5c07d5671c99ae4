"""This module speaks telnet: commands, options and subnegotiations (RFC 854, RFC 855) without any I/O.

``TelnetParser`` splits a stream into events, ``build`` is its inverse, ``Negotiator`` keeps the state of every option
by the Q method (RFC 1143), which cannot loop. Newlines are left to the caller: see ``Newlines`` and ``from_terminal``.
"""

import re
from collections.abc import Iterable
from enum import IntEnum, StrEnum
from typing import TypeAlias, assert_never

from attrs import frozen

IAC = 255
MAX_SUBNEGOTIATION = 4096  # bytes kept of one; ours, the RFCs give no limit. NEW-ENVIRON is the longest in practice

_IAC = b"\xff"
_NEGOTIATION_SIZE = 3  # IAC, verb, option
_RUN = re.compile(rb"(?:[^\xff]++|\xff\xff)++", re.DOTALL)  # data, up to a command
_CR = 13
_ENTER = re.compile(rb"\r[\n\0]")
_SWALLOWED_AFTER_CR = b"\n\0"  # CR LF and CR NUL are one keystroke (RFC 854, "The NVT Printer and Keyboard")


class Code(IntEnum):
    """Command codes (RFC 854, RFC 885, RFC 1184)."""

    EOF = 236
    SUSP = 237
    ABORT = 238
    EOR = 239
    SE = 240
    NOP = 241
    DM = 242
    BRK = 243
    IP = 244
    AO = 245
    AYT = 246
    EC = 247
    EL = 248
    GA = 249
    SB = 250
    WILL = 251
    WONT = 252
    DO = 253
    DONT = 254


class Option(IntEnum):
    """Option codes a server of today meets (IANA "Telnet Options")."""

    BINARY = 0
    ECHO = 1
    SGA = 3
    STATUS = 5
    TM = 6
    TTYPE = 24
    NAWS = 31
    TSPEED = 32
    LFLOW = 33
    LINEMODE = 34
    XDISPLOC = 35
    OLD_ENVIRON = 36
    AUTHENTICATION = 37
    ENCRYPT = 38
    NEW_ENVIRON = 39


class Verb(IntEnum):
    """What a negotiation says."""

    WILL = Code.WILL
    WONT = Code.WONT
    DO = Code.DO
    DONT = Code.DONT


# Bound once, here and below: to look a member up in its class costs as much as a call, and these are for each event.
_WILL, _WONT, _DO, _DONT = Verb


@frozen
class Data:
    """Octets that are not telnet's own; newlines as they came."""

    data: bytes


@frozen
class Command:
    """A command without argument: AYT, IP, NOP, ... or one no RFC defines."""

    code: int


@frozen
class Negotiation:
    """WILL, WONT, DO or DONT an option."""

    verb: Verb
    option: int


@frozen
class Subnegotiation:
    """The argument of an option; ``cut`` when the peer sent more than ``MAX_SUBNEGOTIATION`` bytes."""

    option: int
    payload: bytes
    cut: bool = False


Event: TypeAlias = Data | Command | Negotiation | Subnegotiation


# Frozen and few: one object for each, so that the commonest event costs a look-up by its octets.
_NEGOTIATIONS = {bytes((IAC, verb, option)): Negotiation(verb, option) for verb in Verb for option in range(256)}


class _State(StrEnum):
    DATA = "data"
    COMMAND = "command"  # after IAC
    OPTION = "option"  # after IAC WILL/WONT/DO/DONT
    ARGUMENT = "argument"  # inside IAC SB
    ARGUMENT_COMMAND = "argument_command"  # after IAC inside IAC SB


_DATA, _COMMAND, _OPTION, _ARGUMENT, _ARGUMENT_COMMAND = _State
_BETWEEN_COMMANDS = frozenset({_DATA, _ARGUMENT})


class TelnetParser:
    """Turns what a peer sent into events. Any bytes give events; nothing is an error, as in telnet itself."""

    __slots__ = ("_argument", "_cut", "_state", "_verb")

    def __init__(self) -> None:
        self._state = _DATA
        self._verb: int = _WILL
        self._argument = bytearray()
        self._cut = False

    @property
    def buffered(self) -> int:
        """Bytes held back, never above ``MAX_SUBNEGOTIATION + 1``."""
        return len(self._argument)

    def receive(self, data: bytes) -> list[Event]:
        """Return the events in ``data``; adjacent octets are one ``Data``, however they were escaped."""
        if self._state is _DATA and IAC not in data:
            return [Data(data)] if data else []
        events: list[Event] = []
        text = bytearray()
        position, size = 0, len(data)
        while position < size:
            event: Event | None
            if self._state is _DATA and (event := _NEGOTIATIONS.get(data[position : position + _NEGOTIATION_SIZE])):
                position += _NEGOTIATION_SIZE
            elif self._state in _BETWEEN_COMMANDS:
                position = self._run(data, position, text)
                continue
            else:
                event = self._octet(data[position], text)
                position += 1
            if event is not None:
                if text:
                    events.append(Data(bytes(text)))
                    text.clear()
                events.append(event)
        if text:
            events.append(Data(bytes(text)))
        return events

    def _run(self, data: bytes, position: int, text: bytearray) -> int:
        """Take octets up to a command, or the IAC that begins one; return the position behind them."""
        run = _RUN.match(data, position)
        if run is None:
            self._state = _COMMAND if self._state is _DATA else _ARGUMENT_COMMAND
            return position + 1
        plain = run[0].replace(b"\xff\xff", _IAC)
        if self._state is _DATA:
            text += plain
        else:
            self._extend(plain)
        return run.end()

    def _octet(self, octet: int, text: bytearray) -> Event | None:
        """Take one octet after an IAC, or an option code."""
        if self._state is _ARGUMENT_COMMAND:
            return self._in_argument(octet)
        after_verb = self._state is _OPTION
        self._state = _DATA
        if after_verb:
            return _NEGOTIATIONS[bytes((IAC, self._verb, octet))]
        if octet == IAC:
            text.append(IAC)
        elif octet == Code.SB:
            self._argument.clear()
            self._cut = False
            self._state = _ARGUMENT
        elif Code.WILL <= octet <= Code.DONT:
            self._verb = octet
            self._state = _OPTION
        else:
            return Command(octet)
        return None

    def _in_argument(self, octet: int) -> Event | None:
        if octet == IAC:
            self._extend(_IAC)
            self._state = _ARGUMENT
            return None
        # IAC SE ends it. Any other command here is a broken peer: BSD telnetd ends the argument there and obeys the
        # command no more than that (state machine of telrcv), so neither do we.
        self._state = _DATA
        argument, cut = bytes(self._argument), self._cut
        self._argument.clear()
        return Subnegotiation(argument[0], argument[1:], cut) if argument else None

    def _extend(self, data: bytes) -> None:
        room = MAX_SUBNEGOTIATION + 1 - len(self._argument)
        self._argument += data[:room]
        self._cut = self._cut or len(data) > room


def build(event: Event) -> bytes:
    """Return the bytes of an event."""
    match event:
        case Data(data=data):
            return escape(data)
        case Command(code=code):
            return bytes((IAC, code))
        case Negotiation(verb=verb, option=option):
            return bytes((IAC, verb, option))
        case Subnegotiation(option=option, payload=payload):
            return bytes((IAC, Code.SB)) + escape(bytes((option,)) + payload) + bytes((IAC, Code.SE))
        case _:
            assert_never(event)


def escape(data: bytes) -> bytes:
    """Return ``data`` with every 0xff doubled."""
    return data.replace(_IAC, b"\xff\xff") if IAC in data else data


def from_terminal(data: bytes) -> bytes:
    r"""Return what a pty wrote as telnet octets: ``\r\n`` stays, a lone ``\r`` becomes ``\r\0``, 0xff is doubled."""
    if b"\r" in data:
        data = data.replace(b"\r", b"\r\0").replace(b"\r\0\n", b"\r\n")
    return escape(data)


class Newlines:
    r"""Turns the keyboard's ``\r\n`` and ``\r\0`` into the one ``\r`` a terminal expects; a lone ``\n`` stays."""

    __slots__ = ("_after_cr",)

    def __init__(self) -> None:
        self._after_cr = False

    def receive(self, data: bytes) -> bytes:
        """Return ``data`` as a terminal's input; any split of the stream gives the same bytes."""
        if self._after_cr and data[:1] and data[0] in _SWALLOWED_AFTER_CR:
            data = data[1:]
            self._after_cr = False
        if data:
            self._after_cr = data[-1] == _CR
        return _ENTER.sub(b"\r", data) if b"\r" in data else data


class _Q(IntEnum):
    """The states of one side of an option (RFC 1143, section 7); ``OPPOSITE`` is the one-deep queue."""

    NO = 0
    YES = 1
    WANT_NO = 2
    WANT_NO_OPPOSITE = 3
    WANT_YES = 4
    WANT_YES_OPPOSITE = 5


_NO, _YES, _WANT_NO, _WANT_NO_OPPOSITE, _WANT_YES, _WANT_YES_OPPOSITE = _Q

# For each state: the next one, and whether we say yes, no or (None) nothing. First for what a peer says,
_Follows: TypeAlias = dict[_Q, tuple[_Q, bool | None]]
_ON_CONSENT: _Follows = {
    _NO: (_YES, True),
    _YES: (_YES, None),  # said twice: no answer, or two peers would never stop
    _WANT_NO: (_NO, None),  # the peer errs: our refusal answered by consent
    _WANT_NO_OPPOSITE: (_YES, None),
    _WANT_YES: (_YES, None),
    _WANT_YES_OPPOSITE: (_WANT_NO, False),
}
_ON_PRESUMPTION: _Follows = {**_ON_CONSENT, _NO: (_NO, False)}  # consent to what we never agree to
_ON_REFUSAL: _Follows = {
    _NO: (_NO, None),
    _YES: (_NO, False),
    _WANT_NO: (_NO, None),
    _WANT_NO_OPPOSITE: (_WANT_YES, True),
    _WANT_YES: (_NO, None),
    _WANT_YES_OPPOSITE: (_NO, None),
}
# then for what we want.
_ON_WANT_YES: _Follows = {
    _NO: (_WANT_YES, True),
    _YES: (_YES, None),
    _WANT_NO: (_WANT_NO_OPPOSITE, None),
    _WANT_NO_OPPOSITE: (_WANT_NO_OPPOSITE, None),
    _WANT_YES: (_WANT_YES, None),
    _WANT_YES_OPPOSITE: (_WANT_YES, None),
}
_ON_WANT_NO: _Follows = {
    _NO: (_NO, None),
    _YES: (_WANT_NO, False),
    _WANT_NO: (_WANT_NO, None),
    _WANT_NO_OPPOSITE: (_WANT_NO, None),
    _WANT_YES: (_WANT_YES_OPPOSITE, None),
    _WANT_YES_OPPOSITE: (_WANT_YES_OPPOSITE, None),
}
_VERBS = {(True, True): _WILL, (True, False): _WONT, (False, True): _DO, (False, False): _DONT}
_SAID = {key: tuple(bytes((IAC, verb, option)) for option in range(256)) for key, verb in _VERBS.items()}


class Negotiator:
    """Keeps both sides' options and answers so that no exchange can loop (RFC 1143, the Q method).

    Args:
        local: options we agree to perform when asked (the peer says DO).
        remote: options we agree to let the peer perform (the peer says WILL).
        offered: options we said WILL to before the peer said a word.
        asked: options we said DO to before the peer said a word.

    """

    __slots__ = ("_local", "_ours", "_remote", "_theirs")

    def __init__(
        self,
        *,
        local: Iterable[int] = (),
        remote: Iterable[int] = (),
        offered: Iterable[int] = (),
        asked: Iterable[int] = (),
    ) -> None:
        self._local = frozenset(local)
        self._remote = frozenset(remote)
        self._ours = dict.fromkeys(offered, _WANT_YES)  # an absent option is NO
        self._theirs = dict.fromkeys(asked, _WANT_YES)

    def ours(self, option: int) -> bool:
        """Return whether we perform the option."""
        return self._ours.get(option) is _YES

    def theirs(self, option: int) -> bool:
        """Return whether the peer performs the option."""
        return self._theirs.get(option) is _YES

    def pending(self, option: int, *, ours: bool) -> bool:
        """Return whether an answer of the peer is due."""
        return (self._ours if ours else self._theirs).get(option, _NO) > _YES

    def will(self, option: int) -> bytes:
        """Offer to perform an option; empty when there is nothing to say."""
        return self._follow(_ON_WANT_YES, option, ours=True)

    def wont(self, option: int) -> bytes:
        """Stop performing an option."""
        return self._follow(_ON_WANT_NO, option, ours=True)

    def do(self, option: int) -> bytes:
        """Ask the peer to perform an option."""
        return self._follow(_ON_WANT_YES, option, ours=False)

    def dont(self, option: int) -> bytes:
        """Ask the peer to stop performing an option."""
        return self._follow(_ON_WANT_NO, option, ours=False)

    def receive(self, verb: Verb, option: int) -> bytes:
        """Return the answer to what the peer said, which is nothing for an answer of its own."""
        ours = verb is _DO or verb is _DONT
        if verb is _WONT or verb is _DONT:
            follows = _ON_REFUSAL
        elif option in (self._local if ours else self._remote):
            follows = _ON_CONSENT
        else:
            follows = _ON_PRESUMPTION
        return self._follow(follows, option, ours=ours)

    def _follow(self, follows: _Follows, option: int, *, ours: bool) -> bytes:
        """Take one side of an option to its next state; return what is said on the way."""
        states = self._ours if ours else self._theirs
        state = states.get(option, _NO)
        following, answer = follows[state]
        if following is not state:
            states[option] = following
        return b"" if answer is None else _SAID[ours, answer][option]
