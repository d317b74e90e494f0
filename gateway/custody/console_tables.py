"""Who may use the console, and what is remembered of them: people, log-ins, sessions, searches, reviews.

Nothing here opens anything by itself. A link and a session are kept as SHA-256; a password as Argon2id; the
secret of the second factor is not kept at all, it is derived from a seed with a key that is not in here
(``gateway/console/factors.py``). What somebody typed to find people is sealed. Workers have no right to any
of it.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, LargeBinary, Table, Text

from gateway.custody.schema import Number, clustered, data

console_person = Table(
    "console_person",
    data,
    Column("id", Text, primary_key=True),
    Column("login", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("organization", Number, nullable=False),
    Column("role", Text, nullable=False),
    Column("created", Number, nullable=False),
    Column("revoked", Number),
    Column("password", Text),
    Column("seed", LargeBinary),
    # The time step of the last one-time code: none is taken twice.
    Column("step", Number, nullable=False, server_default="0"),
    # Who it is to the identity provider: its issuer and the subject there.
    Column("subject", Text, unique=True),
    # When they were last here.
    Column("seen", Number),
    CheckConstraint("role IN ('officer', 'auditor', 'administrator')", name="console_person_role"),
)

console_link = clustered(
    "console_link",
    data,
    Column("digest", LargeBinary, primary_key=True),
    Column("person", Text, nullable=False, unique=True),
    Column("expires", Number, nullable=False),
)

console_session = clustered(
    "console_session",
    data,
    Column("digest", LargeBinary, primary_key=True),
    Column("person", Text, nullable=False, index=True),
    Column("begun", Number, nullable=False),
    Column("seen", Number, nullable=False),
    Column("ends", Number, nullable=False, index=True),
    # The browser that it was given to.
    Column("bound", LargeBinary, nullable=False),
    # When this person was here before: what is newer is new to them.
    Column("before", Number, nullable=False),
    Column("address", Text, nullable=False),
)

# Failed log-ins, by the hash of a log-in name or of an address.
console_brake = clustered(
    "console_brake",
    data,
    Column("key", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("until", Number, nullable=False),
    Column("last", Number, nullable=False, index=True),
)

console_search = clustered(
    "console_search",
    data,
    Column("id", LargeBinary, primary_key=True),
    Column("person", Text, nullable=False, index=True),
    Column("created", Number, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

# What takes longer than a page may: the courier does it and says how far it is.
console_run = Table(
    "console_run",
    data,
    Column("id", LargeBinary, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("organization", Number, nullable=False),
    Column("person", Text, nullable=False),
    Column("asked", Number, nullable=False),
    Column("wish", Text, nullable=False),
    Column("holder", Text),
    Column("begun", Number),
    Column("beat", Number),
    Column("done", Number, nullable=False),
    Column("total", Number, nullable=False),
    Column("ended", Number),
    Column("outcome", Text),
    Column("report", Text),
    CheckConstraint("kind IN ('verify', 'export')", name="console_run_kind"),
    Index("console_run_asked", "organization", "kind", "asked"),
)

# What somebody else found of an access for which the glass was broken: the event of its token, and a note.
glass_review = clustered(
    "glass_review",
    data,
    Column("log", Number, primary_key=True, autoincrement=False),
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("reviewer", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("decided", Number, nullable=False),
    CheckConstraint("decision IN ('justified', 'not-justified')", name="glass_review_decision"),
)

CONSOLE_TABLES = (
    "console_person",
    "console_link",
    "console_session",
    "console_brake",
    "console_search",
    "console_run",
    "glass_review",
)
