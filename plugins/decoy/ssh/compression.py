"""This module inflates what a peer compressed, with a limit: a small packet can hold a gigabyte."""

import zlib

from asyncssh.compression import Decompressor

MAX_INFLATED = 1024 * 1024  # bytes of one packet; four times OpenSSH's longest (PACKET_MAX_SIZE)


class BoundedDecompressor(Decompressor):
    """The stream of one direction."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj()

    def decompress(self, data: bytes) -> bytes | None:
        """Return the packet, or ``None`` when it is damaged or too long."""
        try:
            inflated = self._stream.decompress(data, MAX_INFLATED)
        except zlib.error:
            return None
        return None if self._stream.unconsumed_tail else inflated
