"""This module brings a database to the schema of this program."""

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.store.errors import SchemaError
from decnet_actors.store.tables import SCHEMA_VERSION, metadata

VERSION_TABLE = "alembic_version"  # Alembic's own


async def schema_version(engine: AsyncEngine) -> str | None:
    """Return the version of the database's schema, ``None`` when it has none of our tables."""
    async with engine.connect() as connection:
        return await connection.run_sync(_version)


async def migrate(engine: AsyncEngine) -> str | None:
    """Bring the database to ``SCHEMA_VERSION``; return the version it had before.

    A database that is up to date costs one look-up: Alembic is imported only for one that is not. An empty one gets
    today's tables at once, which a test holds equal to what the migrations make.

    Raises:
        SchemaError: the database is of a newer version than this program.

    """
    before = await schema_version(engine)
    if before == SCHEMA_VERSION:
        return before
    if before is None:
        async with engine.begin() as connection:
            await connection.run_sync(_create)
        return None
    if before > SCHEMA_VERSION:
        raise SchemaError(before, SCHEMA_VERSION)
    await upgrade(engine)
    return before


async def upgrade(engine: AsyncEngine, target: str = "head") -> None:
    """Run the migrations up to ``target``, in one transaction where the engine can."""
    from decnet_actors.store.migrations import runner

    async with engine.begin() as connection:
        await connection.run_sync(runner.upgrade, target)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    version: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608  a constant of ours
    return version


def _create(connection: Connection) -> None:
    metadata.create_all(connection)
    key = f"CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY (version_num)"  # as Alembic makes it
    connection.execute(text(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL, {key})"))
    connection.execute(
        text(f"INSERT INTO {VERSION_TABLE} (version_num) VALUES (:version)"),  # noqa: S608  a constant of ours
        {"version": SCHEMA_VERSION},
    )
