"""The people of the console."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_0016"
down_revision = "data_0015"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables. Workers have no right to them."""
    _people()
    _entrance()
    _work()


def _people() -> None:
    op.create_table(
        "console_person",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organization", Number, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created", Number, nullable=False),
        sa.Column("revoked", Number),
        sa.Column("password", sa.Text()),
        sa.Column("seed", sa.LargeBinary()),
        sa.Column("step", Number, nullable=False, server_default="0"),
        sa.Column("subject", sa.Text()),
        sa.Column("seen", Number),
        sa.CheckConstraint("role IN ('officer', 'auditor', 'administrator')", name="console_person_role"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("login"),
        sa.UniqueConstraint("subject"),
    )
    op.create_table(
        "console_link",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("expires", Number, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sa.UniqueConstraint("person"),
        sqlite_with_rowid=False,
    )


def _entrance() -> None:
    op.create_table(
        "console_session",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("begun", Number, nullable=False),
        sa.Column("seen", Number, nullable=False),
        sa.Column("ends", Number, nullable=False),
        sa.Column("bound", sa.LargeBinary(), nullable=False),
        sa.Column("before", Number, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_console_session_person", "console_session", ["person"])
    op.create_index("ix_console_session_ends", "console_session", ["ends"])
    op.create_table(
        "console_brake",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("until", Number, nullable=False),
        sa.Column("last", Number, nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_console_brake_last", "console_brake", ["last"])


def _work() -> None:
    op.create_table(
        "console_search",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("created", Number, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_console_search_person", "console_search", ["person"])
    op.create_table(
        "console_run",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("organization", Number, nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("asked", Number, nullable=False),
        sa.Column("wish", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text()),
        sa.Column("begun", Number),
        sa.Column("beat", Number),
        sa.Column("done", Number, nullable=False),
        sa.Column("total", Number, nullable=False),
        sa.Column("ended", Number),
        sa.Column("outcome", sa.Text()),
        sa.Column("report", sa.Text()),
        sa.CheckConstraint("kind IN ('verify', 'export')", name="console_run_kind"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("console_run_asked", "console_run", ["organization", "kind", "asked"])


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
