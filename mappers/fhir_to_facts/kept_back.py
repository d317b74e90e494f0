"""What is left of a resource that a patient keeps back from the engine: that it is there, and no more.

Left out altogether it would look like "no allergy" or "no such drug". So what readers ask about first says
"unknown", and the code is masked, as it is in what the split withheld: each check that it could change is
then unknown, too.
"""

from __future__ import annotations

from collections.abc import Mapping

from mappers.fhir_to_facts.opened import Opened
from mappers.lossless import Json

_MASKED = {
    "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}
    ]
}
_LEFT: Mapping[str, dict[str, Json]] = {
    "AllergyIntolerance": {"code": _MASKED},
    "Condition": {"code": _MASKED},
    "FamilyMemberHistory": {"status": "completed", "condition": [{"code": _MASKED}]},
    "Immunization": {"status": "completed", "vaccineCode": _MASKED},
    "MedicationAdministration": {"status": "unknown", "medicationCodeableConcept": _MASKED},
    "MedicationDispense": {"status": "unknown", "medicationCodeableConcept": _MASKED},
    "MedicationRequest": {"status": "unknown", "intent": "order", "medicationCodeableConcept": _MASKED},
    "MedicationStatement": {"status": "unknown", "medicationCodeableConcept": _MASKED},
    "Procedure": {"status": "unknown", "code": _MASKED},
}


def kept_back(opened: Opened) -> Opened:
    """The resource with nothing in it but that there is one."""
    body: dict[str, Json] = {"resourceType": opened.type, **_LEFT.get(opened.type, {})}
    return Opened(opened.reference, body | ({"id": opened.body["id"]} if "id" in opened.body else {}))
