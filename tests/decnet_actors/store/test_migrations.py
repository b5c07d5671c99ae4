import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Connection, LargeBinary, text
from sqlalchemy.dialects.mysql import MEDIUMBLOB
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.store.errors import SchemaError
from decnet_actors.store.migrations import migrate, runner, schema_version, upgrade
from decnet_actors.store.tables import SCHEMA_VERSION, metadata


def compare_type(_context, _inspected_column, _column, inspected_type, declared_type) -> bool | None:
    if isinstance(inspected_type, MEDIUMBLOB) and isinstance(declared_type, LargeBinary):
        return declared_type.length != 2**24 - 1  # how MySQL spells a BLOB of that length
    return None  # Alembic decides


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": compare_type})
    return list(compare_metadata(context, metadata))


def sqlite_schema(connection: Connection) -> dict[str, str]:
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    return {row.name: "".join(row.sql.split()).replace('"', "") for row in rows}  # a rebuilt table's name is quoted


async def test_migrating_an_empty_database_step_by_step_gives_the_tables_of_today(empty_engine: AsyncEngine) -> None:
    await upgrade(empty_engine)

    async with empty_engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    assert await schema_version(empty_engine) == SCHEMA_VERSION


async def test_an_empty_database_gets_the_tables_of_today_at_once(empty_engine: AsyncEngine) -> None:
    assert await migrate(empty_engine) is None

    async with empty_engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    assert await schema_version(empty_engine) == SCHEMA_VERSION


async def test_both_ways_give_the_same_sql_on_sqlite(sqlite_engine: AsyncEngine, tmp_path) -> None:
    from decnet_actors.store.engine import make_engine

    other = make_engine(f"sqlite:///{tmp_path}/other.db")
    await upgrade(other)
    async with sqlite_engine.connect() as one, other.connect() as two:
        made_at_once = await one.run_sync(sqlite_schema)
        step_by_step = await two.run_sync(sqlite_schema)
    await other.dispose()

    assert step_by_step == made_at_once


async def test_a_database_that_is_up_to_date_is_left_alone(engine: AsyncEngine) -> None:
    assert await migrate(engine) == SCHEMA_VERSION


async def test_a_database_of_a_newer_program_is_refused(sqlite_engine: AsyncEngine) -> None:
    async with sqlite_engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SchemaError) as caught:
        await migrate(sqlite_engine)

    assert caught.value.args == ("9999", SCHEMA_VERSION)


async def test_an_older_database_is_given_to_alembic(sqlite_engine: AsyncEngine) -> None:
    async with sqlite_engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))

    # there is no version before the first one, so all Alembic can do is to say so
    with pytest.raises(CommandError, match="0000"):
        await migrate(sqlite_engine)


def test_the_newest_migration_is_the_version_the_tables_name() -> None:
    assert runner.head() == SCHEMA_VERSION


def test_alembic_is_not_imported_by_a_daemon_that_needs_no_migration() -> None:
    code = "import sys, decnet_actors.store.migrations as m; sys.exit('alembic' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
