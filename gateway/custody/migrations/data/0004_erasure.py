"""What erasing somebody needs: the erasures under way, and ways to find what bears a patient's keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_0004"
down_revision = "data_0003"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table, which workers know nothing of, the column and the index."""
    op.create_table(
        "erasure",
        sa.Column("tenant", Number, autoincrement=False, nullable=False),
        sa.Column("patient", sa.LargeBinary(), nullable=False),
        sa.Column("begun", Number, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "patient"),
        sqlite_with_rowid=False,
    )
    op.add_column("idempotency", sa.Column("patients", sa.LargeBinary(), nullable=True))
    op.create_index("version_compartment", "version", ["compartment"], unique=False)


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
