"""``/fhir/metadata`` and the SMART discovery document, made from the tables that serve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from gateway.auth.jwks import KEY_TYPES
from gateway.auth.scopes import TRAIL
from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.negotiation import FHIR_JSON
from gateway.fhir.searchable import searchable
from gateway.fhir.trail_query import NAMES
from gateway.instants import instant
from gateway.intake.patches import JSON_PATCH
from gateway.settings import Settings
from mappers.profiles.library import Profile
from mappers.r4.model import MODEL

if TYPE_CHECKING:
    from gateway.fhir.routes import Route

_OAUTH = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_DEFINITIONS = "http://hl7.org/fhir/OperationDefinition"
_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_FILTERED = "system/Observation.rs?category=laboratory"
"""An example of what a scope may be narrowed to."""
_WHOLE = {"transaction": ("transaction", "batch"), "history-system": ("history-system",)}
"""Interactions with the whole system, by what the table calls them."""
_LATER = {
    "transaction": {
        "documentation": "Prefer: respond-async is honoured: 202, and the answer at the Content-Location."
    }
}
_TRAIL_TYPES = {
    "address": "string",
    "agent": "reference",
    "date": "date",
    "entity": "reference",
    "patient": "reference",
}


def capabilities(services: Services, asked: Asked) -> Reply:
    return Reply(200, services.capability)


def smart_configuration(services: Services, asked: Asked) -> Reply:
    return Reply(200, services.smart_configuration, {"Content-Type": "application/json"})


def statement(
    routes: Iterable[Route], settings: Settings, version: str, now: int, profiles: Sequence[Profile] = ()
) -> dict[str, Any]:
    """The CapabilityStatement of these routes, and of the profiles that resources can be held to."""
    table = tuple(routes)
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": instant(now),
        "kind": "instance",
        "software": {"name": "Careloom", "version": version},
        "implementation": {"description": "Careloom FHIR gateway", "url": settings.fhir_base},
        "fhirVersion": "4.0.1",
        "format": [FHIR_JSON, "json"],
        "patchFormat": [FHIR_JSON, JSON_PATCH],
        "rest": [
            {
                "mode": "server",
                "security": _security(settings),
                "resource": [
                    _resource(type_, table) | _profiled(type_, profiles) for type_ in sorted(MODEL.resources)
                ],
                "interaction": _of_the_whole(table),
            }
        ],
    }


def smart(settings: Settings) -> dict[str, Any]:
    """The document that SMART Backend Services clients look for."""
    return {
        "token_endpoint": settings.token_url,
        "introspection_endpoint": settings.introspection_url,
        "revocation_endpoint": settings.revocation_url,
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": sorted(KEY_TYPES, reverse=True),
        "scopes_supported": ["system/*.cruds", "system/*.rs", _FILTERED, f"system/{TRAIL}.rs"],
        "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
    }


def _of_the_whole(table: tuple[Route, ...]) -> list[dict[str, str]]:
    codes = [route.interaction for route in table if route.interaction in _WHOLE]
    return [{"code": code} | _LATER.get(name, {}) for name in codes for code in _WHOLE[name]]


def _resource(type_: str, routes: tuple[Route, ...]) -> dict[str, Any]:
    mine = [r for r in routes if r.type == type_ or ("<type>" in r.path and type_ != TRAIL)]
    codes = [r.interaction for r in mine if not r.operation]
    served: dict[str, Any] = {
        "type": type_,
        "interaction": [{"code": code} for code in dict.fromkeys(codes)],
        "versioning": "versioned",
        "conditionalRead": "full-support",
    }
    if "create" in codes:
        served |= {"readHistory": True, "updateCreate": True, "conditionalCreate": True}
    if "patch" in codes:
        served |= {"conditionalUpdate": True, "conditionalDelete": "single"}
    operations = dict.fromkeys(r.operation for r in mine if r.operation)
    if operations:
        told = [(one.partition("-")[2], f"{_DEFINITIONS}/{one}") for one in operations]
        served["operation"] = [{"name": name, "definition": url} for name, url in told]
    return served | (_trail() if type_ == TRAIL else searchable(type_))


def _profiled(type_: str, profiles: Sequence[Profile]) -> dict[str, Any]:
    known = [one.canonical for one in profiles if one.type == type_ and type_ != TRAIL]
    return {"supportedProfile": known} if known else {}


def _trail() -> dict[str, Any]:
    names = sorted(NAMES)
    return {"searchParam": [{"name": name, "type": _TRAIL_TYPES.get(name, "token")} for name in names]}


def _security(settings: Settings) -> dict[str, Any]:
    coding = [{"system": _SERVICE, "code": "SMART-on-FHIR", "display": "SMART-on-FHIR"}]
    token = {"url": "token", "valueUri": settings.token_url}
    return {
        "extension": [{"url": _OAUTH, "extension": [token]}],
        "cors": False,
        "service": [{"coding": coding}],
        "description": "SMART Backend Services: client_credentials with private_key_jwt",
    }
