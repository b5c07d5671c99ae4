"""This module gives tests of analyses the databases of the store's tests."""

from tests.decnet_actors.store.conftest import (
    database_url,
    empty_engine,
    engine,
    mysql_server,
    postgresql_server,
    sqlite_engine,
)

__all__ = ["database_url", "empty_engine", "engine", "mysql_server", "postgresql_server", "sqlite_engine"]
