"""Writing and finding sealed versions, in both forms of the product."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import insert, select, text

from gateway.custody import index, records
from gateway.custody.database import Database, Side
from gateway.custody.errors import Conflict, Erased
from gateway.custody.identity import halves, links, names
from gateway.custody.identity.links import Link
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant, WriteNo, write_no
from gateway.custody.index import Clause, Page, Range
from gateway.custody.records import Window, Write, record_writes
from gateway.custody.settings import Storage
from gateway.custody.tables import patient_link, record, tombstone, version

HERE, THERE = Tenant(1), Tenant(2)
KEY = b"k" * 32


def stored(number: int) -> StoredId:
    return StoredId(number.to_bytes(16, "big"))


ADA, BOB = stored(1001), stored(1002)


def write(number: int, at: int = 1, **changes) -> Write:
    values = {
        "type": "Observation",
        "id": stored(number),
        "version": at,
        "compartment": ADA,
        "origin": "ehr",
        "deleted": False,
        "clinical": b"sealed %d/%d" % (number, at),
        "digest": b"d" * 32,
    }
    return Write(**(values | changes))


@pytest.fixture
def database(storage: Storage) -> Iterator[Database]:
    database = Database.open(storage.database_url, Side.TRUSTED)
    yield database
    database.close()


def keep(database: Database, *writes: Write, tenant: Tenant = HERE, now: int = 7) -> list[WriteNo]:
    with database.write() as conn:
        return record_writes(conn, tenant, writes, now)


def test_writes_are_numbered_per_tenant_without_a_gap(database: Database) -> None:
    assert keep(database, write(1), write(2)) == [write_no(HERE, 1), write_no(HERE, 2)]
    assert keep(database, write(1), tenant=THERE) == [write_no(THERE, 1)]
    assert keep(database, write(3)) == [write_no(HERE, 3)]
    with database.read() as conn:
        assert records.latest(conn, HERE) == write_no(HERE, 3)
        assert records.latest(conn, Tenant(9)) == write_no(Tenant(9), 0)


def test_a_version_comes_back_as_it_was_written(database: Database) -> None:
    (number,) = keep(database, write(1), now=99)
    with database.read() as conn:
        found = records.load(conn, HERE, "Observation", stored(1))
    assert found == records.StoredVersion(
        number, HERE, "Observation", stored(1), 1, ADA, 99, "ehr", False, b"d" * 32, b"sealed 1/1"
    )


def test_the_head_is_the_newest_version_and_history_has_them_all(database: Database) -> None:
    keep(database, write(1))
    (second,) = keep(database, write(1, 2, compartment=BOB), now=8)
    (third,) = keep(database, write(1, 3, deleted=True, clinical=None, compartment=BOB), now=9)
    ref = ("Observation", stored(1))
    with database.read() as conn:
        assert records.heads(conn, HERE, [ref, ("Patient", stored(1))]) == {
            ref: records.Head(3, third, BOB, True, 9)
        }
        newest = records.load(conn, HERE, *ref)
        assert newest is not None
        assert (newest.version, newest.deleted, newest.clinical) == (3, True, None)
        older = records.load(conn, HERE, *ref, 2)
        assert older is not None
        assert older.write_no == second
        assert records.load(conn, HERE, *ref, 4) is None
        assert records.load(conn, THERE, *ref) is None
        assert [v.version for v in records.history(conn, HERE, *ref)] == [3, 2, 1]
        assert [v.version for v in records.history(conn, HERE, *ref, Window(1, before=3))] == [2]
        assert records.load_all(conn, HERE, [ref, ("Observation", stored(2))]) == {ref: newest}
        assert records.by_number(conn, [second, WriteNo(1)]) == {second: older}


@pytest.mark.parametrize("at", [1, 3, 0])
def test_a_version_that_does_not_follow_its_head_is_a_conflict_and_nothing_is_kept(
    database: Database, at: int
) -> None:
    keep(database, write(1))
    with pytest.raises(Conflict):
        keep(database, write(2), write(1, at))
    with database.read() as conn:
        assert records.heads(conn, HERE, [("Observation", stored(2))]) == {}
        assert records.latest(conn, HERE) == write_no(HERE, 1)


def test_the_same_resource_twice_in_one_transaction_is_a_conflict(database: Database) -> None:
    with pytest.raises(Conflict):
        keep(database, write(1), write(1))
    with pytest.raises(Conflict):
        keep(database, write(1), write(1, 2))


def test_law_6_writers_of_one_version_at_once_make_it_once(database: Database) -> None:
    outcomes: list[object] = []
    ready = threading.Barrier(6)

    def attempt(number: int) -> None:
        ready.wait(10)
        try:
            outcomes.append(keep(database, write(1), write(100 + number)))
        except Conflict as conflict:
            outcomes.append(conflict)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(isinstance(outcome, Conflict) for outcome in outcomes) == [False] + [True] * 5
    with database.read() as conn:
        assert len(conn.execute(select(version)).all()) == 2


def test_an_erased_resource_and_an_erased_patients_compartment_are_refused(database: Database) -> None:
    with database.write() as conn:
        conn.execute(insert(tombstone).values(tenant=HERE, type="Patient", id=ADA, erased=1))
        conn.execute(insert(tombstone).values(tenant=HERE, type="Observation", id=stored(5), erased=1))
        assert records.erased(conn, HERE, [("Patient", ADA), ("Patient", BOB)]) == {("Patient", ADA)}
    for refused in (
        write(ADA[-1], type="Patient", id=ADA),
        write(1, compartment=ADA),
        write(5, compartment=TENANT_COMPARTMENT),
    ):
        with pytest.raises(Erased):
            keep(database, refused)
    keep(database, write(1, compartment=ADA), tenant=THERE)
    keep(database, write(2, compartment=BOB))


def test_a_compartment_is_what_lives_in_it_now_in_the_order_of_writing(database: Database) -> None:
    keep(database, write(1), write(2), write(3), write(4, compartment=BOB), write(5, clinical=None))
    keep(database, write(6, type="Condition"), write(1, 2), write(2, 2, deleted=True, clinical=None))
    keep(database, write(7), tenant=THERE)
    with database.read() as conn:
        assert [(v.id, v.version) for v in records.compartment(conn, HERE, ADA)] == [
            (stored(3), 1),
            (stored(6), 1),
            (stored(1), 2),
        ]
        assert [v.id for v in records.compartment(conn, HERE, ADA, "Condition")] == [stored(6)]


def test_what_concerns_several_patients_is_found_from_each(database: Database) -> None:
    group = {"type": "Group", "compartment": TENANT_COMPARTMENT}
    keep(database, write(1, **group, patients=[ADA, BOB]), write(2, **group, patients=[ADA]))
    keep(database, write(2, 2, **group, patients=[BOB]))
    with database.read() as conn:
        assert [v.id for v in records.linked(conn, HERE, ADA)] == [stored(1)]
        assert [v.id for v in records.linked(conn, HERE, BOB)] == [stored(1), stored(2)]
        assert len(conn.execute(select(patient_link)).all()) == 4


# --- search ----------------------------------------------------------------------------------------------


def token(value: str) -> bytes:
    return index.token_key(KEY, "Observation", "code", value)


DATE = index.range_key(KEY, "Observation", "date")


def has(*values: str, negated: bool = False) -> Clause:
    return Clause(tokens=tuple(token(value) for value in values), negated=negated)


def found(database: Database, clauses: Sequence[Clause], **page) -> list[int]:
    with database.read() as conn:
        asked = Page(**({"limit": 100, "ceiling": records.latest(conn, HERE)} | page))
        hits = index.candidates(conn, HERE, "Observation", clauses, asked)
        if asked.after is None and asked.limit == 100:
            assert index.count(conn, HERE, "Observation", clauses, asked) == len(hits)
        return [int.from_bytes(hit.id, "big") for hit in hits]


def test_what_is_changed_under_way_keeps_its_place_and_what_is_new_has_none(database: Database) -> None:
    keep(database, *(write(number, tokens=[token("a")]) for number in (1, 2, 3)))
    with database.read() as conn:
        ceiling = records.latest(conn, HERE)
    keep(database, write(2, 2, tokens=[token("a")]), write(4, tokens=[token("a")]))
    keep(database, write(2, 3, tokens=[token("a")]), write(1, 2, tokens=[token("b")]))
    with database.read() as conn:
        (_, second) = index.candidates(conn, HERE, "Observation", [has("a")], Page(9, ceiling))
        assert (second.version, second.place) == (3, ceiling - 1)
        cases = ((ceiling, False, [2]), (ceiling - 1, False, []), (ceiling - 1, True, [3]))
        for after, ascending, left in cases:
            page = Page(9, ceiling, after, ascending)
            hits = index.candidates(conn, HERE, "Observation", [has("a")], page)
            assert [int.from_bytes(hit.id, "big") for hit in hits] == left
        everyone = index.candidates(conn, HERE, "Observation", [], Page(9, ceiling, ascending=True))
        assert [hit.place for hit in everyone] == [ceiling - 2, ceiling - 1, ceiling]


def test_what_was_withheld_is_found_beside_what_was_not(database: Database) -> None:
    (number, _) = keep(database, write(1), write(2, ranges=[(DATE, 10, 10)]))
    with database.write() as conn:
        names.put(conn, [(number, [token("hidden")])])
        names.put_ranges(conn, [(number, [(DATE, 12, 12)])])
    span = Range(DATE, 9, 12)
    assert found(database, [Clause(ranges=(span,), spans=(span,))]) == [2, 1]
    assert found(database, [Clause(ranges=(span,))]) == [2]
    assert found(database, [Clause(tokens=(token("x"),), names=(token("hidden"),))]) == [1]


def test_a_time_of_writing_bounds_the_version_that_counts_now(database: Database) -> None:
    keep(database, write(1), write(2))
    with database.read() as conn:
        written = records.by_number(conn, [records.latest(conn, HERE)]).popitem()[1].written
    assert found(database, [], written=(written, written)) == [2, 1]
    assert found(database, [], written=(written + 1, written + 9)) == []


def test_clauses_narrow_and_the_values_in_one_widen(database: Database) -> None:
    keep(
        database,
        write(1, tokens=[token("a"), token("b"), token("a")], ranges=[(DATE, 10, 20)]),
        write(2, tokens=[token("a")], ranges=[(DATE, 15, 15), (DATE, 15, 15)]),
        write(3, tokens=[token("c")], ranges=[(DATE, 30, 40)]),
        write(4, type="Condition", tokens=[token("a")]),
    )
    keep(database, write(1, tokens=[token("a")]), tenant=THERE)
    assert found(database, []) == [3, 2, 1]
    assert found(database, [has("a")]) == [2, 1]
    assert found(database, [has("a"), has("b")]) == [1]
    assert found(database, [has("b", "c")]) == [3, 1]
    assert found(database, [has("nobody")]) == []
    assert found(database, [has("a", negated=True)]) == [3]
    assert found(database, [Clause(ranges=(Range(DATE, 20, 30),))]) == [3, 1]
    assert found(database, [Clause(ranges=(Range(DATE, 16, 16),))]) == [1]
    assert found(database, [Clause(tokens=(token("c"),), ranges=(Range(DATE, 15, 15),))]) == [3, 2, 1]
    assert found(database, [has("a"), Clause(ranges=(Range(DATE, 0, 12),))]) == [1]


def test_law_12_a_condition_without_values_finds_nothing(database: Database) -> None:
    keep(database, write(1, tokens=[token("a")]))
    assert found(database, [Clause()]) == []
    assert found(database, [Clause(negated=True)]) == [1]


def test_what_was_overwritten_or_deleted_is_found_no_more(database: Database) -> None:
    keep(database, write(1, tokens=[token("old")]), write(2, tokens=[token("old")]))
    keep(database, write(1, 2, tokens=[token("new")]), write(2, 2, deleted=True, clinical=None))
    assert found(database, [has("old")]) == []
    assert found(database, [has("new")]) == [1]
    assert found(database, [has("new", negated=True)]) == []


def test_pages_stand_still_under_their_ceiling_while_writes_go_on(database: Database) -> None:
    numbers = keep(database, *(write(n, tokens=[token("a")]) for n in range(1, 8)))
    ceiling = numbers[-1]
    first = found(database, [has("a")], limit=3, ceiling=ceiling)
    keep(database, write(8, tokens=[token("a")]))
    second = found(database, [has("a")], limit=3, ceiling=ceiling, after=numbers[4])
    third = found(database, [has("a")], limit=3, ceiling=ceiling, after=numbers[1])
    assert first + second + third == [7, 6, 5, 4, 3, 2, 1]
    assert found(database, [], ascending=True, limit=2, ceiling=ceiling, after=numbers[1]) == [3, 4]


def test_names_stand_beside_clinical_conditions(database: Database) -> None:
    numbers = keep(database, write(1, tokens=[token("a")]), write(2, tokens=[token("a")]))
    name = index.token_key(b"i" * 32, "Observation", "family", "lovelace")
    with database.write() as conn:
        names.put(conn, [(numbers[0], [name, name])])
    assert found(database, [has("a"), Clause(names=(name,))]) == [1]
    assert found(database, [has("a"), Clause(names=(name,), negated=True)]) == [2]


# --- the identity side -----------------------------------------------------------------------------------


def test_halves_and_links_come_back(database: Database) -> None:
    (number,) = keep(database, write(1))
    ref = ("Observation", stored(1))
    first, moved = Link(HERE, *ref, ADA, b"first"), Link(HERE, *ref, BOB, b"moved")
    with database.write() as conn:
        halves.put(conn, [(number, b"withheld")])
        links.put(conn, [first])
        links.put(conn, [])
    with database.read() as conn:
        assert halves.get(conn, [number, WriteNo(1)]) == {number: b"withheld"}
        assert links.get(conn, HERE, [("Observation", stored(1)), ("Patient", ADA)]) == {ref: first}
        assert links.get(conn, THERE, [ref]) == {}
    with database.write() as conn:
        links.put(conn, [moved])
        assert links.get(conn, HERE, [ref]) == {ref: moved}


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as conn:
        assert 1 / len(record_writes(conn, HERE, [write(1, tokens=[b"t" * 12])], 1)[1:])
    with database.read() as conn:
        for table in ("version", "record", "search_token", "write_counter"):
            assert conn.scalar(text(f"SELECT count(*) FROM {table}")) == 0


def test_more_rows_than_one_statement_may_name_are_read_in_batches(database: Database) -> None:
    count = 12_000
    numbers = keep(database, *(write(n) for n in range(count)))
    refs = [("Observation", stored(n)) for n in range(count)]
    with database.read() as conn:
        assert len(records.heads(conn, HERE, refs)) == count
        assert len(records.by_number(conn, numbers)) == count
        assert conn.scalar(select(record.c.version).limit(1)) == 1
