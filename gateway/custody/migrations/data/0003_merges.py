"""Which records of a clinic are one person: links between Patients, and what became of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.custody.migrations.grants import grant

revision = "data_0003"
down_revision = "data_0002"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_WORKER_RIGHTS = {"patient_merge": "SELECT"}


def upgrade() -> None:
    """Make the table and let workers read it. Links sent before count from their Patient's next write."""
    op.create_table(
        "patient_merge",
        sa.Column("tenant", Number, autoincrement=False, nullable=False),
        sa.Column("patient", sa.LargeBinary(), nullable=False),
        sa.Column("successor", sa.LargeBinary(), nullable=False),
        sa.Column("replaced_by", sa.Integer(), nullable=False),
        sa.Column("replaces", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("survivor", sa.LargeBinary(), nullable=True),
        sa.Column("since", Number, nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'united', 'blocked', 'undone')", name="patient_merge_state"),
        sa.CheckConstraint("(state = 'united') = (survivor IS NOT NULL)", name="patient_merge_survivor"),
        sa.PrimaryKeyConstraint("tenant", "patient", "successor"),
        sqlite_with_rowid=False,
    )
    op.create_index("patient_merge_successor", "patient_merge", ["tenant", "successor"], unique=False)
    op.create_index("patient_merge_survivor", "patient_merge", ["tenant", "survivor"], unique=False)
    grant(op.get_bind(), _WORKER_RIGHTS)


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
