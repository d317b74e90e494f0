"""The OpenAPI document (3.0.3), made from the tables that serve: what generators and test tools read.

One path per row, with the type as a parameter; what a resource may hold is FHIR's to say and stands in
``/fhir/metadata``, so bodies are described as objects that bear a ``resourceType``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from gateway.fhir.negotiation import FHIR_JSON
from gateway.settings import Settings
from mappers.r4.model import MODEL

if TYPE_CHECKING:
    from gateway.fhir.routes import Route

VERSION = "3.0.3"
_PUBLIC = "public"
_PLACE = re.compile(r"<(\w+)>")
_FORM = "application/x-www-form-urlencoded"
_JSON_PATCH = "application/json-patch+json"

_ANSWERS: dict[str, tuple[int, ...]] = {
    "capabilities": (200,),
    "discovery": (200,),
    "transaction": (200, 202, 409, 410, 412, 413, 422),
    "async-status": (200, 202, 404, 410),
    "async-withdraw": (202, 404, 409),
    "read": (200, 304, 404, 410),
    "vread": (200, 304, 404, 410),
    "history-instance": (200, 404, 410),
    "history-type": (200,),
    "history-system": (200,),
    "search-type": (200,),
    "create": (200, 201, 412, 413, 422),
    "update": (200, 201, 409, 410, 412, 413, 422),
    "patch": (200, 404, 409, 410, 412, 413, 422),
    "delete": (200, 204, 404, 409, 412),
    "operation": (200, 404, 410, 413, 422),
}
"""What an interaction may answer beside what every one may."""
_ALWAYS = (400, 401, 403, 406, 415, 429, 503)
_BODILESS = (204, 304)

_PATTERNS = {"id": r"^[A-Za-z0-9.-]{1,64}$", "version": r"^[0-9]{1,9}$"}


def document(routes: Iterable[Route], settings: Settings, version: str) -> dict[str, Any]:
    """The document of these routes."""
    paths: dict[str, dict[str, Any]] = {}
    for number, route in enumerate(routes):
        path = "/fhir" + _PLACE.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(number, route)
    return {
        "openapi": VERSION,
        "info": {"title": "Careloom", "version": version, "description": _ABOUT},
        "servers": [{"url": settings.base_url}],
        "paths": paths | _auth() | _operators(),
        "components": {"securitySchemes": {"smart": _smart(settings)}, "schemas": _SCHEMAS},
    }


_ABOUT = (
    "FHIR R4 (JSON). Types, search parameters and operations stand in /fhir/metadata; tokens are given by "
    "SMART Backend Services (client_credentials with private_key_jwt)."
)
_RESOURCE = {"$ref": "#/components/schemas/Resource"}
_OUTCOME = {"$ref": "#/components/schemas/OperationOutcome"}
_SCHEMAS: dict[str, Any] = {
    "Resource": {
        "type": "object",
        "required": ["resourceType"],
        "properties": {"resourceType": {"type": "string"}},
    },
    "OperationOutcome": {
        "type": "object",
        "required": ["resourceType", "issue"],
        "properties": {
            "resourceType": {"type": "string", "enum": ["OperationOutcome"]},
            "issue": {"type": "array", "minItems": 1, "items": {"type": "object"}},
        },
    },
}


def _operation(number: int, route: Route) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": f"{route.interaction}-{number}",
        "summary": f"{route.operation or route.interaction} ({route.method})",
        "tags": [route.type or "FHIR"],
        "parameters": [*_places(route), *_query(route)],
        "responses": _responses(route),
        "security": [] if route.scope == _PUBLIC else [{"smart": []}],
    }
    body = _body(route)
    return told | ({"requestBody": {"required": True, "content": body}} if body else {})


def _places(route: Route) -> list[dict[str, Any]]:
    schemas: dict[str, dict[str, Any]] = {
        name: {"type": "string", "pattern": pattern} for name, pattern in _PATTERNS.items()
    }
    schemas["type"] = {"type": "string", "enum": sorted(MODEL.resources)}
    names = _PLACE.findall(route.path)
    return [
        {"name": name, "in": "path", "required": True, "schema": schemas.get(name, {"type": "string"})}
        for name in names
    ]


def _query(route: Route) -> list[dict[str, Any]]:
    """A search's own parameters depend on the type: ``/fhir/metadata`` lists them."""
    if route.method != "GET" or not route.interaction.startswith(("search", "history")):
        return []
    count = {"type": "integer", "minimum": 0, "maximum": 1000}
    return [{"name": "_count", "in": "query", "required": False, "schema": count}]


def _body(route: Route) -> dict[str, Any]:
    if route.path.endswith("/_search"):
        schema = {"type": "object", "additionalProperties": {"type": "string"}}
        return {_FORM: {"schema": schema}}
    if route.interaction == "patch":
        return {_JSON_PATCH: {"schema": {"type": "array"}}, FHIR_JSON: {"schema": _RESOURCE}}
    if route.method in ("POST", "PUT"):
        return {FHIR_JSON: {"schema": _RESOURCE}}
    return {}


def _responses(route: Route) -> dict[str, Any]:
    always = () if route.scope == _PUBLIC else _ALWAYS
    statuses = sorted({*_ANSWERS[route.interaction], *always})
    form = "application/json" if route.interaction == "discovery" else FHIR_JSON
    return {str(status): _response(status, form) for status in statuses} | {"default": _response(500)}


def _response(status: int, form: str = FHIR_JSON) -> dict[str, Any]:
    said = "done" if status < 300 else "unchanged" if status == 304 else "refused; the outcome says why"
    if status in _BODILESS:
        return {"description": said}
    schema = _OUTCOME if status >= 300 else _RESOURCE if form == FHIR_JSON else {"type": "object"}
    return {"description": said, "content": {form: {"schema": schema}}}


def _smart(settings: Settings) -> dict[str, Any]:
    scopes = {"system/*.cruds": "everything of one's own tenant", "system/*.rs": "reading and searching"}
    return {
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": settings.token_url, "scopes": scopes}},
    }


def _auth() -> dict[str, Any]:
    proof = ("client_assertion_type", "client_assertion")
    return {
        f"/auth/{name}": {"post": _form(name, (*proof, *fields))}
        for name, fields in (
            ("token", ("grant_type", "scope")),
            ("introspect", ("token",)),
            ("revoke", ("token",)),
        )
    }


def _form(name: str, fields: tuple[str, ...]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": list(fields),
        "properties": {field: {"type": "string"} for field in fields},
    }
    answers = {status: {"description": said} for status, said in _TOLD.items()}
    return {
        "operationId": f"auth-{name}",
        "tags": ["SMART"],
        "requestBody": {"required": True, "content": {_FORM: {"schema": schema}}},
        "responses": answers,
        "security": [],
    }


_TOLD = {"200": "done", "400": "not understood", "401": "not proven"}


def _operators() -> dict[str, Any]:
    told = {"200": {"description": "ok"}, "503": {"description": "it cannot work now"}}
    return {
        path: {"get": {"operationId": path[1:], "tags": ["operators"], "responses": told, "security": []}}
        for path in ("/healthz", "/readyz", "/metrics")
    }
