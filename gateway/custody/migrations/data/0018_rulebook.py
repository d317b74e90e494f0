"""Packs that are added, switches, recalls, and the answers of rules in shadow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.custody.migrations.grants import grant

revision = "data_0018"
down_revision = "data_0017"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORKER_RIGHTS = {
    "knowledge_change": "SELECT",
    "knowledge_pack": "SELECT",
    "rule_switch": "SELECT",
    "rule_recall": "SELECT",
    "shadow_answer": "SELECT, INSERT, UPDATE",
}


def upgrade() -> None:
    """Make the tables; they begin empty, and every rule is as it was published."""
    op.create_table(
        "knowledge_change",
        sa.Column("one", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", Number, nullable=False),
        sa.CheckConstraint("one = 1", name="knowledge_change_one"),
        sa.PrimaryKeyConstraint("one"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "knowledge_pack",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("files", sa.LargeBinary(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("since", Number, nullable=False),
        sa.CheckConstraint("publisher IS NOT NULL OR reason IS NOT NULL", name="knowledge_pack_answered_for"),
        sa.PrimaryKeyConstraint("id"),
    )
    _decisions()
    grant(op.get_bind(), _WORKER_RIGHTS)


def _decisions() -> None:
    op.create_table(
        "rule_switch",
        sa.Column("tenant", Number, autoincrement=False, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("thresholds", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", Number, nullable=False),
        sa.CheckConstraint("state IN ('on', 'off', 'shadow')", name="rule_switch_state"),
        sa.PrimaryKeyConstraint("tenant", "rule"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rule_recall",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", Number, nullable=False),
        sa.PrimaryKeyConstraint("rule", "version"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "shadow_answer",
        sa.Column("tenant", Number, autoincrement=False, nullable=False),
        sa.Column("patient", sa.LargeBinary(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("since", Number, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "patient", "rule"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
