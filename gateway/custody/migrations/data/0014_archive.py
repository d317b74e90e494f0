"""Up to where each log of the trail is archived."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_0014"
down_revision = "data_0013"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table, of which workers know nothing."""
    op.create_table(
        "audit_archive",
        sa.Column("log", Number, autoincrement=False, nullable=False),
        sa.Column("size", Number, nullable=False),
        sa.Column("before", Number, nullable=False),
        sa.PrimaryKeyConstraint("log"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
