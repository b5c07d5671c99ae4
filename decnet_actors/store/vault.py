"""This module keeps the secrets of each persona: host keys and certificates that must outlive a restart."""

import asyncio
from collections.abc import Awaitable, Callable

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

    """

    def __init__(
        self,
        engine: AsyncEngine,
        decky: str,
        *,
        now: Callable[[], float],
        offload: Callable[[Callable[[], bytes]], Awaitable[bytes]],
    ) -> None:
        self._engine = engine
        self._decky = decky
        self._now = now
        self._offload = offload
        self._making = asyncio.Lock()

    async def get(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the bytes kept under ``name``, made once (off the loop) if there are none."""
        async with self._making:
            kept = await self._read(name)
            if kept is not None:
                return kept
            made = await self._offload(make)
            values = {"decky": self._decky, "name": name, "value": made, "created": self._now()}
            try:
                async with self._engine.begin() as connection:
                    await connection.execute(insert(decky_secret).values(values))
            except IntegrityError:  # another vault of the same decky was faster; what it handed out must stay true
                kept = await self._read(name)
                if kept is None:
                    raise
                return kept
            return made

    async def _read(self, name: str) -> bytes | None:
        query = select(decky_secret.c.value).where(decky_secret.c.decky == self._decky, decky_secret.c.name == name)
        async with self._engine.connect() as connection:
            value = (await connection.execute(query)).scalar()
        return None if value is None else bytes(value)
