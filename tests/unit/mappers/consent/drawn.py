"""Consents, requests and resources to draw from: few values, so that they meet; some that nobody reads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from mappers.consent import Consent, Request, Subject, Surroundings, purposes, read, subject
from mappers.parties import ENGINE as ENGINE_NAME
from tests.consents import (
    ACT,
    ENGINE,
    LOINC,
    actor,
    classes,
    client,
    coding,
    concept,
    consent,
    label,
    labels,
    opted,
    organization,
)

Json = dict[str, Any]
NOW = datetime(2026, 3, 2, 9, 30)
APP = frozenset({("urn:careloom:client", "app"), ("urn:careloom:organization", "app-gmbh")})

OWN = coding("urn:hospital:codes", "x")
ACTORS = [
    ENGINE,
    client("app"),
    client("other"),
    organization("app-gmbh"),
    actor({"reference": "Device/engine"}),
    actor({"reference": "Organization/app"}),
    actor({"reference": "Organization/nobody"}),
    actor({"reference": "Practitioner/p"}),
    actor({"reference": "CareTeam/t"}),
    actor({"display": "somebody"}),
    actor({"reference": "https://elsewhere.example/Device/1"}),
    actor({"identifier": {"system": "urn:mrn", "value": "17"}}),
    actor({"reference": "Organization/app"}, role="AUT"),
    {"role": {"text": "whoever"}, "reference": {"reference": "Organization/app"}},
]
ACTIONS = [
    concept("http://terminology.hl7.org/CodeSystem/consentaction", code)
    for code in ("access", "use", "correct")
]
PURPOSES = [coding(purposes.SYSTEM, code) for code in ("TREAT", "ETREAT", "HRESCH")]
CODES = [
    concept(LOINC, "4548-4"),
    concept(LOINC, "2160-0"),
    {"coding": [OWN, coding(LOINC, "718-7")]},
    {"text": "HIV"},
]
DATA = [
    {"meaning": meaning, "reference": {"reference": text}}
    for meaning in ("instance", "related", "dependents", "authoredby")
    for text in ("Observation/a1c", "Condition/dm", "Observation/not-there")
] + [{"meaning": "instance", "reference": {"display": "that one"}}]
PERIODS: list[Json] = [
    {"start": "2026"},
    {"end": "2026-03-02"},
    {"start": "2026-03-02T10:30:00+01:00"},
    {"start": "2027-01"},
    {"start": "2025-11", "end": "2025-11"},
]


def _some(values: list[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique_by=str)


LIMITS = {
    "actor": _some(ACTORS),
    "action": _some([*ACTIONS, concept("urn:hospital:actions", "x")]),
    "purpose": _some([*PURPOSES, OWN]),
    "securityLabel": _some([*labels("N", "R", "PSY"), OWN]),
    "class": _some([*classes("CarePlan", "Observation"), coding("urn:ietf:bcp:13", "text/plain"), OWN]),
    "code": _some([*CODES, {"coding": [OWN]}]),
    "data": _some(DATA),
    "dataPeriod": st.sampled_from(PERIODS),
    "period": st.sampled_from(PERIODS),
}


def limits() -> st.SearchStrategy[Json]:
    """At most three limits of a provision."""
    chosen = st.lists(st.sampled_from(sorted(LIMITS)), max_size=3, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: LIMITS[name] for name in names}))


def provisions(types: tuple[str | None, ...] = ("permit", "deny", None)) -> st.SearchStrategy[Json]:
    """A tree of provisions, three high at most."""
    leaf = st.builds(_typed, limits(), st.sampled_from(types), st.just(()))
    return st.recursive(
        leaf,
        lambda inner: st.builds(_typed, limits(), st.sampled_from(types), st.lists(inner, max_size=2)),
        max_leaves=4,
    )


def _typed(limited: Json, type_: str | None, nested: Any) -> Json:
    made = dict(limited)
    if type_ is not None:
        made["type"] = type_
    if nested:
        made["provision"] = list(nested)
    # R4 knows no empty object.
    return made or {"type": "deny"}


RULES = [None, opted("OPTIN"), opted("OPTOUT"), {"text": "the terms"}, concept("urn:own", "OPTIN")]


def bodies(active: bool = True) -> st.SearchStrategy[Json]:
    """A Consent as it is sent."""
    return st.builds(_body, provisions(), st.sampled_from(RULES), st.just("active" if active else "inactive"))


def _body(provision: Json, rule: Json | None, status: str) -> Json:
    more = {"policyRule": rule} if rule else {}
    return consent("c", "Patient/p", provision, status=status, **more)


PARTIES = {
    "Device/engine": frozenset({ENGINE_NAME}),
    "Organization/app": frozenset({("urn:careloom:client", "app")}),
}
AROUND = Surroundings(PARTIES, {"Condition/dm": frozenset({"Observation/a1c"})})


def values(body: Json, number: int = 1) -> Consent | None:
    """The same as it is read."""
    return read(body, f"Consent/c{number}/_history/1", AROUND)


def many() -> st.SearchStrategy[list[Consent]]:
    """Up to three Consents of one patient."""
    drawn = st.lists(bodies(), max_size=3)
    return drawn.map(lambda found: [one for n, body in enumerate(found) if (one := values(body, n))])


REQUESTS = [
    Request(APP, frozenset({"access", "disclose"}), None, NOW),
    Request(APP, frozenset({"access", "disclose"}), purposes.closure("ETREAT"), NOW),
    Request(frozenset({ENGINE_NAME}), frozenset({"access", "use"}), purposes.closure("TREAT"), NOW),
]
RESOURCES: list[Json] = [
    {"resourceType": "CarePlan", "id": "plan", "created": "2026-03-02"},
    {
        "resourceType": "Observation",
        "id": "a1c",
        "code": {"coding": [coding(LOINC, "4548-4"), OWN]},
        "effectiveDateTime": "2025-11-03",
        "subject": {"reference": "Patient/p"},
        "meta": {"security": [label("R"), coding(ACT, "PSY")]},
    },
    {
        "resourceType": "Condition",
        "id": "dm",
        "code": {"coding": [OWN]},
        "evidence": [{"detail": [{"reference": "Observation/a1c"}]}],
        "subject": {"reference": "Patient/p"},
        "meta": {"security": [OWN]},
    },
    {"resourceType": "Patient", "id": "p"},
]
requests = st.sampled_from(REQUESTS)


def subject_of(body: Json) -> Subject:
    return subject(body, f"{body['resourceType']}/{body['id']}")


subjects = st.sampled_from(RESOURCES).map(subject_of)
