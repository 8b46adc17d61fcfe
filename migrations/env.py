"""Runs the migrations on the connection that the Registry hands over."""

from alembic import context

from registry.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,
)
context.run_migrations()
