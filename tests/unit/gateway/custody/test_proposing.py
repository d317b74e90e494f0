"""SQLite's plans for the statements that propose: none walks through all that a tenant has of a type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import insert

from gateway.custody import index, proposing
from gateway.custody.database import Database, Side
from gateway.custody.ids import StoredId, Tenant, write_no
from gateway.custody.index import Clause, Page, Range
from gateway.custody.migrations import migrate
from gateway.custody.prepared import Prepared, _OnSqlite
from gateway.custody.proposing import Form, Shape, Way, filled, places
from gateway.custody.tables import identity_token, record, search_range, search_token

PATIENT, CODE = Shape(tokens=1), Shape(tokens=2)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path_factory.mktemp('plans') / 'careloom.db'}", Side.TRUSTED)
    migrate(opened)
    yield opened
    opened.close()


def plan(database: Database, statement: Prepared) -> str:
    with database.glance() as at:
        asked = statement._on(at.dialect)
        assert isinstance(asked, _OnSqlite)
        rows = at.driver.execute(f"EXPLAIN QUERY PLAN {asked.sql}", [None] * len(asked.order)).fetchall()
    return "\n".join(str(row[3]) for row in rows)


def test_what_changed_is_found_by_the_numbers_above(database: Database):
    assert plan(database, proposing.CHANGED) == (
        "SEARCH version USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"
    )


@pytest.mark.parametrize("shape", [PATIENT, CODE, Shape(ranges=1), Shape(names=1), Shape(tokens=1, names=2)])
def test_heads_are_looked_for_by_the_rows_of_a_clause(database: Database, shape: Shape):
    found = plan(database, proposing.standing(Form((shape,))))
    assert "(write_no=?" in found.splitlines()[0]
    assert "SCAN" not in found


def test_one_of_several_clauses_leads(database: Database):
    found = plan(database, proposing.standing(Form((PATIENT, CODE), way=Way.LED)))
    assert "(write_no=?" in found.splitlines()[0]
    assert "SCAN" not in found


def test_whoever_is_asked_for_by_id_is_found_by_it(database: Database):
    assert "PRIMARY KEY (tenant=? AND type=? AND id=?)" in plan(
        database, proposing.standing(Form((Shape(ids=4),)))
    )


def test_forms_are_few_because_lists_are_rounded_up():
    assert [places(count) for count in (0, 1, 2, 3, 5, 64, 65)] == [0, 1, 2, 4, 8, 64, 128]
    assert filled("no", [7, 8, 9]) == {"no_0": 7, "no_1": 8, "no_2": 9, "no_3": 9}
    assert filled("no", []) == {}
    assert proposing.standing(Form((PATIENT,))) is proposing.standing(Form((PATIENT,)))


@pytest.mark.parametrize("shape", [PATIENT, Shape(tokens=1, names=2), Shape(tokens=1, negated=True)])
def test_what_nearly_all_bear_is_asked_of_the_newest_first(database: Database, shape: Shape):
    found = plan(database, proposing.standing(Form((shape,), way=Way.WALKED)))
    assert found.startswith("SEARCH record USING INDEX")
    assert "CORRELATED" in found
    assert "LIST SUBQUERY" not in found
    assert "TEMP B-TREE" not in found


def test_of_a_rare_type_all_are_looked_at(database: Database):
    found = plan(database, proposing.standing(Form((PATIENT,), way=Way.TYPED)))
    assert found.startswith("SEARCH record USING PRIMARY KEY (tenant=? AND type=?)")


# --- what they answer -------------------------------------------------------------------------------------

HERE, COUNT = Tenant(5), 40


def has(*words: str, negated: bool = False) -> Clause:
    return Clause(tuple(word.encode().ljust(12) for word in words), negated=negated)


@pytest.fixture(scope="module")
def filled_store(database: Database) -> Database:
    """Forty heads: all bear "all", each second "even", each seventh "rare", each third a name."""
    numbers = [(write_no(HERE, n), n) for n in range(1, COUNT + 1)]
    words = {"all": 1, "even": 2, "rare": 7}
    with database.write() as conn:
        for number, n in numbers:
            id_ = n.to_bytes(16)
            conn.execute(insert(record).values((HERE, "Observation", id_, 1, number, bytes(16), 0)))
            borne = [
                {"key": word.encode().ljust(12), "write_no": number}
                for word, each in words.items()
                if n % each == 0
            ]
            conn.execute(insert(search_token), borne)
            if n % 3 == 0:
                conn.execute(insert(identity_token).values(key=b"name".ljust(12), write_no=number))
            conn.execute(insert(search_range).values(key=b"day".ljust(12), low=n, high=n, write_no=number))
    return database


QUESTIONS: list[tuple[list[Clause], Callable[[int], bool]]] = [
    ([], lambda n: True),
    ([has("all")], lambda n: True),
    ([has("even"), has("all")], lambda n: n % 2 == 0),
    ([has("all"), has("rare"), has("even")], lambda n: n % 14 == 0),
    ([has("even", negated=True)], lambda n: n % 2 == 1),
    ([has("even", negated=True), has("rare")], lambda n: n % 14 == 7),
    ([has("even", "rare")], lambda n: n % 2 == 0 or n % 7 == 0),
    ([has("nobody")], lambda n: False),
    ([Clause(names=(b"name".ljust(12),)), has("even")], lambda n: n % 6 == 0),
    ([Clause(tokens=has("rare").tokens, names=(b"name".ljust(12),))], lambda n: n % 7 == 0 or n % 3 == 0),
    ([Clause(ranges=(Range(b"day".ljust(12), 5, 9),)), has("even")], lambda n: n in (6, 8)),
    ([Clause(ids=(StoredId((6).to_bytes(16)), StoredId((7).to_bytes(16)))), has("even")], lambda n: n == 6),
]


@pytest.mark.parametrize("many", [0, 10, 5_000])
@pytest.mark.parametrize(("clauses", "meant"), QUESTIONS)
def test_every_way_to_heads_finds_the_same(
    filled_store: Database,
    monkeypatch: pytest.MonkeyPatch,
    many: int,
    clauses: list[Clause],
    meant: Callable[[int], bool],
):
    monkeypatch.setattr(index, "_MANY", many)
    expected = [n for n in range(COUNT, 0, -1) if meant(n)]
    page = Page(COUNT + 1, write_no(HERE, COUNT))
    with filled_store.glance() as at:
        found = index.candidates(at, HERE, "Observation", clauses, page)
        assert [int.from_bytes(one.id) for one in found] == expected
        first = index.candidates(at, HERE, "Observation", clauses, replace(page, limit=3))
        assert [int.from_bytes(one.id) for one in first] == expected[:3]
        assert index.count(at, HERE, "Observation", clauses, replace(page, limit=0)) == len(expected)
        assert index.count(at, HERE, "Observation", clauses, replace(page, limit=2)) == min(2, len(expected))
