"""Reading: HL7's own examples and what they mean, the recipe of the docs, and what cannot be read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mappers.consent import (
    Consent,
    Default,
    Effect,
    Request,
    Surroundings,
    decide,
    known_to,
    lookups,
    purposes,
    reached,
    read,
    unread,
)
from mappers.consent.reading import NO_HALF, NO_RULE, NO_SCOPE
from mappers.consent.values import Data, Party, Provision
from tests.consents import (
    ENGINE,
    SCOPE,
    actor,
    client,
    concept,
    consent,
    deny,
    known,
    opted,
    permit,
    rule,
)
from tests.unit.mappers.consent.drawn import APP, NOW, REQUESTS, RESOURCES, subject_of

EXAMPLES = Path(__file__).parents[5] / "shared" / "data" / "fhir" / "r4-examples"
DOCS = Path(__file__).parents[4] / "docs" / "consent.md"
NOTHING = Surroundings()
PLAN = subject_of(RESOURCES[0])
STRANGE: dict[str, Any] = {"modifierExtension": [{"url": "urn:x"}]}
POLICIES = "http://terminology.hl7.org/CodeSystem/consentpolicycodes"
Json = dict[str, Any]


def values(body: Json, around: Surroundings = NOTHING) -> Consent:
    found = read(body, "Consent/c/_history/1", around)
    assert found is not None
    return found


# --- HL7's examples ----------------------------------------------------------------------------------------

OTHERS = Surroundings({"Organization/f001": frozenset({("urn:careloom:organization", "good health")})})
THEM = Surroundings({"Organization/f001": frozenset({("urn:careloom:organization", "app-gmbh")})})

# Example, who Organization/f001 is to Careloom, what the partner asks for; and what it gets.
MEANING = [
    # "Withhold or withdraw consent for disclosure, other than for emergency treatment by f001."
    ("Emergency", NOTHING, None, Effect.DENY),
    ("Emergency", OTHERS, None, Effect.DENY),
    ("Emergency", THEM, None, Effect.DENY),
    # "Deny access and correction by f001", whoever that is.
    ("notOrg", NOTHING, None, Effect.DENY),
    ("notOrg", OTHERS, None, Effect.PERMIT),
    ("notOrg", THEM, None, Effect.DENY),
    # "Everything but what Task/example3 is related to", which is not there to be looked into.
    ("notThis", NOTHING, None, Effect.DENY),
    ("notThis", Surroundings(reaches={"Task/example3": frozenset({"Observation/x"})}), None, Effect.PERMIT),
    ("notThis", Surroundings(reaches={"Task/example3": frozenset({"CarePlan/plan"})}), None, Effect.DENY),
    # "Not in January 2015", which is over.
    ("notTime", NOTHING, None, Effect.PERMIT),
    # Opted out, but for what is labelled N for f001, and never what is sensitive.
    ("pkb", NOTHING, None, Effect.DENY),
    ("pkb", OTHERS, None, Effect.DENY),
    # About practitioners; a partner is none.
    ("signature", NOTHING, None, Effect.PERMIT),
]


@pytest.mark.parametrize(("name", "around", "purpose", "effect"), MEANING)
def test_hl7s_examples_mean_what_the_table_says(
    name: str, around: Surroundings, purpose: str | None, effect: Effect
):
    file = EXAMPLES / f"Consent-consent-example-{name}.json"
    if not file.exists():
        pytest.skip("HL7's examples are not here")
    told = purposes.closure(purpose) if purpose else None
    request = Request(APP, frozenset({"access", "disclose"}), told, NOW)
    found = decide([values(json.loads(file.read_text()), around)], request, PLAN, Default.OPT_OUT)
    assert found.effect is effect


def test_what_the_examples_permit_does_not_come_from_silence():
    """OPTIN permits at large: where patients opt in, it is what they did."""
    file = EXAMPLES / "Consent-consent-example-notTime.json"
    if not file.exists():
        pytest.skip("HL7's examples are not here")
    said = [values(json.loads(file.read_text()))]
    assert decide(said, REQUESTS[0], PLAN, Default.OPT_IN).permits


# --- the docs ----------------------------------------------------------------------------------------------


def test_the_recipe_of_the_docs_declines_automated_recommendation_and_nothing_else():
    recipe, partner = map(json.loads, re.findall(r"```json\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL))
    said = [values(recipe)]
    app, treating, engine = REQUESTS
    assert decide(said, engine, PLAN, Default.OPT_OUT).rested_on == ("Consent/c/_history/1",)
    assert not decide(said, engine, PLAN, Default.OPT_OUT).permits
    assert decide(said, app, PLAN, Default.OPT_OUT).permits
    assert decide(said, treating, PLAN, Default.OPT_OUT).permits
    told = json.loads(json.dumps(partner).replace("CLIENT_ID", "app"))
    said = [values(consent("c", "Patient/p", told))]
    assert not decide(said, app, PLAN, Default.OPT_OUT).permits
    assert decide(said, engine, PLAN, Default.OPT_OUT).permits


# --- what counts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["draft", "proposed", "rejected", "inactive", "entered-in-error", None])
def test_only_what_is_active_counts(status: str | None):
    body = consent("c", "Patient/p", deny(), status=status)
    assert read(body, "Consent/c/_history/1", NOTHING) is None


def test_a_consent_that_is_not_active_is_not_read_at_all():
    body = consent("c", "Patient/p", status="inactive", modifierExtension=[{"url": "urn:x"}])
    assert read(body, "Consent/c/_history/1", NOTHING) is None


@pytest.mark.parametrize(
    ("scope", "counts"),
    [
        (concept(SCOPE, "patient-privacy"), True),
        (concept(SCOPE, "research"), True),
        (concept(SCOPE, "treatment"), False),
        (concept(SCOPE, "adr"), False),
        ({"coding": [*concept(SCOPE, "adr")["coding"], *concept(SCOPE, "research")["coding"]]}, True),
    ],
)
def test_a_consent_counts_when_it_is_about_data(scope: Json, counts: bool):
    found = read(consent("c", "Patient/p", deny(), scope=scope), "Consent/c/_history/1", NOTHING)
    assert (found is not None) is counts
    assert found is None or not found.unreadable


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (STRANGE, NO_HALF),
        ({"implicitRules": "urn:x"}, NO_HALF),
        ({"provision": deny(**STRANGE)}, NO_HALF),
        ({"provision": permit(nested=[deny(actor({}) | STRANGE)])}, NO_HALF),
        ({"scope": {"text": "privacy"}}, NO_SCOPE),
        ({"scope": concept("urn:own", "patient-privacy")}, NO_SCOPE),
        ({}, NO_RULE),
        ({"policyRule": {"text": "the law"}}, NO_RULE),
        (
            {"policyRule": concept(POLICIES, "hipaa-auth")},
            NO_RULE,
        ),
        ({"policyRule": {"coding": [*opted("OPTIN")["coding"], *opted("OPTOUT")["coding"]]}}, NO_RULE),
    ],
)
def test_law_8_what_cannot_be_read_says_why(more: Json, why: str):
    assert values(consent("c", "Patient/p", **more)).unreadable == why
    assert unread("Consent/c/_history/1").unreadable == NO_HALF


def test_the_policy_rule_is_the_base():
    assert values(consent("c", "Patient/p", policyRule=opted("OPTIN"))).base is Effect.PERMIT
    assert values(consent("c", "Patient/p", policyRule=opted("OPTOUTE"))).base is Effect.DENY
    assert values(consent("c", "Patient/p", deny(), policyRule={"text": "the law"})).base is None


# --- provisions --------------------------------------------------------------------------------------------


def root(provision: Json, around: Surroundings = NOTHING) -> Provision:
    found = values(consent("c", "Patient/p", provision), around).root
    assert found is not None
    return found


MASK = {
    "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}
    ]
}


def test_a_provision_of_which_nothing_is_left_denies():
    made = root(deny(nested=[MASK, {"id": "x"}, {"extension": [{"url": "urn:x"}]}]))
    assert [one.effect for one in made.nested] == [Effect.DENY] * 3
    assert root(MASK).effect is Effect.DENY


def test_a_mark_in_a_limit_is_a_value_that_cannot_be_told():
    limits = {name: [MASK] for name in ("action", "purpose", "securityLabel", "class", "code", "actor")}
    made = root(deny(**limits))
    assert made.actions == made.purposes == made.labels == made.classes == made.codes == (None,)
    assert made.actors == (Party(frozenset(), None, False),)
    assert len(made.constraints) == len(limits)


def test_every_coding_of_a_concept_is_one_more_that_will_do():
    both = {"coding": [*concept("urn:a", "1")["coding"], *concept("urn:b", "2")["coding"]]}
    assert root(deny(code=[both, {"text": "x"}])).codes == (("urn:a", "1"), ("urn:b", "2"), None)


def test_a_period_that_bounds_nothing_is_no_limit():
    made = root(deny(period={}, dataPeriod={"extension": [{"url": "urn:x"}]}))
    assert made.period is None
    assert made.constraints == frozenset()


def test_what_reading_leans_on_is_asked_for_first():
    nested = rule(
        "permit",
        actor({"reference": "Organization/b/_history/2"}),
        actor({"reference": "Practitioner/p"}),
        actor({"reference": "https://elsewhere.example/Device/1"}),
        actor({"reference": "#inside"}),
        data=[
            {"meaning": "related", "reference": {"reference": "Encounter/e"}},
            {"meaning": "instance", "reference": {"reference": "Encounter/f"}},
        ],
    )
    body = consent("c", "Patient/p", deny(actor({"reference": "Device/a"}), ENGINE, nested=[nested]))
    assert lookups(body) == ({"Device/a", "Organization/b"}, {"Encounter/e"})


def test_what_it_leans_on_is_used():
    app = frozenset({("urn:careloom:client", "app")})
    around = Surroundings({"Device/a": app}, {"Encounter/e": frozenset({"Observation/o"})})
    data = [{"meaning": "related", "reference": {"reference": "Encounter/e"}}]
    made = root(deny(actor({"reference": "Device/a"}), data=data), around)
    assert made.actors == (Party(app, "Device", True),)
    assert made.data == (Data("related", "Encounter/e", frozenset({"Observation/o"})),)


def test_only_our_own_identifiers_tell_who_somebody_is():
    ours = known("client", "app")["identifier"]
    body = {"resourceType": "Organization", "identifier": [ours, {"system": "urn:npi", "value": "17"}, {}]}
    assert known_to(body) == {("urn:careloom:client", "app")}
    assert known_to({"resourceType": "Organization"}) == frozenset()
    assert root(deny(client("app"))).actors[0].names == known_to(body)


def test_what_an_instance_reaches_is_what_it_refers_to():
    focus = {"reference": "Observation/o/_history/2"}
    task = {"resourceType": "Task", "focus": focus, "for": {"display": "x"}}
    assert reached(task) == {"Observation/o"}


def test_consents_tell_resources_apart_by_what_is_in_them():
    assert not values(consent("c", "Patient/p", deny(client("app")))).tells_resources_apart
    inside = deny(nested=[permit(**{"class": [MASK]})])
    assert values(consent("c", "Patient/p", inside)).tells_resources_apart
