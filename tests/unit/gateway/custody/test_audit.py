"""Appending to the trail."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from gateway.custody import audit, merkle
from gateway.custody.errors import Tampered
from gateway.custody.ids import SYSTEM, Tenant
from gateway.custody.tables import audit_event
from tests.unit.gateway.custody.trails import HOSPITAL, START, Trail, event


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    return Trail(tmp_path)


def test_the_events_fields_are_the_tables_columns() -> None:
    assert audit.Event.__struct_fields__ == audit.COLUMNS[2:]
    row = audit._row(HOSPITAL, 3, event(1))
    for name, value in zip(audit.COLUMNS[2:], row[2:], strict=True):
        assert getattr(event(1), name) == value


def test_the_sequence_is_dense_and_each_log_has_its_own(trail: Trail) -> None:
    trail.append(event(0), event(1))
    trail.append(event(2), log=SYSTEM)
    trail.append(event(3))
    with trail.database.read() as conn:
        places = conn.execute(select(audit_event.c.log, audit_event.c.seq).order_by(audit_event.c.log)).all()
        head = audit.head_of(conn, HOSPITAL)
    assert [tuple(place) for place in places] == [(0, 0), (7, 0), (7, 1), (7, 2)]
    assert (head.size, head.last_time) == (3, START + 3)


def test_the_head_is_the_tree_of_the_leaves(trail: Trail) -> None:
    for number in range(11):
        trail.append(event(number))
    with trail.database.read() as conn:
        rows = conn.execute(select(audit_event).order_by(audit_event.c.seq)).all()
        assert audit.head_of(conn, HOSPITAL).root == merkle.tree_root([audit.leaf(tuple(r)) for r in rows])


def test_nothing_appended_makes_no_log(trail: Trail) -> None:
    trail.append()
    with trail.database.read() as conn:
        assert audit.head_of(conn, HOSPITAL) == audit.EMPTY


def test_law_4_a_deed_that_is_rolled_back_leaves_no_event(trail: Trail) -> None:
    def deed() -> None:
        with trail.database.write() as conn:
            audit.append(conn, HOSPITAL, [event(0)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        deed()
    assert trail.report().events == 0


def test_a_head_that_contradicts_itself_takes_no_more_events(trail: Trail) -> None:
    trail.append(event(0))
    trail.tamper("UPDATE audit_head SET size = 3")
    with pytest.raises(Tampered):
        trail.append(event(1))


CELLS = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=5), st.binary(max_size=5))
ROWS = st.lists(CELLS, min_size=19, max_size=19)


@given(ROWS, ROWS)
def test_two_rows_that_differ_anywhere_have_different_leaves(one: list[object], other: list[object]) -> None:
    assert (audit.leaf(one) == audit.leaf(other)) is (one == other)


@given(ROWS, st.integers(0, 18), CELLS)
def test_the_leaf_covers_every_column(row: list[object], place: int, cell: object) -> None:
    changed = [*row[:place], cell, *row[place + 1 :]]
    assert (audit.leaf(row) == audit.leaf(changed)) is (row[place] == cell)


def test_the_leaf_is_what_the_documentation_says() -> None:
    row = (Tenant(7), 0, 1, "k", *[None] * 15)
    assert audit.leaf(row) == merkle.leaf_hash(b"\xdc\x00\x14\x01\x07\x00\x01\xa1k" + b"\xc0" * 15)
