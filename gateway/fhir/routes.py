"""What is served below ``/fhir``, as data: one row per interaction.

``scope`` is the letter of ``cruds`` that the token needs on the type; ``ENTRIES`` leaves it to the use case,
which asks for each entry of a bundle; ``PUBLIC`` needs no token and tells nothing of anybody. ``audit`` is
the kind of the event that stands in the trail. The capability statement is made from this table.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.auth.scopes import LETTERS, TRAIL
from gateway.fhir.asked import View
from gateway.fhir.audit_events import read_event, search_events, search_events_by_post
from gateway.fhir.capability import capabilities, smart_configuration
from gateway.fhir.create import create
from gateway.fhir.delete import delete, delete_matching
from gateway.fhir.histories import history_system, history_type
from gateway.fhir.history import history
from gateway.fhir.later import STATUS_PATH, status, withdraw
from gateway.fhir.operations.apply import apply, apply_by_post
from gateway.fhir.operations.everything import everything, everything_by_post
from gateway.fhir.operations.meta import meta
from gateway.fhir.operations.validate import validate
from gateway.fhir.patch import patch, patch_matching
from gateway.fhir.read import read, vread
from gateway.fhir.search import search, search_by_post
from gateway.fhir.transaction import transaction
from gateway.fhir.update import update, update_matching

ENTRIES = "entries"
PUBLIC = "public"
UNRECORDED = "none"
"""Only for what is public: it is an access to nothing."""


@dataclass(frozen=True, slots=True)
class Route:
    """One interaction: FHIR's code for it, what it needs, and what serves it. Paths are below ``/fhir``."""

    method: str
    path: str
    interaction: str
    scope: str
    audit: str
    view: View
    type: str = ""
    operation: str = ""
    """The id of HL7's definition of a FHIR operation, such as ``Patient-everything``."""

    def __post_init__(self) -> None:
        if self.scope not in (*LETTERS, ENTRIES, PUBLIC) or not self.audit:
            raise ValueError(f"the route {self.method} {self.path} says not what it needs and leaves")
        if (self.audit == UNRECORDED) != (self.scope == PUBLIC):
            raise ValueError(f"the route {self.method} {self.path} must leave a trace, or be public")


_ALL = "/Patient/<id>/$everything"
EVERYTHING, VALIDATE, META = "Patient-everything", "Resource-validate", "Resource-meta"

ROUTES = (
    Route("GET", "/metadata", "capabilities", PUBLIC, UNRECORDED, capabilities),
    Route("GET", "/.well-known/smart-configuration", "discovery", PUBLIC, UNRECORDED, smart_configuration),
    Route("POST", "", "transaction", ENTRIES, "rest:transaction", transaction),
    Route("GET", STATUS_PATH, "async-status", ENTRIES, "rest:transaction", status),
    Route("DELETE", STATUS_PATH, "async-withdraw", ENTRIES, "rest:transaction", withdraw),
    Route("GET", "/AuditEvent/<id>", "read", "r", "rest:read", read_event, TRAIL),
    Route("GET", "/AuditEvent", "search-type", "s", "rest:search", search_events, TRAIL),
    Route("POST", "/AuditEvent/_search", "search-type", "s", "rest:search", search_events_by_post, TRAIL),
    Route("GET", _ALL, "operation", "r", "rest:everything", everything, "Patient", EVERYTHING),
    Route("POST", _ALL, "operation", "r", "rest:everything", everything_by_post, "Patient", EVERYTHING),
    Route("POST", "/<type>/$validate", "operation", "r", "rest:validate", validate, operation=VALIDATE),
    Route("POST", "/<type>/<id>/$validate", "operation", "r", "rest:validate", validate, operation=VALIDATE),
    *(
        Route(method, f"/{one}{id_}/$apply", "operation", "r", "rest:apply", view, one, f"{one}-apply")
        for one in ("PlanDefinition", "ActivityDefinition")
        for id_ in ("/<id>", "")
        for method, view in (("GET", apply), ("POST", apply_by_post))
    ),
    Route("GET", "/<type>/<id>/$meta", "operation", "r", "rest:read", meta, operation=META),
    Route("GET", "/<type>/<id>", "read", "r", "rest:read", read),
    Route("GET", "/<type>/<id>/_history/<version>", "vread", "r", "rest:vread", vread),
    Route("GET", "/<type>/<id>/_history", "history-instance", "r", "rest:history", history),
    Route("GET", "/<type>/_history", "history-type", "s", "rest:history", history_type),
    Route("GET", "/_history", "history-system", ENTRIES, "rest:history", history_system),
    Route("PUT", "/<type>/<id>", "update", "u", "rest:update", update),
    Route("DELETE", "/<type>/<id>", "delete", "d", "rest:delete", delete),
    Route("PATCH", "/<type>/<id>", "patch", "u", "rest:patch", patch),
    Route("PUT", "/<type>", "update", "u", "rest:update", update_matching),
    Route("PATCH", "/<type>", "patch", "u", "rest:patch", patch_matching),
    Route("DELETE", "/<type>", "delete", "d", "rest:delete", delete_matching),
    Route("GET", "/<type>", "search-type", "s", "rest:search", search),
    Route("POST", "/<type>/_search", "search-type", "s", "rest:search", search_by_post),
    Route("POST", "/<type>", "create", "c", "rest:create", create),
)
