"""${message}

The rules of a revision:
1. The previous release goes on working with the tables as this revision leaves them: add, never rename; a
   column or table is dropped one release after the last code that used it.
2. A new column is nullable or has a default that the server computes; a table of records is never rewritten.
3. On PostgreSQL an index on a table that grows is made CONCURRENTLY, in a revision of its own.
4. Time-outs stay as `postgres.py` sets them: a revision that waits longer for a lock fails and is run again.
5. Every new table is granted to `careloom_worker` or named in IDENTITY_TABLES; a test compares both.
6. `tables.py` changes in the same commit; a test compares it with what the revisions make.
7. No way down: a backup taken before is the way back.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """${message}."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
