"""This module keeps the secrets of each persona: host keys and certificates that must outlive a restart."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.store.tables import decky_secret


class DeckyVault:
    """The secrets of one decky (``contracts.decoy.Vault``).

    Args:
        engine: of the store.
        decky: whose secrets.
        now: Unix seconds.
        offload: runs a blocking function off the loop; keys take long to make.
        spare: the same, when this machine has nothing better to do.

    """

    def __init__(
        self,
        engine: AsyncEngine,
        decky: str,
        *,
        now: Callable[[], float],
        offload: Callable[[Callable[[], bytes]], Awaitable[bytes]],
        spare: Callable[[Callable[[], bytes]], Awaitable[bytes]],
    ) -> None:
        self._engine = engine
        self._decky = decky
        self._now = now
        self._offload = offload
        self._spare = spare
        self._making = asyncio.Lock()

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
            made = {name: await self._offload(makes[name]) for name in missing}
            return {**kept, **await self._keep(made)}

    async def prepared(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the same as ``get``, made when there is nothing better to do; ``get`` does not wait for that."""
        kept = await self._kept((name,))
        return (kept or await self._keep({name: await self._spare(make)}))[name]

    async def _keep(self, made: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """Keep what was made, and return it, or what somebody faster has handed out, which must stay true."""
        created = self._now()
        rows = [
            {"decky": self._decky, "name": name, "value": value, "created": created} for name, value in made.items()
        ]
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(decky_secret), rows)
        except IntegrityError:
            kept = await self._kept(made)
            missing = {name: value for name, value in made.items() if name not in kept}
            if len(missing) == len(made):
                raise
            return {**kept, **(await self._keep(missing) if missing else {})}
        return made

    async def _kept(self, names: Collection[str]) -> Mapping[str, bytes]:
        query = select(decky_secret.c.name, decky_secret.c.value).where(
            decky_secret.c.decky == self._decky, decky_secret.c.name.in_(names)
        )
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
        return {row.name: bytes(row.value) for row in rows}
