"""Who took part in an event, as agents of a FHIR AuditEvent: client, server, user, application. Pure.

Exactly one of them is the requestor: the user where one is known, else whoever came by itself. A client that
no user stands behind acts as ``system``, as its scopes say.
"""

from __future__ import annotations

from typing import Any

from gateway.auth.called import Called
from gateway.custody.audit import Event
from gateway.custody.operator import LOGIN, login_of
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


def agents(event: Event, pattern: Pattern, base: str, called: Called) -> list[Agent]:
    """Everybody who took part; ``base`` is the url under which FHIR is served here, ``called`` says what
    people call a client."""
    made = _decided_by(event) if pattern.form is Form.DECISION else _by(event, pattern, base)
    if event.client_id is None or (name := called(event.client_id)) is None:
        return made
    bare = pattern.form is Form.DECISION
    return [_named(one, event.client_id, name, bare) for one in made]


def _named(agent: Agent, client_id: str, name: str, bare: bool) -> Agent:
    """A client with the name that it is registered under; of a decision's agents BALP wants ``who`` alone."""
    who = agent["who"]
    if who.get("identifier", {}).get("value") != client_id or "altId" in agent:
        return agent
    named = {**agent, "who": {**who, "display": name}}
    return named if bare or "name" in agent else {**named, "name": name}


def _by(event: Event, pattern: Pattern, base: str) -> list[Agent]:
    if event.kind.partition(":")[0] in _REGISTRY or event.kind == _ASKED_ABOUT:
        return _registered(event)
    made = [_client(event, pattern)]
    if pattern.server is not None:
        made.append(_server(pattern.server, base))
    if event.user is not None:
        # Who types a command to look is given something; who types any other makes it happen.
        typed = is_local(event) and event.action != "R"
        made.append(_user(event, balp.AUTHOR if typed else pattern.user))
    if event.kind.startswith("rest:") and event.client_id and pattern.client is not APPLICATION:
        made.append(_known(event, _agent(APPLICATION, _who(event), requestor=False)))
    return made


def _registered(event: Event) -> list[Agent]:
    """Who is let in, sent away or asked about did not do it: the tool did, which the detail names first."""
    subject = _agent(APPLICATION, _who(event), requestor=False)
    tool = _tool(APPLICATION, (event.detail or "not known").partition(";")[0], event.user is None)
    typed = [] if event.user is None else [_user(event, balp.AUTHOR)]
    return [tool, subject, *typed]


def _client(event: Event, pattern: Pattern) -> Agent:
    if is_local(event):
        return _tool(pattern.client, COMMAND_LINE, event.user is None)
    made = _agent(pattern.client, _who(event), requestor=event.user is None)
    if event.client_id is not None and event.user is None and event.kind.startswith("rest:"):
        made["name"] = SYSTEM
    return _known(event, made)


def _tool(role: Code, name: str, requestor: bool) -> Agent:
    made = _agent(role, {"display": name}, requestor)
    return made | {"network": {"address": "localhost", "type": _MACHINE}}


def _server(role: Code, base: str) -> Agent:
    return _agent(role, OBSERVER, requestor=False) | {"network": {"address": base, "type": _URI}}


def _user(event: Event, role: Code) -> Agent:
    login = login_of(event.user)
    who = {"value": event.user} if login is None else {"system": LOGIN, "value": login}
    made = _agent(role, {"identifier": who}, requestor=True)
    if login is not None:
        # Whoever typed the command, as the machine knows them.
        made |= {"altId": login, "name": login}
    if event.purpose:
        made["purposeOfUse"] = [{"coding": [{"system": _PURPOSE, "code": event.purpose}]}]
    return made


def _decided_by(event: Event) -> list[Agent]:
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
