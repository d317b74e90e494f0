"""By which knowledge plans are made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.custody.migrations.grants import grant

revision = "data_0015"
down_revision = "data_0014"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORKER_RIGHTS = {"adopted_knowledge": "SELECT, INSERT, UPDATE"}


def upgrade() -> None:
    """Make the table; its row comes with the first worker."""
    op.create_table(
        "adopted_knowledge",
        sa.Column("one", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("since", Number, nullable=False),
        sa.CheckConstraint("one = 1", name="adopted_knowledge_one"),
        sa.PrimaryKeyConstraint("one"),
        sqlite_with_rowid=False,
    )
    grant(op.get_bind(), _WORKER_RIGHTS)


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
