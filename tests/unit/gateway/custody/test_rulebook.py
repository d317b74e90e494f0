"""Decisions about rules as they are kept: one number for all, one row for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.custody import rulebook
from gateway.custody.database import Database
from gateway.custody.errors import CustodyError
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.rulebook import Pack, Recall, Shaded, Switch
from tests.unit.gateway.custody.trails import store

HERE, THERE = Tenant(3), Tenant(4)
ANN, BOB = StoredId(b"a" * 16), StoredId(b"b" * 16)
KEY = b"k" * 32
YES, NO = (rulebook.token(KEY, "rule", answer) for answer in ("true", "false"))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = store(tmp_path)
    yield database
    database.close()


def test_each_change_raises_the_number_by_one(database: Database):
    with database.read() as conn:
        assert rulebook.number(conn) == 0
    for expected in (1, 2):
        with database.write() as conn:
            rulebook.change(conn)
            assert rulebook.number(conn) == expected


def test_a_switch_is_its_hospitals_and_the_newest_counts(database: Database):
    with database.write() as conn:
        rulebook.put_switch(conn, HERE, Switch("a", "on", {}, "first"), 1)
        rulebook.put_switch(conn, HERE, Switch("a", None, {"y": "2", "x": "1.50"}, "second"), 2)
        assert rulebook.switches(conn, HERE) == [Switch("a", None, {"x": "1.50", "y": "2"}, "second", 2)]
        assert rulebook.switches(conn, THERE) == []
        assert rulebook.clear_switch(conn, HERE, "a")
        assert not rulebook.clear_switch(conn, HERE, "a")


def test_a_recall_keeps_its_first_reason(database: Database):
    with database.write() as conn:
        assert rulebook.put_recall(conn, Recall("a", "1", "first"), 1)
        assert not rulebook.put_recall(conn, Recall("a", "1", "second"), 2)
        assert rulebook.put_recall(conn, Recall("a", "2", "other"), 3)
        assert [(one.version, one.reason) for one in rulebook.recalls(conn)] == [
            ("1", "first"),
            ("2", "other"),
        ]


def test_a_pack_takes_the_place_of_the_one_of_its_id(database: Database):
    with database.write() as conn:
        rulebook.put_pack(conn, Pack("p", "1", b"{}", "a.org", None), 1)
        rulebook.put_pack(conn, Pack("p", "2", b"{ }", None, "why"), 2)
        assert rulebook.packs(conn) == [Pack("p", "2", b"{ }", None, "why", 2)]
        assert rulebook.remove_pack(conn, "p")
        assert not rulebook.remove_pack(conn, "p")


def test_a_pack_that_nobody_answers_for_is_not_kept(database: Database):
    with pytest.raises((IntegrityError, CustodyError)), database.write() as conn:
        rulebook.put_pack(conn, Pack("p", "1", b"{}", None, None), 1)


def test_answers_in_shadow_are_counted_by_what_they_are_alike(database: Database):
    with database.write() as conn:
        rulebook.keep_shadow(conn, (HERE, ANN), [Shaded("rule", "1", YES), Shaded("other", "1", NO)], 1)
        rulebook.keep_shadow(conn, (HERE, BOB), [Shaded("rule", "1", YES)], 1)
        rulebook.keep_shadow(conn, (THERE, BOB), [Shaded("rule", "1", NO)], 1)
        assert rulebook.count_shadow(conn, HERE, "rule", "1") == {YES: 2}
        rulebook.keep_shadow(conn, (HERE, BOB), [Shaded("rule", "1", NO)], 2)
        assert rulebook.count_shadow(conn, HERE, "rule", "1") == {YES: 1, NO: 1}
        rulebook.keep_shadow(conn, (HERE, ANN), [Shaded("rule", "2", YES)], 3)
        assert rulebook.count_shadow(conn, HERE, "rule", "1") == {NO: 1}


def test_law_2_a_kept_answer_tells_nothing_without_the_tenants_key(database: Database):
    assert len({YES, NO, rulebook.token(b"x" * 32, "rule", "true"), rulebook.token(KEY, "two", "true")}) == 4


def test_answers_are_forgotten_by_rule_or_by_patient(database: Database):
    with database.write() as conn:
        for whom in (ANN, BOB):
            rulebook.keep_shadow(conn, (HERE, whom), [Shaded("a", "1", YES), Shaded("b", "1", YES)], 1)
        rulebook.forget_shadow(conn, HERE, rule="a")
        assert rulebook.count_shadow(conn, HERE, "a", "1") == {}
        rulebook.forget_shadow(conn, HERE, patient=ANN)
        assert rulebook.count_shadow(conn, HERE, "b", "1") == {YES: 1}
