"""Every table, with the reason for its shape. The picture is in ``docs/data-model.md``.

Three schemas in three hands: ``data`` (here), which workers may read and write but for the tables in
``IDENTITY_TABLES``; and the key store (``keys``), a database of its own, never backed up with the data.
Times are integers: microseconds since 1970 in UTC. Raw digests and ids are bytes. Nothing here is text that
came from a patient's record: what came from there is sealed.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gateway.custody.answer_tables import errand, errand_answer, idempotency
from gateway.custody.archive.tables import audit_archive
from gateway.custody.cds_tables import cds_card
from gateway.custody.console_tables import CONSOLE_TABLES
from gateway.custody.decision_table import rule_decision
from gateway.custody.key_tables import IDENTITY_KEY_TABLES, clinical_key, identity_key, keys
from gateway.custody.knowledge_table import KNOWLEDGE_RIGHTS, adopted_knowledge
from gateway.custody.receiver_tables import trail_cursor, trail_receiver
from gateway.custody.schema import Number, clustered, data
from gateway.custody.trail_tables import audit_event, audit_head
from gateway.custody.watch_tables import WATCH_TABLES

__all__ = [
    "IDENTITY_KEY_TABLES",
    "adopted_knowledge",
    "audit_archive",
    "audit_event",
    "audit_head",
    "clinical_key",
    "data",
    "errand",
    "errand_answer",
]
__all__ += ["idempotency", "identity_key", "keys", "rule_decision", "trail_cursor", "trail_receiver"]

# --- who may come in -------------------------------------------------------------------------------------

organization = Table(
    "organization",
    data,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("created", Number, nullable=False),
    # `sandboxes.Side`: real, the sandbox, one that was closed, or a partner that tries it.
    Column("sandbox", Integer, nullable=False, server_default="0"),
)

client = Table(
    "client",
    data,
    Column("client_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("organization", Number, nullable=False, index=True),
    Column("scope", Text, nullable=False),
    Column("jwks", Text),
    Column("jwks_url", Text),
    Column("fhir_endpoint", Text),
    Column("created", Number, nullable=False),
    Column("revoked", Number),
    # What it may say of itself: who its users are (1), and that it breaks the glass (2).
    Column("trust", Integer, nullable=False, server_default="0"),
    # The thumbprints of the keys that it was last seen to publish.
    Column("keys_seen", Text),
    CheckConstraint("role IN ('ehr', 'partner', 'officer')", name="client_role"),
    CheckConstraint("(jwks IS NULL) <> (jwks_url IS NULL)", name="client_one_key_source"),
)

access_grant = clustered(
    "access_grant",
    data,
    Column("client_id", Text, primary_key=True),
    Column("tenant", Number, primary_key=True),
    Column("consent", Text, nullable=False),
    # The release profile that this partner sees the tenant under; none means the installation's.
    Column("profile", Text),
    Column("created", Number, nullable=False),
    Column("revoked", Number),
)

access_token = clustered(
    "access_token",
    data,
    Column("digest", LargeBinary, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("expires", Number, nullable=False, index=True),
    Column("user", Text),
    Column("purpose", Text),
)

assertion_seen = clustered(
    "assertion_seen",
    data,
    Column("digest", LargeBinary, primary_key=True),
    Column("expires", Number, nullable=False, index=True),
)

# --- what is kept ----------------------------------------------------------------------------------------

write_counter = clustered(
    "write_counter",
    data,
    Column("tenant", Number, primary_key=True, autoincrement=False),
    Column("last", Number, nullable=False),
)

# The head of each resource. `write_no` names its current version; a search row of an older version
# finds no head, so an update need not look for the rows that it outdates.
record = clustered(
    "record",
    data,
    Column("tenant", Number, primary_key=True, autoincrement=False),
    Column("type", Text, primary_key=True),
    Column("id", LargeBinary, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("write_no", Number, nullable=False, unique=True),
    Column("compartment", LargeBinary, nullable=False),
    Column("deleted", Integer, nullable=False),
    Index("record_compartment", "tenant", "compartment", "type"),
)

version = Table(
    "version",
    data,
    Column("write_no", Number, primary_key=True, autoincrement=False),
    Column("tenant", Number, nullable=False),
    Column("type", Text, nullable=False),
    Column("id", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("compartment", LargeBinary, nullable=False),
    Column("written", Number, nullable=False),
    Column("origin", Text, nullable=False),
    Column("deleted", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("clinical", LargeBinary),
    UniqueConstraint("tenant", "type", "id", "version", name="version_once"),
    CheckConstraint("origin IN ('ehr', 'derived')", name="version_origin"),
    # The history of a type, newest first.
    Index("version_written", "tenant", "type", "written", "write_no"),
    # A resource may have moved: erasing somebody finds the versions that lie in a compartment no more.
    Index("version_compartment", "compartment"),
)

withheld = Table(
    "withheld",
    data,
    Column("write_no", Number, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
)

link = clustered(
    "link",
    data,
    Column("tenant", Number, primary_key=True, autoincrement=False),
    Column("type", Text, primary_key=True),
    Column("id", LargeBinary, primary_key=True),
    Column("compartment", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

patient_link = clustered(
    "patient_link",
    data,
    Column("tenant", Number, primary_key=True, autoincrement=False),
    Column("patient", LargeBinary, primary_key=True),
    Column("write_no", Number, primary_key=True, autoincrement=False),
    Index("patient_link_write", "write_no"),
)

# One row per link between Patients that was ever told: the record, and the one that it goes into. The gateway
# decides in the write of a Patient; `survivor` is the end of the chain, so that a job need follow none.
patient_merge = clustered(
    "patient_merge",
    data,
    Column("tenant", Number, primary_key=True, autoincrement=False),
    Column("patient", LargeBinary, primary_key=True),
    Column("successor", LargeBinary, primary_key=True),
    Column("replaced_by", Integer, nullable=False),
    Column("replaces", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("survivor", LargeBinary),
    Column("since", Number, nullable=False),
    CheckConstraint("state IN ('waiting', 'united', 'blocked', 'undone')", name="patient_merge_state"),
    CheckConstraint("(state = 'united') = (survivor IS NOT NULL)", name="patient_merge_survivor"),
    Index("patient_merge_successor", "tenant", "successor"),
    Index("patient_merge_survivor", "tenant", "survivor"),
)

tombstone = clustered(
    "tombstone",
    data,
    Column("tenant", Number, primary_key=True, autoincrement=False),
    Column("type", Text, primary_key=True),
    Column("id", LargeBinary, primary_key=True),
    Column("erased", Number, nullable=False),
)

# An erasure that has begun and not come to its end: whoever comes next goes on with it.
erasure = clustered(
    "erasure",
    data,
    Column("tenant", Number, primary_key=True, autoincrement=False),
    Column("patient", LargeBinary, primary_key=True),
    Column("begun", Number, nullable=False),
)

# What may go, and when. Periods are texts such as `10y`: a year is no number of days. Type `*` stands for
# every type without a rule of its own.
retention_rule = clustered(
    "retention_rule",
    data,
    Column("tenant", Number, primary_key=True, autoincrement=False),
    Column("type", Text, primary_key=True),
    Column("keep", Text, nullable=False),
    Column("superseded", Text),
    Column("counted", Text, nullable=False),
    Column("changed", Number, nullable=False),
    CheckConstraint("counted IN ('written', 'last-touched')", name="retention_rule_counted"),
)

# Sixteen zero bytes for a patient hold the whole tenant. Ended holds stay, to say what was held when.
legal_hold = clustered(
    "legal_hold",
    data,
    Column("tenant", Number, primary_key=True, autoincrement=False),
    Column("patient", LargeBinary, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("since", Number, primary_key=True, autoincrement=False),
    Column("until", Number),
    # One hold of a reason stands at a time, however often it is asked for.
    Index(
        "legal_hold_one_standing",
        "tenant",
        "patient",
        "reason",
        unique=True,
        sqlite_where=text("until IS NULL"),
        postgresql_where=text("until IS NULL"),
    ),
)

# --- how it is found -------------------------------------------------------------------------------------
# A key is a truncated HMAC over tenant, type, parameter and value: a row tells nothing but that two
# writes share something. Ranges keep their order, so their key hides only which parameter it is.


def _token_table(name: str) -> Table:
    return clustered(
        name,
        data,
        Column("key", LargeBinary, primary_key=True),
        Column("write_no", Number, primary_key=True, autoincrement=False),
        Index(f"{name}_write", "write_no"),
    )


search_token = _token_table("search_token")
identity_token = _token_table("identity_token")


def _range_table(name: str) -> Table:
    return clustered(
        name,
        data,
        Column("key", LargeBinary, primary_key=True),
        Column("low", Number, primary_key=True, autoincrement=False),
        Column("high", Number, primary_key=True, autoincrement=False),
        Column("write_no", Number, primary_key=True, autoincrement=False),
        Index(f"{name}_write", "write_no"),
    )


search_range = _range_table("search_range")
# Dates and numbers that the split withheld: only who sent them may look for them.
identity_range = _range_table("identity_range")

# What a sorted search found, for its later pages: write numbers, sealed, because they say who was found.
search_list = clustered(
    "search_list",
    data,
    Column("id", LargeBinary, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("expires", Number, nullable=False, index=True),
)

# --- what is to be done ----------------------------------------------------------------------------------

job = Table(
    "job",
    data,
    Column("id", LargeBinary, primary_key=True),
    Column("tenant", Number, nullable=False),
    Column("kind", Text, nullable=False),
    Column("patient", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created", Number, nullable=False),
    Column("not_before", Number, nullable=False),
    Column("sent", Number),
    Column("lease_until", Number),
    Column("fence", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("finished", Number),
    Column("error", Text),
    CheckConstraint("state IN ('queued', 'running', 'done', 'dead')", name="job_state"),
    # One waiting job per patient, however many bundles arrive meanwhile.
    Index(
        "job_one_queued",
        "tenant",
        "kind",
        "patient",
        unique=True,
        sqlite_where=text("state = 'queued'"),
        postgresql_where=text("state = 'queued'"),
    ),
    Index("job_due", "state", "not_before"),
    Index("job_patient", "tenant", "patient", "kind"),
)

IDENTITY_TABLES = (
    "client",
    "access_grant",
    "access_token",
    "assertion_seen",
    "idempotency",
    "errand",
    "errand_answer",
    "withheld",
    "link",
    "identity_token",
    "identity_range",
    "search_list",
    "retention_rule",
    "legal_hold",
    "erasure",
    "trail_receiver",
    "trail_cursor",
    "audit_archive",
    cds_card.name,
    *CONSOLE_TABLES,
    *WATCH_TABLES,
)
"""What the workers' role has no right to: not to read, not to write."""

WORKER_RIGHTS: Mapping[str, frozenset[str]] = {
    "organization": frozenset({"SELECT"}),
    "write_counter": frozenset({"SELECT", "INSERT", "UPDATE"}),
    "record": frozenset({"SELECT", "INSERT", "UPDATE"}),
    "version": frozenset({"SELECT", "INSERT"}),
    "patient_link": frozenset({"SELECT", "INSERT"}),
    "patient_merge": frozenset({"SELECT"}),
    "tombstone": frozenset({"SELECT"}),
    "search_token": frozenset({"SELECT", "INSERT"}),
    "search_range": frozenset({"SELECT", "INSERT"}),
    "job": frozenset({"SELECT", "INSERT", "UPDATE"}),
    **KNOWLEDGE_RIGHTS,
    "rule_decision": frozenset({"SELECT", "INSERT", "UPDATE"}),
    "audit_head": frozenset({"SELECT", "INSERT", "UPDATE"}),
    "audit_event": frozenset({"SELECT", "INSERT"}),
    "clinical_key": frozenset({"SELECT", "INSERT"}),
    "clinical_root": frozenset({"SELECT"}),
}
"""What the workers' side may do, enforced by PostgreSQL's grants and by SQLite's authorizer. It destroys
nothing and rewrites no history; a table that is named neither here nor above fails a test."""
