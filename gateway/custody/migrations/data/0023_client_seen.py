"""When each client was last seen in a log, and last refused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_0023"
down_revision = "data_0022"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table. Workers have no right to it."""
    op.create_table(
        "client_seen",
        sa.Column("log", Number, autoincrement=False, nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("last", Number, nullable=False),
        sa.Column("refused", Number, nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("log", "client_id"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
