"""Ids of a tenant: its own are hashed, those that it was shown are opened, and one text means one thing."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.custody.ids import StoredId, pseudonym
from gateway.identities import OUTSIDE_ID_LENGTH, Identities, resolve
from tests.desk import APP, ST_ANNA, ST_BERTA, Desk

IDS = st.from_regex(r"\A[A-Za-z0-9.-]{1,64}\Z")
drawn = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@drawn
@given(text=IDS)
def test_an_ehrs_own_id_is_hashed_under_its_tenant_and_type(small_desk: Desk, text: str):
    vault = small_desk.vault
    found = resolve(vault, ST_ANNA, "Patient", text)
    assert found == vault.stored_id(ST_ANNA, "Patient", text)
    assert found != resolve(vault, ST_BERTA, "Patient", text)
    assert found != resolve(vault, ST_ANNA, "Observation", text)


@drawn
@given(raw=st.binary(min_size=16, max_size=16))
def test_an_id_that_was_shown_leads_back(small_desk: Desk, raw: bytes):
    shown = small_desk.vault.outside(ST_ANNA).show("CarePlan", StoredId(raw))
    assert len(shown) == OUTSIDE_ID_LENGTH
    assert resolve(small_desk.vault, ST_ANNA, "CarePlan", shown) == raw


@pytest.mark.parametrize(
    ("reader", "type_"), [(ST_BERTA, "CarePlan"), (APP, "CarePlan"), (ST_ANNA, "Goal")], ids=str
)
def test_law_2_an_id_that_was_shown_means_nothing_elsewhere(small_desk: Desk, reader, type_: str):
    raw = StoredId(bytes(range(16)))
    shown = small_desk.vault.outside(ST_ANNA).show("CarePlan", raw)
    assert resolve(small_desk.vault, reader, type_, shown) != raw


def test_an_ehrs_own_id_may_be_as_long_as_one_that_is_shown(small_desk: Desk):
    own = "a" * OUTSIDE_ID_LENGTH
    assert resolve(small_desk.vault, ST_ANNA, "Patient", own) == small_desk.id_of(f"Patient/{own}")


def test_identities_remember_what_they_computed_and_tell_types_apart(small_desk: Desk):
    made = Identities(small_desk.vault, ST_ANNA)
    first = made.stored("Patient", "1")
    assert made.stored("Patient", "1") is first
    assert made.pseudonym("Patient", "1") == pseudonym(first)
    assert made.pseudonym("Observation", "1") != made.pseudonym("Patient", "1")
    assert made.pseudonym("Identifier", "urn:mrn|1") != made.pseudonym("Identifier", "urn:mrn|2")


def test_the_patients_of_a_resource_stand_in_one_order_and_once(small_desk: Desk):
    made = Identities(small_desk.vault, ST_ANNA)

    def group(*members: str):
        member = [{"entity": {"reference": text}} for text in members]
        return {"resourceType": "Group", "type": "person", "actual": True, "member": member}

    both = made.patients(group("Patient/1", "Patient/2", "Patient/1", "Patient/2/_history/4"))
    assert both == made.patients(group("Patient/2", "Patient/1"))
    assert set(both) == {small_desk.id_of("Patient/1"), small_desk.id_of("Patient/2")}
    assert len(both) == 2
    many = made.patients(group(*(f"Patient/{number}" for number in range(20))))
    assert list(many) == sorted(many)


def test_only_patients_on_this_server_count(small_desk: Desk):
    made = Identities(small_desk.vault, ST_ANNA)
    elsewhere = {"resourceType": "Condition", "subject": {"reference": "https://elsewhere/Patient/1"}}
    group = {"resourceType": "Condition", "subject": {"reference": "Group/1"}}
    assert made.patients(elsewhere) == made.patients(group) == ()
    assert made.patients({"resourceType": "Patient", "id": "1"}) == (small_desk.id_of("Patient/1"),)
