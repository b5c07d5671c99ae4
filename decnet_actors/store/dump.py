"""This module moves rows between a database and files that no engine owns, and between databases."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import msgpack  # type: ignore[import-untyped]  # no stubs published
from sqlalchemy import Table, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.store.errors import BackupError, NotEmptyError
from decnet_actors.store.tables import MAX_PAYLOAD, dead_letter, metadata

Offload: TypeAlias = Callable[[Callable[[], Any]], Awaitable[Any]]  # Any: whatever the work returns
Rows: TypeAlias = list[tuple[Any, ...]]  # Any: columns of many types

CHUNK = 1000  # rows read or written at a time
BUFFER = 4 * MAX_PAYLOAD
# The database numbers these anew: giving numbers by hand leaves PostgreSQL's sequence behind.
UNNUMBERED = {dead_letter.name: "id"}


def columns(table: Table) -> tuple[str, ...]:
    """Return the columns of a table that are copied, in order."""
    return tuple(column.name for column in table.columns if column.name != UNNUMBERED.get(table.name))


def snapshot(database: Path, target: Path) -> Mapping[str, int]:
    """Copy an SQLite database that is in use; return the rows of each table. Blocks.

    All pages are copied in one step: in smaller ones it would begin again whenever the journal commits.
    """
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        return {
            table.name: copy.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()[0]  # noqa: S608  ours
            for table in metadata.sorted_tables
        }


async def dump(engine: AsyncEngine, folder: Path, offload: Offload) -> Mapping[str, int]:
    """Write every table to a file in ``folder``, all as of one moment; return the rows of each."""
    counts: dict[str, int] = {}
    async with engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="REPEATABLE READ")
        for table in metadata.sorted_tables:
            names = columns(table)
            path = folder / f"{table.name}.msgpack"
            await offload(_appender(path, [names]))
            counts[table.name] = 0
            query = select(*(table.c[name] for name in names))
            async with connection.stream(query.execution_options(yield_per=CHUNK)) as result:
                async for rows in result.partitions(CHUNK):
                    counts[table.name] += len(rows)
                    await offload(_appender(path, [tuple(row) for row in rows]))
    return counts


async def load(engine: AsyncEngine, folder: Path, offload: Offload) -> Mapping[str, int]:
    """Fill the empty tables of a migrated database from the files ``dump`` wrote; return the rows of each."""
    counts: dict[str, int] = {}
    for table in metadata.sorted_tables:
        path = folder / f"{table.name}.msgpack"
        reader: Iterator[Rows] = _read(path)
        (names,) = await offload(lambda reader=reader: next(reader))  # type: ignore[misc]  # the default is the iterator
        if tuple(names) != columns(table):
            raise BackupError(path.name, "has other columns than this program's table")
        counts[table.name] = 0
        while rows := await offload(lambda reader=reader: next(reader, [])):  # type: ignore[misc]  # as above
            counts[table.name] += len(rows)
            await _insert(engine, table, rows)
    return counts


async def copy(source: AsyncEngine, target: AsyncEngine) -> Mapping[str, int]:
    """Copy every table to the empty ones of another database; return the rows of each."""
    counts: dict[str, int] = {}
    for table in metadata.sorted_tables:
        counts[table.name] = 0
        async for rows in _rows(source, table):
            counts[table.name] += len(rows)
            await _insert(target, table, rows)
    return counts


async def check_empty(engine: AsyncEngine) -> None:
    """Raise ``NotEmptyError`` if any table of a migrated database has rows."""
    async with engine.connect() as connection:
        for table in metadata.sorted_tables:
            if (await connection.execute(select(func.count()).select_from(table))).scalar():
                raise NotEmptyError(table.name)


async def _rows(engine: AsyncEngine, table: Table) -> AsyncIterator[Rows]:
    query = select(*(table.c[name] for name in columns(table))).execution_options(yield_per=CHUNK)
    async with engine.connect() as connection, connection.stream(query) as result:
        async for rows in result.partitions(CHUNK):
            yield [tuple(row) for row in rows]


async def _insert(engine: AsyncEngine, table: Table, rows: Sequence[Sequence[Any]]) -> None:  # Any: as Rows
    names = columns(table)
    async with engine.begin() as connection:
        await connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])


def _appender(path: Path, rows: Sequence[Sequence[Any]]) -> Callable[[], None]:  # Any: as Rows
    def append() -> None:
        pack = msgpack.Packer().pack
        with path.open("ab") as file:
            for row in rows:
                file.write(pack([bytes(value) if isinstance(value, memoryview) else value for value in row]))

    return append


def _read(path: Path) -> Iterator[Rows]:
    """Yield the names of the columns in a list of one, then lists of rows."""
    with path.open("rb") as file:
        unpacker = msgpack.Unpacker(file, max_buffer_size=BUFFER, max_bin_len=BUFFER, max_str_len=BUFFER)
        rows: Rows = []
        try:
            yield [tuple(next(unpacker))]
            for row in unpacker:
                rows.append(tuple(row))
                if len(rows) == CHUNK:
                    yield rows
                    rows = []
        except (StopIteration, ValueError, msgpack.UnpackException) as error:
            raise BackupError(path.name, "cannot be read") from error
        if rows:
            yield rows
