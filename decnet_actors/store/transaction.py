"""This module runs the statements of one batch as one transaction.

SQLite has no server: its statements run in a thread, and each awaited one is a wake-up there and one back, which cost
more than the statement. So its whole transaction, commit included, is one visit to the connection's thread.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, TypeAlias, cast

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

Work: TypeAlias = Sequence[tuple[str, Sequence[tuple[object, ...]]]]  # statements of the driver, each with its rows


async def run_transaction(connection: AsyncConnection, work: Work) -> None:
    """Run ``work`` and commit it; nothing of it is left when it fails.

    Cancelled, it goes on in SQLite's thread and may still commit. What is asked of the connection afterwards, a close
    above all, waits for its end.
    """
    if connection.dialect.name == "sqlite":
        pooled: Any = connection.sync_connection  # Any: not None while it is open, and then down to aiosqlite's own
        driver = pooled.connection.driver_connection
        try:
            await driver._execute(_run, driver._conn, work)  # noqa: SLF001  its way into its thread, for one call or many
        except sqlite3.Error as error:
            failure = DBAPIError.instance(None, None, error, sqlite3.Error, dialect=connection.dialect)
            raise cast("DBAPIError", failure) from error
        return
    async with connection.begin():
        for sql, rows in work:
            await connection.exec_driver_sql(sql, cast("Any", rows))  # Any: it takes rows of any sequence


def _run(connection: sqlite3.Connection, work: Work) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
        for sql, rows in work:
            connection.executemany(sql, rows)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
