"""This module opens the database: SQLite, PostgreSQL or MySQL/MariaDB behind one kind of URL."""

from contextlib import suppress
from pathlib import Path
from sqlite3 import Error
from typing import Any, Protocol

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from decnet_actors.store.errors import BadUrlError

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "mysql": "mysql+aiomysql"}
ALIASES = {"postgres": "postgresql", "mariadb": "mysql"}

POOL_SIZE = 5
CONNECT_TIMEOUT = 10  # seconds
BUSY_TIMEOUT = 5  # seconds an SQLite statement waits for another connection's lock
# FULL: a commit survives a power cut. The checkpoint is larger than SQLite's 1000 pages because each one writes
# every page again; at 20,000 facts a second 16,000 pages is one about every two seconds.
PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "wal_autocheckpoint = 16000",
    "cache_size = -16384",
    "temp_store = MEMORY",
    "mmap_size = 268435456",
)


class _DbapiConnection(Protocol):
    def cursor(self) -> Any: ...  # Any: each driver has a cursor class of its own
    def rollback(self) -> None: ...


def normalise_url(url: str) -> URL:
    """Return ``url`` with the asynchronous driver of its engine.

    Raises:
        BadUrlError: not a URL, or of an engine we do not support.

    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise BadUrlError("not a database URL") from error  # the URL may hold a password: never repeated
    name = parsed.get_backend_name()
    name = ALIASES.get(name, name)
    if name not in DRIVERS:
        raise BadUrlError(f'no such database engine: "{name}"')
    return parsed.set(drivername=DRIVERS[name])


def make_engine(url: str) -> AsyncEngine:
    """Return the engine for ``url``: ``sqlite:///path``, ``postgresql://...`` or ``mysql://...``.

    Nothing is opened yet. SQLite's folder is made if it is missing.
    """
    parsed = normalise_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        engine = create_async_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT}, pool_size=POOL_SIZE)
        event.listen(engine.sync_engine, "connect", _set_pragmas)
        event.listen(engine.sync_engine, "invalidate", _roll_back)
        return engine
    options: dict[str, Any] = {"pool_size": POOL_SIZE, "pool_pre_ping": True}  # Any: engine options
    if parsed.get_backend_name() == "mysql":
        if "charset" not in parsed.query:
            parsed = parsed.update_query_dict({"charset": "utf8mb4"})
        # REPEATABLE READ would show a consumer the journal as it was, and take gap locks
        return create_async_engine(
            parsed,
            connect_args={"connect_timeout": CONNECT_TIMEOUT},
            isolation_level="READ COMMITTED",
            **options,
        )
    return create_async_engine(parsed, connect_args={"timeout": CONNECT_TIMEOUT}, **options)


def sqlite_path(engine: AsyncEngine) -> Path | None:
    """Return the file of an SQLite database, ``None`` for other engines and databases in memory."""
    database = engine.url.database
    if engine.dialect.name != "sqlite" or not database or database == ":memory:":
        return None
    return Path(database)


def _set_pragmas(connection: _DbapiConnection, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _roll_back(connection: _DbapiConnection, _record: object, _error: BaseException | None) -> None:
    """Give up the write lock of a connection that is dropped in the middle of a transaction.

    Python's ``close`` leaves the database locked for as long as anything refers to a statement of the connection, and
    after a cancellation the traceback does.
    """
    with suppress(DBAPIError, Error):  # there is nothing to roll back in a broken connection
        connection.rollback()


def with_password(url: str, password: str | None) -> str:
    """Return ``url`` with the password in it; the result is a secret."""
    return normalise_url(url).set(password=password).render_as_string(hide_password=False) if password else url


async def integrity(engine: AsyncEngine) -> str:
    """Return "ok", or what the engine's own check found wrong."""
    if engine.dialect.name != "sqlite":
        return "ok"  # servers check their pages by themselves
    async with engine.connect() as connection:
        rows = (await connection.exec_driver_sql("PRAGMA quick_check(10)")).scalars().all()
    return "; ".join(str(row) for row in rows)
