"""This module keeps what is decided once for an installation: its id, its seed and when it was made."""

import json
import secrets
from collections.abc import Callable

from attrs import frozen
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.store.tables import meta

KEY = "installation"
SEED_BITS = 63


@frozen(kw_only=True)
class Installation:
    """Every persona, page and key of an installation follows from ``seed``; whoever knows it knows them all."""

    id: str
    seed: int
    founded: float  # Unix seconds


async def installation(engine: AsyncEngine, now: Callable[[], float]) -> Installation:
    """Return the installation this database belongs to; made when asked for the first time."""
    kept = await _read(engine)
    if kept is not None:
        return kept
    made = {"id": secrets.token_hex(16), "seed": secrets.randbits(SEED_BITS), "founded": now()}
    try:
        async with engine.begin() as connection:
            await connection.execute(insert(meta).values(key=KEY, value=json.dumps(made).encode()))
    except IntegrityError:  # another process was faster; its word counts
        kept = await _read(engine)
        if kept is None:
            raise
        return kept
    return _from(made)


async def _read(engine: AsyncEngine) -> Installation | None:
    async with engine.connect() as connection:
        value = (await connection.execute(select(meta.c.value).where(meta.c.key == KEY))).scalar()
    return None if value is None else _from(json.loads(value))


def _from(value: dict[str, object]) -> Installation:
    return Installation(
        id=str(value["id"]),
        seed=int(str(value["seed"])),
        founded=float(str(value["founded"])),
    )
