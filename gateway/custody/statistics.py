"""What SQLite is told about the shape of the tables before they are full.

Its planner knows nothing of a table that was never analysed, and then takes the first column of a primary
key, which here is the tenant, for as selective as a whole index: it would walk through all of a tenant's
resources to find one patient's. So each index is given a shape in advance: how many rows in all, and how many
share the first, the first two … of its columns. Roughly right is enough, and ``ANALYZE`` by an operator
replaces it. PostgreSQL analyses by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text

SHAPES: Mapping[str, Mapping[str, str]] = {
    "record": {
        "record": "1000000 500000 5000 1",
        "record_compartment": "1000000 500000 200 30",
        "sqlite_autoindex_record_2": "1000000 1",
    },
    "version": {
        "sqlite_autoindex_version_1": "1200000 600000 6000 2 1",
        "version_written": "1200000 600000 6000 10 1",
        "version_compartment": "1200000 250",
    },
    "job": {
        "sqlite_autoindex_job_1": "50000 1",
        "job_due": "50000 12500 5",
        "job_patient": "50000 25000 3 2",
        "job_one_queued": "500 250 125 1",
    },
    "audit_event": {
        "audit_event": "3000000 1000000 1",
        "audit_event_time": "3000000 1000000 2",
        "audit_event_patient": "3000000 1000000 300 1",
        "audit_event_class": "3000000 1000000 50000 40000 20000 1",
        "audit_event_client": "3000000 1000000 100000 30000 20000 10000 1",
        "audit_event_entity": "2000000 700000 3000 2 1",
        "audit_event_user": "500000 200000 1000 1",
        "audit_event_purpose": "500000 200000 100000 1",
        "audit_event_address": "2000000 700000 10000 1",
        "audit_event_given": "100000 30000 1",
    },
}
"""For each table the shape of each of its indexes, in the form of ``sqlite_stat1``; a table that *is* its
primary key's index bears that index's name itself."""

_PUT = text("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (:table, :index, :shape)")


def assume(conn: Connection) -> None:
    """Give the planner these shapes, once: what an operator's ``ANALYZE`` found later stays."""
    if conn.dialect.name != "sqlite" or _known(conn):
        return
    # The table of statistics is made by the command alone; on tables without rows it writes nothing else.
    conn.execute(text("ANALYZE"))
    conn.execute(text("DELETE FROM sqlite_stat1"))
    rows = [
        {"table": table, "index": index, "shape": shape}
        for table, shapes in SHAPES.items()
        for index, shape in shapes.items()
    ]
    conn.execute(_PUT, rows)


def _known(conn: Connection) -> bool:
    """Whether there are statistics already."""
    made = conn.scalar(text("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'"))
    return bool(made and conn.scalar(text("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'record'")))
