"""Who is handed copies of the trail, and how far each of them is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_0012"
down_revision = "data_0011"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, of which workers know nothing."""
    op.create_table(
        "trail_receiver",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", Number, nullable=False),
        sa.Column("answered", Number, nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trail_cursor",
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("log", Number, autoincrement=False, nullable=False),
        sa.Column("taken", Number, nullable=False),
        sa.Column("time", Number, nullable=False),
        sa.Column("position", Number, nullable=False),
        sa.PrimaryKeyConstraint("receiver", "log"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
