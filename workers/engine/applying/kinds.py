"""The kinds of requests: what each needs to be one, and where it takes what an ActivityDefinition says.

A row names elements of R4; what a kind has no element for is left out here and said by the caller. Every
request is a draft: what is proposed becomes an order when a clinician makes it one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DRAFT = {"status": "draft"}


@dataclass(frozen=True, slots=True)
class RequestKind:
    """One kind: fixed elements, and where subject, requester, time and the activity's parts go."""

    fixed: Mapping[str, str] = field(default_factory=lambda: DRAFT)
    intent: bool = True
    subject: str | None = "subject"
    encounter: str | None = "encounter"
    requester: str | None = "requester"
    canonical: str | None = "instantiatesCanonical"
    code: str | None = None
    product: str | None = None
    time: str | None = None
    dosage: str | None = None
    quantity: str | None = None
    body_site: str | None = None
    location: str | None = None
    performer_type: str | None = None
    words: str | None = None
    dated: str | None = None
    """An element that must say when it was written."""


KINDS: Mapping[str, RequestKind] = {
    "Appointment": RequestKind(
        {"status": "proposed"},
        intent=False,
        subject=None,
        encounter=None,
        requester=None,
        canonical=None,
        code="serviceType",
        time="requestedPeriod",
        words="description",
    ),
    "CarePlan": RequestKind(requester="author", code="category", time="period", words="description"),
    "CommunicationRequest": RequestKind(
        intent=False, canonical=None, code="category", time="occurrence", words="payload"
    ),
    "DeviceRequest": RequestKind(
        code="codeCodeableConcept", time="occurrence", performer_type="performerType"
    ),
    "MedicationRequest": RequestKind(
        product="medication", dosage="dosageInstruction", performer_type="performerType"
    ),
    "NutritionOrder": RequestKind(subject="patient", requester="orderer", dated="dateTime"),
    "ServiceRequest": RequestKind(
        code="code",
        time="occurrence",
        quantity="quantityQuantity",
        body_site="bodySite",
        location="locationReference",
        performer_type="performerType",
        words="patientInstruction",
    ),
    "SupplyRequest": RequestKind(
        intent=False,
        subject="deliverTo",
        encounter=None,
        canonical=None,
        code="category",
        product="item",
        time="occurrence",
        quantity="quantity",
    ),
    "Task": RequestKind(
        subject="for",
        code="code",
        time="executionPeriod",
        location="location",
        performer_type="performerType",
        words="description",
    ),
    "VisionPrescription": RequestKind(
        intent=False,
        subject="patient",
        requester="prescriber",
        canonical=None,
        dated="dateWritten",
    ),
}
