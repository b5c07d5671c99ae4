"""This module reads packets off an interface, many at a time, as they lie in a ring of the kernel's (TPACKET_V3).

A block of the ring is what one read gives. Whoever may open packet sockets has a ``Ring``; who may not is sent its
blocks by one who may (``relay``) and has a ``Relayed``, which can send nothing onto the interface.
"""

import contextlib
import ctypes
import mmap
import select
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from decnet_actors.kernel import bpf

BLOCK = 32 * 1024  # bytes; a block fits into one message of a unix socket
BLOCKS = 128
RETIRE_MS = 40  # after which a block that is not full is handed over

_SOL_PACKET = 263
_ETH_P_ALL = 3
_PACKET_RX_RING, _PACKET_STATISTICS, _PACKET_VERSION, _PACKET_IGNORE_OUTGOING = 5, 6, 10, 23  # linux/if_packet.h
_TPACKET_V3 = 2
_SO_ATTACH_FILTER, _SO_LOCK_FILTER = 26, 44
_SENT_TO_SELF = "lo"

_RING = struct.Struct("=7I")  # tpacket_req3: block size, blocks, frame size, frames, timeout, private, features
_STATISTICS = struct.Struct("=3I")  # tpacket_stats_v3: packets, drops, freezes
_BLOCK_HEAD = struct.Struct("=5I")  # version, offset of private, status, packets, offset of the first packet
_PACKET_HEAD = struct.Struct("=6I2H")  # next, seconds, nanoseconds, kept, length, status, link header, network header
_WORD = struct.Struct("=I")
_STATUS = 8  # where a block's is
_USER = 1  # TP_STATUS_USER: the block is ours
_LENGTH = 20  # where a block's length is
_DROPS = struct.Struct("=Q")  # before each relayed block: packets the kernel dropped so far

Framed: TypeAlias = tuple[float, int, int, int]  # Unix seconds, where it begins and ends in the block, its true length


class Ring:
    """The ring of a packet socket of our own.

    Args:
        interface: it listens on.
        networks: what it hears of: packets from or to them; without any, of all.

    Raises:
        OSError: there is no such interface, or no right to listen.

    """

    def __init__(self, interface: str, networks: Sequence[bpf.Network] = ()) -> None:
        with contextlib.ExitStack() as undo:
            self._socket = undo.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0))
            code = bpf.program(networks)
            kept = ctypes.create_string_buffer(code, len(code))
            fprog = struct.pack("@HP", len(code) // 8, ctypes.addressof(kept))
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, fprog)
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_LOCK_FILTER, 1)
            self._socket.setsockopt(_SOL_PACKET, _PACKET_VERSION, _TPACKET_V3)
            if interface == _SENT_TO_SELF:  # where what is sent comes in again
                self._socket.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
            frame = bpf.SNAP // 2  # only its product with the number of frames matters to this version
            frames = BLOCK // frame * BLOCKS
            self._socket.setsockopt(
                _SOL_PACKET, _PACKET_RX_RING, _RING.pack(BLOCK, BLOCKS, frame, frames, RETIRE_MS, 0, 0)
            )
            self._ring = mmap.mmap(self._socket.fileno(), BLOCK * BLOCKS)
            undo.callback(self._ring.close)
            self._socket.bind((interface, _ETH_P_ALL))
            undo.pop_all()
        self._at = 0
        self._dropped = 0
        self.interface = interface

    def fileno(self) -> int:
        """Return what becomes readable when a block is there."""
        return self._socket.fileno()

    def close(self) -> None:
        """Let go of the ring and the socket."""
        self._ring.close()
        self._socket.close()

    def take(self) -> bytes | None:
        """Return the next block; ``None`` if there is none yet."""
        at = self._at * BLOCK
        if not _word(self._ring, at + _STATUS) & _USER:
            return None
        block = self._ring[at : at + min(BLOCK, _word(self._ring, at + _LENGTH))]
        _WORD.pack_into(self._ring, at + _STATUS, 0)
        self._at = (self._at + 1) % BLOCKS
        return block

    def dropped(self) -> int:
        """Return how many packets came when there was no room, so far."""
        told = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, _STATISTICS.size)
        self._dropped += _STATISTICS.unpack(told)[1]  # the kernel counts from the last question on
        return self._dropped


class Relayed:
    """The far end of a ring that somebody else has.

    Args:
        connection: what ``relay`` writes to; it becomes ours.
        interface: the ring is on.

    """

    def __init__(self, connection: socket.socket, interface: str) -> None:
        connection.settimeout(0)
        self._socket = connection
        self._dropped = 0
        self.interface = interface

    def fileno(self) -> int:
        """Return what becomes readable when a block is there."""
        return self._socket.fileno()

    def close(self) -> None:
        """End the relay."""
        self._socket.close()

    def take(self) -> bytes | None:
        """Return the next block; ``None`` if there is none yet.

        Raises:
            OSError: whoever had the ring has gone.

        """
        try:
            message = self._socket.recv(_DROPS.size + BLOCK)
        except BlockingIOError:
            return None
        if len(message) < _DROPS.size:
            raise ConnectionResetError("whoever relayed the packets has ended")
        (self._dropped,) = _DROPS.unpack_from(message)
        return message[_DROPS.size :]

    def dropped(self) -> int:
        """Return how many packets came when there was no room, until the last block."""
        return self._dropped


def relay(ring: Ring, to: socket.socket) -> None:
    """Send blocks on until nobody takes them; while they are not taken, the kernel drops and counts."""
    poll = select.poll()
    poll.register(ring.fileno(), select.POLLIN)
    poll.register(to.fileno(), 0)  # only its end
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # whoever took them has gone
        while not any(descriptor == to.fileno() for descriptor, _ in poll.poll()):
            while (block := ring.take()) is not None:
                to.sendall(_DROPS.pack(ring.dropped()) + block)


def packets(block: bytes) -> Iterator[Framed]:
    """Yield where the packets of a block are; what does not fit in it is left out."""
    if len(block) < _BLOCK_HEAD.size:
        return
    _, _, _, count, at = _BLOCK_HEAD.unpack_from(block)
    unpack, size, last = _PACKET_HEAD.unpack_from, len(block), len(block) - _PACKET_HEAD.size
    for _ in range(count):
        if at > last:
            return
        step, seconds, nanoseconds, kept, length, _, _, network = unpack(block, at)
        start = at + network
        if start + kept <= size:
            yield seconds + nanoseconds * 1e-9, start, start + kept, length
        if not step:
            return
        at += step


def _word(buffer: mmap.mmap, at: int) -> int:
    (found,) = _WORD.unpack_from(buffer, at)
    return int(found)
