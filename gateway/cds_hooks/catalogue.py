"""The services that there are, as data: discovery is made from it, and so is what a call may bring.

Standard: https://cds-hooks.hl7.org/2.0/#discovery
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PATIENT = "patient"
"""The one prefetch without which nothing can be said."""
_OF_PATIENT = "patient={{context.patientId}}"
PREFETCH: Mapping[str, str] = {
    PATIENT: "Patient/{{context.patientId}}",
    "conditions": f"Condition?{_OF_PATIENT}",
    "observations": f"Observation?{_OF_PATIENT}",
    "medications": f"MedicationRequest?{_OF_PATIENT}",
    "statements": f"MedicationStatement?{_OF_PATIENT}",
    "allergies": f"AllergyIntolerance?{_OF_PATIENT}",
    "procedures": f"Procedure?{_OF_PATIENT}",
    "immunizations": f"Immunization?{_OF_PATIENT}",
}
"""Name and FHIR query of what an EHR sends along, the same for every service."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service: ``orders`` where its hook brings drafts, ``selects`` where it names those it is about."""

    id: str
    hook: str
    title: str
    description: str
    orders: bool = False
    selects: bool = False


SERVICES: Mapping[str, Service] = {
    one.id: one
    for one in (
        Service(
            "careloom-patient-view",
            "patient-view",
            "Suggested care plan",
            "What would help this patient, from guidelines, genes, interactions and scores, and why.",
        ),
        Service(
            "careloom-order-select",
            "order-select",
            "What speaks against a selected order",
            "Interactions, allergies, duplicates, genes and organ function, for the orders just selected.",
            orders=True,
            selects=True,
        ),
        Service(
            "careloom-order-sign",
            "order-sign",
            "What speaks against these orders",
            "Interactions, allergies, duplicates, genes and organ function, before orders are signed.",
            orders=True,
        ),
    )
}


def discovery() -> dict[str, Any]:
    """The answer to ``GET /cds-services``."""
    return {
        "services": [
            {
                "hook": one.hook,
                "id": one.id,
                "title": one.title,
                "description": one.description,
                "prefetch": dict(PREFETCH),
            }
            for one in SERVICES.values()
        ]
    }
