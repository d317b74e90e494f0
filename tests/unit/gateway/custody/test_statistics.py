"""SQLite finds one patient's rows by the index that is there for it, in a store that nobody has analysed."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Connection, text

from gateway.custody.database import Database, Side
from gateway.custody.settings import Storage
from gateway.custody.statistics import SHAPES, assume


@pytest.fixture
def conn(sqlite_storage: Storage):
    database = Database.open(sqlite_storage.database_url, Side.TRUSTED)
    with database.write() as connection:
        yield connection
    database.close()


def way(conn: Connection, query: str) -> str:
    """The first step of a query's plan."""
    return str(conn.execute(text(f"EXPLAIN QUERY PLAN {query}")).first()[3])


QUERIES = {
    "SELECT * FROM record WHERE tenant = 1 AND compartment = x'00'": "record_compartment (tenant=? AND comp",
    "SELECT * FROM record WHERE tenant = 1 AND compartment = x'00' AND type = 'Consent'": (
        "record_compartment (tenant=? AND compartment=? AND type=?)"
    ),
    "SELECT * FROM record WHERE tenant = 1 AND type = 'Patient' AND id = x'00'": (
        "PRIMARY KEY (tenant=? AND type=? AND id=?)"
    ),
    "SELECT * FROM record WHERE write_no = 7": "(write_no=?)",
    "SELECT * FROM version WHERE tenant = 1 AND type = 'Patient' AND id = x'00'": (
        "(tenant=? AND type=? AND id=?)"
    ),
    "SELECT * FROM audit_event WHERE log = 1 AND patient = x'00' AND outcome = '0'": "audit_event_patient",
    "SELECT * FROM audit_event WHERE log = 1 AND seq = 4": "PRIMARY KEY (log=? AND seq=?)",
    "SELECT * FROM audit_event WHERE log = 1 AND time > 4 ORDER BY time DESC": "audit_event_time",
    "SELECT * FROM job WHERE tenant = 1 AND patient = x'00' AND kind = 'plan'": "job_patient",
    "SELECT * FROM job WHERE state = 'queued' AND not_before < 4": "job_due",
}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_takes_the_index_that_is_there_for_it(conn: Connection, query: str):
    assert QUERIES[query] in way(conn, query)


@pytest.mark.parametrize("table", SHAPES)
def test_every_index_of_a_table_has_a_shape_with_as_many_numbers_as_it_has_columns(
    conn: Connection, table: str
):
    clustered = conn.scalar(
        text(f"SELECT sql LIKE '%WITHOUT ROWID%' FROM sqlite_master WHERE name = '{table}'")
    )
    found = {}
    for row in conn.execute(text(f"PRAGMA index_list('{table}')")).all():
        name = table if clustered and row.origin == "pk" else row.name
        found[name] = len(conn.execute(text(f"PRAGMA index_info('{row.name}')")).all())
    assert {name: len(shape.split()) - 1 for name, shape in SHAPES[table].items()} == found


@pytest.mark.parametrize("shape", [shape for shapes in SHAPES.values() for shape in shapes.values()])
def test_a_shape_narrows_with_each_column(shape: str):
    numbers = [int(number) for number in re.findall(r"\d+", shape)]
    assert numbers == sorted(numbers, reverse=True)


def test_what_an_operator_analysed_stays(conn: Connection):
    conn.execute(text("UPDATE sqlite_stat1 SET stat = '7 7 7 1' WHERE idx = 'record'"))
    assume(conn)
    assert conn.scalar(text("SELECT stat FROM sqlite_stat1 WHERE idx = 'record'")) == "7 7 7 1"
