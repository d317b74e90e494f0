"""From a row of the trail to a FHIR AuditEvent in the form of IHE's Basic Audit Log Patterns. Pure.

People are named by pseudonyms only: ``show`` gives the id that this officer's organization sees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.custody.audit import Event
from gateway.custody.ids import StoredId, Tenant
from gateway.instants import instant

KIND_SYSTEM = "urn:careloom:audit-kind"
CLIENT_SYSTEM = "urn:careloom:client"

REST = "http://terminology.hl7.org/CodeSystem/audit-event-type"
INTERACTION = "http://hl7.org/fhir/restful-interaction"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"

_AUTHZ = "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType"
_BALP = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
_ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_SOURCE_TYPE = "http://terminology.hl7.org/CodeSystem/security-source-type"
_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_PURPOSE = "http://terminology.hl7.org/CodeSystem/v3-ActReason"

TYPES: dict[str, tuple[str, str, str]] = {
    "rest": (REST, "rest", "RESTful Operation"),
    "token": (DICOM, "110114", "User Authentication"),
    "client": (DICOM, "110113", "Security Alert"),
    "grant": (DICOM, "110113", "Security Alert"),
    "consent": (DICOM, "110113", "Security Alert"),
}
"""The type of each source of events; other sources bear our own name for them."""

SUBTYPES: dict[str, tuple[str, str, str]] = {
    "rest:everything": (INTERACTION, "operation", "operation"),
    "rest:validate": (INTERACTION, "operation", "operation"),
    "token:issue": (DICOM, "110122", "Login"),
    "token:refuse": (DICOM, "110122", "Login"),
    "client:add": (DICOM, "110137", "User Security Attributes Changed"),
    "client:revoke": (DICOM, "110137", "User Security Attributes Changed"),
    "grant:add": (DICOM, "110136", "Security Roles Changed"),
    "grant:revoke": (DICOM, "110136", "Security Roles Changed"),
    "consent:permit": (_AUTHZ, "AuthZ-Consent", "Authorization Decision using Roles and Consent"),
    "consent:deny": (_AUTHZ, "AuthZ-Consent", "Authorization Decision using Roles and Consent"),
}

Show = Callable[[str, StoredId], str]
Coding = dict[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One event and its place in the trail."""

    log: Tenant
    seq: int
    event: Event


def audit_event(row: Row, show: Show) -> dict[str, Any]:
    """The FHIR form of one event."""
    event = row.event
    told: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": ident(row),
        "meta": {"versionId": "1", "lastUpdated": instant(event.time)},
        "type": type_of(event.kind),
        "subtype": subtypes_of(event.kind),
        "action": event.action,
        "recorded": instant(event.time),
        "outcome": event.outcome,
        "outcomeDesc": _outcome_text(event),
    }
    if event.purpose:
        told["purposeOfEvent"] = [{"coding": [{"system": _PURPOSE, "code": event.purpose}]}]
    told["agent"] = _agents(event)
    told["source"] = {
        "observer": {"display": "Careloom"},
        "type": [_coding(_SOURCE_TYPE, "4", "Application Server")],
    }
    entities = _entities(event, show)
    if entities:
        told["entity"] = entities
    return told


def ident(row: Row) -> str:
    """The id of an event: which log, and which place in it."""
    return f"{row.log}-{row.seq}"


def type_of(kind: str) -> Coding:
    source = kind.partition(":")[0]
    return _coding(*TYPES.get(source, (KIND_SYSTEM, source, source)))


def subtypes_of(kind: str) -> list[Coding]:
    """What happened, in a code that others know where there is one, and always in our own."""
    source, _, deed = kind.partition(":")
    own = _coding(KIND_SYSTEM, kind, kind)
    if kind in SUBTYPES:
        return [_coding(*SUBTYPES[kind]), own]
    return [_coding(INTERACTION, deed, deed), own] if source == "rest" else [own]


def _outcome_text(event: Event) -> str:
    return f"{event.status} {event.detail}" if event.detail else str(event.status)


def _agents(event: Event) -> list[dict[str, Any]]:
    client: dict[str, Any] = {
        "type": {"coding": [_coding(DICOM, "110153", "Source Role ID")]},
        "who": _who(event.client_id),
        "requestor": event.user is None,
    }
    if event.address:
        client["network"] = {"address": event.address, "type": "2"}
    server = {
        "type": {"coding": [_coding(DICOM, "110152", "Destination Role ID")]},
        "who": {"display": "Careloom"},
        "requestor": False,
    }
    return [client, server, *_user(event)]


def _who(client_id: str | None) -> dict[str, Any]:
    if client_id is None:
        return {"display": "not known"}
    return {"identifier": {"system": CLIENT_SYSTEM, "value": client_id}}


def _user(event: Event) -> list[dict[str, Any]]:
    if event.user is None:
        return []
    kind = {"coding": [_coding(_PARTICIPATION, "IRCP", "information recipient")]}
    return [{"type": kind, "who": {"identifier": {"value": event.user}}, "requestor": True}]


def _entities(event: Event, show: Show) -> list[dict[str, Any]]:
    entities = []
    if event.patient is not None:
        entities.append(_patient(f"Patient/{show('Patient', event.patient)}"))
    if event.type is not None and event.id is not None:
        version = f"/_history/{event.version}" if event.version else ""
        entities.append(_object({"reference": f"{event.type}/{show(event.type, event.id)}{version}"}))
    elif event.type is not None:
        entities.append(_object({"type": event.type}))
    if event.request_id:
        kind = _coding(_BALP, "XrequestId", "XrequestId")
        entities.append({"what": {"identifier": {"value": event.request_id}}, "type": kind})
    return entities


def _patient(reference: str) -> dict[str, Any]:
    kind, role = _coding(_ENTITY_TYPE, "1", "Person"), _coding(_ROLE, "1", "Patient")
    return {"what": {"reference": reference}, "type": kind, "role": role}


def _object(what: dict[str, str]) -> dict[str, Any]:
    kind, role = _coding(_ENTITY_TYPE, "2", "System Object"), _coding(_ROLE, "4", "Domain Resource")
    return {"what": what, "type": kind, "role": role}


def _coding(system: str, code: str, display: str) -> Coding:
    return {"system": system, "code": code, "display": display}
