"""What intake is handed to look with: the release side's own eyes, one of which leaves no trace by design."""

from __future__ import annotations

import pytest

from gateway.refusal import Kind
from tests.desk import ST_ANNA, ST_BERTA, Desk, ehr, patient, refusal, unknown_meaning


@pytest.fixture
def desk(small_desk: Desk) -> Desk:
    small_desk.puts(patient("mrn-1", identifier=[{"system": "urn:mrn", "value": "4711"}]), patient("mrn-2"))
    return small_desk


def test_it_finds_ids_as_the_tenant_writes_them_and_stops_at_two(desk: Desk):
    assert desk.looking.find(ehr(), "Patient", [("identifier", "urn:mrn|4711")]) == ["mrn-1"]
    desk.puts(patient("mrn-3"))
    assert len(desk.looking.find(ehr(), "Patient", [("family", "Hopkins")])) == 2
    assert desk.looking.find(ehr(ST_BERTA), "Patient", [("family", "Hopkins")]) == []


def test_law_12_no_criteria_is_not_every_resource(desk: Desk):
    with refusal(Kind.PRECONDITION, "required"):
        desk.looking.find(ehr(), "Patient", [])


def test_law_4_reading_for_an_answer_is_recorded_and_comparing_is_none(desk: Desk):
    ref = ("Patient", desk.id_of("Patient/mrn-1"))
    with desk.leaves() as events:
        found = desk.looking.originals(ST_ANNA, [ref])
    assert events == []
    assert found[ref].body == patient("mrn-1", identifier=[{"system": "urn:mrn", "value": "4711"}])
    with desk.leaves() as events:
        desk.looking.read(ehr(), "Patient", "mrn-1")
    assert [(event.kind, event.id) for event in events] == [("rest:read", ref[1])]


def test_originals_are_the_living_ones_that_there_are(desk: Desk):
    desk.intake.delete(ehr(), "Patient", "mrn-2")
    desk.puts(unknown_meaning(patient("mrn-3")))
    refs = [("Patient", desk.id_of(f"Patient/{name}")) for name in ("mrn-1", "mrn-2", "mrn-3", "mrn-4")]
    found = desk.looking.originals(ST_ANNA, refs)
    assert set(found) == {refs[0], refs[2]}
    assert found[refs[2]].body == unknown_meaning(patient("mrn-3"))
