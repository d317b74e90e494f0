"""Under which release profile a partner sees a tenant; none means the installation's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_0007"
down_revision = "data_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Workers have no right to the table."""
    op.add_column("access_grant", sa.Column("profile", sa.Text(), nullable=True))


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
