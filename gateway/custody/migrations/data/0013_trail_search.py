"""Ways to find events of the trail by everything that an officer may ask for."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "data_0013"
down_revision = "data_0012"
branch_labels = None
depends_on = None

_DRAWER = sa.text("substr(id, 1, 1)")
_GIVEN = "organization != log AND patient IS NOT NULL"


def upgrade() -> None:
    """Make them, on a table in one piece or in months. Workers write through them and need no right."""
    conn = op.get_bind()
    if conn.dialect.name == "postgresql":
        conn.execute(sa.text("SET LOCAL statement_timeout = 0"))
    op.drop_index("audit_event_patient", "audit_event")
    _index("audit_event_patient", ["log", "patient", "time"])
    _index("audit_event_class", ["log", "kind", "action", "outcome", "time"])
    _index("audit_event_client", ["log", "client_id", "kind", "action", "outcome", "time"])
    _index("audit_event_entity", ["log", _DRAWER, "time", "id"], "id IS NOT NULL")
    _index("audit_event_user", ["log", "user", "time"], '"user" IS NOT NULL')
    _index("audit_event_purpose", ["log", "purpose", "time"], "purpose IS NOT NULL")
    _index("audit_event_address", ["log", "address", "time"], "address IS NOT NULL")
    _index("audit_event_given", ["log", "time"], _GIVEN)


def _index(name: str, columns: list[Any], where: str | None = None) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(
        name, "audit_event", columns, unique=False, sqlite_where=condition, postgresql_where=condition
    )


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
