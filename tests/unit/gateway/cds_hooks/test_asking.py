"""What a call says is read to the letter, and each fault has a place."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.cds_hooks.asking import call
from gateway.cds_hooks.catalogue import PREFETCH, SERVICES, discovery
from gateway.refusal import Kind, Refused

VIEW, SELECT = SERVICES["careloom-patient-view"], SERVICES["careloom-order-select"]
ANNA = {"resourceType": "Patient", "id": "anna"}
PILL = {"resourceType": "MedicationRequest", "id": "pill"}
OTHER = {"resourceType": "MedicationRequest", "id": "other"}


def asked(**changes: Any) -> dict[str, Any]:
    return {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/p", "patientId": "anna"},
        "prefetch": {**dict.fromkeys(PREFETCH), "patient": ANNA},
    } | changes


def places(body: object) -> tuple[Kind, list[str]]:
    with pytest.raises(Refused) as caught:
        call(VIEW, body)
    return caught.value.kind, [issue.expression for issue in caught.value.issues]


def test_bundles_are_taken_apart_and_outcomes_of_the_ehr_left_out():
    outcome = {"resourceType": "OperationOutcome"}
    held = {"resourceType": "Bundle", "entry": [{"resource": PILL}, {"resource": outcome}, {}]}
    prefetch = {**dict.fromkeys(PREFETCH), "patient": ANNA, "medications": held, "statements": OTHER}
    assert call(VIEW, asked(prefetch=prefetch)).resources == (ANNA, PILL, OTHER)


def test_only_what_was_selected_is_asked_about():
    context = {
        "userId": "Practitioner/p",
        "patientId": "anna",
        "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": PILL}, {"resource": OTHER}]},
        "selections": ["MedicationRequest/other"],
    }
    assert call(SELECT, asked(hook="order-select", context=context)).drafts == (OTHER,)


def test_what_was_not_sent_is_412_and_what_was_sent_wrong_400():
    assert call(VIEW, asked(prefetch={"whoever": ANNA, "conditions": None})).missing == (
        "Observation",
        "MedicationRequest",
        "MedicationStatement",
        "AllergyIntolerance",
        "Procedure",
        "Immunization",
    )
    assert places(asked(prefetch={**dict.fromkeys(PREFETCH)})) == (Kind.PRECONDITION, ["prefetch.patient"])
    wrong = {**dict.fromkeys(PREFETCH), "patient": ANNA, "conditions": {"resourceType": "Bundle", "entry": 3}}
    assert places(asked(prefetch=wrong)) == (Kind.INVALID, ["prefetch.conditions.entry"])
    berta = {**dict.fromkeys(PREFETCH), "patient": {**ANNA, "id": "berta"}}
    assert places(asked(prefetch=berta)) == (Kind.PRECONDITION, ["prefetch.patient"])


def test_every_service_says_what_it_wants_sent_along():
    told = discovery()["services"]
    assert {one["id"] for one in told} == set(SERVICES)
    assert all(one["prefetch"] == dict(PREFETCH) for one in told)


def test_a_name_that_the_sender_chose_is_not_repeated():
    sent = {
        **dict.fromkeys(PREFETCH),
        "patient": ANNA,
        "anna hopkins": {"resourceType": "Bundle", "entry": 3},
    }
    with pytest.raises(Refused) as caught:
        call(VIEW, asked(prefetch=sent))
    assert [issue.expression for issue in caught.value.issues] == ["prefetch.entry"]
    assert "hopkins" not in str(caught.value.issues)
