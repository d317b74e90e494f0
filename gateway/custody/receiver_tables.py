"""Who is handed copies of the trail, by one process at a time, and how far each of them is in each log.

The gateway's own: a worker that moved a cursor forward would keep events from whoever watches over it.
"""

from __future__ import annotations

from sqlalchemy import Column, Integer, Text

from gateway.custody.schema import Number, clustered, data

trail_receiver = clustered(
    "trail_receiver",
    data,
    Column("name", Text, primary_key=True),
    Column("holder", Text),
    Column("fence", Integer, nullable=False),
    Column("lease_until", Number, nullable=False),
    Column("answered", Number),
    Column("trouble", Text),
)

trail_cursor = clustered(
    "trail_cursor",
    data,
    Column("receiver", Text, primary_key=True),
    Column("log", Number, primary_key=True, autoincrement=False),
    Column("taken", Number, nullable=False),
    Column("time", Number, nullable=False),
    Column("position", Number, nullable=False),
)
