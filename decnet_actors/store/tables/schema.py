"""This module has what all tables are made with."""

from sqlalchemy import (
    BigInteger,
    Integer,
    MetaData,
    Table,
)
from sqlalchemy.schema import SchemaItem

SCHEMA_VERSION = "0012"

MAX_PAYLOAD = 2**24 - 1  # bytes; what MySQL's MEDIUMBLOB holds, and more than any fact has

ID = 32  # hex digits of an identifier

NAME = 255  # characters of names we or the operator chose

ADDRESS = 45  # characters of an IPv6 address in its longest form

SHA256 = 64  # hex digits

Big = BigInteger().with_variant(Integer, "sqlite")  # an SQLite rowid must be declared INTEGER

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def table(name: str, *items: SchemaItem) -> Table:
    """Return a table of the store."""
    # without a binary collation MySQL takes "Bob" and "bob" for one name
    return Table(name, metadata, *items, mysql_charset="utf8mb4", mysql_collate="utf8mb4_bin")
