"""Links between Patients as rows: what hangs together, who survives, and who may write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.custody import merges
from gateway.custody.database import Database, Side
from gateway.custody.errors import NotPermitted
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.merges import Merge, Union
from gateway.custody.settings import Storage

HERE, THERE = Tenant(3), Tenant(4)
A, B, C, D, E = (StoredId(bytes([65 + n]) * 16) for n in range(5))


def united(one: StoredId, other: StoredId, survivor: StoredId, since: int = 1) -> Merge:
    return Merge(one, other, True, False, "united", None, survivor, since)


def blocked(one: StoredId, other: StoredId, since: int = 1) -> Merge:
    return Merge(one, other, False, True, "blocked", "sex", None, since)


def undone(one: StoredId, other: StoredId, since: int = 1) -> Merge:
    return Merge(one, other, False, False, "undone", None, None, since)


@pytest.fixture
def database(storage: Storage) -> Iterator[Database]:
    database = Database.open(storage.database_url, Side.TRUSTED)
    yield database
    database.close()


def save(database: Database, *rows: Merge, tenant: Tenant = HERE) -> None:
    with database.write() as conn:
        merges.save(conn, tenant, rows)


def test_a_job_learns_in_one_look_whom_it_is_about(database: Database):
    save(database, united(A, B, C), united(B, C, C), blocked(D, C), undone(E, C))
    save(database, united(A, E, E), tenant=THERE)
    with database.read() as conn:
        found = {one: merges.union(conn, HERE, one) for one in (A, B, C, D, E)}
        assert merges.union(conn, THERE, E) == Union(E, (A,))
    assert found == {A: Union(C), B: Union(C), C: Union(C, (A, B)), D: Union(D), E: Union(E)}


def test_a_link_that_is_told_twice_counts_once(database: Database):
    save(database, united(A, B, C), united(A, C, C), united(B, C, C))
    with database.read() as conn:
        assert merges.union(conn, HERE, C) == Union(C, (A, B))


def test_what_hangs_together_is_found_from_any_end_and_what_is_undone_joins_nothing(database: Database):
    rows = [united(A, B, B), blocked(B, C), undone(C, D), united(E, D, D)]
    save(database, *rows)
    with database.read() as conn:
        for one in (A, B, C):
            assert merges.group(conn, HERE, [one]) == {rows[0], rows[1]}
        assert merges.group(conn, HERE, [D]) == {rows[3]}
        assert merges.group(conn, THERE, [A]) == frozenset()
        assert merges.group(conn, HERE, []) == frozenset()


def test_a_link_that_stands_otherwise_is_the_same_row(database: Database):
    save(database, united(A, B, B, since=1))
    save(database, blocked(A, B, since=2), united(C, B, B, since=3))
    with database.read() as conn:
        assert merges.listing(conn, HERE) == [united(C, B, B, since=3), blocked(A, B, since=2)]
        assert merges.listing(conn, THERE) == []


def test_whoever_is_erased_is_named_no_more(database: Database):
    save(database, united(A, B, B), undone(B, C), united(D, C, C))
    save(database, united(B, A, A), tenant=THERE)
    with database.write() as conn:
        merges.forget(conn, HERE, B)
    with database.read() as conn:
        assert merges.listing(conn, HERE) == [united(D, C, C)]
        assert len(merges.listing(conn, THERE)) == 1


@pytest.mark.parametrize(
    ("statement", "asked"),
    [(merges.TOUCHING, {"patients": [A, B]}), (merges.UNION, {"patient": A})],
    ids=["touching", "union"],
)
def test_no_look_walks_through_all_links_of_a_tenant(
    sqlite_storage: Storage, statement: Any, asked: dict[str, Any]
):
    database = Database.open(sqlite_storage.database_url, Side.TRUSTED)
    with database.read() as conn:
        compiled = statement.params(tenant=HERE, **asked)
        text = str(compiled.compile(conn, compile_kwargs={"literal_binds": True}))
        steps = [row.detail for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    database.close()
    looks = [step for step in steps if "patient_merge" in step]
    assert len(looks) >= 2
    for step in looks:
        assert step.startswith("SEARCH")
        assert step.count("=?") >= 2


def test_law_3_a_worker_may_look_and_no_more(storage: Storage, database: Database):
    save(database, united(A, B, B))
    worker = Database.open(storage.worker_database_url or storage.database_url, Side.WORKER)
    try:
        with worker.read() as conn:
            assert merges.union(conn, HERE, A) == Union(B)
        with pytest.raises(NotPermitted), worker.write() as conn:
            merges.save(conn, HERE, [blocked(A, B)])
        with pytest.raises(NotPermitted), worker.write() as conn:
            merges.forget(conn, HERE, A)
    finally:
        worker.close()
