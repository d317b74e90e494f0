"""A patch is applied to what its sender reads, for the version that this is, by itself and in bundles."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gateway.intake import readying, service
from gateway.intake.entries import Entry
from gateway.intake.patches import JSON_PATCH, of_json, of_parameters
from gateway.refusal import Kind, Refused
from gateway.stored import Stored
from mappers import lossless
from tests.desk import Desk, bundle, diabetic, ehr, entry, observation, patient, put, refusal, unknown_meaning
from tests.integration.test_intake_conflicts import at_once

GENDER = [{"op": "replace", "path": "/gender", "value": "other"}]


def patches(desk: Desk, reference: str, change: Any, **more: Any) -> Stored:
    type_, _, id_ = reference.partition("/")
    made = of_json(change) if isinstance(change, list) else of_parameters(change)
    return desk.intake.single(ehr(), Entry("", "PATCH", type_, id_, change=made, **more))


def replaced(path: str, **value: Any) -> dict[str, Any]:
    parts = [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": path},
        {"name": "value", **value},
    ]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}


def binary(patch: Any) -> dict[str, Any]:
    data = base64.b64encode(lossless.dumps(patch)).decode()
    return {"resourceType": "Binary", "contentType": JSON_PATCH, "data": data}


@pytest.mark.parametrize("change", [GENDER, replaced("Patient.gender", valueCode="other")])
def test_a_patch_makes_the_next_version(desk: Desk, change: Any):
    desk.puts(patient("ann"))
    with desk.leaves() as events:
        stored = patches(desk, "Patient/ann", change)
    assert (stored.version, stored.created) == (2, False)
    assert desk.reads("Patient/ann") == patient("ann", gender="other")
    assert desk.reads("Patient/ann/_history/1") == patient("ann")
    (event,) = events
    assert (event.kind, event.action, event.version) == ("rest:patch", "U", 2)
    assert event.patient == event.id == desk.id_of("Patient/ann")


def test_law_1_numbers_that_a_patch_does_not_name_stay_as_they_were_written(small_desk: Desk):
    small_desk.puts(patient("ann"), observation("o", "Patient/ann", value="9.10"))
    patches(small_desk, "Observation/o", [{"op": "replace", "path": "/status", "value": "amended"}])
    after = small_desk.reads("Observation/o")
    assert lossless.number_text(after["valueQuantity"]["value"]) == "9.10"
    value = lossless.loads(b"9.100")
    patches(small_desk, "Observation/o", [{"op": "replace", "path": "/valueQuantity/value", "value": value}])
    after = small_desk.reads("Observation/o")
    assert lossless.number_text(after["valueQuantity"]["value"]) == "9.100"


def test_what_was_withheld_can_be_patched_too(small_desk: Desk):
    small_desk.puts(unknown_meaning(patient("ann")))
    patches(small_desk, "Patient/ann", [{"op": "add", "path": "/name/0/given/-", "value": "Maria"}])
    assert small_desk.reads("Patient/ann")["name"][0]["given"] == ["Änne", "Maria"]


@pytest.mark.parametrize("change", [[], [{"op": "test", "path": "/gender", "value": "female"}], GENDER * 2])
def test_a_patch_that_changes_nothing_writes_no_version(small_desk: Desk, change: Any):
    small_desk.puts(patient("ann", gender="other") if change == GENDER * 2 else patient("ann"))
    assert patches(small_desk, "Patient/ann", change).version == 1
    assert len(small_desk.release.history(ehr(), "Patient", "ann")) == 1


def test_a_patch_sees_the_versions_number_and_does_not_store_it(small_desk: Desk):
    small_desk.puts(patient("ann"))
    change = [
        {"op": "test", "path": "/meta/versionId", "value": "1"},
        {"op": "add", "path": "/meta/tag", "value": [{"code": "x"}]},
    ]
    patches(small_desk, "Patient/ann", change)
    assert small_desk.reads("Patient/ann")["meta"] == {"tag": [{"code": "x"}]}


UNDONE: dict[str, tuple[Any, Kind]] = {
    "a test that fails": ([{"op": "test", "path": "/gender", "value": "male"}], Kind.UNPROCESSABLE),
    "a place that is not there": ([{"op": "remove", "path": "/active"}], Kind.UNPROCESSABLE),
    "no patch": ([{"op": "merge", "path": "/gender"}], Kind.INVALID),
    "no parameters": ({"resourceType": "Patient"}, Kind.INVALID),
    "another id": ([{"op": "replace", "path": "/id", "value": "bob"}], Kind.UNPROCESSABLE),
    "no id": ([{"op": "remove", "path": "/id"}], Kind.UNPROCESSABLE),
    "another type": ([{"op": "replace", "path": "/resourceType", "value": "Group"}], Kind.UNPROCESSABLE),
    "another resource": ([{"op": "replace", "path": "", "value": "x"}], Kind.UNPROCESSABLE),
    "what is no R4": ([{"op": "replace", "path": "/gender", "value": "m"}], Kind.UNPROCESSABLE),
    "what has no such element": ([{"op": "add", "path": "/colour", "value": "red"}], Kind.UNPROCESSABLE),
}


@pytest.mark.parametrize("name", UNDONE)
def test_what_cannot_be_patched_is_refused_and_stays(small_desk: Desk, name: str):
    small_desk.puts(patient("ann"))
    change, kind = UNDONE[name]
    with refusal(kind):
        patches(small_desk, "Patient/ann", change)
    assert small_desk.reads("Patient/ann") == patient("ann")


def test_a_refusal_names_the_operation_and_no_value(small_desk: Desk):
    small_desk.puts(patient("ann"))
    wrong = replaced("Patient.birthDate", valueDate="1961-04-18")
    wrong["parameter"].append({"name": "operation", "part": [{"name": "type", "valueCode": "delete"}]})
    with pytest.raises(Refused) as caught:
        patches(small_desk, "Patient/ann", wrong)
    (issue,) = caught.value.issues
    assert issue.expression == "Parameters.parameter[1]"
    assert "1961" not in issue.text


def test_a_refused_json_patch_names_the_operation(small_desk: Desk):
    small_desk.puts(patient("ann"))
    sound = {"op": "replace", "path": "/gender", "value": "female"}
    with pytest.raises(Refused) as caught:
        patches(small_desk, "Patient/ann", [sound, {"op": "blend", "path": "/gender"}])
    assert caught.value.issues[0].expression == "$this[1]"


def test_only_what_is_there_can_be_patched(small_desk: Desk):
    small_desk.puts(patient("gone"))
    small_desk.intake.delete(ehr(), "Patient", "gone")
    for id_, kind, status in (("never", Kind.NOT_FOUND, 404), ("gone", Kind.GONE, 410)):
        with small_desk.leaves() as events, refusal(kind):
            patches(small_desk, f"Patient/{id_}", GENDER)
        (event,) = events
        assert (event.kind, event.status, event.outcome) == ("rest:patch", status, "4")
    small_desk.puts(patient("erased"))
    small_desk.erases(small_desk.id_of("Patient/erased"))
    with refusal(Kind.GONE):
        patches(small_desk, "Patient/erased", GENDER)


def test_if_match_holds_for_a_patch(small_desk: Desk):
    small_desk.puts(patient("ann"))
    patches(small_desk, "Patient/ann", GENDER, if_match=1)
    with refusal(Kind.PRECONDITION):
        patches(small_desk, "Patient/ann", [{"op": "remove", "path": "/gender"}], if_match=1)


def test_who_may_not_update_may_not_patch(small_desk: Desk):
    small_desk.puts(patient("ann"))
    made = Entry("", "PATCH", "Patient", "ann", change=of_json(GENDER))
    with refusal(Kind.FORBIDDEN):
        small_desk.intake.single(ehr(scope="system/*.crds"), made)


# --- others at the same time -----------------------------------------------------------------------------


def test_law_6_patches_at_once_are_all_done(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "TRIES", 50)
    desk.puts(patient("ann", name=[{"family": "Hopkins", "given": ["0"]}]))

    def adds(number: int) -> Stored:
        return patches(desk, "Patient/ann", [{"op": "add", "path": "/name/0/given/-", "value": f"{number}"}])

    told = at_once(4, lambda number: adds(number + 1))
    assert sorted(stored.version for stored in told) == [2, 3, 4, 5]
    assert sorted(desk.reads("Patient/ann")["name"][0]["given"]) == ["0", "1", "2", "3", "4"]


def test_a_patch_is_made_anew_where_another_was_faster(small_desk: Desk, monkeypatch: pytest.MonkeyPatch):
    small_desk.puts(patient("ann"))
    real, moved = service.commit, []

    def commit(*arguments: Any) -> None:
        if not moved:
            moved.append(1)
            small_desk.puts(patient("ann", birthDate="1961-04-18"))
        real(*arguments)

    monkeypatch.setattr(service, "commit", commit)
    assert patches(small_desk, "Patient/ann", GENDER).version == 3
    assert small_desk.reads("Patient/ann") == patient("ann", gender="other", birthDate="1961-04-18")


def test_no_write_is_lost_between_a_patch_and_the_version_that_it_makes(
    small_desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    small_desk.puts(patient("ann"))
    real, moved = readying.patches.applied, []

    def applied(*arguments: Any) -> Any:
        made = real(*arguments)
        if not moved:
            moved.append(1)
            small_desk.puts(patient("ann", birthDate="1961-04-18"))
        return made

    monkeypatch.setattr(readying.patches, "applied", applied)
    assert patches(small_desk, "Patient/ann", GENDER).version == 3
    assert small_desk.reads("Patient/ann") == patient("ann", gender="other", birthDate="1961-04-18")


# --- in bundles ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [binary(GENDER), replaced("Patient.gender", valueCode="other")])
def test_a_patch_is_an_entry_of_a_transaction(small_desk: Desk, body: dict[str, Any]):
    small_desk.puts(patient("ann"))
    told = small_desk.submits(put(patient("bob")), entry("PATCH", "Patient/ann", body))
    assert [one["response"]["status"] for one in told] == ["201 Created", "200 OK"]
    assert small_desk.reads("Patient/ann")["gender"] == "other"


def test_a_patch_may_name_what_its_transaction_makes(small_desk: Desk):
    urn = "urn:uuid:00000000-0000-4000-8000-000000000001"
    small_desk.puts(patient("ann"))
    link = {"op": "add", "path": "/generalPractitioner", "value": [{"reference": urn}]}
    small_desk.submits(
        entry("POST", "Practitioner", {"resourceType": "Practitioner"}, full_url=urn),
        entry("PATCH", "Patient/ann", binary([link])),
    )
    (doctor,) = small_desk.searches("Practitioner")
    found = small_desk.reads("Patient/ann")["generalPractitioner"]
    assert found == [{"reference": f"Practitioner/{doctor['id']}"}]


@pytest.mark.parametrize(
    ("body", "expression"),
    [
        (None, "Bundle.entry[1].resource"),
        (patient("ann"), "Bundle.entry[1].resource"),
        ({**binary([]), "contentType": "text/plain"}, "Bundle.entry[1].resource"),
        ({**binary([]), "data": "%"}, "Bundle.entry[1].resource.data"),
        (binary([{"op": "remove"}]), "Bundle.entry[1].resource"),
        (replaced("Patient.colour", valueCode="x"), "Bundle.entry[1].resource.Parameters.parameter[0]"),
    ],
)
def test_a_wrong_patch_in_a_transaction_names_its_place(
    small_desk: Desk, body: dict[str, Any] | None, expression: str
):
    small_desk.puts(patient("ann"))
    before = small_desk.counts()
    with pytest.raises(Refused) as caught:
        small_desk.submits(put(patient("bob")), entry("PATCH", "Patient/ann", body))
    assert caught.value.issues[0].expression == expression
    assert small_desk.counts() == before


def test_a_batch_goes_on_beside_a_patch_that_fails(small_desk: Desk):
    small_desk.puts(patient("ann"))
    entries = [
        entry("PATCH", "Patient/ann", binary([{"op": "test", "path": "/gender", "value": "male"}])),
        entry("PATCH", "Patient/nobody", binary(GENDER)),
        entry("PATCH", "Patient/ann", binary(GENDER)),
    ]
    with small_desk.leaves() as events:
        answer = small_desk.intake.batch(ehr(), bundle(*entries, kind="batch"))
    told = [one["response"]["status"][:3] for one in lossless.loads(answer.body)["entry"]]
    assert told == ["422", "404", "200"]
    assert [(e.kind, e.status) for e in events] == [
        ("rest:patch", 422),
        ("rest:patch", 404),
        ("rest:patch", 200),
    ]


def test_two_writes_of_one_resource_are_refused_by_patch_too(small_desk: Desk):
    small_desk.puts(patient("ann"))
    with refusal(Kind.INVALID, "duplicate"):
        small_desk.submits(put(patient("ann")), entry("PATCH", "Patient/ann", binary(GENDER)))


# --- plans -----------------------------------------------------------------------------------------------


def test_law_10_what_a_clinician_patched_of_a_plan_stays(small_desk: Desk):
    small_desk.puts(*diabetic("ann"))
    small_desk.works()
    (plan,) = small_desk.searches("CarePlan?identifier=urn:careloom:plan|")
    title = plan["activity"][0]["detail"]["code"]
    change = [
        {"op": "test", "path": "/status", "value": "draft"},
        {"op": "replace", "path": "/status", "value": "active"},
        {"op": "replace", "path": "/activity/0/detail/status", "value": "cancelled"},
    ]
    patches(small_desk, f"CarePlan/{plan['id']}", change)
    small_desk.puts(observation("ann-new", "Patient/ann", "2160-0", "1.1"))
    small_desk.works()
    after = small_desk.reads(f"CarePlan/{plan['id']}")
    assert after["status"] == "active"
    (line,) = (one for one in after["activity"] if one["detail"]["code"] == title)
    assert line["detail"]["status"] == "cancelled"
