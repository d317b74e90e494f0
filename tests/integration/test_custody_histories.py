"""Versions in the order of their times, on both databases, and by the index that is there for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy.dialects import postgresql, sqlite

from gateway.custody import histories
from gateway.custody.audit import Event, append
from gateway.custody.database import Database, Side
from gateway.custody.histories import Gone, Key, Ref, Stretch
from gateway.custody.ids import StoredId, Tenant, WriteNo, write_no
from gateway.custody.records import Write, record_writes
from gateway.custody.settings import Storage
from gateway.custody.tables import tombstone

HERE, ELSEWHERE = Tenant(3), Tenant(4)
APP = Tenant(11)
CEILING = WriteNo((4 << 40) - 1)
ADA = StoredId(b"a" * 16)


@pytest.fixture
def database(storage: Storage) -> Iterator[Database]:
    opened = Database.open(storage.database_url, Side.TRUSTED)
    yield opened
    opened.close()


def stored(number: int) -> StoredId:
    return StoredId(number.to_bytes(16))


def writes(
    database: Database, time: int, *what: tuple[str, int, int], tenant: Tenant = HERE, **more: Any
) -> None:
    """Versions (type, id, version) in one transaction at this time."""
    values = {"compartment": ADA, "origin": "ehr", "deleted": False, "clinical": b"x", "digest": b"d", **more}
    rows = [Write(type=t, id=stored(id_), version=version, **values) for t, id_, version in what]
    with database.write() as conn:
        record_writes(conn, tenant, rows, time)


def keys(database: Database, type_: str = "Patient", limit: int = 100, **stretch: Any) -> list[Key]:
    with database.read() as conn:
        return histories.keys(conn, HERE, type_, Stretch(**{"ceiling": CEILING, **stretch}), limit)


def numbers(found: list[Key]) -> list[tuple[int, int]]:
    return [(key.time, key.number - (HERE << 40)) for key in found]


def test_newest_first_by_time_then_by_number(database: Database):
    writes(database, 50, ("Patient", 1, 1), ("Patient", 2, 1))
    # A writer whose clock was read earlier may commit later.
    writes(database, 40, ("Patient", 3, 1), ("Observation", 1, 1))
    writes(database, 60, ("Patient", 1, 2))
    writes(database, 70, ("Patient", 1, 1), tenant=ELSEWHERE)
    assert numbers(keys(database)) == [(60, 5), (50, 2), (50, 1), (40, 3)]
    assert numbers(keys(database, limit=2)) == [(60, 5), (50, 2)]
    assert numbers(keys(database, "Observation")) == [(40, 4)]
    assert keys(database, "Goal") == []


def test_a_stretch_is_bounded_on_every_side(database: Database):
    writes(database, 50, ("Patient", 1, 1), ("Patient", 2, 1))
    writes(database, 60, ("Patient", 1, 2))
    assert numbers(keys(database, since=50)) == [(60, 3), (50, 2), (50, 1)]
    assert numbers(keys(database, since=51)) == [(60, 3)]
    assert numbers(keys(database, ceiling=write_no(HERE, 2))) == [(50, 2), (50, 1)]
    assert numbers(keys(database, before=Key(50, write_no(HERE, 2)))) == [(50, 1)]
    assert numbers(keys(database, before=Key(60, write_no(HERE, 3)))) == [(50, 2), (50, 1)]


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (0, 50, []),
        (0, 51, [(50, 1)]),
        (50, 60, [(50, 1)]),
        (55, 56, [(50, 1)]),
        (55, 61, [(60, 2), (50, 1)]),
        (60, 61, [(60, 2)]),
        (70, 71, [(70, 3)]),
        (75, 80, []),
        (0, 99, [(70, 3), (60, 2), (50, 1)]),
    ],
)
def test_what_was_current_in_a_stretch_of_time(
    sqlite_storage: Storage, start: int, end: int, found: list[tuple[int, int]]
):
    database = Database.open(sqlite_storage.database_url, Side.TRUSTED)
    writes(database, 50, ("Patient", 1, 1))
    writes(database, 60, ("Patient", 1, 2))
    writes(database, 70, ("Patient", 1, 3), deleted=True, clinical=None)
    assert numbers(keys(database, current=(start, end))) == found


def test_types_are_those_of_which_there_is_or_was_something(database: Database):
    writes(database, 50, ("Patient", 1, 1), ("Observation", 1, 1), ("Observation", 2, 1))
    writes(database, 50, ("Goal", 1, 1), tenant=ELSEWHERE)
    with database.write() as conn:
        conn.execute(insert(tombstone).values(tenant=HERE, type="CarePlan", id=stored(9), erased=55))
        assert histories.types(conn, HERE) == ["CarePlan", "Observation", "Patient"]
        assert histories.erased(conn, HERE, "CarePlan", 55) == [Gone(stored(9), 55)]
        assert histories.erased(conn, HERE, "CarePlan", 56) == []
        assert histories.types(conn, Tenant(9)) == []


def test_the_newest_in_a_compartment_and_what_is_alive_there(database: Database):
    writes(database, 50, ("Consent", 1, 1), ("Consent", 2, 1))
    writes(database, 60, ("Consent", 1, 2), deleted=True, clinical=None)
    with database.read() as conn:
        assert histories.newest_of(conn, "Consent", [ADA], CEILING) == {ADA: write_no(HERE, 3)}
        assert histories.newest_of(conn, "Consent", [ADA], write_no(HERE, 2)) == {ADA: write_no(HERE, 2)}
        assert histories.newest_of(conn, "Goal", [ADA], CEILING) == {}
        assert histories.heads(conn, HERE, ["Consent"], [ADA]) == [Ref("Consent", stored(2), ADA)]
        assert histories.heads(conn, HERE, ["Consent", "Goal"]) == [Ref("Consent", stored(2), ADA)]
        assert histories.heads(conn, HERE, ["Consent"], [stored(7)]) == []
        assert histories.existed(conn, HERE, "Consent", stored(1), 50)
        assert not histories.existed(conn, HERE, "Consent", stored(1), 49)


def test_who_ever_wrote_and_who_was_ever_given(database: Database):
    writes(database, 50, ("Goal", 1, 1), origin="derived")
    writes(database, 60, ("Goal", 1, 2))
    writes(database, 60, ("Goal", 2, 1))
    event = Event(1, "rest:read", "R", "0", 200, "c", APP, patient=ADA)
    others = [
        Event(1, "rest:read", "R", "4", 404, "c", APP, patient=stored(1)),
        Event(1, "consent:permit", "E", "0", 200, "c", APP, patient=stored(1)),
        Event(1, "rest:read", "R", "0", 200, "c", HERE, patient=stored(1)),
    ]
    with database.write() as conn:
        append(conn, HERE, [event, *others])
        assert histories.was_derived(conn, HERE, "Goal", stored(1))
        assert not histories.was_derived(conn, HERE, "Goal", stored(2))
        assert histories.was_given(conn, HERE, ADA, APP)
        assert not histories.was_given(conn, HERE, stored(1), APP)
        assert not histories.was_given(conn, ELSEWHERE, ADA, APP)


def test_the_index_gives_the_order_and_nothing_is_sorted(database: Database):
    writes(database, 50, *[("Patient", number, 1) for number in range(300)])
    with database.read() as conn:
        plan = explained(conn, "Patient")
    assert "version_written" in plan
    assert "SORT" not in plan.upper()
    assert "TEMP B-TREE" not in plan.upper()


def explained(conn: Connection, type_: str) -> str:
    stretch = Stretch(CEILING, 10, Key(60, write_no(HERE, 200)))
    is_postgres = conn.dialect.name == "postgresql"
    compiled = histories.newest(HERE, type_, stretch, 50).compile(
        dialect=postgresql.dialect() if is_postgres else sqlite.dialect(),
        compile_kwargs={"literal_binds": True},
    )
    if is_postgres:
        # Of so few rows it would read all.
        conn.execute(text("SET LOCAL enable_seqscan = off"))
        conn.execute(text("SET LOCAL enable_bitmapscan = off"))
        # What is left in the statistics from other tests must not make a sort look cheap.
        conn.execute(text("SET LOCAL enable_sort = off"))
    lead = "EXPLAIN" if is_postgres else "EXPLAIN QUERY PLAN"
    return "\n".join(str(tuple(row)) for row in conn.execute(text(f"{lead} {compiled}")))
