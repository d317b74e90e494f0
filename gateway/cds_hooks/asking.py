"""A call as it was sent, checked: pure, and every fault is named with its place.

Standard: https://cds-hooks.hl7.org/2.0/#http-request_1
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.cds_hooks.catalogue import PATIENT, PREFETCH, Service
from gateway.refusal import Issue, Kind, Refused
from mappers.r4.model import MODEL

Resource = dict[str, Any]
_NAMED = {*PREFETCH, "draftOrders"}
_CHARACTERS = 64
"""The longest id of FHIR."""


@dataclass(frozen=True, slots=True)
class Call:
    """What an EHR asks: about whom, with which resources, and which of them are drafts."""

    patient: str
    """The id of the patient, as the EHR writes it."""
    resources: tuple[Resource, ...]
    drafts: tuple[Resource, ...] = ()
    missing: tuple[str, ...] = ()
    """The types of which nothing was sent, not even that there is none: what they would say is not known."""


def call(service: Service, body: object) -> Call:
    """Read a call. Raises ``Refused``: what is malformed as 400, prefetch that was not sent as 412."""
    told = _object(body)
    context, prefetch = _object(told.get("context")), _object(told.get("prefetch"))
    faults = [*_envelope(service, told), *_context(service, context)]
    faults += [fault for name, value in prefetch.items() for fault in _resources_fault(name, value)]
    if faults:
        raise Refused(Kind.INVALID, faults)
    patient = str(context["patientId"])
    # Some EHRs choose their own names: what was sent counts by what it is.
    sent = tuple(one for value in prefetch.values() for one in _within(value))
    if not any(one["resourceType"] == "Patient" and one["id"] == patient for one in sent):
        text = "Send the Patient of context.patientId along as prefetch.patient."
        raise Refused(Kind.PRECONDITION, [Issue("required", text, f"prefetch.{PATIENT}")])
    there = {one["resourceType"] for one in sent}
    missing = (type_of(name) for name in PREFETCH if name not in prefetch)
    return Call(patient, sent, _drafts(service, context), tuple(one for one in missing if one not in there))


def type_of(name: str) -> str:
    """The type of resource that is sent along under a name."""
    return re.split("[/?]", PREFETCH[name])[0]


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _envelope(service: Service, told: Mapping[str, Any]) -> Iterator[Issue]:
    if told.get("hook") != service.hook:
        yield Issue("value", f"hook must be {service.hook}.", "hook")
    if not _is_uuid(told.get("hookInstance")):
        yield Issue("value", "hookInstance must be a UUID.", "hookInstance")


def _context(service: Service, context: Mapping[str, Any]) -> Iterator[Issue]:
    patient = context.get("patientId")
    if not isinstance(patient, str) or not 1 <= len(patient) <= _CHARACTERS or "/" in patient:
        yield Issue("required", "context.patientId must be the id of a Patient.", "context.patientId")
    if not isinstance(context.get("userId"), str):
        yield Issue("required", "context.userId must name who looks.", "context.userId")
    if not service.orders:
        return
    yield from _resources_fault("draftOrders", context.get("draftOrders"), "context", needed=True)
    chosen = context.get("selections")
    if service.selects and not (isinstance(chosen, list) and all(isinstance(one, str) for one in chosen)):
        yield Issue("required", "context.selections must list references.", "context.selections")


def _resources_fault(
    name: str, value: object, place: str = "prefetch", needed: bool = False
) -> Iterator[Issue]:
    # A name that the sender chose may say anything, and is not repeated.
    at = f"{place}.{name}" if name in _NAMED else place
    if value is None:
        if needed:
            yield Issue("required", f"{at} must be a Bundle.", at)
        return
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        yield Issue("structure", f"{at} must be a FHIR resource or null.", at)
        return
    entries = value.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        yield Issue("structure", f"{at}.entry must be a list of objects.", f"{at}.entry")
        return
    for number, one in enumerate(_within(value)):
        if one.get("resourceType") not in MODEL.resources or not isinstance(one.get("id"), str):
            text = "a resource needs a type of R4 and an id."
            yield Issue("structure", f"{at}: {text}", f"{at}.entry[{number}].resource")


def _within(value: Any) -> list[Resource]:
    """The resources of a bundle, or the one that it is."""
    if not isinstance(value, dict):
        return []
    if value.get("resourceType") != "Bundle":
        return [value]
    held = (entry.get("resource") for entry in value.get("entry", ()))
    return [one for one in held if isinstance(one, dict) and one.get("resourceType") != "OperationOutcome"]


def _drafts(service: Service, context: Mapping[str, Any]) -> tuple[Resource, ...]:
    if not service.orders:
        return ()
    found = _within(context["draftOrders"])
    if service.selects:
        chosen = set(context["selections"])
        found = [one for one in found if f"{one['resourceType']}/{one['id']}" in chosen]
    return tuple(found)


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False
