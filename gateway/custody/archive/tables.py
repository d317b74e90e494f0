"""Up to where each log is archived, for whoever answers a question about the trail and has no notes to read.

The gateway's own: a worker that moved the mark could send an officer to an archive that does not exist.
"""

from __future__ import annotations

from sqlalchemy import Column

from gateway.custody.schema import Number, clustered, data

audit_archive = clustered(
    "audit_archive",
    data,
    Column("log", Number, primary_key=True, autoincrement=False),
    Column("size", Number, nullable=False),
    Column("before", Number, nullable=False),
)
