"""Root keys as a key service sealed them, one table per side; empty where the provider is a file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.custody.migrations.grants import grant

revision = "keys_0002"
down_revision = "keys_0001"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_WORKER_RIGHTS = {
    "clinical_root": "SELECT",
}


def upgrade() -> None:
    """Make the tables and let workers read theirs."""
    for name in ("clinical_root", "identity_root"):
        op.create_table(
            name,
            sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
            sa.Column("sealed_by", sa.Text(), nullable=False),
            sa.Column("sealed", sa.LargeBinary(), nullable=False),
            sa.Column("created", Number, nullable=False),
            sa.PrimaryKeyConstraint("version"),
        )
    grant(op.get_bind(), _WORKER_RIGHTS)


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
