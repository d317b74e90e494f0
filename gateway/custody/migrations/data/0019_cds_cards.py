"""Cards that were given over CDS Hooks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_0019"
down_revision = "data_0018"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table. Workers have no right to it."""
    op.create_table(
        "cds_card",
        sa.Column("tenant", Number, autoincrement=False, nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("patient", sa.LargeBinary(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("suggestions", sa.Text(), nullable=False),
        sa.Column("given", Number, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided", Number, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "uuid"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_cds_card_given", "cds_card", ["given"], unique=False)
    op.create_index("cds_card_patient", "cds_card", ["tenant", "patient"], unique=False)


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
