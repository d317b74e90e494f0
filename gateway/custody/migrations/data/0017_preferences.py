"""How a request that is done later wants to be answered, and which keys a client was last seen to publish."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_0017"
down_revision = "data_0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both; the release before writes rows without them. Workers have no right to either table."""
    op.add_column("errand", sa.Column("prefer", sa.Text(), nullable=True))
    op.add_column("client", sa.Column("keys_seen", sa.Text(), nullable=True))


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
