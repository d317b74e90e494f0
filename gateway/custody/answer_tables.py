"""Requests whose answers outlive the connection: the same one again, and the one that is done later.

Both are the gateway's own: bodies and answers bear the ids that an EHR uses, so workers have no right here.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from gateway.custody.schema import Number, clustered, data

idempotency = clustered(
    "idempotency",
    data,
    Column("client_id", Text, primary_key=True),
    Column("key_digest", LargeBinary, primary_key=True),
    Column("body_digest", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("created", Number, nullable=False, index=True),
    # The stored ids of the patients that the answer concerns, one after the other: it is sealed under all of
    # their keys. None in rows from before that was so.
    Column("patients", LargeBinary),
)

# A request that was accepted and is done later (docs/async.md). Who asked, with which rights, stands beside
# the sealed body; `patients` are those whom it names.
errand = Table(
    "errand",
    data,
    Column("id", LargeBinary, primary_key=True),
    Column("tenant", Number, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("user", Text),
    Column("purpose", Text),
    Column("address", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("way", Text, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("key_digest", LargeBinary),
    Column("body_digest", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("patients", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("status", Integer),
    Column("created", Number, nullable=False),
    Column("not_before", Number, nullable=False),
    Column("lease_until", Number),
    Column("fence", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("finished", Number),
    # How its answer is wanted: Prefer's return and handling.
    Column("prefer", Text),
    CheckConstraint("way IN ('transaction', 'batch')", name="errand_way"),
    CheckConstraint("state IN ('waiting', 'running', 'done', 'erased', 'withdrawn')", name="errand_state"),
    UniqueConstraint("client_id", "key_digest", name="errand_key"),
    Index("errand_due", "state", "not_before"),
    Index("errand_line", "client_id", "state", "created"),
)

# One row for the answer to a transaction; for a batch one per entry, written with what the entry did.
errand_answer = clustered(
    "errand_answer",
    data,
    Column("errand", LargeBinary, primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("patients", LargeBinary, nullable=False),
)
