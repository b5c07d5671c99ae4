"""This module keeps one decky's lease: it lends the DHCP client a socket and a clock, and has its address assigned."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

from decnet_actors.contracts.fleet_driver import DriverUnreachableError
from plugins.fleet_driver.namespace import dhcp
from plugins.fleet_driver.namespace.dhcp_client import Client, Drop, Effect, Send, Take

AGAIN = 5.0  # seconds until a helper that could not be reached is asked again
Assign = Callable[[str], Awaitable[None]]


class Lessee:
    """A decky whose address is leased.

    Args:
        client: of the decky; nobody else uses it.
        sock: of the decky's namespace; this object's to close.
        assign: gives the decky an address in place of the one before; empty takes that away.
        address: that it has now, from an earlier lease.
        now: seconds that never go back.

    """

    def __init__(
        self, client: Client, sock: socket.socket, assign: Assign, *, address: str, now: Callable[[], float]
    ) -> None:
        self.address = address  # in force
        self._client = client
        self._socket = sock
        self._assign = assign
        self._now = now
        self._loop = asyncio.get_running_loop()
        self._alarm: asyncio.TimerHandle | None = None
        self._moving: asyncio.Task[None] | None = None
        self._held = asyncio.Event()
        self._loop.add_reader(sock.fileno(), self._readable)
        self.turn(now())

    @property
    def trouble(self) -> str:
        """Why there is no lease; empty when there is one."""
        return self._client.trouble

    def close(self) -> None:
        """Stop; the address stays where it is, and with the decky."""
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        if self._alarm is not None:
            self._alarm.cancel()
        if self._moving is not None:
            self._moving.cancel()

    async def held(self, within: float) -> bool:
        """Return whether there is a lease and its address is in force, at the latest after some seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._held.wait()
        return self._held.is_set()

    def turn(self, now: float) -> None:
        """Let the client do what is due."""
        self._do(self._client.tick(now))

    def _readable(self) -> None:
        try:
            data = self._socket.recv(dhcp.MAX_MESSAGE + 1)
        except OSError:  # nothing after all, or the kernel tells of an earlier message that nobody took
            return
        self._do(self._client.receive(data, self._now()))

    def _do(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(data=data, to=to):
                    with contextlib.suppress(OSError):  # as lost as if it were lost on the wire: it is sent again
                        self._socket.sendto(data, (to, dhcp.SERVER_PORT))
                case Take() | Drop():
                    self._move()
        if self._alarm is not None:
            self._alarm.cancel()
        wait = self._client.wake - self._now()
        self._alarm = self._loop.call_later(max(wait, 0.0), self._tick) if wait < dhcp.LONGEST_LEASE else None

    def _tick(self) -> None:
        self.turn(self._now())

    def _move(self) -> None:
        """Have the address follow the lease, unless that is under way."""
        if self._moving is None or self._moving.done():
            self._moving = self._loop.create_task(self._follow())

    async def _follow(self) -> None:
        while self.address != (target := self._target()):
            self._held.clear()
            try:
                await self._assign(target)
            except DriverUnreachableError:
                self._loop.call_later(AGAIN, self._again)
                return
            except OSError as error:
                self._do(self._client.decline(str(error.args[-1]), self._now()))
            else:
                self.address = target
        if target:
            self._held.set()
        else:
            self._held.clear()

    def _again(self) -> None:
        if self._socket.fileno() >= 0:  # else it is closed
            self._move()

    def _target(self) -> str:
        return "" if self._client.lease is None else self._client.lease.address
