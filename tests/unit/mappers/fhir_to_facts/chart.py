"""Builds clinical halves in the words of a chart: ``lab("4548-4", "7.2", "%", on="2026-05-01")``."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from itertools import count
from typing import Any

import msgspec

from mappers.codes import ICD_10_CM, LOINC, RXNORM, SNOMED, UCUM
from mappers.facts import Facts
from mappers.fhir_to_facts import Opened, facts

TODAY = date(2026, 5, 20)
MASKED = {
    "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}
    ]
}
_numbers = count()


def opened(body: dict[str, Any], version: int = 1) -> Opened:
    return Opened(f"{body['resourceType']}/{body['id']}/_history/{version}", body)


def read(*bodies: dict[str, Any], on: date = TODAY) -> Facts:
    """The facts of a chart of these resources."""
    return facts([opened(body) for body in bodies], on)


def resource(kind: str, **elements: Any) -> dict[str, Any]:
    named = elements.pop("id", None) or f"r{next(_numbers):06d}"
    return {"resourceType": kind, "id": named, **elements}


def code(system: str, value: str, display: str | None = None) -> dict[str, Any]:
    coding = {"system": system, "code": value}
    return {"coding": [coding | ({"display": display} if display else {})]}


def text_only() -> dict[str, Any]:
    return {"_text": MASKED}


def patient(**elements: Any) -> dict[str, Any]:
    return resource("Patient", **{"id": "pat", "gender": "female", "birthDate": "1980-02", **elements})


def lab(loinc: str, value: str | int, unit: str | None, on: str | None, **elements: Any) -> dict[str, Any]:
    number = value if isinstance(value, int) else msgspec.Raw(value.encode())
    quantity: dict[str, Any] = {"value": number}
    if unit is not None:
        quantity |= {"unit": unit, "system": UCUM, "code": unit}
    dated = {"effectiveDateTime": on} if on else {}
    return resource(
        "Observation",
        **{"status": "final", "code": code(LOINC, loinc), **dated, "valueQuantity": quantity, **elements},
    )


def asked(loinc: str, system: str, answer: str, on: str, **elements: Any) -> dict[str, Any]:
    return resource(
        "Observation",
        **{
            "status": "final",
            "code": code(LOINC, loinc),
            "effectiveDateTime": on,
            "valueCodeableConcept": code(system, answer),
            **elements,
        },
    )


def pressure(systolic: int, diastolic: int, on: str, **elements: Any) -> dict[str, Any]:
    parts = [
        {"code": code(LOINC, loinc), "valueQuantity": {"value": value, "system": UCUM, "code": "mm[Hg]"}}
        for loinc, value in (("8480-6", systolic), ("8462-4", diastolic))
    ]
    panel = {"status": "final", "code": code(LOINC, "85354-9"), "effectiveDateTime": on, "component": parts}
    return resource("Observation", **{**panel, **elements})


def diagnosis(
    value: str, clinical: str | None = "active", system: str = SNOMED, **elements: Any
) -> dict[str, Any]:
    status = {"clinicalStatus": code("http://terminology.hl7.org/CodeSystem/condition-clinical", clinical)}
    return resource("Condition", **{**(status if clinical else {}), "code": code(system, value), **elements})


def icd(value: str, **elements: Any) -> dict[str, Any]:
    return diagnosis(value, system=ICD_10_CM, **elements)


def verified(status: str) -> dict[str, Any]:
    return code("http://terminology.hl7.org/CodeSystem/condition-ver-status", status)


def prescription(rxnorm: str | None, status: str = "active", **elements: Any) -> dict[str, Any]:
    drug = {"medicationCodeableConcept": code(RXNORM, rxnorm)} if rxnorm else {}
    return resource("MedicationRequest", **{"status": status, "intent": "order", **drug, **elements})


def allergy(concept: dict[str, Any], clinical: str = "active", **elements: Any) -> dict[str, Any]:
    status = code("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", clinical)
    return resource("AllergyIntolerance", **{"clinicalStatus": status, "code": concept, **elements})


def accounted(known: Facts) -> set[str]:
    """Every reference that facts, unreadable values and what was set aside speak of."""
    groups = (getattr(known, one.name) for one in fields(known))
    said = (one for group in groups if isinstance(group, tuple) for one in group)
    return {one.evidence.reference for one in (known.person, *said) if hasattr(one, "evidence")} - {""}
