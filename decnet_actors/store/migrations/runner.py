"""This module runs the migrations.

It is imported only when there are some to run, because Alembic is slow to import.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def upgrade(connection: Connection, target: str = "head") -> None:
    """Run the migrations up to ``target`` on this connection; the caller commits."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, target)


def head() -> str | None:
    """Return the newest version there is a migration for."""
    return ScriptDirectory.from_config(_config()).get_current_head()
