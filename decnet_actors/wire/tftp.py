"""This module is the codec of TFTP (RFC 1350, 2347): packets to bytes and back, and netascii (RFC 764). Pure."""

import struct
from enum import IntEnum
from typing import TypeAlias

from msgspec import Struct

from decnet_actors.wire.errors import WireError

BLOCK = 512  # bytes of a block unless agreed otherwise
MAX_BLOCK = 65_464  # RFC 2348
BLOCKS = 65_536  # block numbers are 16 bits

_HEAD = struct.Struct("!HH")
_HEADER = 4


class Op(IntEnum):
    """What a packet is."""

    RRQ = 1
    WRQ = 2
    DATA = 3
    ACK = 4
    ERROR = 5
    OACK = 6


class Code(IntEnum):
    """Why a transfer ends (RFC 1350, appendix I; RFC 2347)."""

    UNDEFINED = 0
    NOT_FOUND = 1
    ACCESS = 2
    DISK_FULL = 3
    ILLEGAL = 4
    UNKNOWN_TRANSFER = 5
    EXISTS = 6
    NO_USER = 7
    OPTIONS = 8


class Request(Struct, frozen=True, gc=False):
    """Somebody wants to read or write a file. A name without a mode is a request too, if one to be refused."""

    op: Op
    name: bytes
    mode: bytes | None
    options: tuple[tuple[bytes, bytes], ...] = ()


class Data(Struct, frozen=True, gc=False):
    """One block."""

    block: int
    data: bytes


class Ack(Struct, frozen=True, gc=False):
    """One block has come; 0: go on."""

    block: int


class Error(Struct, frozen=True, gc=False):
    """The transfer is over."""

    code: int
    text: bytes


class Oack(Struct, frozen=True, gc=False):
    """What was agreed to of the options."""

    options: tuple[tuple[bytes, bytes], ...]


Packet: TypeAlias = Request | Data | Ack | Error | Oack


class TftpError(WireError):
    """The peer broke TFTP; servers say nothing to it."""


def parse(data: bytes) -> Packet:
    """Return what a datagram means.

    Raises:
        TftpError: it means nothing.

    """
    if len(data) < _HEADER // 2:
        raise TftpError("shorter than an opcode")
    op = int.from_bytes(data[:2])
    match op:
        case Op.RRQ | Op.WRQ:
            return _request(Op(op), data[2:])
        case Op.OACK:
            return Oack(_pairs(_words(data[2:])))
        case Op.DATA | Op.ACK | Op.ERROR if len(data) >= _HEADER:
            number = int.from_bytes(data[2:_HEADER])
            rest = data[_HEADER:]
            if op == Op.DATA:
                return Data(number, rest)
            return Ack(number) if op == Op.ACK else Error(number, rest.partition(b"\0")[0])
        case _:
            raise TftpError(f"opcode {op} of {len(data)} bytes")


def build(packet: Packet) -> bytes:
    """Return the bytes of a packet."""
    match packet:
        case Request():
            words = [packet.name]
            if packet.mode is not None:
                words.append(packet.mode)
            return packet.op.to_bytes(2) + _joined([*words, *(word for pair in packet.options for word in pair)])
        case Data():
            return _HEAD.pack(Op.DATA, packet.block) + packet.data
        case Ack():
            return _HEAD.pack(Op.ACK, packet.block)
        case Error():
            return _HEAD.pack(Op.ERROR, packet.code) + packet.text + b"\0"
        case Oack():
            return Op.OACK.to_bytes(2) + _joined([word for pair in packet.options for word in pair])


class FromNetascii:
    r"""Turns netascii into text of this system, whatever the cut: ``\r\n`` is a line's end, ``\r\0`` a ``\r``."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = False  # a \r whose meaning is not known

    def receive(self, data: bytes) -> bytes:
        """Return what the bytes mean, but for a last carriage return."""
        data = b"\r" + data if self._held else data
        self._held = data.endswith(b"\r")
        if self._held:
            data = data[:-1]
        return data.replace(b"\r\n", b"\n").replace(b"\r\0", b"\r")

    def end(self) -> bytes:
        """Return what was held back."""
        return b"\r" if self._held else b""


def to_netascii(data: bytes) -> bytes:
    """Return the bytes as netascii."""
    return data.replace(b"\r", b"\r\0").replace(b"\n", b"\r\n")


def _request(op: Op, rest: bytes) -> Request:
    words = _words(rest)
    if not words or not words[0]:  # servers look for nothing behind an empty name
        return Request(op, b"", None)
    return Request(op, words[0], words[1] if len(words) > 1 else None, _pairs(words[2:]))


def _words(data: bytes) -> list[bytes]:
    """Return the words of a packet; the last one may lack its end, as servers do not mind."""
    words = data.split(b"\0")
    return words[:-1] if words[-1] == b"" else words


def _pairs(words: list[bytes]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple(zip(words[::2], words[1::2], strict=False))


def _joined(words: list[bytes]) -> bytes:
    return b"".join(word + b"\0" for word in words)
