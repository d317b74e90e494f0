"""Each write leaves exactly its event, in its tenant's log, with the digest of what was sealed."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.custody import verify
from gateway.custody.ids import SYSTEM, StoredId
from gateway.refusal import Refused
from tests.actors import Town
from tests.desk import ST_ANNA, ST_BERTA, Desk, bundle, ehr, entry, observation, patient, put


def told(event: Any) -> tuple[Any, ...]:
    return event.kind, event.action, event.outcome, event.status, event.type, event.version


def test_law_4_a_life_of_a_resource_is_one_event_for_each_deed(desk: Desk):
    with desk.leaves() as events:
        desk.puts(patient("mrn-1"))
        desk.puts(patient("mrn-1", gender="other"))
        desk.puts(patient("mrn-1", gender="other"))
        desk.intake.delete(ehr(), "Patient", "mrn-1")
        desk.intake.delete(ehr(), "Patient", "mrn-1")
        desk.puts(patient("mrn-1"))
    assert [told(event) for event in events] == [
        ("rest:create", "C", "0", 201, "Patient", 1),
        ("rest:update", "U", "0", 200, "Patient", 2),
        ("rest:update", "U", "0", 200, "Patient", 2),
        ("rest:delete", "D", "0", 204, "Patient", 3),
        ("rest:delete", "D", "0", 204, "Patient", 3),
        ("rest:create", "C", "0", 201, "Patient", 4),
    ]
    assert {(event.id, event.patient) for event in events} == {(desk.id_of("Patient/mrn-1"),) * 2}
    assert [event.digest is None for event in events] == [False, False, True, False, True, False]


def test_law_4_the_digest_is_that_of_the_version_that_lies_there(desk: Desk):
    with desk.leaves() as events:
        desk.submits(put(patient("mrn-1")), put(observation("o1", "Patient/mrn-1")))
    for event, reference in zip(events, ("Patient/mrn-1", "Observation/o1"), strict=True):
        head = desk.head(reference)
        assert head is not None
        assert (event.id, event.version, event.digest) == (head.id, head.version, head.digest)


def test_law_4_a_bundle_is_one_event_per_entry_in_its_order(desk: Desk):
    members = [{"entity": {"reference": f"Patient/mrn-{number}"}} for number in (1, 2)]
    group = {"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": members}
    with desk.leaves() as events:
        desk.submits(put(group), put(observation("o1", "Patient/mrn-1")), put(patient("mrn-2")))
    patients = [None, desk.id_of("Patient/mrn-1"), desk.id_of("Patient/mrn-2")]
    assert [event.type for event in events] == ["Group", "Observation", "Patient"]
    assert [event.patient for event in events] == patients
    assert {(e.client_id, e.organization, e.address, e.request_id) for e in events} == {
        ("ehr-3", ST_ANNA, "10.0.0.1", "request-1")
    }
    assert {event.time for event in events} == {desk.now}


def test_events_stand_in_the_log_of_the_tenant_that_wrote(desk: Desk):
    with desk.leaves(ST_ANNA) as ours, desk.leaves(ST_BERTA) as theirs, desk.leaves(SYSTEM) as nobodys:
        desk.puts(patient("mrn-1"), actor=ehr(ST_BERTA))
    assert (len(ours), len(theirs), len(nobodys)) == (0, 1, 0)


def test_law_4_what_was_refused_whole_leaves_nothing_here(desk: Desk):
    """The edge, which knows the route, records it: see the next test."""
    with desk.leaves() as events, pytest.raises(Refused):
        desk.submits(put(patient("mrn-1")), put(patient("mrn-2", gender="x")))
    assert events == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("Patient/mrn-1", patient("mrn-1", gender="x"), 400),
        ("Patient/mrn-1", patient("mrn-2"), 400),
        ("Observation/o1", observation("o1", "Patient/mrn-1"), 403),
    ],
)
def test_law_4_a_refused_write_is_one_event_in_its_tenants_log(
    here: Town, path: str, body: dict[str, Any], status: int
):
    hospital, officer = here.hospital("st-anna", "system/Patient.cruds"), here.officer("st-anna")
    query = f"AuditEvent?agent={hospital.client_id}"
    hospital.client.token()
    before = len(officer.searches(query))
    assert hospital.asks("PUT", path, body).status_code == status
    after = officer.searches(query)
    assert len(after) == before + 1
    assert after[0]["outcome"] == "4"


def test_law_2_no_event_holds_a_name_an_id_or_a_value(desk: Desk):
    secret = patient("mrn-4711", identifier=[{"system": "urn:mrn", "value": "4711"}])
    desk.puts(secret)
    desk.searches("Patient?family=Hopkins&identifier=urn:mrn|4711")
    desk.intake.batch(ehr(), bundle(put({**secret, "gender": "x"}), kind="batch"))
    with pytest.raises(Refused):
        desk.submits(put({**secret, "gender": "Hopkins"}))
    cells = [cell for event in desk.events() for cell in event if isinstance(cell, str)]
    assert cells
    assert not [cell for cell in cells if "Hopkins" in cell or "4711" in cell]


def test_the_trail_of_all_of_this_verifies(desk: Desk):
    for number in range(7):
        desk.submits(put(patient(f"mrn-{number}")), entry("GET", f"Patient/mrn-{number}"))
    with desk.vault.database.read() as conn:
        found = verify.verify(conn, {})
    assert found.ok
    assert {event.id for event in desk.events()} == {
        StoredId(desk.id_of(f"Patient/mrn-{number}")) for number in range(7)
    }
