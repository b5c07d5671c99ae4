"""This module keeps the door of one service: accepts, stamps identity, waits for the journal, watches the time.

Everything periodic or awaited is done once per service, not once per connection: one task waits for durability in
order, one for room, and one timer serves the earliest wake-up and the sweep.
"""

import asyncio
import errno
import heapq
import math
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from attrs import frozen

from decnet_actors.contracts.decoy import Artifacts, DecoyService
from decnet_actors.contracts.fleet import Limits
from decnet_actors.contracts.journal import JournalWriter
from decnet_actors.decoys.connection import Connection
from decnet_actors.decoys.keeper import Spawn
from decnet_actors.decoys.tarpit import MAX_CONNECTIONS, Outflow, Outflows, Tarpits
from decnet_actors.domain.facts import CloseReason, Fact, LimitReached
from decnet_actors.domain.ids import Ids
from decnet_actors.domain.records import Record
from supervisors.clock import Clock
from supervisors.log import get_logger

SWEEP_EVERY = 1.0  # seconds, while anybody is connected
RETRY_AFTER = 1.0  # seconds between attempts to keep an artifact
SOONEST = 0.002  # seconds between two looks at what is due; timers are no finer than a millisecond
BACKLOG = 128  # as sshd and many others listen; also how many one turn of the loop may accept
log = get_logger(__name__)

_NOT_ARMED = math.inf
_STALE_AT_LEAST = 1_000  # below this, rebuilding the heap of wake-ups is not worth it


@frozen(kw_only=True)
class Identity:
    """Who stands behind the door."""

    host: str
    decky: str
    service: str


Listen: TypeAlias = Callable[[int], Awaitable[socket.socket]]


class Doorkeeper:
    """Serves the connections of one service of one decky."""

    def __init__(
        self,
        *,
        identity: Identity,
        service: DecoyService,
        journal: JournalWriter,
        artifacts: Artifacts,
        limits: Limits,
        clock: Clock,
        ids: Ids,
        spawn: Spawn,
        arm: Callable[[float], object],
        tarpits: Tarpits,
        listen: Listen,
    ) -> None:
        """Hold the door closed until ``open``.

        ``arm(seconds)`` must lead to ``tick()`` after that time, and replaces what was armed before; ``spawn`` starts
        tasks whose failure is the actor's; ``listen`` opens another port of the decky.
        """
        self.identity = identity
        self.service = service
        self.limits = limits
        self.clock = clock
        self.crowded = False
        self.connections: dict[Connection, None] = {}
        self.new_id, self._id_at = ids.new, ids.at
        self._journal = journal
        self._artifacts = artifacts
        self.spawn = spawn
        self._listen = listen
        self._data: set[object] = set()  # those who wait for a data connection or have one
        self._arm = arm
        self._outflows = Outflows(lambda: tarpits.of(identity.service), clock.monotonic, self._arm_in)
        self._armed_for = _NOT_ARMED  # monotonic
        self._sweep_at = _NOT_ARMED  # monotonic
        self._listeners: tuple[socket.socket, ...] = ()
        self._servers: list[asyncio.Server] = []
        self._sources: dict[str, int] = {}
        self._refused: set[str] = set()
        self._settling: deque[tuple[int, Connection]] = deque()
        self._settle_wanted: asyncio.Future[None] | None = None
        self._empty: asyncio.Future[None] | None = None
        self._holding: deque[Connection] = deque()
        self._wakes: list[tuple[float, int]] = []  # a heap; the second number only tells entries apart
        self._wake_order = 0
        self._waking: dict[int, Connection] = {}  # whom the entries of _wakes are for; others mean nothing any more
        self._orders: dict[Connection, int] = {}
        self._host, self._decky, self._service_name = identity.host, identity.decky, identity.service

    # life

    async def open(self, listeners: Sequence[socket.socket]) -> None:
        """Take over listening sockets and begin to accept."""
        self._listeners = tuple(listeners)
        _task = self.spawn(self._settle_in_order(), name="settle")
        await self._accept()

    def close(self, reason: CloseReason = CloseReason.SHUTDOWN, *, at_once: bool = False) -> None:
        """Stop accepting for good and end every connection. May be called more than once."""
        self._refuse()
        for listener in self._listeners:
            listener.close()
        self._listeners = ()
        for connection in tuple(self.connections):
            connection.close(reason, at_once=at_once)

    async def emptied(self, within: float) -> None:
        """Return when the last connection is gone; those still here after ``within`` seconds are cut."""
        if not self.connections:
            return
        self._empty = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(within):
                await self._empty
        except TimeoutError:
            for connection in tuple(self.connections):
                connection.close(CloseReason.SHUTDOWN, at_once=True)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            # A server owns and closes its socket; the listening socket must outlive a pause, so it gets a copy.
            server = await loop.create_server(self._connection, sock=listener.dup(), backlog=BACKLOG)
            self._servers.append(server)
        if self.crowded:  # since we began
            self._refuse()

    def _refuse(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()

    def _connection(self) -> Connection:
        return Connection(self)

    # Keeper

    def admit(self, connection: Connection) -> bool:
        """Return whether there is room for this connection, and keep it if so."""
        source = connection.source
        held = self._sources.get(source, 0)
        if self._outflows.tarpit() is not None and len(self.connections) >= MAX_CONNECTIONS:
            self._say_full("", "tarpit_connections", MAX_CONNECTIONS)
            return False
        if len(self.connections) >= self.limits.connections:
            self._say_full("", "connections", self.limits.connections)
            return False
        if held >= self.limits.connections_per_source:
            self._say_full(source, "connections_per_source", self.limits.connections_per_source, connection)
            return False
        self._sources[source] = held + 1
        self.connections[connection] = None
        if self._sweep_at is _NOT_ARMED:
            self._sweep_at = self.clock.monotonic() + SWEEP_EVERY
            self._arm_in(SWEEP_EVERY)
        return True

    def outflow(self, transport: asyncio.Transport, connection: Connection) -> Outflow:
        """Return what the connection writes to: the tarpit's layer."""
        return Outflow(self._outflows, transport, connection)

    def left(self, connection: Connection) -> None:
        """Forget the connection."""
        self.connections.pop(connection, None)
        if self._empty is not None and not self.connections and not self._empty.done():
            self._empty.set_result(None)
        source = connection.source
        held = self._sources.get(source, 0) - 1
        if held > 0:
            self._sources[source] = held
        else:
            self._sources.pop(source, None)
        if self._refused:
            self._refused.difference_update((source, "", "data"))
        self._forget_wake(connection)
        connection.alarm = -math.inf

    def put(self, connection: Connection, fact: Fact) -> int:
        """Stamp and record a fact of this connection."""
        journal, now = self._journal, self.clock.now()
        number = journal.put(
            Record(
                id=self._id_at(now),
                time=now,
                host=self._host,
                decky=self._decky,
                service=self._service_name,
                fact=fact,
                session=connection.id,
                source=connection.source,
                source_port=connection.source_port,
            )
        )
        if journal.crowded:
            if not self.crowded:
                self.crowded = True
                self._refuse()
                _task = self.spawn(self._await_room(), name="room")
            connection.crowd()
        return number

    def note(self, fact: Fact) -> int:
        """Record a fact that belongs to no connection."""
        now = self.clock.now()
        return self._journal.put(
            Record(
                id=self._id_at(now),
                time=now,
                host=self._host,
                decky=self._decky,
                service=self._service_name,
                fact=fact,
            )
        )

    def settle(self, connection: Connection, number: int) -> None:
        """Keep what it captured, then call ``connection.release(number)`` once the record is durable."""
        self._settling.append((number, connection))
        wanted = self._settle_wanted
        if wanted is not None and not wanted.done():
            wanted.set_result(None)

    def hold(self, connection: Connection) -> None:
        """Call ``connection.room()`` once the journal has room."""
        self._holding.append(connection)

    def wake(self, connection: Connection, when: float) -> None:
        """Call ``connection.tick(now)`` at ``when``, unless it has asked for another time by then."""
        # One entry a connection that means something: a later time is looked up when the earlier one comes.
        if when < connection.alarm:
            self._forget_wake(connection)
            connection.alarm = when
            self._wake_order = order = self._wake_order + 1
            self._waking[order] = connection
            self._orders[connection] = order
            heapq.heappush(self._wakes, (when, order))
            self._arm_in(when - self.clock.now())

    def _forget_wake(self, connection: Connection) -> None:
        """Keep nothing of the connection; of its entry in the heap, two numbers until it is worth tidying up."""
        order = self._orders.pop(connection, None)
        if order is not None:
            del self._waking[order]
            stale = len(self._wakes) - len(self._waking)
            if stale > _STALE_AT_LEAST and stale * 2 > len(self._wakes):
                self._wakes = [entry for entry in self._wakes if entry[1] in self._waking]
                heapq.heapify(self._wakes)

    async def listen_data(self, data: object, port: int) -> socket.socket:
        """Return a socket that listens as the decky, and count it until ``data_ended``."""
        if data not in self._data and len(self._data) >= self.limits.data_connections:
            self._say_full("data", "data_connections", self.limits.data_connections)
            raise OSError(errno.EMFILE, "too many data connections")
        self._data.add(data)
        return await self._listen(port)

    def data_ended(self, data: object) -> None:
        """Count what was listened for no more."""
        self._data.discard(data)

    async def durable(self, number: int) -> None:
        """Return once the record is durable, and there is room for more."""
        if number:
            await self._journal.durable(number)
        if self._journal.crowded:
            await self._journal.room()

    # time

    def tick(self) -> None:
        """Serve what is due: wake-ups first, then the sweep; arm the next tick if there is anything to wait for."""
        self._armed_for = _NOT_ARMED
        now = self.clock.now()
        while self._wakes and (self._wakes[0][0] <= now or self._wakes[0][1] not in self._waking):
            _, order = heapq.heappop(self._wakes)
            connection = self._waking.pop(order, None)
            if connection is None:
                continue
            del self._orders[connection]
            connection.alarm = math.inf
            if connection.wake_at <= now:
                connection.tick(now)
            else:
                self.wake(connection, connection.wake_at)
        monotonic = self.clock.monotonic()
        if monotonic >= self._sweep_at:
            for connection in tuple(self.connections):
                connection.sweep(monotonic)
            self._sweep_at = monotonic + SWEEP_EVERY if self.connections else _NOT_ARMED
        self._outflows.tick(monotonic)
        if self._sweep_at < _NOT_ARMED:
            self._arm_in(self._sweep_at - monotonic)
        if self._wakes:
            self._arm_in(self._wakes[0][0] - now)

    def _arm_in(self, seconds: float) -> None:
        seconds = max(SOONEST, seconds)
        due = self.clock.monotonic() + seconds
        if due < self._armed_for:
            self._armed_for = due
            self._arm(seconds)

    # the journal

    async def _settle_in_order(self) -> None:
        """Release replies in the order of their facts; one wait serves every connection whose fact is older."""
        loop = asyncio.get_running_loop()
        while True:
            while not self._settling:
                self._settle_wanted = loop.create_future()
                await self._settle_wanted
            number, connection = self._settling.popleft()
            if number:
                await self._journal.durable(number)
            for data in connection.take_captured():
                await self._keep(data)
            connection.release(number)

    async def _keep(self, data: bytes) -> None:
        """Keep an artifact; while the disk refuses it, replies wait, as they do for the journal."""
        refused = False
        while True:
            try:
                await self._artifacts.keep(data)
            except OSError as error:
                if not refused:
                    log.warning("artifact.refused", decky=self._decky, service=self._service_name, error=str(error))
                refused = True
                await asyncio.sleep(RETRY_AFTER)
            else:
                break
        if refused:
            log.info("artifact.kept_at_last", decky=self._decky, service=self._service_name)

    async def _await_room(self) -> None:
        await self._journal.room()
        self.crowded = self._journal.crowded
        while self._holding and not self.crowded:
            self._holding.popleft().room()
        if not self.crowded and not self._servers:
            await self._accept()

    def _say_full(self, key: str, limit: str, value: int, connection: Connection | None = None) -> None:
        """Record that a limit is reached, once until somebody leaves: refusals must cost less than connections."""
        if key not in self._refused:
            self._refused.add(key)
            fact = LimitReached(limit=limit, value=value)
            if connection is None:
                self.note(fact)
            else:
                self.put(connection, fact)
