"""How ids look to whoever reads: no stored form leaves, two readers share nothing, and all else stays."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.custody.ids import StoredId, parse_pseudonym, pseudonym
from gateway.release.faces import dress, partner_view, tenant_view
from mappers import lossless
from tests.desk import APP, OTHER_APP, ST_ANNA, Desk, observation, patient
from tests.unit.mappers.r4.generated import resource_of

STORED = st.binary(min_size=16, max_size=16).map(StoredId)
ANNA, PLAN, OTHER = (pseudonym(StoredId(bytes([n]) * 16)) for n in (1, 2, 3))


def show(type_: str, stored: StoredId) -> str:
    return f"<{type_} {stored.hex()[:2]}>"


def careplan(**more: Any) -> dict[str, Any]:
    return {"resourceType": "CarePlan", "id": PLAN, "subject": {"reference": f"Patient/{ANNA}"}, **more}


def test_ids_and_references_become_what_the_reader_sees():
    made = dress(careplan(goal=[{"reference": f"Goal/{OTHER}/_history/3"}]), show)
    assert made == {
        "resourceType": "CarePlan",
        "id": "<CarePlan 02>",
        "subject": {"reference": "Patient/<Patient 01>"},
        "goal": [{"reference": "Goal/<Goal 03>/_history/3"}],
    }


@pytest.mark.parametrize(
    ("system", "value", "shown"),
    [
        ("urn:careloom:plan", PLAN, "<CarePlan 02>"),
        ("urn:careloom:derived", PLAN, "<CarePlan 02>"),
        ("urn:careloom:derived", OTHER, "<Identifier 03>"),
        ("urn:careloom:pseudonym", OTHER, "<Identifier 03>"),
        ("urn:careloom:anything-to-come", OTHER, "<Identifier 03>"),
        ("urn:careloom:rule", "kdigo-2024", "kdigo-2024"),
    ],
)
@pytest.mark.parametrize("deep", [False, True])
def test_law_2_no_identifier_of_ours_keeps_its_stored_form(system: str, value: str, shown: str, deep: bool):
    identifier = {"system": system, "value": value}
    body = careplan(contained=[{"identifier": [identifier]}]) if deep else careplan(identifier=[identifier])
    made = dress(body, show)
    found = made["contained"][0] if deep else made
    assert found["identifier"] == [{"system": system, "value": shown}]


@pytest.mark.parametrize(
    "reference", ["#c1", "https://elsewhere/Patient/1", f"Patient/{ANNA.upper()}", "Patient/mrn-1", "x"]
)
def test_what_is_no_pseudonym_is_left_as_it_is(reference: str):
    body = {"resourceType": "Goal", "subject": {"reference": reference}}
    assert dress(body, show) == body


@given(resource_of("CarePlan") | resource_of("Observation") | resource_of("Goal"))
def test_dressing_changes_ids_and_nothing_else(resource: dict[str, Any]):
    before = copy.deepcopy(resource)
    assert lossless.same(dress(resource, show), resource), "there is no pseudonym in it"
    assert lossless.same(resource, before)


def test_law_2_two_partners_and_the_tenant_share_no_id(small_desk: Desk):
    body = careplan(
        identifier=[{"system": "urn:careloom:plan", "value": PLAN}],
        addresses=[{"reference": f"Condition/{OTHER}"}],
    )
    vault = small_desk.vault
    views = [partner_view(vault, APP), partner_view(vault, OTHER_APP), tenant_view(vault, ST_ANNA, [body])]
    seen = [set(_words(dress(body, view))) for view in views]
    for one in range(3):
        assert len(seen[one]) == 3
        for other in range(one):
            assert not seen[one] & seen[other]
        assert not [word for word in seen[one] if parse_pseudonym(word)]


def _words(body: dict[str, Any]) -> list[str]:
    texts = [body["id"], body["subject"]["reference"], body["addresses"][0]["reference"]]
    return [text.rpartition("/")[2] for text in texts]


def test_the_tenant_sees_its_own_ids_where_it_gave_any(small_desk: Desk):
    small_desk.puts(patient("mrn-1"), observation("o1", "Patient/mrn-1"))
    own = pseudonym(small_desk.id_of("Patient/mrn-1"))
    body = careplan(subject={"reference": f"Patient/{own}/_history/1"})
    made = dress(body, tenant_view(small_desk.vault, ST_ANNA, [body]))
    assert made["subject"] == {"reference": "Patient/mrn-1/_history/1"}
    assert len(made["id"]) == 52


def test_a_way_back_that_was_erased_ends_in_an_id_that_says_nothing(small_desk: Desk):
    small_desk.puts(patient("mrn-1"))
    stored = small_desk.id_of("Patient/mrn-1")
    small_desk.erases(stored)
    body = careplan(subject={"reference": f"Patient/{pseudonym(stored)}"})
    made = dress(body, tenant_view(small_desk.vault, ST_ANNA, [body]))
    shown = made["subject"]["reference"].removeprefix("Patient/")
    assert small_desk.vault.outside(ST_ANNA).read("Patient", shown) == stored


@given(stored=STORED)
def test_a_pseudonym_at_any_place_of_a_reference_list_is_found(stored: StoredId):
    refs = [{"reference": f"Observation/{pseudonym(stored)}"}, {"display": "no reference"}]
    made = dress(careplan(supportingInfo=refs), show)
    assert made["supportingInfo"] == [
        {"reference": f"Observation/{show('Observation', stored)}"},
        {"display": "no reference"},
    ]
