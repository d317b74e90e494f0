"""Whom a client's assertion may name, and who a token is for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_0005"
down_revision = "data_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Clients that are registered already are trusted with nothing, and tokens name nobody."""
    op.add_column("client", sa.Column("trust", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("access_token", sa.Column("user", sa.Text(), nullable=True))
    op.add_column("access_token", sa.Column("purpose", sa.Text(), nullable=True))


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
