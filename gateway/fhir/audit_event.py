"""From a row of the trail to a FHIR AuditEvent in the form of IHE's Basic Audit Log Patterns. Pure.

People are named by pseudonyms only: ``show`` gives the id that this officer's organization sees. ``balp``
holds the patterns as data; what an event lacks to keep its profile's rules it does not claim.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from gateway import trace
from gateway.auth.called import Called, nameless
from gateway.custody.audit import Event
from gateway.custody.ids import StoredId, Tenant, parse_pseudonym
from gateway.fhir import balp
from gateway.fhir.audit_agents import OBSERVER, agents, is_local
from gateway.fhir.balp import Code, Form, Pattern
from gateway.instants import instant

_ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_RESOURCE_TYPES = "http://hl7.org/fhir/resource-types"
_SOURCE_TYPE = "http://terminology.hl7.org/CodeSystem/security-source-type"
_PURPOSE = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_NAMED = re.compile(r"([A-Z][A-Za-z]+)/([a-z2-7]{26})(?![a-z2-7])")
PERSON, OBJECT = Code(_ENTITY_TYPE, "1", "Person"), Code(_ENTITY_TYPE, "2", "System Object")
PATIENT, RESOURCE = Code(_ROLE, "1", "Patient"), Code(_ROLE, "4", "Domain Resource")
QUERY = Code(_ROLE, "24", "Query")

Show = Callable[[str, StoredId], str]
Entity = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One event and its place in the trail."""

    log: Tenant
    seq: int
    event: Event


def audit_event(row: Row, show: Show, base: str, called: Called = nameless) -> dict[str, Any]:
    """The FHIR form of one event; ``base`` is the url under which FHIR is served here, ``called`` knows what
    people call a client."""
    event, pattern = row.event, balp.pattern_of(row.event.kind)
    entities = _entities(event, pattern, show)
    told: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": ident(row),
        "meta": _meta(row, pattern, entities),
        "type": pattern.type.coding(),
        "subtype": [code.coding() for code in _subtypes(row)],
        "action": event.action,
        "recorded": instant(event.time),
        "outcome": event.outcome,
        "outcomeDesc": _outcome_text(event),
    }
    if event.purpose:
        told["purposeOfEvent"] = [{"coding": [{"system": _PURPOSE, "code": event.purpose}]}]
    told["agent"] = agents(event, pattern, base, called)
    told["source"] = {
        "site": urlsplit(base).netloc or base,
        "observer": OBSERVER,
        "type": [Code(_SOURCE_TYPE, "4", "Application Server").coding()],
    }
    if entities:
        told["entity"] = entities
    return told


def ident(row: Row) -> str:
    """The id of an event: which log, and which place in it."""
    return f"{row.log}-{row.seq}"


def gave_away(row: Row) -> bool:
    """Whether another organization than the log's own was given a patient's data."""
    event = row.event
    given = event.kind in balp.DISCLOSING and event.patient is not None and event.outcome == trace.SUCCESS
    return given and event.organization not in (None, row.log)


def _meta(row: Row, pattern: Pattern, entities: list[Entity]) -> dict[str, Any]:
    meta: dict[str, Any] = {"versionId": "1", "lastUpdated": instant(row.event.time)}
    claimed = _claimed(row.event, pattern, entities)
    if claimed:
        meta["profile"] = claimed
    return meta | {"tag": [balp.own(row.event.kind).coding()]}


def _claimed(event: Event, pattern: Pattern, entities: list[Entity]) -> list[str]:
    """The profiles whose every rule this event keeps. They are of what succeeded; to decide always does."""
    decision = pattern.form is Form.DECISION
    reached = event.address is not None or is_local(event)
    who = event.client_id is not None or is_local(event)
    if not (who and reached and (decision or event.outcome == trace.SUCCESS)):
        return []
    about = {entity["type"]["code"] for entity in entities}
    wanted = {"Consent", "1"} if decision else {"2"}
    profile = pattern.of_patient if "1" in about else pattern.profile
    whole = wanted <= about and (pattern.form is not Form.QUERY or any("query" in one for one in entities))
    claimed = [profile] if profile is not None and whole else []
    # BALP wants the id of the token beside its user, and that is kept nowhere.
    if event.kind.startswith("rest:") and event.client_id is not None and event.user is None:
        claimed.append(balp.TOKEN_USE)
    return claimed


def _subtypes(row: Row) -> list[Code]:
    codes = balp.subtypes_of(row.event.kind)
    return [*codes, balp.DISCLOSED] if gave_away(row) else codes


def _outcome_text(event: Event) -> str:
    if event.detail is None or trace.query_of(event.detail) is not None:
        return str(event.status)
    return f"{event.status} {event.detail}"


# --- entities --------------------------------------------------------------------------------------------


def _entities(event: Event, pattern: Pattern, show: Show) -> list[Entity]:
    query = trace.query_of(event.detail) if pattern.form is Form.QUERY else None
    patient = event.patient or _asked_about(query)
    entities = [] if patient is None else [_patient(f"Patient/{show('Patient', patient)}")]
    about = _data(event, show) if query is None else _query(f"{event.type}?{query}", show)
    decided = pattern.form is Form.DECISION and event.id is not None
    if decided:
        # The entities of a decision are patient, Consent and token, and no other: so it is told beside it.
        about = [_consent(one, event) for one in about]
    entities += about
    if event.request_id and not decided:
        what = {"identifier": {"value": event.request_id}}
        entities.append({"what": what, "type": balp.REQUEST.coding()})
    return entities


def _asked_about(query: str | None) -> StoredId | None:
    """The one patient whom a query names; None where it names none, or several."""
    named = {match[2] for match in _NAMED.finditer(query or "") if match[1] == "Patient"}
    return parse_pseudonym(named.pop()) if len(named) == 1 else None


def _patient(reference: str) -> Entity:
    return {"what": {"reference": reference}, "type": PERSON.coding(), "role": PATIENT.coding()}


def _data(event: Event, show: Show) -> list[Entity]:
    if event.type is None:
        return []
    what = {"type": event.type}
    if event.id is not None:
        version = f"/_history/{event.version}" if event.version else ""
        what = {"reference": f"{event.type}/{show(event.type, event.id)}{version}"}
    return [{"what": what, "type": OBJECT.coding(), "role": RESOURCE.coding()}]


def _query(text: str, show: Show) -> list[Entity]:
    """What was asked, as it is kept: each pseudonym in it becomes the id that this reader sees."""

    def shown(match: re.Match[str]) -> str:
        stored = parse_pseudonym(match[2])
        return match[0] if stored is None else f"{match[1]}/{show(match[1], stored)}"

    told = _NAMED.sub(shown, text)
    encoded = base64.b64encode(told.encode()).decode()
    return [{"type": OBJECT.coding(), "role": QUERY.coding(), "description": told, "query": encoded}]


def _consent(data: Entity, event: Event) -> Entity:
    consent = {**data, "type": Code(_RESOURCE_TYPES, "Consent", "Consent").coding()}
    if event.request_id:
        consent["detail"] = [{"type": balp.REQUEST.code, "valueString": event.request_id}]
    return consent
