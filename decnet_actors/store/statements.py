"""This module makes the SQL the journal runs for every batch, once per engine.

Strings for ``exec_driver_sql`` with tuples: that is what makes a fact cost a few microseconds instead of tens.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen
from sqlalchemy import ColumnElement, Delete, Insert, Table, Update, func, insert
from sqlalchemy.engine import Dialect

from decnet_actors.store import tables
from decnet_actors.store.projection import CredentialDelta, MinuteDelta, SessionDelta, SourceDelta, UseDelta
from decnet_actors.store.transcript import LineRow

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

FACT_COLUMNS = tuple(column.name for column in tables.fact.columns)
SESSION_COLUMNS = SessionDelta.__struct_fields__
SOURCE_COLUMNS = SourceDelta.__struct_fields__
CREDENTIAL_COLUMNS = CredentialDelta.__struct_fields__
USE_COLUMNS = UseDelta.__struct_fields__
MINUTE_COLUMNS = MinuteDelta.__struct_fields__
LINE_COLUMNS = LineRow.__struct_fields__

_SEQ_RANGE = {"last_seq": "new"}
_SEEN = {"first_seen": "least", "last_seen": "greatest"}
# How a stored value and the batch's become one: "sum", "new" (replace), "coalesce" (replace unless NULL),
# "keep" (the stored one unless NULL), "least", "greatest". A column that is not named stays as it is.
MERGE_SESSION = {
    "last_seq": "new",
    "last_seen": "greatest",
    "closed": "coalesce",
    "reason": "coalesce",
    "duration": "coalesce",
    "bytes_in": "sum",
    "bytes_out": "sum",
    "events": "sum",
    "commands": "sum",
    "credentials": "sum",
    "files": "sum",
    "terminal": "sum",
    "user": "coalesce",
    "client": "keep",
}
MERGE_SOURCE = _SEQ_RANGE | _SEEN | dict.fromkeys(("events", "sessions", "credentials", "accepted"), "sum")
MERGE_CREDENTIAL = _SEQ_RANGE | _SEEN | {"mechanism": "new", "hashcat": "keep", "count": "sum", "accepted": "sum"}
MERGE_USE = _SEQ_RANGE | {"count": "sum", "accepted": "sum"}
MERGE_LINE = dict.fromkeys(("text", "keys", "folded", "open"), "new")
CURSOR_COLUMNS = ("consumer", "seq")
MERGE_CURSOR = {"seq": "new"}
MERGE_MINUTE = _SEQ_RANGE | dict.fromkeys(("events", "sessions", "credentials", "accepted"), "sum")


@frozen(kw_only=True)
class Statements:
    """The SQL of one engine; every one takes tuples in the order of its columns."""

    fact: str
    session: str
    source: str
    credential: str
    use: str
    minute: str
    line: str
    cursor: str


def statements_for(dialect: Dialect) -> Statements:
    """Return the journal's statements in the SQL of ``dialect``."""
    return Statements(
        fact=compiled(insert(tables.fact), FACT_COLUMNS, dialect),
        session=_upsert(tables.session, SESSION_COLUMNS, MERGE_SESSION, dialect),
        source=_upsert(tables.source, SOURCE_COLUMNS, MERGE_SOURCE, dialect),
        credential=_upsert(tables.credential, CREDENTIAL_COLUMNS, MERGE_CREDENTIAL, dialect),
        use=_upsert(tables.credential_use, USE_COLUMNS, MERGE_USE, dialect),
        minute=_upsert(tables.minute, MINUTE_COLUMNS, MERGE_MINUTE, dialect),
        line=_upsert(tables.line, LINE_COLUMNS, MERGE_LINE, dialect),
        cursor=_upsert(tables.cursor, CURSOR_COLUMNS, MERGE_CURSOR, dialect),
    )


def upsert(table: Table, merge: Mapping[str, str], dialect: Dialect) -> Insert:
    """Return an insert into ``table`` that merges with the row of the same primary key as ``merge`` says."""
    # each dialect is imported where it is used: together they take a tenth of the daemon's start
    if dialect.name in {"mysql", "mariadb"}:
        from sqlalchemy.dialects import mysql

        ours = mysql.insert(table)
        # evaluated left to right, but no expression here reads a column another one sets
        return ours.on_duplicate_key_update(
            {name: _merged(how, table.c[name], ours.inserted[name], dialect) for name, how in merge.items()}
        )
    new = _insert(table, dialect.name)
    return new.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: _merged(how, table.c[name], new.excluded[name], dialect) for name, how in merge.items()},
    )


def _upsert(table: Table, columns: Sequence[str], merge: Mapping[str, str], dialect: Dialect) -> str:
    return compiled(upsert(table, merge, dialect), columns, dialect)


def _insert(table: Table, dialect: str) -> "postgresql.Insert | sqlite.Insert":
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


def _merged(how: str, old: ColumnElement[Any], new: ColumnElement[Any], dialect: Dialect) -> ColumnElement[Any]:
    least, greatest = (func.min, func.max) if dialect.name == "sqlite" else (func.least, func.greatest)
    match how:
        case "sum":
            return old + new
        case "new":
            return new
        case "coalesce":
            return func.coalesce(new, old)
        case "keep":
            return func.coalesce(old, new)
        case "least":
            return least(old, new)
        case "greatest":
            return greatest(old, new)
        case _:
            raise ValueError(how)


def compiled(statement: Insert | Update | Delete, columns: Sequence[str], dialect: Dialect) -> str:
    """Return a statement as the driver's SQL, for tuples in the order of ``columns``."""
    keys = list(columns) if isinstance(statement, Insert) else None
    text = statement.compile(dialect=dialect, column_keys=keys)
    order = text.positiontup
    if tuple(order or ()) != tuple(columns):
        raise ValueError(f"parameters are {order}, not {columns}")
    return str(text)
