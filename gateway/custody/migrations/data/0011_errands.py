"""Requests that are done later and what they are answered, and which organizations are sandboxes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_0011"
down_revision = "data_0010"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, of which workers know nothing; who is there already is no sandbox."""
    op.add_column("organization", sa.Column("sandbox", sa.Integer(), nullable=False, server_default="0"))
    _errand()
    op.create_table(
        "errand_answer",
        sa.Column("errand", sa.LargeBinary(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("patients", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("errand", "place"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")


def _errand() -> None:
    op.create_table(
        "errand",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("tenant", Number, nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("key_digest", sa.LargeBinary(), nullable=True),
        sa.Column("body_digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("patients", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("created", Number, nullable=False),
        sa.Column("not_before", Number, nullable=False),
        sa.Column("lease_until", Number, nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("finished", Number, nullable=True),
        sa.CheckConstraint("way IN ('transaction', 'batch')", name="errand_way"),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'erased', 'withdrawn')", name="errand_state"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("client_id", "key_digest", name="errand_key"),
    )
    op.create_index("errand_due", "errand", ["state", "not_before"], unique=False)
    op.create_index("errand_line", "errand", ["client_id", "state", "created"], unique=False)
