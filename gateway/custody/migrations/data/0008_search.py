"""Rows by which a source finds what was withheld, and what sorted searches found. Workers see neither."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_0008"
down_revision = "data_0007"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables. What was written before has no such rows until it is written again."""
    op.create_table(
        "identity_range",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("low", Number, autoincrement=False, nullable=False),
        sa.Column("high", Number, autoincrement=False, nullable=False),
        sa.Column("write_no", Number, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", "low", "high", "write_no"),
        sqlite_with_rowid=False,
    )
    op.create_index("identity_range_write", "identity_range", ["write_no"], unique=False)
    op.create_table(
        "search_list",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires", Number, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_search_list_expires", "search_list", ["expires"], unique=False)


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
