"""When care was given, by type: what ``$everything`` between two days goes by. Pure.

R4 says of the two that they are about dates of care and not about when something was written down. A type
that is not named here, and a resource that tells no such date, is given whatever the days are: who they are,
what they are allergic to and who pays belong to every stretch of care. A condition lasts from its onset until
it abates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.stored import Resource
from mappers.r4 import search

_ONE: Mapping[str, str] = {
    "AdverseEvent": "date",
    "Appointment": "date",
    "ChargeItem": "occurrence",
    "Claim": "created",
    "ClaimResponse": "created",
    "ClinicalImpression": "date",
    "Communication": "sent",
    "CommunicationRequest": "authored",
    "Composition": "date",
    "DetectedIssue": "identified",
    "DeviceRequest": "authored-on",
    "DiagnosticReport": "date",
    "DocumentManifest": "created",
    "DocumentReference": "date",
    "Encounter": "date",
    "EpisodeOfCare": "date",
    "ExplanationOfBenefit": "created",
    "ImagingStudy": "started",
    "Immunization": "date",
    "ImmunizationEvaluation": "date",
    "Invoice": "date",
    "MeasureReport": "date",
    "Media": "created",
    "MedicationAdministration": "effective-time",
    "MedicationDispense": "whenhandedover",
    "MedicationRequest": "authoredon",
    "MedicationStatement": "effective",
    "NutritionOrder": "datetime",
    "Observation": "date",
    "Procedure": "date",
    "QuestionnaireResponse": "authored",
    "RequestGroup": "authored",
    "RiskAssessment": "date",
    "ServiceRequest": "authored",
    "Specimen": "collected",
    "SupplyRequest": "date",
    "Task": "authored-on",
    "VisionPrescription": "datewritten",
}

ENDS: Mapping[str, tuple[str, str]] = {
    **{type_: (name, name) for type_, name in _ONE.items()},
    "Condition": ("onset-date", "abatement-date"),
}
"""The search parameters that tell when care began and when it ended."""


@dataclass(frozen=True, slots=True)
class Span:
    """From the first day to the last, as FHIR writes dates; None where there is no end."""

    start: str | None = None
    end: str | None = None

    def covers(self, resource: Resource) -> bool:
        """Whether a resource is of care given in these days, or tells no day of it."""
        type_ = str(resource["resourceType"])
        if type_ not in ENDS:
            return True
        began, ended = ENDS[type_]
        return _fits(resource, began, "le", self.end) and _fits(resource, ended, "ge", self.start)


def _fits(resource: Resource, name: str, prefix: str, day: str | None) -> bool:
    if day is None:
        return True
    type_ = str(resource["resourceType"])
    untold = search.matches(resource, type_, name, "missing", "true")
    return untold or search.matches(resource, type_, name, None, f"{prefix}{day}")
