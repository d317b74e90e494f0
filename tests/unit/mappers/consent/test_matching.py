"""What each kind of limit is matched with, and when that cannot be told."""

from __future__ import annotations

from typing import Any

import pytest

from mappers.consent import Subject, Surroundings, purposes, read, subject
from mappers.consent.matching import either, every, matches
from mappers.consent.values import Answer, Effect, Provision
from tests.consents import (
    ENGINE,
    actions,
    actor,
    classes,
    client,
    coding,
    concept,
    consent,
    deny,
    label,
    labels,
    organization,
    permit,
)
from tests.consents import purposes as purposes_
from tests.unit.mappers.consent.drawn import AROUND, OWN, REQUESTS, RESOURCES, subject_of

APP, TREATING, ENGINE_ASKS = REQUESTS
PLAN, A1C, DM, PERSON = map(subject_of, RESOURCES)
Json = dict[str, Any]


def provision(body: Json, around: Surroundings = AROUND) -> Provision:
    found = read(consent("c", "Patient/p", body), "Consent/c/_history/1", around)
    assert found is not None
    assert found.root is not None
    return found.root


def answer(body: Json, of: Subject = PLAN, request: Any = APP) -> Answer:
    return matches(provision(body), request, of)


@pytest.mark.parametrize(
    ("who", "app", "engine"),
    [
        (ENGINE, False, True),
        (client("app"), True, False),
        (client("other"), False, False),
        (organization("app-gmbh"), True, False),
        (organization("other"), False, False),
        (actor({"reference": "Device/engine"}), False, True),
        (actor({"reference": "Organization/app"}), True, False),
        (actor({"reference": "Organization/nobody"}), None, False),
        (actor({"reference": "Device/nobody"}), None, None),
        (actor({"identifier": {"system": "urn:mrn", "value": "17"}}), None, None),
        (actor({"type": "Organization", "identifier": {"system": "urn:mrn", "value": "17"}}), None, False),
        (actor({"reference": "Practitioner/p"}), False, False),
        (actor({"reference": "Patient/p"}), False, False),
        (actor({"reference": "CareTeam/t"}), None, False),
        (actor({"reference": "Group/g"}), None, None),
        (actor({"display": "App GmbH"}), None, None),
        (actor({"reference": "Practitioner/p"}, role="AUT"), None, None),
        (actor({"reference": "Practitioner/p"}, role="IRCP"), False, False),
        (client("app") | {"role": {"text": "whoever"}}, True, False),
    ],
)
def test_an_actor_is_who_an_identifier_of_ours_says(who: Json, app: Answer, engine: Answer):
    assert answer(deny(who)) is app
    assert answer(deny(who), request=ENGINE_ASKS) is engine


def test_an_actor_may_be_contained():
    device = {"resourceType": "Device", "id": "d", "identifier": [ENGINE["reference"]["identifier"]]}
    body = consent("c", "Patient/p", deny(actor({"reference": "#d"})), contained=[device])
    found = read(body, "Consent/c/_history/1", AROUND)
    assert found is not None
    assert found.root is not None
    assert matches(found.root, ENGINE_ASKS, PLAN) is True
    assert matches(found.root, APP, PLAN) is False


def test_an_action_is_one_of_those_of_the_request():
    assert answer(deny(action=actions("disclose"))) is True
    assert answer(deny(action=actions("use"))) is False
    assert answer(deny(action=actions("use")), request=ENGINE_ASKS) is True
    assert answer(deny(action=[concept("urn:own", "look")])) is None
    assert answer(deny(action=[concept("urn:own", "look"), *actions("access")])) is True


def test_a_purpose_is_that_of_the_request_or_a_broader_one():
    assert answer(deny(purpose=purposes_("TREAT"))) is None, "nobody said what for"
    assert answer(deny(purpose=purposes_("TREAT")), request=TREATING) is True
    assert answer(deny(purpose=purposes_("HRESCH")), request=TREATING) is False
    assert answer(deny(purpose=purposes_("ETREAT")), request=ENGINE_ASKS) is False
    assert answer(deny(purpose=[OWN]), request=TREATING) is None


def labelled(*codes: str) -> Subject:
    return subject({"resourceType": "Observation", "meta": {"security": labels(*codes)}}, "Observation/o")


@pytest.mark.parametrize(
    ("named", "borne", "denied", "permitted"),
    [
        ("R", "", False, True),
        ("R", "N", False, True),
        ("R", "R", True, True),
        ("R", "V", True, False),
        ("N", "", True, True),
        ("N", "L", False, True),
        ("V", "R", False, True),
        ("L", "", True, False),
    ],
)
def test_a_confidentiality_is_a_threshold_to_deny_and_a_high_water_mark_to_permit(
    named: str, borne: str, denied: Answer, permitted: Answer
):
    of = labelled(*borne)
    assert answer(deny(securityLabel=labels(named)), of) is denied
    assert answer(permit(securityLabel=labels(named)), of) is permitted


def test_a_deny_wants_any_label_and_a_permit_every_one():
    both = [label("PSY"), label("SEX")]
    assert answer(deny(securityLabel=both), labelled("PSY")) is True
    assert answer(permit(securityLabel=both), labelled("PSY")) is False
    assert answer(permit(securityLabel=both), labelled("PSY", "SEX")) is True
    assert answer(deny(securityLabel=[{}, label("SEX")]), labelled("PSY")) is None


def test_a_class_is_a_type_or_a_profile():
    assert answer(deny(**{"class": classes("CarePlan")})) is True
    assert answer(deny(**{"class": classes("Observation")})) is False
    profile = coding("urn:ietf:rfc:3986", "http://hl7.org/fhir/StructureDefinition/bmi")
    claims = subject({"resourceType": "Observation", "meta": {"profile": [profile["code"]]}}, "Observation/o")
    assert answer(deny(**{"class": [profile]}), claims) is True
    assert answer(deny(**{"class": [profile]}), A1C) is None, "it may be one all the same"
    assert answer(deny(**{"class": [coding("urn:ietf:bcp:13", "text/plain")]})) is None


def test_a_code_stands_anywhere_in_the_resource():
    assert answer(deny(code=[concept("http://loinc.org", "4548-4")]), A1C) is True
    assert answer(deny(code=[{"coding": [OWN]}]), DM) is True
    assert answer(deny(code=[concept("http://loinc.org", "4548-4")]), DM) is False
    assert answer(deny(code=[{"text": "diabetes"}]), DM) is None


def test_data_lie_in_a_period_with_all_of_their_dates():
    assert answer(deny(dataPeriod={"start": "2025-11-01", "end": "2025-11-30"}), A1C) is True
    assert answer(deny(dataPeriod={"end": "2025-11-02"}), A1C) is False
    assert answer(deny(dataPeriod={"start": "2025-11-04"}), A1C) is False
    assert answer(deny(dataPeriod={"end": "2025-11-03T12:00:00Z"}), A1C) is None, "the day is only a day"
    assert answer(deny(dataPeriod={"start": "2025"}), DM) is None, "it says no date"
    assert answer(deny(dataPeriod={"start": "1900"}), PERSON) is False, "who somebody is, is of no time"


def data(meaning: str, text: str) -> Json:
    return {"data": [{"meaning": meaning, "reference": {"reference": text}}]}


def test_data_are_named_one_by_one():
    assert answer(deny(**data("instance", "Observation/a1c")), A1C) is True
    assert answer(deny(**data("instance", "Observation/a1c/_history/1")), A1C) is True
    assert answer(deny(**data("instance", "Observation/a1c")), DM) is False
    assert answer(deny(**data("dependents", "Observation/a1c")), DM) is True
    assert answer(deny(**data("dependents", "Condition/dm")), A1C) is False
    assert answer(deny(**data("related", "Condition/dm")), A1C) is True
    assert answer(deny(**data("related", "Condition/dm")), PLAN) is False
    assert answer(deny(**data("related", "Condition/not-there")), A1C) is None
    assert answer(deny(**data("authoredby", "Practitioner/p")), A1C) is None
    assert answer(deny(data=[{"meaning": "instance", "reference": {"display": "that"}}]), A1C) is None


def test_a_rule_holds_in_its_period_by_utc():
    assert answer(deny(period={"start": "2026-03-02"})) is True
    assert answer(deny(period={"start": "2026-03-02T10:30:00+01:00"})) is True
    assert answer(deny(period={"start": "2026-03-02T10:30:01+01:00"})) is False
    assert answer(deny(period={"end": "2026-03-02"})) is True
    assert answer(deny(period={"end": "2026-03-01"})) is False


def test_all_kinds_of_limit_must_hold():
    assert answer(deny(client("app"), action=actions("use"))) is False
    assert answer(deny(client("app"), action=actions("access"))) is True
    assert answer(deny(client("app"), purpose=purposes_("TREAT"))) is None
    assert answer(deny(client("other"), purpose=purposes_("TREAT"))) is False


def test_law_8_answers_combine_as_kleene_says():
    assert [every(pair) for pair in ((True, None), (False, None), (True, True), ())] == [
        None,
        False,
        True,
        True,
    ]
    assert [either(pair) for pair in ((True, None), (False, None), (False,), ())] == [
        True,
        None,
        False,
        False,
    ]


def test_purposes_know_the_broader_one():
    assert purposes.closure("BTG") == {"BTG", "TREAT"}
    assert purposes.closure("TREAT") == {"TREAT"}


def test_a_limit_is_counted_once_and_time_is_none():
    made = provision(deny(client("app"), ENGINE, action=actions("use"), period={"start": "2026"}))
    assert made.constraints == {"actors", "actions"}
    assert Provision(Effect.DENY).constraints == frozenset()
