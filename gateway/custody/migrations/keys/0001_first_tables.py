"""The first tables of the key store: wrapped data keys, those of identity apart from the clinical ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.custody.migrations.grants import grant

revision = "keys_0001"
down_revision = None
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_WORKER_RIGHTS = {
    "clinical_key": "SELECT, INSERT",
}


def upgrade() -> None:
    """Make the tables and grant them."""
    _clinical_key()
    _identity_key()
    grant(op.get_bind(), _WORKER_RIGHTS)


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")


def _clinical_key() -> None:
    op.create_table(
        "clinical_key",
        sa.Column("tenant", Number, autoincrement=False, nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("root_version", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created", Number, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "subject", "purpose", "generation"),
        sqlite_with_rowid=False,
    )


def _identity_key() -> None:
    op.create_table(
        "identity_key",
        sa.Column("tenant", Number, autoincrement=False, nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("root_version", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created", Number, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "subject", "purpose", "generation"),
        sqlite_with_rowid=False,
    )
