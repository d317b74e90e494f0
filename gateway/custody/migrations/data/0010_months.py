"""The trail by months on a PostgreSQL server: the table is made anew in parts, and its rows move there.

It takes as long as copying the rows, and twice their room until it commits. What others were granted on the
table stays granted, and so do its indexes, whichever they are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.custody import partitions
from gateway.custody.months import Month

revision = "data_0010"
down_revision = "data_0009"
branch_labels = None
depends_on = None

_RIGHTS = sa.text(
    "SELECT quote_ident(grantee.rolname), acl.privilege_type"
    " FROM pg_class, aclexplode(relacl) acl JOIN pg_roles grantee ON grantee.oid = acl.grantee"
    " WHERE pg_class.oid = 'audit_event'::regclass AND acl.grantee <> relowner"
)
_INDEXES = sa.text(
    "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
    " WHERE indrelid = 'audit_event'::regclass AND NOT indisprimary ORDER BY 1"
)
# A clock that was wrong by decades gets no month of its own.
_MONTHS = sa.text(
    "SELECT DISTINCT time FROM (SELECT min(time) AS time FROM audit_event_before"
    " WHERE to_timestamp(time / 1000000) BETWEEN now() - interval '20 years' AND now() + interval '3 months'"
    " GROUP BY date_trunc('month', to_timestamp(time / 1000000) AT TIME ZONE 'UTC')) months ORDER BY 1"
)
_NOW = sa.text("SELECT (extract(epoch FROM now()) * 1000000)::bigint")


def upgrade() -> None:
    """Divide the table. On SQLite there is nothing to do."""
    conn = op.get_bind()
    if conn.dialect.name != "postgresql":
        return
    conn.execute(sa.text("SET LOCAL statement_timeout = 0"))
    rights, indexes = conn.execute(_RIGHTS).all(), conn.execute(_INDEXES).all()
    conn.execute(sa.text("ALTER TABLE audit_event RENAME TO audit_event_before"))
    for name, _ in indexes:
        conn.execute(sa.text(f"DROP INDEX {name}"))
    like = "(LIKE audit_event_before INCLUDING DEFAULTS) PARTITION BY RANGE (time)"
    conn.execute(sa.text(f"CREATE TABLE audit_event {like}"))
    partitions.make_rest(conn)
    for moment in conn.scalars(_MONTHS).all():
        partitions.make(conn, Month.of(moment))
    partitions.prepare(conn, conn.scalar(_NOW) or 0)
    conn.execute(sa.text("INSERT INTO audit_event SELECT * FROM audit_event_before"))
    conn.execute(sa.text("DROP TABLE audit_event_before"))
    for _, definition in indexes:
        conn.exec_driver_sql(definition)
    for grantee, right in rights:
        conn.execute(sa.text(f"GRANT {right} ON audit_event TO {grantee}"))
    conn.execute(sa.text("ANALYZE audit_event"))


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")
