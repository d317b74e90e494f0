"""Patches and writes by criteria over HTTP: media types, headers, forms of the answer, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.intake.patches import JSON_PATCH
from tests.actors import Hospital, Town
from tests.integration.test_intake_patch import GENDER, replaced

ANNA = {"resourceType": "Patient", "id": "mrn-1", "gender": "female"}
MRN = {"resourceType": "Patient", "identifier": [{"system": "urn:mrn", "value": "7"}]}
QUERY = "Patient?identifier=urn:mrn%7C7"


@pytest.fixture
def ehr(embedded: Town) -> Hospital:
    hospital = embedded.hospital()
    assert hospital.puts(ANNA).status_code == 201
    return hospital


def json_patch(ehr: Hospital, path: str, patch: Any, **headers: str) -> Any:
    return ehr.asks("PATCH", path, patch, Content_Type=JSON_PATCH, **headers)


def test_a_json_patch_answers_as_an_update_does(ehr: Hospital):
    answer = json_patch(ehr, "Patient/mrn-1", GENDER)
    assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"2"')
    assert answer.headers["Content-Location"].endswith("/fhir/Patient/mrn-1/_history/2")
    assert answer.headers["Last-Modified"]
    assert answer.json()["gender"] == "other"
    assert ehr.reads("Patient/mrn-1")["gender"] == "other"


def test_a_fhirpath_patch_comes_as_fhir(ehr: Hospital):
    answer = ehr.asks("PATCH", "Patient/mrn-1", replaced("Patient.gender", valueCode="male"))
    assert (answer.status_code, answer.json()["gender"]) == (200, "male")


@pytest.mark.parametrize("form", ["minimal", "OperationOutcome"])
def test_prefer_holds_for_a_patch(ehr: Hospital, form: str):
    answer = json_patch(ehr, "Patient/mrn-1", GENDER, Prefer=f"return={form}")
    assert answer.status_code == 200
    assert (answer.json()["resourceType"] if answer.content else None) == (
        None if form == "minimal" else form
    )


@pytest.mark.parametrize(
    ("path", "sent", "headers", "status"),
    [
        ("Patient/mrn-1", GENDER, {"If_Match": 'W/"7"'}, 412),
        ("Patient/mrn-1", [{"op": "test", "path": "/gender", "value": "male"}], {}, 422),
        ("Patient/mrn-1", [{"op": "replace", "path": "/gender", "value": "m"}], {}, 422),
        ("Patient/mrn-1", [{"op": "merge", "path": "/gender"}], {}, 400),
        ("Patient/mrn-1", {"op": "remove", "path": "/gender"}, {}, 400),
        ("Patient/mrn-1", b"[", {}, 400),
        ("Patient/mrn-1", GENDER, {"Content_Type": "application/merge-patch+json"}, 415),
        ("Patient/nobody", GENDER, {}, 404),
        ("Patient?gender=male", GENDER, {}, 404),
        ("Patient?shoe-size=42", GENDER, {}, 400),
        ("Patient/mrn-1?gender=female", GENDER, {}, 400),
    ],
)
def test_what_is_wrong_with_a_patch_is_told(
    ehr: Hospital, path: str, sent: Any, headers: dict[str, str], status: int
):
    answer = ehr.asks("PATCH", path, sent, **{"Content_Type": JSON_PATCH, **headers})
    assert answer.status_code == status, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert answer.json()["issue"][0]["diagnostics"]
    assert ehr.reads("Patient/mrn-1")["gender"] == "female"


def test_a_write_by_criteria_creates_then_updates_then_deletes(ehr: Hospital):
    made, changed = (ehr.asks("PUT", QUERY, {**MRN, "gender": gender}) for gender in ("male", "other"))
    assert (made.status_code, changed.status_code) == (201, 200)
    assert made.headers["Location"].rpartition("/_history/")[0] in changed.headers["Content-Location"]
    patched = json_patch(ehr, QUERY, [{"op": "remove", "path": "/gender"}])
    assert (patched.status_code, patched.headers["ETag"]) == (200, 'W/"3"')
    gone = ehr.asks("DELETE", QUERY)
    assert (gone.status_code, gone.headers["ETag"]) == (204, 'W/"4"')
    again = ehr.asks("DELETE", QUERY)
    assert (again.status_code, "ETag" in again.headers) == (204, False)


def test_several_that_match_are_412(ehr: Hospital):
    ehr.puts({**ANNA, "id": "mrn-2"})
    for method, body in (("PUT", {"resourceType": "Patient"}), ("DELETE", None)):
        assert ehr.asks(method, "Patient?gender=female", body).status_code == 412
    assert json_patch(ehr, "Patient?gender=female", GENDER).status_code == 412
    assert len(ehr.searches("Patient")) == 2


def test_a_patch_needs_the_right_to_update(embedded: Town, ehr: Hospital):
    reader = embedded.hospital(scope="system/*.crds")
    assert json_patch(reader, "Patient/mrn-1", GENDER).status_code == 403
    assert reader.asks("PUT", QUERY, MRN).status_code == 403
    partner = embedded.partner("app", "st-anna")
    assert partner.asks("PATCH", "Patient/mrn-1", GENDER, Content_Type=JSON_PATCH).status_code == 403


def test_law_4_patches_and_their_refusals_are_in_the_trail(embedded: Town, ehr: Hospital):
    json_patch(ehr, "Patient/mrn-1", GENDER)
    json_patch(ehr, "Patient/mrn-1", [{"op": "remove", "path": "/active"}])
    officer = embedded.officer()
    found = officer.searches("AuditEvent?subtype=rest:patch")
    assert {(event["action"], event["outcomeDesc"][:3]) for event in found} == {("U", "200"), ("U", "422")}


def test_the_capability_statement_says_what_is_served(ehr: Hospital):
    told = ehr.asks("GET", "metadata").json()
    assert set(told["patchFormat"]) == {"application/fhir+json", JSON_PATCH}
    for resource in told["rest"][0]["resource"]:
        codes = {one["code"] for one in resource["interaction"]}
        writable = resource["type"] != "AuditEvent"
        assert ("patch" in codes) is writable
        assert resource.get("conditionalUpdate", False) is writable
        assert (resource.get("conditionalDelete") == "single") is writable
