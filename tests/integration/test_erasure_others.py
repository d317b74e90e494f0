"""What others have a part in, after an erasure: every version of it, both halves, its rows, its plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateway.custody import erasing, records
from gateway.custody.errors import StoreUnavailable
from gateway.custody.ids import TENANT_COMPARTMENT
from gateway.custody.operator import By
from gateway.custody.tables import data, erasure, identity_token, patient_link, search_token
from gateway.erasure import Request, others
from gateway.erasure.masking import MASKED
from gateway.refusal import Kind
from mappers.r4 import validate
from tests.desk import ST_ANNA, Desk, diabetic, observation, patient, refusal
from tests.desk import desk as desk
from tests.desk import small_desk as small_desk

HERE = {"reference": "Patient/berta"}
GONE = {"reference": "Patient/anna"}


def erase(desk: Desk, id_: str = "anna") -> None:
    desk.erasure.erase(Request(ST_ANNA, id_, "Art. 17 GDPR, request 114", By("test")))


def group(*names: str, **more: Any) -> dict[str, Any]:
    members = [{"entity": {"reference": f"Patient/{name}"}} for name in names]
    return {"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": members, **more}


def listed(*items: str, **more: Any) -> dict[str, Any]:
    entries = [{"item": {"reference": item}} for item in items]
    return {
        "resourceType": "List",
        "id": "l",
        "status": "current",
        "mode": "working",
        "entry": entries,
        **more,
    }


def test_every_version_and_both_halves_are_written_anew(desk: Desk) -> None:
    desk.puts(patient("anna"), patient("berta"))
    sent = [group("anna", "berta", name="Ward 7"), group("anna", "berta", "carla", name="of Hopkins")]
    desk.puts(*sent)
    before = [row.digest for row in _history(desk, "Group/g")]
    erase(desk)
    assert desk.reads("Group/g/_history/1") == group("berta", name="Ward 7")
    told = desk.reads("Group/g/_history/2")
    assert told == {**group("berta", "carla"), "_name": MASKED}
    assert validate.problems(told) == []
    anna = desk.id_of("Patient/anna")
    assert desk.half("Group/g") is not None
    assert "anna" not in str(desk.half("Group/g"))
    rows = _history(desk, "Group/g")
    assert not {row.digest for row in rows} & set(before)
    assert [row.version for row in rows] == [2, 1]
    assert all(row.patient != anna for row in desk.rows(patient_link))
    assert desk.searches("Group?member=Patient/anna") == []
    assert desk.searches("Group?member=Patient/berta") == [told]
    desk.puts(group("berta", name="next"))
    assert desk.reads("Group/g") == group("berta", name="next")


def _history(desk: Desk, reference: str) -> list[records.StoredVersion]:
    type_ = reference.partition("/")[0]
    with desk.vault.database.read() as conn:
        return records.history(conn, ST_ANNA, type_, desk.id_of(reference))


def test_what_points_at_their_data_and_not_at_them_is_found(desk: Desk) -> None:
    desk.puts(patient("anna"), observation("hers", "Patient/anna"), observation("his", "Patient/berta"))
    desk.puts(listed("Observation/hers", "Observation/his"))
    desk.puts(observation("sum", "Patient/berta", derivedFrom=[{"reference": "Observation/hers"}]))
    erase(desk)
    assert desk.reads("List/l") == listed("Observation/his")
    assert desk.reads("Observation/sum") == observation("sum", "Patient/berta")
    assert desk.searches("List?item=Observation/hers") == []


def test_somebody_elses_record_loses_the_link_and_nothing_more(desk: Desk) -> None:
    link = [{"other": GONE, "type": "seealso"}]
    kin = [{"url": "urn:hospital:kin", "valueReference": GONE}]
    desk.puts(patient("anna"), patient("berta", link=link), observation("o", "Patient/berta", extension=kin))
    erase(desk)
    assert desk.reads("Patient/berta") == patient("berta"), "a namesake keeps the name"
    assert desk.reads("Observation/o") == observation("o", "Patient/berta")
    assert desk.searches("Patient?name=Hopkins") == [patient("berta")]


@pytest.mark.parametrize(
    "sent",
    [
        {"resourceType": "Device", "id": "x", "patient": GONE, "serialNumber": "S-1"},
        {
            "resourceType": "Bundle",
            "id": "x",
            "type": "collection",
            "entry": [{"resource": patient("anna")}, {"resource": observation("o", "Patient/anna")}],
        },
        {
            "resourceType": "Binary",
            "id": "x",
            "contentType": "text/plain",
            "data": "eA==",
            "securityContext": GONE,
        },
        observation("x", "Patient/anna", performer=[HERE]),
    ],
    ids=lambda sent: sent["resourceType"],
)
def test_what_is_theirs_alone_though_it_lies_with_the_tenant_goes_whole(
    desk: Desk, sent: dict[str, Any]
) -> None:
    desk.puts(patient("anna"), patient("berta"), sent)
    reference = f"{sent['resourceType']}/x"
    head = desk.head(reference)
    assert head is not None
    assert head.compartment == TENANT_COMPARTMENT
    with desk.leaves() as events:
        erase(desk)
    assert [e.kind for e in events] == ["erasure:begin", "erasure:delete", "erasure:end"]
    assert (events[1].type, events[1].id, events[1].version) == (head.type, head.id, None)
    with refusal(Kind.GONE, "deleted"):
        desk.reads(reference)
    with refusal(Kind.GONE, "deleted"):
        desk.puts({**observation("x", "Patient/berta"), "id": "x"} if "status" in sent else sent)


def test_an_old_version_that_was_theirs_goes_alone(desk: Desk) -> None:
    desk.puts(patient("anna"), patient("berta"))
    desk.puts(observation("x", "Patient/anna", performer=[HERE]))
    desk.puts(observation("x", "Patient/berta", performer=[HERE]))
    with desk.leaves() as events:
        erase(desk)
    assert [(e.kind, e.version) for e in events[1:-1]] == [("erasure:delete", 1)]
    assert desk.reads("Observation/x") == observation("x", "Patient/berta", performer=[HERE])
    with refusal(Kind.NOT_FOUND):
        desk.reads("Observation/x/_history/1")


def test_who_cares_for_them_stays(desk: Desk) -> None:
    kin = [{"url": "urn:hospital:kin", "valueReference": GONE}]
    doctor = {"resourceType": "Practitioner", "id": "dr", "name": [{"family": "Curie"}]}
    desk.puts(patient("anna"), {**doctor, "extension": kin})
    erase(desk)
    assert desk.reads("Practitioner/dr") == doctor


def test_a_drug_that_names_somebody_is_evidence_for_others_all_the_same(small_desk: Desk) -> None:
    """Workers make the key for several, too."""
    desk = small_desk
    metformin = {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "6809"}
    made_for = [{"url": "urn:hospital:made-for", "valueReference": GONE}]
    drug = {"resourceType": "Medication", "id": "m", "code": {"coding": [metformin]}}
    order = {
        "resourceType": "MedicationRequest",
        "id": "r",
        "status": "active",
        "intent": "order",
        "subject": HERE,
        "medicationReference": {"reference": "Medication/m"},
        "authoredOn": "2026-02-01",
    }
    desk.puts(patient("anna"), *diabetic("berta"), {**drug, "extension": made_for}, order)
    desk.works()
    (with_it,) = desk.searches("CarePlan?subject=Patient/berta")
    erase(desk)
    desk.works()
    assert desk.reads("Medication/m") == drug
    (without,) = desk.searches("CarePlan?subject=Patient/berta")
    assert _said(with_it) == _said(without), "the same evidence, the same plan"


def _said(plan: dict[str, Any]) -> list[Any]:
    return [line["detail"]["code"] for line in plan.get("activity", ())]


def test_no_search_row_of_theirs_is_left_on_either_side(desk: Desk) -> None:
    desk.puts(patient("berta"), group("berta"))
    rows = [{bytes(row.key) for row in desk.rows(table)} for table in (search_token, identity_token)]
    desk.puts(patient("anna"), observation("o", "Patient/anna"), group("anna", "berta"))
    erase(desk)
    after = [{bytes(row.key) for row in desk.rows(table)} for table in (search_token, identity_token)]
    assert [now - then for now, then in zip(after, rows, strict=True)] == [set(), set()]


def test_who_stays_has_a_plan_made_anew(desk: Desk) -> None:
    desk.puts(patient("anna"), patient("berta"), group("anna", "berta"))
    desk.forgets_jobs()
    erase(desk)
    assert desk.jobs() == {desk.id_of("Patient/berta")}


def test_one_that_does_not_end_keeps_no_other_from_its_end(
    small_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = small_desk
    desk.puts(patient("anna"), patient("berta"), group("anna", "carla"))

    def failing(real: Callable[..., Any], *names: str) -> Callable[..., Any]:
        stuck = {desk.id_of(f"Patient/{name}") for name in names}

        def run(self: Any, tenant: Any, patient_: Any, words: Any) -> Any:
            if patient_ in stuck:
                raise StoreUnavailable
            return real(self, tenant, patient_, words)

        return run

    real = others.Others.rewrite
    with monkeypatch.context() as patch:
        patch.setattr(others.Others, "rewrite", failing(real, "anna", "berta"))
        for name in ("anna", "berta"):
            with pytest.raises(StoreUnavailable):
                erase(desk, name)
    with monkeypatch.context() as patch:
        patch.setattr(others.Others, "rewrite", failing(real, "anna"))
        with pytest.raises(StoreUnavailable):
            desk.erasure.finish()
    left = {bytes(row.patient) for row in desk.rows(erasure)}
    assert left == {desk.id_of("Patient/anna")}
    assert desk.vault.identity.fetch(ST_ANNA, [desk.id_of("Patient/anna")]), "not before others are rewritten"
    assert desk.erasure.finish() == 1
    with desk.vault.database.read() as conn:
        assert erasing.under_way(conn) == []
    assert desk.reads("Group/g") == group("carla")


def test_a_store_that_does_not_answer_costs_nobody_anything(
    small_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = small_desk
    desk.puts(patient("anna"), patient("berta"), group("anna", "berta"))
    real = others.opened.originals

    def away(vault: Any, tenant: Any, rows: Any) -> Any:
        if any(row.type == "Group" for row in rows):
            raise StoreUnavailable
        return real(vault, tenant, rows)

    with monkeypatch.context() as patch:
        patch.setattr(others.opened, "originals", away)
        with pytest.raises(StoreUnavailable):
            erase(desk)
    assert desk.reads("Group/g") == group("anna", "berta")
    assert desk.erasure.finish() == 1
    assert desk.reads("Group/g") == group("berta")


def test_what_was_tampered_with_keeps_nobody_from_being_erased(small_desk: Desk) -> None:
    desk = small_desk
    desk.puts(patient("anna"), patient("berta"), group("anna", "berta"))
    table = data.tables["withheld"]
    head = desk.head("Group/g")
    assert head is not None
    with desk.vault.database.write() as conn:
        row = conn.execute(table.select().where(table.c.write_no == head.write_no)).one()
        flipped = row.sealed[:-1] + bytes([row.sealed[-1] ^ 1])
        conn.execute(table.update().where(table.c.write_no == head.write_no).values(sealed=flipped))
    erase(desk)
    with refusal(Kind.GONE):
        desk.reads("Group/g")
    assert desk.reads("Patient/berta") == patient("berta")
