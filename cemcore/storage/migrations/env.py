"""Alembic environment: runs on the connection that `cemcore.storage.engine` hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from cemcore.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
