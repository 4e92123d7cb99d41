"""What alembic runs: the migrations, on the connection and in the transaction that the ledger gives."""

from __future__ import annotations

from alembic import context

from crawler.dataset import tables

context.configure(
    connection=context.config.attributes["connection"],
    version_table=context.config.attributes["version_table"],
    target_metadata=tables.metadata,
    # SQLite can alter little: batch operations copy the table.
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
