"""What is watched for in the trail, and the cases that come of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_0022"
down_revision = "data_0021"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables. Workers have no right to them."""
    op.create_table(
        "watch_cursor",
        sa.Column("log", Number, autoincrement=False, nullable=False),
        sa.Column("seq", Number, nullable=False),
        sa.PrimaryKeyConstraint("log"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "watch_count",
        sa.Column("organization", Number, autoincrement=False, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("period", Number, autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("organization", "rule", "subject", "period"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "watch_contact",
        sa.Column("organization", Number, autoincrement=False, nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("patient", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organization", "client_id", "patient"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "watch_mark",
        sa.Column("organization", Number, autoincrement=False, nullable=False),
        sa.Column("patient", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("since", Number, nullable=False),
        sa.PrimaryKeyConstraint("organization", "patient"),
        sqlite_with_rowid=False,
    )
    _cases()


def _cases() -> None:
    op.create_table(
        "watch_case",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("organization", Number, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("period", Number, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("usual", sa.Integer(), nullable=True),
        sa.Column("opened", Number, nullable=False),
        sa.Column("last", Number, nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("closed", Number, nullable=True),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("finding IN ('harmless', 'misuse', 'unclear')", name="watch_case_finding"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("organization", "rule", "subject", "period", name="watch_case_once"),
        sqlite_with_rowid=False,
    )
    op.create_index("watch_case_open", "watch_case", ["organization", "closed", "opened"], unique=False)


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
