"""Whose keys a resource lies under: its patient's, the next one's when it moves, the tenant's when shared."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.custody import records
from gateway.custody.ids import TENANT_COMPARTMENT
from gateway.custody.tables import data
from gateway.refusal import Kind
from tests.desk import (
    APP,
    ST_ANNA,
    ST_BERTA,
    Desk,
    diabetic,
    ehr,
    observation,
    partner,
    patient,
    put,
    refusal,
    unknown_meaning,
)


def group(*names: str) -> dict[str, Any]:
    members = [{"entity": {"reference": f"Patient/{name}"}} for name in names]
    return {"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": members}


def compartment(desk: Desk, reference: str) -> bytes:
    found = desk.head(reference)
    assert found is not None
    return found.compartment


def plan_of(desk: Desk, name: str) -> dict[str, Any]:
    (found,) = desk.searches(f"CarePlan?subject=Patient/{name}")
    return found


def linked(desk: Desk, name: str) -> list[str]:
    with desk.vault.database.read() as conn:
        found = records.linked(conn, ST_ANNA, desk.id_of(f"Patient/{name}"))
    return [row.type for row in found]


# --- one patient -----------------------------------------------------------------------------------------


def test_a_resource_lies_with_its_patient_even_before_the_patient_came(desk: Desk):
    desk.puts(observation("o1", "Patient/mrn-1"))
    assert compartment(desk, "Observation/o1") == desk.id_of("Patient/mrn-1")
    desk.puts(patient("mrn-1"))
    assert compartment(desk, "Patient/mrn-1") == desk.id_of("Patient/mrn-1")


def test_one_id_in_two_tenants_is_two_patients_under_two_keys(desk: Desk):
    desk.puts(patient("mrn-1"))
    desk.puts(patient("mrn-1", gender="other"), actor=ehr(ST_BERTA))
    desk.erases(desk.id_of("Patient/mrn-1"))
    with refusal(Kind.GONE):
        desk.reads("Patient/mrn-1")
    assert desk.reads("Patient/mrn-1", ehr(ST_BERTA))["gender"] == "other"


# --- a resource that moves -------------------------------------------------------------------------------


@pytest.fixture
def moved(desk: Desk) -> Desk:
    """An observation that was filed with Anna first and is Berta's."""
    desk.puts(patient("anna"), patient("berta"))
    desk.puts(observation("o1", "Patient/anna"), observation("o1", "Patient/berta"))
    return desk


def test_what_moved_does_not_need_the_old_patients_keys(moved: Desk):
    moved.erases(moved.id_of("Patient/anna"))
    assert moved.reads("Observation/o1") == observation("o1", "Patient/berta")
    assert [found["id"] for found in moved.searches("Observation?subject=Patient/berta")] == ["o1"]


def test_the_version_before_the_move_is_gone_with_its_patient(moved: Desk):
    moved.erases(moved.id_of("Patient/anna"))
    with refusal(Kind.GONE):
        moved.reads("Observation/o1/_history/1")


def test_what_moved_is_gone_with_the_patient_who_has_it_now(moved: Desk):
    moved.erases(moved.id_of("Patient/berta"))
    with refusal(Kind.GONE):
        moved.reads("Observation/o1")
    assert moved.reads("Observation/o1/_history/1") == observation("o1", "Patient/anna")


def test_a_plan_that_rests_on_what_moved_still_names_it_by_the_ehrs_id(desk: Desk):
    desk.puts(*diabetic("anna"), patient("berta"))
    desk.works()
    desk.puts(observation("anna-a1c", "Patient/berta"))
    plan = plan_of(desk, "anna")
    assert "Observation/anna-a1c/_history/1" in str(plan)
    desk.erases(desk.id_of("Patient/berta"))
    plan = plan_of(desk, "anna")
    assert "anna-a1c" not in str(plan), "the way back lay under the keys of the patient who had it last"
    assert "Condition/anna-dm/_history/1" in str(plan)


def test_law_7_a_plan_is_made_again_when_evidence_is_taken_away(desk: Desk):
    desk.puts(*diabetic("anna"), patient("berta"))
    desk.works()
    assert "HbA1c was 9.1" in str(plan_of(desk, "anna"))
    desk.puts(observation("anna-a1c", "Patient/berta"))
    desk.works()
    assert "HbA1c was 9.1" not in str(plan_of(desk, "anna"))


# --- several patients ------------------------------------------------------------------------------------


def test_what_is_about_several_lies_with_the_tenant_and_is_linked_to_each(desk: Desk):
    desk.puts(group("anna", "berta"))
    assert compartment(desk, "Group/g") == TENANT_COMPARTMENT
    assert (linked(desk, "anna"), linked(desk, "berta"), linked(desk, "carla")) == (["Group"], ["Group"], [])
    assert desk.jobs() == {desk.id_of("Patient/anna"), desk.id_of("Patient/berta")}
    assert desk.reads("Group/g") == group("anna", "berta")


def test_who_leaves_is_linked_no_more(desk: Desk):
    desk.puts(group("anna", "berta", "carla"))
    desk.puts(group("anna", "berta"))
    assert (linked(desk, "anna"), linked(desk, "carla")) == (["Group"], [])


def test_a_group_of_one_is_that_ones_and_moves_to_the_tenant_when_it_grows(desk: Desk):
    desk.puts(group("anna"))
    assert compartment(desk, "Group/g") == desk.id_of("Patient/anna")
    desk.puts(group("anna", "berta"))
    assert compartment(desk, "Group/g") == TENANT_COMPARTMENT
    assert desk.reads("Group/g") == group("anna", "berta")


def test_what_names_several_takes_the_keys_of_all_of_them(desk: Desk):
    desk.puts(group("anna", "berta"))
    desk.erases(desk.id_of("Patient/anna"))
    with refusal(Kind.GONE):
        desk.reads("Group/g")


def test_what_is_about_nobody_lies_with_the_tenant_and_makes_no_job(desk: Desk):
    desk.puts({"resourceType": "Practitioner", "id": "dr-no", "gender": "male"})
    assert compartment(desk, "Practitioner/dr-no") == TENANT_COMPARTMENT
    assert desk.jobs() == set()


# --- no clinical half ------------------------------------------------------------------------------------


def test_law_1_what_changes_its_meaning_unseen_comes_back_whole(desk: Desk):
    sent = unknown_meaning(observation("o1", "Patient/mrn-1"))
    desk.puts(sent)
    assert desk.half("Observation/o1") is None
    assert desk.reads("Observation/o1") == sent


@pytest.mark.parametrize(
    "query", ["Observation", "Observation?_id=o1", "Observation?code=4548-4", "Observation?status=final"]
)
def test_its_owner_finds_it(desk: Desk, query: str):
    desk.puts(unknown_meaning(observation("o1", "Patient/mrn-1")))
    assert [found["id"] for found in desk.searches(query)] == ["o1"]


def test_law_8_a_worker_does_not_read_half_of_what_it_cannot_understand(desk: Desk):
    anna, diabetes, a1c, creatinine = diabetic("mrn-1")
    desk.puts(anna, diabetes, unknown_meaning(a1c), creatinine)
    desk.works()
    (plan,) = desk.searches("CarePlan")
    assert "HbA1c was 9.1" not in str(plan)
    (read,) = [event for event in desk.events() if event.kind == "worker:read"]
    assert read.detail == "versions=3"


def test_law_2_a_partner_never_sees_it_even_where_a_plan_points_at_it(desk: Desk):
    app = partner(APP, ST_ANNA)
    desk.puts(*diabetic("mrn-1"))
    desk.works()
    (plan,) = desk.searches("CarePlan", app)
    evidence = sorted({text for text in _references(plan) if text.startswith("Observation/")})
    readable = [text for text in evidence if "effectiveDateTime" in desk.reads(text, app)]
    assert readable
    desk.puts(*(unknown_meaning(one) for one in diabetic("mrn-1") if one["resourceType"] == "Observation"))
    derived = {f"Observation/{found['id']}" for found in desk.searches("Observation", app)}
    sent = {text.partition("/_history")[0] for text in readable} - derived
    assert sent, "what the laboratory sent is found no more"
    for text in sent:
        with refusal(Kind.NOT_FOUND):
            desk.reads(text, app)
        with refusal(Kind.NOT_FOUND):
            desk.release.history(app, *text.split("/"))


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["reference"]] if isinstance(value.get("reference"), str) else []
        return own + [text for part in value.values() for text in _references(part)]
    return [text for part in value for text in _references(part)] if isinstance(value, list) else []


# --- erased ----------------------------------------------------------------------------------------------


def test_who_was_erased_is_410_for_every_write_and_every_read(desk: Desk):
    desk.puts(patient("mrn-1"), observation("o1", "Patient/mrn-1"))
    desk.erases(desk.id_of("Patient/mrn-1"))
    for write in (patient("mrn-1"), observation("o1", "Patient/mrn-1"), observation("o2", "Patient/mrn-1")):
        with refusal(Kind.GONE):
            desk.puts(write)
        with refusal(Kind.GONE):
            desk.submits(put(patient("mrn-2")), put(write))
    with refusal(Kind.GONE):
        desk.intake.delete(ehr(), "Patient", "mrn-1")
    for reference in ("Patient/mrn-1", "Observation/o1", "Observation/o1/_history/1"):
        with refusal(Kind.GONE):
            desk.reads(reference)
    with refusal(Kind.GONE):
        desk.release.history(ehr(), "Observation", "o1")
    assert desk.head("Patient/mrn-2") is None, "law 4: nothing of those bundles was stored"


def test_who_was_erased_does_not_stand_in_the_way_of_finding_others(desk: Desk):
    desk.puts(*diabetic("mrn-1"), *diabetic("mrn-2"))
    desk.works()
    desk.erases(desk.id_of("Patient/mrn-1"))
    assert [found["id"] for found in desk.searches("Patient?family=Hopkins")] == ["mrn-2"]
    assert {found["id"] for found in desk.searches("Observation?code=4548-4")} == {"mrn-2-a1c"}
    assert len(desk.searches("CarePlan", partner(APP, ST_ANNA))) == 1


def test_law_4_what_is_asked_of_the_erased_is_in_the_trail(desk: Desk):
    desk.puts(patient("mrn-1"))
    desk.erases(desk.id_of("Patient/mrn-1"))
    with desk.leaves() as events:
        for deed in (
            lambda: desk.reads("Patient/mrn-1"),
            lambda: desk.release.history(ehr(), "Patient", "mrn-1"),
            lambda: desk.puts(patient("mrn-1")),
        ):
            with refusal(Kind.GONE):
                deed()
    assert [(e.kind, e.status, e.outcome) for e in events] == [
        ("rest:read", 410, "4"),
        ("rest:history", 410, "4"),
        ("rest:update", 410, "4"),
    ]


def test_an_erased_patients_name_lies_nowhere_in_the_clear(desk: Desk):
    desk.puts(patient("mrn-1"), observation("o1", "Patient/mrn-1"))
    cells = [cell for table in data.tables.values() for row in desk.rows(table) for cell in row]
    texts = [cell if isinstance(cell, bytes) else str(cell).encode() for cell in cells if cell is not None]
    for word in (b"Hopkins", b"mrn-1", b"4548-4", b"1961"):
        assert not [text for text in texts if word in text]
