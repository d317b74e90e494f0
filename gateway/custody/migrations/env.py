"""Alembic's entry point: it runs on the connection, and in the transaction, that ``migrate`` hands over."""

from __future__ import annotations

from alembic import context

from gateway.custody import tables


def run() -> None:
    """Run the revisions that are missing."""
    attributes = context.config.attributes
    context.configure(
        connection=attributes["connection"],
        target_metadata=tables.data if attributes["store"] == "data" else tables.keys,
        transactional_ddl=True,
    )
    context.run_migrations()


run()
