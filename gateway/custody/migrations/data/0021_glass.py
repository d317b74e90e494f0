"""Reviews of accesses for which the glass was broken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_0021"
down_revision = "data_0020"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table. Workers have no right to it."""
    op.create_table(
        "glass_review",
        sa.Column("log", Number, autoincrement=False, nullable=False),
        sa.Column("seq", Number, autoincrement=False, nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("decided", Number, nullable=False),
        sa.CheckConstraint("decision IN ('justified', 'not-justified')", name="glass_review_decision"),
        sa.PrimaryKeyConstraint("log", "seq"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
