"""This module is the codec of FTP (RFC 959, 2428, 3659): command lines in, addresses and times both ways. Pure."""

import ipaddress
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from msgspec import Struct

MAX_LINE = 4096  # bytes of a command; what vsftpd reads at most (VSFTP_MAX_COMMAND_LINE)

_IAC = 0xFF  # a client that aborts sends IAC IP IAC DM before the command (RFC 959, 3.1.1.5.4: the telnet "Synch")
_HOST_PORT = re.compile(r"(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})", re.ASCII)
_EXTENDED = re.compile(r"([!-~])(\d{1,2})\1([0-9A-Fa-f:.]{2,45})\1(\d{1,5})\1", re.ASCII)
_STAMP_FORMAT = "%Y%m%d%H%M%S"
_STAMP = re.compile(r"\d{14}", re.ASCII)
_BYTE = 255
_MAX_PORT = 65_535
_FAMILIES = {1: 4, 2: 6}  # IANA address family -> IP version


class Line(Struct, frozen=True, gc=False):
    """One command line, without its end and without telnet's commands."""

    data: bytes


class Overlong(Struct, frozen=True, gc=False):
    """A line is longer than permitted; nothing after its head is parsed."""

    head: bytes


Event: TypeAlias = Line | Overlong


class LineParser:
    """Cuts a stream into command lines. After ``Overlong`` it takes nothing more."""

    __slots__ = ("_over", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._over = False

    @property
    def buffered(self) -> int:
        """How many bytes are held."""
        return len(self._rest)

    def receive(self, data: bytes) -> list[Event]:
        """Take bytes and return the lines that are whole."""
        if self._over:
            return []
        *whole, self._rest = (self._rest + data).split(b"\n")
        events: list[Event] = []
        for line in whole:
            if len(line) >= MAX_LINE:
                return [*events, self._end(line)]
            events.append(Line(_without_telnet(line.removesuffix(b"\r"))))
        if len(self._rest) >= MAX_LINE:
            events.append(self._end(self._rest))
        return events

    def forget(self) -> None:
        """Drop the line that is not whole: what follows is another stream, such as that under TLS."""
        self._rest = b""

    def _end(self, line: bytes) -> Overlong:
        self._over = True
        self._rest = b""
        return Overlong(line[:64])


def command(line: bytes) -> tuple[str, str]:
    """Return the verb in upper case and its argument; bytes that are no UTF-8 become surrogates.

    An argument keeps its spaces: they may belong to a name (RFC 959, 5.3.1).
    """
    verb, _, argument = line.partition(b" ")
    return verb.decode("latin-1").upper(), argument.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """Return the bytes of a reply, with the names in it as they came."""
    return text.encode("utf-8", "surrogateescape")


def reply(text: str) -> bytes:
    """Return a reply whose lines are separated by newlines (RFC 959, 4.2)."""
    return encode(text.replace("\n", "\r\n") + "\r\n")


def parse_host_port(argument: str) -> tuple[str, int] | None:
    """Return what PORT names (RFC 959, 5.3.2), ``None`` if it is no address."""
    found = _HOST_PORT.fullmatch(argument.strip())
    if found is None:
        return None
    numbers = [int(text) for text in found.groups()]
    if max(numbers) > _BYTE:
        return None
    return ".".join(map(str, numbers[:4])), numbers[4] * 256 + numbers[5]


def parse_extended_port(argument: str) -> tuple[int, str, int] | None:
    """Return the family, address and port EPRT names (RFC 2428, 2), ``None`` if it names none."""
    found = _EXTENDED.fullmatch(argument.strip())
    if found is None:
        return None
    family, port = int(found[2]), int(found[4])
    try:
        address = ipaddress.ip_address(found[3])
    except ValueError:
        return None
    if port > _MAX_PORT or _FAMILIES.get(family, address.version) != address.version:
        return None
    return family, str(address), port


def host_port(address: str, port: int) -> str:
    """Return an IPv4 address and port as in PORT and the reply to PASV."""
    return f"{address.replace('.', ',')},{port >> 8},{port & 0xFF}"


def stamp(seconds: float) -> str:
    """Return Unix seconds as MDTM shows them (RFC 3659, 2.3)."""
    return datetime.fromtimestamp(seconds, UTC).strftime(_STAMP_FORMAT)


def parse_stamp(text: str) -> float | None:
    """Return the Unix seconds of a time as MFMT takes it, ``None`` if it is none."""
    if _STAMP.fullmatch(text) is None:
        return None
    try:
        return datetime.strptime(text, _STAMP_FORMAT).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def quoted(path: str, *, doubled: bool = True) -> str:
    """Return a path in quotes; a quote in it is doubled (RFC 959, appendix II)."""
    return f'"{path.replace(chr(34), chr(34) * 2) if doubled else path}"'


def lines(head: str, body: Sequence[str], tail: str) -> str:
    """Return the text of a reply of several lines; those of the body begin with a space."""
    return "\n".join((head, *(f" {line}" for line in body), tail))


def _without_telnet(line: bytes) -> bytes:
    if _IAC not in line:
        return line
    kept = bytearray()
    position = 0
    while position < len(line):
        octet = line[position]
        if octet != _IAC or position + 1 == len(line):
            kept.append(octet)
            position += 1
        elif line[position + 1] == _IAC:
            kept.append(_IAC)
            position += 2
        else:
            position += 2
    return bytes(kept)
