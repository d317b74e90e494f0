"""Each look leaves exactly its events, in the log of every hospital whose data were asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.custody import audit, verify
from gateway.custody.ids import SYSTEM
from gateway.refusal import Kind
from tests.desk import (
    APP,
    ST_ANNA,
    ST_BERTA,
    Desk,
    diabetic,
    ehr,
    officer,
    partner,
    patient,
    refusal,
)

FIND = "CarePlan?identifier=urn:careloom:plan|"


@pytest.fixture
def planned(desk: Desk) -> Desk:
    desk.puts(*diabetic("mrn-1"), *diabetic("mrn-2"))
    desk.puts(*diabetic("mrn-1"), actor=ehr(ST_BERTA))
    desk.works()
    return desk


def told(events: list[Any]) -> list[tuple[Any, ...]]:
    return [(e.kind, e.action, e.outcome, e.status, e.type, e.version) for e in events]


def test_law_4_a_read_names_resource_version_and_patient(planned: Desk):
    with planned.leaves() as events:
        planned.reads("Observation/mrn-1-a1c")
        planned.reads("Observation/mrn-1-a1c/_history/1")
        planned.release.history(ehr(), "Observation", "mrn-1-a1c")
    assert told(events) == [
        ("rest:read", "R", "0", 200, "Observation", 1),
        ("rest:vread", "R", "0", 200, "Observation", 1),
        ("rest:history", "R", "0", 200, "Observation", 1),
    ]
    assert {(e.id, e.patient) for e in events} == {
        (planned.id_of("Observation/mrn-1-a1c"), planned.id_of("Patient/mrn-1"))
    }


def test_law_4_what_is_not_there_or_was_deleted_is_recorded_too(planned: Desk):
    planned.puts(patient("mrn-3"))
    planned.intake.delete(ehr(), "Patient", "mrn-3")
    with planned.leaves() as events:
        with refusal(Kind.NOT_FOUND):
            planned.reads("Patient/nobody")
        with refusal(Kind.NOT_FOUND):
            planned.release.history(ehr(), "Patient", "nobody")
        with refusal(Kind.GONE):
            planned.reads("Patient/mrn-3")
    assert told(events) == [
        ("rest:read", "R", "4", 404, "Patient", None),
        ("rest:history", "R", "4", 404, "Patient", None),
        ("rest:read", "R", "4", 410, "Patient", 2),
    ]
    assert events[0].id is None, "an id that is nobody's is not kept"


def test_law_4_a_search_is_one_event_for_each_patient_in_the_answer(planned: Desk):
    with planned.leaves() as events:
        planned.searches("Observation?code=4548-4")
    assert {e.patient for e in events} == {planned.id_of("Patient/mrn-1"), planned.id_of("Patient/mrn-2")}
    assert {e.detail for e in events} == {"query: code=4548-4&_count=50"}
    assert len(events) == 2


def test_law_4_a_search_that_finds_nothing_is_an_event(planned: Desk):
    with planned.leaves() as events:
        planned.searches("Patient?family=Nobody&gender=male")
    assert [(e.kind, e.patient, e.detail) for e in events] == [
        ("rest:search", None, "query: family=***&gender=male&_count=50")
    ]


def test_law_4_what_a_partner_finds_stands_in_the_log_of_each_hospital(planned: Desk):
    app = partner(APP, ST_ANNA, ST_BERTA)
    with planned.leaves(ST_ANNA) as ours, planned.leaves(ST_BERTA) as theirs:
        plans = planned.searches(FIND, app)
    assert len(plans) == 3
    assert {e.patient for e in ours} == {planned.id_of("Patient/mrn-1"), planned.id_of("Patient/mrn-2")}
    assert {e.patient for e in theirs} == {planned.id_of("Patient/mrn-1", ST_BERTA)}
    assert sorted(e.kind for e in theirs) == ["consent:permit", "rest:search"]
    assert {(e.client_id, e.organization) for e in [*ours, *theirs]} == {("partner-11", APP)}


def test_a_partner_that_finds_nothing_with_one_hospital_is_still_in_its_log(planned: Desk):
    (plan, *_) = planned.searches(FIND, partner(APP, ST_BERTA))
    app = partner(APP, ST_ANNA, ST_BERTA)
    with planned.leaves(ST_ANNA) as ours, planned.leaves(ST_BERTA) as theirs:
        planned.searches(f"CarePlan?_id={plan['id']}", app)
    assert [(e.kind, e.patient) for e in ours] == [("rest:search", None)]
    assert [e.kind for e in theirs] == ["rest:search", "consent:permit"]
    assert all(e.patient is not None for e in theirs)


def test_law_4_a_partners_read_stands_with_the_hospital_whose_it_is(planned: Desk):
    (plan, *_) = planned.searches(FIND, partner(APP, ST_BERTA))
    app = partner(APP, ST_ANNA, ST_BERTA)
    with planned.leaves(ST_ANNA) as ours, planned.leaves(ST_BERTA) as theirs:
        planned.reads(f"CarePlan/{plan['id']}", app)
    assert not ours
    assert told(theirs) == [
        ("rest:read", "R", "0", 200, "CarePlan", 1),
        ("consent:permit", "E", "0", 200, "Consent", None),
    ]


def test_law_4_a_partners_refusal_stands_with_everyone_who_granted_it(planned: Desk):
    app = partner(APP, ST_ANNA, ST_BERTA)
    with planned.leaves(ST_ANNA) as ours, planned.leaves(ST_BERTA) as theirs, refusal(Kind.NOT_FOUND):
        planned.reads("CarePlan/nobodys", app)
    assert told(ours) == told(theirs) == [("rest:read", "R", "4", 404, "CarePlan", None)]


def test_a_partner_without_a_grant_stands_in_the_systems_log(planned: Desk):
    with planned.leaves(SYSTEM) as events:
        planned.searches("CarePlan", partner(APP))
        with refusal(Kind.NOT_FOUND):
            planned.reads("CarePlan/nobodys", partner(APP))
    assert [e.kind for e in events] == ["rest:search", "rest:read"]


def test_law_4_an_answer_whose_trace_cannot_be_written_is_not_given(
    planned: Desk, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: Any) -> None:
        raise OSError

    monkeypatch.setattr(audit, "append", broken)
    for look in (
        lambda: planned.reads("Patient/mrn-1"),
        lambda: planned.searches("Patient"),
        lambda: planned.release.history(ehr(), "Patient", "mrn-1"),
        lambda: planned.searches(FIND, partner(APP, ST_ANNA)),
    ):
        with pytest.raises(OSError):  # noqa: PT011 - it has no message
            look()


@pytest.mark.parametrize("letter", ["c", "u", "d", "s"])
def test_law_12_reading_needs_the_right_to_read(planned: Desk, letter: str):
    who = ehr(scope=f"system/Patient.{letter}")
    with planned.leaves() as events:
        with refusal(Kind.FORBIDDEN):
            planned.reads("Patient/mrn-1", who)
        with refusal(Kind.FORBIDDEN):
            planned.release.history(who, "Patient", "mrn-1")
    assert events == [], "the edge records it"


def test_law_12_an_officer_reads_no_patient_even_with_a_scope_that_says_so(planned: Desk):
    bold = replace(officer(), scopes=ehr().scopes)
    with refusal(Kind.FORBIDDEN):
        planned.reads("Patient/mrn-1", bold)
    with refusal(Kind.FORBIDDEN):
        planned.searches("Patient", bold)


def test_the_trail_of_all_logs_verifies(planned: Desk):
    planned.searches(FIND, partner(APP, ST_ANNA, ST_BERTA))
    with planned.vault.database.read() as conn:
        assert verify.verify(conn, {}).ok
