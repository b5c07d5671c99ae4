"""This module is what Alembic runs for each command; the connection is given to it (``runner.upgrade``)."""

from alembic import context

from decnet_actors.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
