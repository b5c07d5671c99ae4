"""This module is the transport a hosted library writes to: the real one, with bytes counted and pauses shared."""

import asyncio
from typing import Any, Protocol


class Counting(Protocol):
    """The connection behind the transport."""

    def sent(self, size: int) -> None:
        """Count bytes on their way to the peer."""

    def library_paused(self, *, paused: bool) -> None:
        """The library pauses or resumes reading."""

    def library_closed(self, *, at_once: bool) -> None:
        """The library ends the connection."""


class CountedTransport(asyncio.Transport):
    """What a library sees as its connection."""

    __slots__ = ("_connection", "_reading", "_transport")

    def __init__(self, transport: asyncio.Transport, connection: Counting) -> None:
        self._transport = transport
        self._connection = connection
        self._reading = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # Any: asyncio's own signature
        return self._transport.get_extra_info(name, default)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._transport.write(data)
        self._connection.sent(len(data))

    def writelines(self, list_of_data: Any) -> None:  # Any: asyncio's own signature
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        self._transport.write_eof()

    def can_write_eof(self) -> bool:
        return self._transport.can_write_eof()

    def close(self) -> None:
        self._connection.library_closed(at_once=False)

    def abort(self) -> None:
        self._connection.library_closed(at_once=True)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def is_reading(self) -> bool:
        return self._reading and not self._transport.is_closing()

    def pause_reading(self) -> None:
        self._reading = False
        self._connection.library_paused(paused=True)

    def resume_reading(self) -> None:
        self._reading = True
        self._connection.library_paused(paused=False)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._transport.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._transport.get_write_buffer_limits()

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._transport.get_protocol()
