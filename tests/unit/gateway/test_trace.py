"""An event says who asked (from the actor alone), what was done, and how it ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.custody.audit import Event
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant, WriteNo
from gateway.custody.records import StoredVersion
from gateway.fhir.routes import ROUTES
from gateway.trace import ACTIONS, MAJOR, MINOR, SERIOUS, SUCCESS, Deed, event, of_row, patient_of
from tests.desk import ehr

ANNA, SEEN = StoredId(b"a" * 16), StoredId(b"o" * 16)
ROW = StoredVersion(
    write_no=WriteNo(1),
    tenant=Tenant(3),
    type="Observation",
    id=SEEN,
    version=2,
    compartment=ANNA,
    written=5,
    origin="ehr",
    deleted=False,
    digest=b"d" * 32,
    clinical=b"sealed",
)


def test_an_event_bears_the_actor_and_the_deed_and_nothing_else():
    actor = replace(ehr(), user="dr-no", purpose="TREAT")
    deed = Deed("update", "Observation", SEEN, 2, ANNA, b"d" * 32, 200, SUCCESS, "why")
    assert event(actor, deed, 7) == Event(
        time=7,
        kind="rest:update",
        action="U",
        outcome="0",
        status=200,
        client_id=actor.client_id,
        organization=actor.organization,
        user="dr-no",
        purpose="TREAT",
        type="Observation",
        id=SEEN,
        version=2,
        patient=ANNA,
        digest=b"d" * 32,
        address="10.0.0.1",
        request_id="request-1",
        detail="why",
    )


@pytest.mark.parametrize("interaction", sorted(ACTIONS))
def test_each_interaction_has_its_action(interaction: str):
    assert event(ehr(), Deed(interaction), 1).action == ACTIONS[interaction]


def test_an_interaction_that_nobody_named_is_an_error_and_not_a_guess():
    with pytest.raises(KeyError):
        event(ehr(), Deed("rummage"), 1)


def test_the_names_of_interactions_are_those_of_the_route_table():
    routed = {route.interaction.removesuffix("-type").removesuffix("-instance") for route in ROUTES}
    assert {"create", "read", "update", "delete", "vread"} <= set(ACTIONS) & routed


def test_the_outcomes_are_fhirs_and_tell_apart():
    assert [SUCCESS, MINOR, SERIOUS, MAJOR] == ["0", "4", "8", "12"]


def test_reading_a_row_names_its_version_and_whose_it_is_but_no_digest():
    deed = of_row("vread", ROW, 200)
    assert (deed.type, deed.id, deed.version, deed.patient) == ("Observation", SEEN, 2, ANNA)
    assert (deed.status, deed.outcome, deed.digest) == (200, SUCCESS, None)


def test_what_lies_with_the_tenant_is_nobodys():
    assert patient_of(ROW) == ANNA
    assert patient_of(replace(ROW, compartment=TENANT_COMPARTMENT)) is None
    assert of_row("read", replace(ROW, compartment=TENANT_COMPARTMENT), 200).patient is None
