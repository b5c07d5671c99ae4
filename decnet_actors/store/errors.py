"""This module defines what can go wrong with the store.

StoreError(RuntimeError)
    SchemaError             the database is of a newer version than this program
    BadUrlError(ValueError) the database URL names no engine we know
    OtherWriterError        somebody else wrote to the journal
    BrokenChainError        an audit row was changed
    BackupError
        BackupDamagedError  a checksum does not match
        NotEmptyError       a backup is restored only where there is nothing
"""


class StoreError(RuntimeError):
    """The store cannot do what was asked."""


class SchemaError(StoreError):
    """The database is of a newer version than this program; the versions are ``args``."""


class BadUrlError(StoreError, ValueError):
    """The database URL names no engine we know."""


class OtherWriterError(StoreError):
    """The journal moved although this is its only writer: two daemons use one database."""


class BrokenChainError(StoreError):
    """An audit row was changed or removed; its number is ``args[0]``."""


class BackupError(StoreError):
    """A backup cannot be made or used."""


class BackupDamagedError(BackupError):
    """A checksum in the backup's manifest does not match."""


class NotEmptyError(BackupError):
    """A backup is restored only where there is nothing yet."""
