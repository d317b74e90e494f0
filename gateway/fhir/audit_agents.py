"""Who took part in an event, as agents of a FHIR AuditEvent: client, server, user, application. Pure.

Exactly one of them is the requestor: the user where one is known, else whoever came by itself. A client that
no user stands behind acts as ``system``, as its scopes say.
"""

from __future__ import annotations

from typing import Any

from gateway.custody.audit import Event
from gateway.fhir import balp
from gateway.fhir.balp import APPLICATION, Code, Form, Pattern

OBSERVER = {"display": "Careloom"}
"""Who records all events, and serves them."""

SYSTEM = "system"
COMMAND_LINE = "command line"
_REGISTRY, _ASKED_ABOUT = ("client", "grant"), "consent:check"
_URI, _MACHINE, _IP = "5", "1", "2"
_PURPOSE = "http://terminology.hl7.org/CodeSystem/v3-ActReason"

Agent = dict[str, Any]


def is_local(event: Event) -> bool:
    """Whether somebody did it with a command on the machine itself."""
    return (event.detail or "").startswith(COMMAND_LINE) or event.client_id == COMMAND_LINE


def agents(event: Event, pattern: Pattern, base: str) -> list[Agent]:
    """Everybody who took part; ``base`` is the url under which FHIR is served here."""
    if pattern.form is Form.DECISION:
        return _deciders(event, base)
    if event.kind.partition(":")[0] in _REGISTRY or event.kind == _ASKED_ABOUT:
        return _registered(event)
    made = [_client(event, pattern)]
    if pattern.server is not None:
        made.append(_server(pattern.server, base))
    if event.user is not None:
        made.append(_user(event, pattern.user))
    if event.kind.startswith("rest:") and event.client_id and pattern.client is not APPLICATION:
        made.append(_known(event, _agent(APPLICATION, _who(event), requestor=False)))
    return made


def _registered(event: Event) -> list[Agent]:
    """Who is let in, sent away or asked about did not do it: the tool did, which the detail names first."""
    subject = _agent(APPLICATION, _who(event), requestor=False)
    return [_tool(APPLICATION, (event.detail or "not known").partition(";")[0]), subject]


def _client(event: Event, pattern: Pattern) -> Agent:
    if is_local(event):
        return _tool(pattern.client)
    made = _agent(pattern.client, _who(event), requestor=event.user is None)
    if event.client_id is not None and event.user is None and event.kind.startswith("rest:"):
        made["name"] = SYSTEM
    return _known(event, made)


def _tool(role: Code, name: str = COMMAND_LINE) -> Agent:
    made = _agent(role, {"display": name}, requestor=True)
    return made | {"network": {"address": "localhost", "type": _MACHINE}}


def _server(role: Code, base: str) -> Agent:
    return _agent(role, OBSERVER, requestor=False) | {"network": {"address": base, "type": _URI}}


def _user(event: Event, role: Code) -> Agent:
    made = _agent(role, {"identifier": {"value": event.user}}, requestor=True)
    if event.purpose:
        made["purposeOfUse"] = [{"coding": [{"system": _PURPOSE, "code": event.purpose}]}]
    return made


def _deciders(event: Event, base: str) -> list[Agent]:
    """BALP asks for a user and an organization in each decision; where no user is known it is the system."""
    user = _user(event, balp.RECIPIENT)
    if event.user is None:
        user["who"] = {"display": SYSTEM}
    organization = {"identifier": {"system": balp.ORGANIZATION_SYSTEM, "value": str(event.organization)}}
    return [
        _known(event, _agent(APPLICATION, _who(event), requestor=False)),
        user,
        _agent(balp.PROVIDER, organization, requestor=False),
        _agent(balp.AUTHORIZER, OBSERVER, requestor=False),
    ]


def _who(event: Event) -> dict[str, Any]:
    if event.client_id is None:
        return {"display": "not known"}
    return {"identifier": {"system": balp.CLIENT_SYSTEM, "value": event.client_id}}


def _agent(role: Code, who: dict[str, Any], requestor: bool) -> Agent:
    return {"type": {"coding": [role.coding()]}, "who": who, "requestor": requestor}


def _known(event: Event, made: Agent) -> Agent:
    """With the address that the request came from, where it came over the network."""
    return made | {"network": {"address": event.address, "type": _IP}} if event.address else made
