"""How often what a rule proposes is accepted, declined or left lying."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.custody.migrations.grants import grant

revision = "data_0020"
down_revision = "data_0019"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORKER_RIGHTS = {"rule_decision": "SELECT, INSERT, UPDATE"}


def upgrade() -> None:
    """Make the table; plans that stand are counted with their next version."""
    op.create_table(
        "rule_decision",
        sa.Column("tenant", Number, autoincrement=False, nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", Number, nullable=False),
        sa.CheckConstraint(
            "outcome IN ('open', 'accepted', 'declined', 'moot')", name="rule_decision_outcome"
        ),
        sa.PrimaryKeyConstraint("tenant", "mark"),
        sqlite_with_rowid=False,
    )
    grant(op.get_bind(), _WORKER_RIGHTS)


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
