"""This module keeps the secrets of each persona: host keys and certificates that must outlive a restart."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TypeAlias

from attrs import define, field
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from decnet_actors.store.crowd import Crowd
from decnet_actors.store.statements import upsert
from decnet_actors.store.tables import decky_secret

Offload: TypeAlias = Callable[[Callable[[], bytes]], Awaitable[bytes]]
Key: TypeAlias = tuple[str, str]  # decky, name

AT_ONCE = 100  # deckies that are answered in one visit of the database


class Secrets:
    """The secrets of all deckies. Those that start together cost one transaction, not one each.

    Args:
        engine: of the store.
        now: Unix seconds.
        offload: runs a blocking function off the loop; keys take long to make.
        spare: the same, when this machine has nothing better to do.

    """

    def __init__(self, engine: AsyncEngine, *, now: Callable[[], float], offload: Offload, spare: Offload) -> None:
        self.offload = offload
        self.spare = spare
        self._engine = engine
        self._now = now
        self._reads = Crowd(self._read, limit=AT_ONCE)
        self._writes = Crowd(self._write, limit=AT_ONCE)

    def of(self, decky: str) -> "DeckyVault":
        """Return the secrets of one decky."""
        return DeckyVault(decky, self)

    async def kept(self, keys: Collection[Key]) -> Mapping[Key, bytes]:
        """Return those there are."""
        return await self._reads.ask(keys)

    async def keep(self, made: Mapping[Key, bytes]) -> Mapping[Key, bytes]:
        """Keep what was made, and return it, or what somebody faster has handed out, which must stay true."""
        return await self._writes.ask(made)

    async def _read(self, asked: Sequence[Collection[Key]]) -> Sequence[Mapping[Key, bytes]]:
        async with self._engine.connect() as connection:
            found = await _select(connection, [key for keys in asked for key in keys])
        return [{key: found[key] for key in keys if key in found} for keys in asked]

    async def _write(self, asked: Sequence[Mapping[Key, bytes]]) -> Sequence[Mapping[Key, bytes]]:
        first: dict[Key, bytes] = {}
        for made in asked:
            first = {**made, **first}
        now = self._now()
        # In one order, so that two who write the same wait for one another and not each for the other.
        rows = [
            {"decky": decky, "name": name, "value": value, "created": now}
            for (decky, name), value in sorted(first.items())
        ]
        async with self._engine.begin() as connection:
            await connection.execute(upsert(decky_secret, {"created": "least"}, self._engine.dialect), rows)
            found = await _select(connection, first)
        return [{key: found[key] for key in made} for made in asked]


async def _select(connection: AsyncConnection, keys: Collection[Key]) -> dict[Key, bytes]:
    table = decky_secret.c
    query = select(table.decky, table.name, table.value).where(tuple_(table.decky, table.name).in_(list(keys)))
    return {(row.decky, row.name): bytes(row.value) for row in await connection.execute(query)}


@define(eq=False)
class DeckyVault:
    """The secrets of one decky (``contracts.decoy.Vault``)."""

    decky: str
    _secrets: Secrets
    _making: asyncio.Lock = field(init=False, factory=asyncio.Lock)

    async def get(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the bytes kept under ``name``, made once (off the loop) if there are none."""
        return (await self.get_all({name: make}))[name]

    async def get_all(self, makes: Mapping[str, Callable[[], bytes]]) -> Mapping[str, bytes]:
        """Return the same for several names, for little more than one costs."""
        async with self._making:
            kept = await self._kept(makes)
            missing = [name for name in makes if name not in kept]
            if not missing:
                return kept
            made = {name: await self._secrets.offload(makes[name]) for name in missing}
            return {**kept, **await self._keep(made)}

    async def prepared(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the same as ``get``, made when there is nothing better to do; ``get`` does not wait for that."""
        kept = await self._kept((name,))
        return (kept or await self._keep({name: await self._secrets.spare(make)}))[name]

    async def _keep(self, made: Mapping[str, bytes]) -> Mapping[str, bytes]:
        kept = await self._secrets.keep({(self.decky, name): value for name, value in made.items()})
        return {name: value for (_, name), value in kept.items()}

    async def _kept(self, names: Collection[str]) -> Mapping[str, bytes]:
        kept = await self._secrets.kept([(self.decky, name) for name in names])
        return {name: value for (_, name), value in kept.items()}
