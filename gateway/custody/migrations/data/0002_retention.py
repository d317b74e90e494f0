"""How long things are kept and what is held: rules and legal holds, of which workers know nothing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_0002"
down_revision = "data_0001"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, and let rows be found by the write that they belong to."""
    op.create_index("patient_link_write", "patient_link", ["write_no"], unique=False)
    _retention_rule()
    _legal_hold()


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")


def _retention_rule() -> None:
    op.create_table(
        "retention_rule",
        sa.Column("tenant", Number, autoincrement=False, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("keep", sa.Text(), nullable=False),
        sa.Column("superseded", sa.Text(), nullable=True),
        sa.Column("counted", sa.Text(), nullable=False),
        sa.Column("changed", Number, nullable=False),
        sa.CheckConstraint("counted IN ('written', 'last-touched')", name="retention_rule_counted"),
        sa.PrimaryKeyConstraint("tenant", "type"),
        sqlite_with_rowid=False,
    )


def _legal_hold() -> None:
    op.create_table(
        "legal_hold",
        sa.Column("tenant", Number, autoincrement=False, nullable=False),
        sa.Column("patient", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", Number, autoincrement=False, nullable=False),
        sa.Column("until", Number, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "patient", "reason", "since"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "legal_hold_one_standing",
        "legal_hold",
        ["tenant", "patient", "reason"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
