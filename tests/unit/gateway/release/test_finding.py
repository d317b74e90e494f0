"""Rows propose and the opened resource decides; pages stay whole over tenants and while writes go on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.custody.ids import pseudonym
from gateway.release import finding
from gateway.release.finding import Finder, Found, Scope
from tests.desk import ST_ANNA, ST_BERTA, Desk, ehr, observation, patient, unknown_meaning


@pytest.fixture
def desk(small_desk: Desk) -> Desk:
    """Five patients in one hospital, three in another."""
    for tenant, count in ((ST_ANNA, 5), (ST_BERTA, 3)):
        small_desk.puts(*(patient(f"mrn-{number}") for number in range(count)), actor=ehr(tenant))
    return small_desk


def scope(desk: Desk, tenant: Any = ST_ANNA, visible: Any = lambda row: True) -> Scope:
    return Scope(tenant, lambda type_, text: pseudonym(desk.vault.stored_id(tenant, type_, text)), visible)


def pages(desk: Desk, count: int, *scopes: Scope, query: Any = ()) -> list[Found]:
    finder, found, position = Finder(desk.vault, "Patient", list(query)), [], None
    while not found or position is not None:
        found.append(finder.page(scopes, position, count))
        position = found[-1].following
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(1, 9), batch=st.integers(1, 4), hidden=st.sets(st.integers(0, 4)))
def test_pages_of_any_size_hold_everything_visible_once(desk: Desk, count: int, batch: int, hidden: set[int]):
    unseen = {desk.id_of(f"Patient/mrn-{number}") for number in hidden}
    scopes = [scope(desk, ST_BERTA), scope(desk, ST_ANNA, lambda row: row.id not in unseen)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finding, "BATCH", batch)
        found = pages(desk, count, *scopes)
    rows = [row for page in found for row in page.rows]
    assert len(rows) == len({row.write_no for row in rows}) == 8 - len(hidden)
    assert [row.write_no for row in rows] == sorted((row.write_no for row in rows), reverse=True)
    assert all(len(page.rows) == count for page in found[:-1])
    assert len(found[-1].rows) >= 1 or len(rows) == 0


def test_a_total_is_told_where_one_page_holds_everything_and_only_there(desk: Desk):
    assert pages(desk, 5, scope(desk))[0].total == 5
    assert [page.total for page in pages(desk, 2, scope(desk))] == [None, None, None]


def test_what_is_written_after_the_first_page_is_not_on_the_next(desk: Desk):
    finder = Finder(desk.vault, "Patient", [])
    first = finder.page([scope(desk)], None, 2)
    desk.puts(patient("late"))
    rest = finder.page([scope(desk)], first.following, 50)
    assert desk.id_of("Patient/late") not in {row.id for row in (*first.rows, *rest.rows)}
    assert len(first.rows) + len(rest.rows) == 5


def test_old_versions_and_deletions_are_not_found(desk: Desk):
    desk.puts(patient("mrn-0", gender="other"))
    desk.intake.delete(ehr(), "Patient", "mrn-1")
    (page,) = pages(desk, 50, scope(desk), query=[("gender", "female")])
    assert {row.id for row in page.rows} == {desk.id_of(f"Patient/mrn-{n}") for n in (2, 3, 4)}


def test_who_is_asked_for_by_id_must_meet_every_other_parameter_too(desk: Desk):
    for gender, count in (("female", 1), ("male", 0)):
        (page,) = pages(desk, 5, scope(desk), query=[("_id", "mrn-2"), ("gender", gender)])
        assert len(page.rows) == count


def test_an_invisible_row_was_never_there(desk: Desk):
    (page,) = pages(desk, 50, scope(desk, visible=lambda row: False))
    assert (page.rows, page.total) == ((), 0)


def test_what_has_no_clinical_half_is_found_by_its_id_alone(desk: Desk):
    desk.puts(unknown_meaning(observation("o1", "Patient/mrn-1")))
    for query, count in (([("_id", "o1")], 1), ([("_id", "o2")], 0), ([("status", "final")], 0)):
        found = Finder(desk.vault, "Observation", query).page([scope(desk)], None, 5)
        assert len(found.rows) == count


def test_law_12_no_scope_finds_nothing(desk: Desk):
    assert Finder(desk.vault, "Patient", []).page([], None, 5) == Found((), 0, None)
