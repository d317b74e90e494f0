"""What is watched for in the trail: how far it was looked at, what is usual, and the cases that came of it.

Subjects are clients, users and people of the console by the names that the trail has for them; patients are
stored ids. Notes are sealed. Workers have no right to any of it.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, LargeBinary, Text, UniqueConstraint

from gateway.custody.schema import Number, clustered, data

watch_cursor = clustered(
    "watch_cursor",
    data,
    Column("log", Number, primary_key=True, autoincrement=False),
    Column("seq", Number, nullable=False),
)

# How often a rule met a subject in a period: by the periods before it is told what is usual.
watch_count = clustered(
    "watch_count",
    data,
    Column("organization", Number, primary_key=True, autoincrement=False),
    Column("rule", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("period", Number, primary_key=True, autoincrement=False),
    Column("count", Integer, nullable=False),
)

# Which client has met which patient.
watch_contact = clustered(
    "watch_contact",
    data,
    Column("organization", Number, primary_key=True, autoincrement=False),
    Column("client_id", Text, primary_key=True),
    Column("patient", LargeBinary, primary_key=True),
)

# Patients whose every access is looked at.
watch_mark = clustered(
    "watch_mark",
    data,
    Column("organization", Number, primary_key=True, autoincrement=False),
    Column("patient", LargeBinary, primary_key=True),
    Column("person", Text, nullable=False),
    Column("since", Number, nullable=False),
)

watch_case = clustered(
    "watch_case",
    data,
    Column("id", LargeBinary, primary_key=True),
    Column("organization", Number, nullable=False),
    Column("rule", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("period", Number, nullable=False),
    Column("count", Integer, nullable=False),
    Column("usual", Integer),
    Column("opened", Number, nullable=False),
    Column("last", Number, nullable=False),
    Column("person", Text),
    Column("closed", Number),
    Column("finding", Text),
    Column("sealed", LargeBinary),
    CheckConstraint("finding IN ('harmless', 'misuse', 'unclear')", name="watch_case_finding"),
    UniqueConstraint("organization", "rule", "subject", "period", name="watch_case_once"),
    Index("watch_case_open", "organization", "closed", "opened"),
)

# What the trail said last of each client.
client_seen = clustered(
    "client_seen",
    data,
    Column("log", Number, primary_key=True, autoincrement=False),
    Column("client_id", Text, primary_key=True),
    Column("last", Number, nullable=False),
    Column("refused", Number),
    Column("status", Integer),
    Column("kind", Text),
)

WATCH_TABLES = ("watch_cursor", "watch_count", "watch_contact", "watch_mark", "watch_case", "client_seen")
