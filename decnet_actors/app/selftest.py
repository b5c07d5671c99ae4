"""This module answers selftest.run: a real probe of a decoy, followed hop by hop to its durable, published event."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress

from attrs import frozen

from decnet_actors.app.greetings import greeting
from decnet_actors.contracts import runtime_operations as ops
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.fleet_driver import FleetDriver, Place
from decnet_actors.contracts.journal import JournalReader
from decnet_actors.contracts.operations import Caller
from decnet_actors.domain.facts import SessionOpened
from decnet_actors.domain.records import Entry
from decnet_actors.domain.text import escaped
from supervisors.bus import Envelope

ARRIVAL = 5.0  # seconds the event may take
SHOWN = 60  # characters of a greeting


@frozen(kw_only=True)
class Target:
    """One service that can be probed."""

    place: Place
    service: str
    port: int  # the one it really listens on


class Selftest:
    """Probes decoys.

    Args:
        driver: opens the way to a decky.
        targets: what listens now, in fleet order.
        subscribe: calls back with every envelope below a pattern, until the returned function is called.
        reader: the journal.
        monotonic: seconds.

    """

    def __init__(
        self,
        *,
        driver: FleetDriver,
        targets: Callable[[], Awaitable[Sequence[Target]]],
        subscribe: Callable[[str, Callable[[Envelope], None]], Callable[[], None]],
        reader: JournalReader,
        monotonic: Callable[[], float],
    ) -> None:
        self._driver = driver
        self._targets = targets
        self._subscribe = subscribe
        self._reader = reader
        self._monotonic = monotonic

    async def run(self, args: ops.SelftestArgs, caller: Caller) -> AsyncIterator[ops.Hop]:
        """Answer selftest.run."""
        del caller
        for target in self._chosen(args, await self._targets()):
            async for hop in self._probe(target):
                yield hop

    def _chosen(self, args: ops.SelftestArgs, targets: Sequence[Target]) -> list[Target]:
        known = {target.place.decky for target in targets}
        for name in args.deckies:
            if name not in known:
                raise OperatorError(CATALOGUE["DN2001"], f'no decky called "{escaped(name)}" listens')
        if not targets:
            raise OperatorError(CATALOGUE["DN2001"], "no decky listens", fix=("decnetctl status",))
        names = args.deckies or (targets[0].place.decky,)
        chosen = [target for name in names for target in targets if target.place.decky == name]
        if args.all_services:
            return chosen
        return [next(target for target in chosen if target.place.decky == name) for name in names]

    async def _probe(self, target: Target) -> AsyncIterator[ops.Hop]:
        began = self._monotonic()

        def hop(name: str, detail: str, *, ok: bool = True) -> ops.Hop:
            elapsed = (self._monotonic() - began) * 1000
            decky, service = target.place.decky, target.service
            return ops.Hop(decky=decky, service=service, name=name, ok=ok, detail=detail, elapsed_ms=elapsed)

        head = await self._reader.head()
        seen: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        mine: list[int] = []  # our port, once we know it
        early: list[Entry] = []

        def take(envelope: Envelope) -> None:
            entry = envelope.payload
            if not isinstance(entry, Entry) or not isinstance(entry.record.fact, SessionOpened):
                return
            if not mine:
                early.append(entry)
            elif _is_ours(entry, target, mine[0]) and not seen.done():
                seen.set_result(entry)

        cancel = self._subscribe(f"decky.*.{target.place.decky}.session_opened", take)
        try:
            try:
                client = await self._driver.probe(target.place, target.port)
            except OSError as error:
                yield hop("probe", f"{target.place.address}:{target.port}: {error.strerror or error}", ok=False)
                return
            with client:
                mine.append(client.getsockname()[1])
                for entry in early:
                    take_late = _is_ours(entry, target, mine[0])
                    if take_late and not seen.done():
                        seen.set_result(entry)
                yield hop("probe", f"connected to {target.place.address}:{target.port} from port {mine[0]}")
                said = await asyncio.to_thread(greeting, client)
                yield hop("decoy", f"says {escaped(said, SHOWN)}" if said else "accepted, waits for its peer")
                published: Entry | None = None
                with suppress(TimeoutError):
                    async with asyncio.timeout(ARRIVAL):
                        published = await seen
                stored = published or await self._stored(head, target, mine[0])
                if stored is None:
                    yield hop("event", f"no event within {ARRIVAL:g} s; see decnetctl doctor store", ok=False)
                    return
                yield hop("event", f"stored as event {stored.seq}, session {stored.record.session}")
                if published is None:
                    yield hop("bus", "stored, but not published; see decnetctl actor tree", ok=False)
                else:
                    yield hop("bus", f"published as {stored.record.topic}")
        finally:
            cancel()

    async def _stored(self, head: int, target: Target, port: int) -> Entry | None:
        for entry in await self._reader.read(after=head):
            if _is_ours(entry, target, port):
                return entry
        return None


def _is_ours(entry: Entry, target: Target, port: int) -> bool:
    record = entry.record
    return (
        isinstance(record.fact, SessionOpened)
        and record.decky == target.place.decky
        and record.service == target.service
        and record.source_port == port
    )
