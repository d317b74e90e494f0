"""By which knowledge plans are made: one row, which workers write."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Integer, Text

from gateway.custody.schema import Number, clustered, data

adopted_knowledge = clustered(
    "adopted_knowledge",
    data,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False),
    Column("since", Number, nullable=False),
    CheckConstraint("one = 1", name="adopted_knowledge_one"),
)
