"""A page that has not changed is told from rows and versions, and recorded as the search that it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import insert, select

from gateway.auth.actor import Actor
from gateway.custody.tables import access_grant, record, search_token
from gateway.refusal import Kind
from gateway.release import opened
from gateway.stored import Position
from tests.consents import consent, deny
from tests.desk import APP, OTHER_APP, ST_ANNA, ST_BERTA, Desk, diabetic, ehr, partner, refusal

PLANS = "CarePlan?identifier=urn:careloom:plan|"
COUNT = 10


@pytest.fixture
def planned(desk: Desk) -> Desk:
    desk.puts(*diabetic("mrn-1"), *diabetic("mrn-2"))
    desk.works()
    return desk


def parts(query: str) -> tuple[str, list[tuple[str, str]]]:
    type_, _, rest = query.partition("?")
    return type_, [(name, value) for name, _, value in (pair.partition("=") for pair in rest.split("&"))]


def marked(desk: Desk, query: str, actor: Actor | None = None, position: Position | None = None) -> str:
    return desk.release.search(actor or ehr(), *parts(query), position, COUNT).mark


def known(desk: Desk, query: str, mark: str, actor: Actor | None = None) -> bool:
    """Whether the client is told that it has the page already."""
    told = desk.release.unchanged(actor or ehr(), *parts(query), (None, COUNT), lambda one: one == mark)
    assert told in (None, mark)
    return told is not None


@contextmanager
def nothing_opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(*_: Any) -> Any:
        raise AssertionError("a half was opened")

    with monkeypatch.context() as patched:
        patched.setattr(opened, "_clinical", refuse)
        patched.setattr(opened, "_withheld", refuse)
        yield


@pytest.mark.parametrize(
    "query",
    [
        PLANS,
        "Observation?patient=Patient/mrn-1",
        "Observation?date=ge2020-01-01",
        "Patient?_sort=_lastUpdated",
    ],
)
def test_a_page_that_has_not_changed_is_known_without_opening_it(
    planned: Desk, query: str, monkeypatch: pytest.MonkeyPatch
):
    mark = marked(planned, query)
    with nothing_opened(monkeypatch):
        assert known(planned, query, mark)
        assert not known(planned, query, "another")


def test_a_partner_polls_without_opening_a_plan(planned: Desk, monkeypatch: pytest.MonkeyPatch):
    mark = marked(planned, PLANS, partner(APP, ST_ANNA))
    with nothing_opened(monkeypatch):
        assert known(planned, PLANS, mark, partner(APP, ST_ANNA))


def test_law_4_what_is_known_is_recorded_as_the_search_that_it_is(planned: Desk):
    with planned.leaves() as shown:
        mark = marked(planned, PLANS, partner(APP, ST_ANNA))
    with planned.leaves() as polled:
        assert known(planned, PLANS, mark, partner(APP, ST_ANNA))

    def told(events: list[Any]) -> list[tuple[Any, ...]]:
        return sorted((e.kind, e.type, e.patient or b"", e.detail, e.client_id) for e in events)

    assert told(polled) == told(shown)
    assert {e.status for e in shown if e.kind == "rest:search"} == {200}
    assert {e.status for e in polled if e.kind == "rest:search"} == {304}
    assert len({e.patient for e in polled if e.kind == "rest:search"}) == 2


def test_what_changed_is_searched_anew_and_recorded_by_that_search_alone(planned: Desk):
    with planned.leaves() as events:
        assert not known(planned, PLANS, "another")
    assert events == []


def test_a_new_version_a_new_hit_and_a_deletion_change_the_page(planned: Desk):
    query = "Observation?code=4548-4"
    marks = [marked(planned, query)]
    planned.puts({**planned.reads("Observation/mrn-1-a1c"), "status": "amended"})
    assert not known(planned, query, marks[-1])
    marks.append(marked(planned, query))
    planned.puts(*diabetic("mrn-3"))
    assert not known(planned, query, marks[-1])
    marks.append(marked(planned, query))
    planned.intake.delete(ehr(), "Observation", "mrn-2-a1c")
    assert not known(planned, query, marks[-1])
    marks.append(marked(planned, query))
    assert known(planned, query, marks[-1])
    assert len(set(marks)) == len(marks)


def test_an_erasure_changes_the_page_at_once(planned: Desk):
    mark = marked(planned, PLANS)
    planned.erases(planned.id_of("Patient/mrn-1"))
    assert not known(planned, PLANS, mark)


def test_a_denial_changes_a_partners_page_at_once(planned: Desk):
    mark = marked(planned, PLANS, partner(APP, ST_ANNA))
    planned.puts(consent("c-1", "Patient/mrn-1", deny()))
    assert not known(planned, PLANS, mark, partner(APP, ST_ANNA))


def test_another_grant_and_another_profile_change_a_partners_page(planned: Desk):
    planned.puts(*diabetic("mrn-9"), actor=ehr(ST_BERTA))
    planned.works()
    mark = marked(planned, PLANS, partner(APP, ST_ANNA))
    assert not known(planned, PLANS, mark, partner(APP, ST_ANNA, ST_BERTA))
    grant = {"client_id": f"partner-{APP}", "tenant": ST_ANNA, "consent": "opt-out", "created": 0}
    with planned.vault.database.write() as conn:
        conn.execute(insert(access_grant).values(**grant, profile="partner-shifted"))
    assert not known(planned, PLANS, mark, partner(APP, ST_ANNA))


def test_two_partners_cannot_see_that_they_hold_the_same_page(planned: Desk):
    mine, theirs = (marked(planned, PLANS, partner(one, ST_ANNA)) for one in (APP, OTHER_APP))
    assert mine != theirs
    assert not known(planned, PLANS, mine, partner(OTHER_APP, ST_ANNA))


def test_a_mark_is_worth_nothing_for_another_question(planned: Desk):
    mark = marked(planned, "Patient?gender=female")
    assert len(planned.searches("Patient?gender=female")) == len(planned.searches("Patient"))
    assert not known(planned, "Patient?gender=female,male", mark)


def test_rows_that_somebody_moved_make_no_page_known(planned: Desk):
    """Rows propose: where they propose more than was found, the search tries each hit."""
    query = "Observation?code=2160-0"
    mark = marked(planned, query)
    with planned.vault.database.write() as conn:
        number = conn.scalar(
            select(record.c.write_no).where(record.c.id == planned.id_of("Observation/mrn-1-a1c"))
        )
        bearing = planned.head("Observation/mrn-1-crea")
        assert bearing is not None
        keys = conn.scalars(
            select(search_token.c.key).where(search_token.c.write_no == bearing.write_no)
        ).all()
        had = conn.scalars(select(search_token.c.key).where(search_token.c.write_no == number)).all()
        rows = [{"key": key, "write_no": number} for key in set(keys) - set(had)]
        conn.execute(insert(search_token), rows)
    assert not known(planned, query, mark)
    assert marked(planned, query) == mark


@pytest.mark.parametrize(
    "query",
    [
        "Observation?patient=Patient/mrn-1&_include=Observation:subject",
        "Observation?patient.gender=female",
        "Patient?_has:Observation:patient:code=4548-4",
        "Observation?date=ge2020-01-01&_total=accurate",
        "Observation?_sort=date",
    ],
)
def test_what_rows_cannot_tell_is_searched(planned: Desk, query: str):
    mark = marked(planned, query)
    assert mark == marked(planned, query)
    assert not known(planned, query, mark)


def test_what_may_not_be_searched_is_not_known_either(planned: Desk):
    with refusal(Kind.FORBIDDEN):
        known(planned, PLANS, "x", ehr(scope="system/Patient.rs"))
