"""The use case: each look decided by role and right, dressed for its reader, and recorded as it ended."""

from __future__ import annotations

import pytest

from gateway.refusal import Kind
from tests.desk import APP, ST_ANNA, Desk, diabetic, ehr, officer, partner, patient, refusal


@pytest.fixture
def desk(small_desk: Desk) -> Desk:
    small_desk.puts(*diabetic("mrn-1"))
    small_desk.works()
    return small_desk


def test_one_resource_has_a_face_for_each_reader(desk: Desk):
    app = partner(APP, ST_ANNA)
    (mine,), (theirs,) = desk.searches("CarePlan"), desk.searches("CarePlan", app)
    assert mine["id"] != theirs["id"]
    assert mine["subject"] != theirs["subject"]
    assert mine["activity"] == theirs["activity"] or len(mine["activity"]) == len(theirs["activity"])


def test_what_is_not_there_and_what_may_not_be_seen_are_told_alike(desk: Desk):
    app = partner(APP, ST_ANNA)
    hidden = desk.vault.outside(APP).show("Observation", desk.id_of("Observation/mrn-1-crea"))
    for text in (hidden, "nobody"):
        with refusal(Kind.NOT_FOUND, "not-found"):
            desk.reads(f"Observation/{text}", app)


def test_a_history_is_newest_first_and_a_deletion_in_it_has_no_body(desk: Desk):
    desk.intake.delete(ehr(), "Patient", "mrn-1")
    desk.now += 1
    desk.puts(patient("mrn-1", gender="other"))
    found = desk.release.history(ehr(), "Patient", "mrn-1")
    assert [(one.version, one.body is None) for one in found] == [(3, False), (2, True), (1, False)]
    assert [one.updated for one in found] == sorted((one.updated for one in found), reverse=True)
    assert {one.id for one in found} == {"mrn-1"}


@pytest.mark.parametrize("letter", ["r", "c", "u", "d"])
def test_law_12_searching_needs_the_right_to_search(desk: Desk, letter: str):
    with refusal(Kind.FORBIDDEN):
        desk.searches("Patient", ehr(scope=f"system/Patient.{letter}"))


def test_a_right_on_one_type_is_none_on_another(desk: Desk):
    who = partner(APP, ST_ANNA, scope="system/CarePlan.rs")
    assert desk.searches("CarePlan", who)
    with refusal(Kind.FORBIDDEN):
        desk.searches("Goal", who)


def test_an_officer_sees_no_patient(desk: Desk):
    with refusal(Kind.FORBIDDEN):
        desk.reads("Patient/mrn-1", officer())


def test_what_a_version_says_of_itself_is_the_rows(desk: Desk):
    desk.now += 5_000_000
    desk.puts(patient("mrn-1", gender="other"))
    first, second = (desk.release.read(ehr(), "Patient", "mrn-1", number) for number in (1, 2))
    assert (first.version, second.version) == (1, 2)
    assert second.updated - first.updated == 5_000_000
