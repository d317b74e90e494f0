"""What changed of a type, newest first, without reading what did not."""

from __future__ import annotations

from alembic import op

revision = "data_0006"
down_revision = "data_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index. Workers write through it and need no right of their own."""
    op.create_index("version_written", "version", ["tenant", "type", "written", "write_no"], unique=False)


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
