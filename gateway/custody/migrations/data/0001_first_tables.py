"""The first tables of the data: everything that `docs/data-model.md` draws, and the workers' rights to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.custody.migrations.grants import grant

revision = "data_0001"
down_revision = None
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_WORKER_RIGHTS = {
    "organization": "SELECT",
    "write_counter": "SELECT, INSERT, UPDATE",
    "record": "SELECT, INSERT, UPDATE",
    "version": "SELECT, INSERT",
    "patient_link": "SELECT, INSERT",
    "tombstone": "SELECT",
    "search_token": "SELECT, INSERT",
    "search_range": "SELECT, INSERT",
    "job": "SELECT, INSERT, UPDATE",
    "audit_head": "SELECT, INSERT, UPDATE",
    "audit_event": "SELECT, INSERT",
}


def upgrade() -> None:
    """Make the tables and grant them."""
    _access_grant()
    _access_token()
    _assertion_seen()
    _audit_event()
    _audit_head()
    _client()
    _idempotency()
    _identity_token()
    _job()
    _link()
    _organization()
    _patient_link()
    _record()
    _search_range()
    _search_token()
    _tombstone()
    _version()
    _withheld()
    _write_counter()
    grant(op.get_bind(), _WORKER_RIGHTS)


def downgrade() -> None:
    """There is none."""
    raise RuntimeError("there is no way back: restore the backup that was taken before the upgrade")


def _access_grant() -> None:
    op.create_table(
        "access_grant",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("tenant", Number, nullable=False),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("created", Number, nullable=False),
        sa.Column("revoked", Number, nullable=True),
        sa.PrimaryKeyConstraint("client_id", "tenant"),
        sqlite_with_rowid=False,
    )


def _access_token() -> None:
    op.create_table(
        "access_token",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("expires", Number, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_access_token_expires", "access_token", ["expires"], unique=False)


def _assertion_seen() -> None:
    op.create_table(
        "assertion_seen",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires", Number, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_assertion_seen_expires", "assertion_seen", ["expires"], unique=False)


def _audit_event() -> None:
    op.create_table(
        "audit_event",
        sa.Column("log", Number, autoincrement=False, nullable=False),
        sa.Column("seq", Number, autoincrement=False, nullable=False),
        sa.Column("time", Number, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("organization", Number, nullable=True),
        sa.Column("user", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("id", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("patient", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("log", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_index("audit_event_patient", "audit_event", ["log", "patient", "seq"], unique=False)
    op.create_index("audit_event_time", "audit_event", ["log", "time"], unique=False)


def _audit_head() -> None:
    op.create_table(
        "audit_head",
        sa.Column("log", Number, autoincrement=False, nullable=False),
        sa.Column("size", Number, nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("last_time", Number, nullable=False),
        sa.PrimaryKeyConstraint("log"),
        sqlite_with_rowid=False,
    )


def _client() -> None:
    op.create_table(
        "client",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("organization", Number, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("jwks", sa.Text(), nullable=True),
        sa.Column("jwks_url", sa.Text(), nullable=True),
        sa.Column("fhir_endpoint", sa.Text(), nullable=True),
        sa.Column("created", Number, nullable=False),
        sa.Column("revoked", Number, nullable=True),
        sa.CheckConstraint("role IN ('ehr', 'partner', 'officer')", name="client_role"),
        sa.CheckConstraint("(jwks IS NULL) <> (jwks_url IS NULL)", name="client_one_key_source"),
        sa.PrimaryKeyConstraint("client_id"),
    )
    op.create_index("ix_client_organization", "client", ["organization"], unique=False)


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("key_digest", sa.LargeBinary(), nullable=False),
        sa.Column("body_digest", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("created", Number, nullable=False),
        sa.PrimaryKeyConstraint("client_id", "key_digest"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_idempotency_created", "idempotency", ["created"], unique=False)


def _identity_token() -> None:
    op.create_table(
        "identity_token",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("write_no", Number, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", "write_no"),
        sqlite_with_rowid=False,
    )
    op.create_index("identity_token_write", "identity_token", ["write_no"], unique=False)


def _job() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("tenant", Number, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("patient", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created", Number, nullable=False),
        sa.Column("not_before", Number, nullable=False),
        sa.Column("sent", Number, nullable=True),
        sa.Column("lease_until", Number, nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("finished", Number, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'dead')", name="job_state"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("job_due", "job", ["state", "not_before"], unique=False)
    waiting = sa.text("state = 'queued'")
    one_per_patient = ["tenant", "kind", "patient"]
    op.create_index(
        "job_one_queued", "job", one_per_patient, unique=True, sqlite_where=waiting, postgresql_where=waiting
    )
    op.create_index("job_patient", "job", ["tenant", "patient", "kind"], unique=False)


def _link() -> None:
    op.create_table(
        "link",
        sa.Column("tenant", Number, autoincrement=False, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("compartment", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "type", "id"),
        sqlite_with_rowid=False,
    )


def _organization() -> None:
    op.create_table(
        "organization",
        sa.Column("number", Number, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created", Number, nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("name"),
    )


def _patient_link() -> None:
    op.create_table(
        "patient_link",
        sa.Column("tenant", Number, autoincrement=False, nullable=False),
        sa.Column("patient", sa.LargeBinary(), nullable=False),
        sa.Column("write_no", Number, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "patient", "write_no"),
        sqlite_with_rowid=False,
    )


def _record() -> None:
    op.create_table(
        "record",
        sa.Column("tenant", Number, autoincrement=False, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("write_no", Number, nullable=False),
        sa.Column("compartment", sa.LargeBinary(), nullable=False),
        sa.Column("deleted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "type", "id"),
        sa.UniqueConstraint("write_no"),
        sqlite_with_rowid=False,
    )
    op.create_index("record_compartment", "record", ["tenant", "compartment", "type"], unique=False)


def _search_range() -> None:
    op.create_table(
        "search_range",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("low", Number, autoincrement=False, nullable=False),
        sa.Column("high", Number, autoincrement=False, nullable=False),
        sa.Column("write_no", Number, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", "low", "high", "write_no"),
        sqlite_with_rowid=False,
    )
    op.create_index("search_range_write", "search_range", ["write_no"], unique=False)


def _search_token() -> None:
    op.create_table(
        "search_token",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("write_no", Number, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", "write_no"),
        sqlite_with_rowid=False,
    )
    op.create_index("search_token_write", "search_token", ["write_no"], unique=False)


def _tombstone() -> None:
    op.create_table(
        "tombstone",
        sa.Column("tenant", Number, autoincrement=False, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("erased", Number, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "type", "id"),
        sqlite_with_rowid=False,
    )


def _version() -> None:
    op.create_table(
        "version",
        sa.Column("write_no", Number, autoincrement=False, nullable=False),
        sa.Column("tenant", Number, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("compartment", sa.LargeBinary(), nullable=False),
        sa.Column("written", Number, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("deleted", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("clinical", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("origin IN ('ehr', 'derived')", name="version_origin"),
        sa.PrimaryKeyConstraint("write_no"),
        sa.UniqueConstraint("tenant", "type", "id", "version", name="version_once"),
    )


def _withheld() -> None:
    op.create_table(
        "withheld",
        sa.Column("write_no", Number, autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("write_no"),
    )


def _write_counter() -> None:
    op.create_table(
        "write_counter",
        sa.Column("tenant", Number, autoincrement=False, nullable=False),
        sa.Column("last", Number, nullable=False),
        sa.PrimaryKeyConstraint("tenant"),
        sqlite_with_rowid=False,
    )
