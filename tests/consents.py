"""Consents as hospitals write them, in few words: ``consent("c1", "Patient/mrn-1", deny(ENGINE))``."""

from __future__ import annotations

from typing import Any

SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
ACTION = "http://terminology.hl7.org/CodeSystem/consentaction"
REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
TYPES = "http://hl7.org/fhir/resource-types"
LOINC = "http://loinc.org"

Json = dict[str, Any]


def coding(system: str, code: str) -> Json:
    return {"system": system, "code": code}


def concept(system: str, code: str) -> Json:
    return {"coding": [coding(system, code)]}


def actor(reference: Json, role: str = "PRCP") -> Json:
    return {"role": concept(PARTICIPATION, role), "reference": reference}


def known(system: str, value: str) -> Json:
    """A reference by one of the identifiers that Careloom knows."""
    return {"identifier": {"system": f"urn:careloom:{system}", "value": value}}


ENGINE = actor(known("device", "careloom"))


def client(client_id: str) -> Json:
    return actor(known("client", client_id))


def organization(name: str) -> Json:
    return actor(known("organization", name))


def rule(type_: str | None, *actors: Json, **more: Any) -> Json:
    """A provision; ``nested`` are the exceptions to it."""
    made: Json = {} if type_ is None else {"type": type_}
    if actors:
        made["actor"] = list(actors)
    if "nested" in more:
        made["provision"] = more.pop("nested")
    return {**made, **more}


def deny(*actors: Json, **more: Any) -> Json:
    return rule("deny", *actors, **more)


def permit(*actors: Json, **more: Any) -> Json:
    return rule("permit", *actors, **more)


def actions(*codes: str) -> list[Json]:
    return [concept(ACTION, code) for code in codes]


def purposes(*codes: str) -> list[Json]:
    return [coding(REASON, code) for code in codes]


def classes(*types: str) -> list[Json]:
    return [coding(TYPES, type_) for type_ in types]


def label(code: str) -> Json:
    return coding(CONFIDENTIALITY if code in "ULMNRV" else ACT, code)


def labels(*codes: str) -> list[Json]:
    return [label(code) for code in codes]


def consent(id_: str, subject: str, provision: Json | None = None, **more: Any) -> Json:
    """An active Consent about privacy."""
    made: Json = {
        "resourceType": "Consent",
        "id": id_,
        "status": "active",
        "scope": concept(SCOPE, "patient-privacy"),
        "category": [concept(LOINC, "59284-0")],
        "patient": {"reference": subject},
        "dateTime": "2026-01-10",
        "policy": [{"uri": "urn:hospital:policy"}],
    }
    if provision is not None:
        made["provision"] = provision
    return {**made, **more}


def opted(code: str) -> Json:
    """A policy rule of HL7: ``OPTIN`` or ``OPTOUT``."""
    return concept(ACT, code)
