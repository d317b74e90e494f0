"""What a grant says of patients who said nothing: opt-out, as every grant did until now, or opt-in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_0009"
down_revision = "data_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Put the new word into the rows that there are. Workers have no right to the table."""
    grants = sa.table("access_grant", sa.column("consent", sa.Text()))
    op.execute(grants.update().where(grants.c.consent == "permit").values(consent="opt-out"))


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
