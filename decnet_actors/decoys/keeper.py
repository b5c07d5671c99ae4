"""This module says what a connection asks of the service that accepted it, and how it tells where our code failed."""

import asyncio
import socket
from collections.abc import Coroutine
from typing import Any, Protocol

from decnet_actors.contracts.decoy import DecoyService
from decnet_actors.contracts.fleet import Limits
from decnet_actors.domain.facts import Fact
from supervisors.clock import Clock


class Spawn(Protocol):
    """Starts a task that lives and dies with the actor behind the door; its failure is the actor's."""

    def __call__(self, work: Coroutine[Any, Any, None], /, *, name: str) -> "asyncio.Task[None]":
        """Start the task."""


class Keeper(Protocol):
    """The service behind a door.

    ``connection`` is always the ``Connection`` that asks, ``data`` its ``DataConnections`` (Any: they import this).
    """

    service: DecoyService
    limits: Limits
    clock: Clock
    crowded: bool

    @property
    def spawn(self) -> Spawn:
        """What starts a task of the service's actor."""

    def admit(self, connection: Any) -> bool:
        """Return whether there is room for this connection, and keep it if so."""

    def outflow(self, transport: asyncio.Transport, connection: Any) -> asyncio.Transport:
        """Return what the connection writes to."""

    def put(self, connection: Any, fact: Fact) -> int:
        """Stamp and record a fact."""

    def settle(self, connection: Any, number: int) -> None:
        """Keep what the connection captured, then call ``connection.release(number)`` once the record is durable."""

    def wake(self, connection: Any, when: float) -> None:
        """Call ``connection.tick(now)`` at ``when``."""

    def hold(self, connection: Any) -> None:
        """Call ``connection.room()`` once the journal has room."""

    async def durable(self, number: int) -> None:
        """Return once the record is durable, and there is room for more."""

    async def listen_data(self, data: Any, port: int) -> socket.socket:
        """Return a socket that listens as the decky, for one connection, and count it until ``data_ended``.

        Raises:
            OSError: the port cannot be had, or too many wait.

        """

    def data_ended(self, data: Any) -> None:
        """Count what was listened for no more; may be called again."""

    def left(self, connection: Any) -> None:
        """Forget the connection."""

    def new_id(self) -> str:
        """Return an identifier."""


def place_of(error: Exception) -> str:
    """Return the class of the error and where it was raised: names of ours only, never what the peer sent."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    code = trace.tb_frame.f_code
    return f"{type(error).__name__} at {code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}"
