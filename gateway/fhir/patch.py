"""``PATCH /fhir/Type/id`` and ``PATCH /fhir/Type?…``: a change by JSON Patch or FHIRPath Patch."""

from __future__ import annotations

from werkzeug.http import parse_options_header

from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.body import resource
from gateway.fhir.criteria import query_of
from gateway.fhir.parameters import refuse_any
from gateway.fhir.versions import condition, written
from gateway.intake import patches
from gateway.intake.entries import Entry
from gateway.intake.patches import JSON_PATCH, Change
from mappers import lossless


def patch(services: Services, asked: Asked) -> Reply:
    refuse_any(asked.parameters)
    return _patched(services, asked, asked.id, None)


def patch_matching(services: Services, asked: Asked) -> Reply:
    return _patched(services, asked, None, query_of(asked))


def _patched(services: Services, asked: Asked, id_: str | None, query: str | None) -> Reply:
    version, change = condition(asked.headers), _change(services, asked)
    entry = Entry("", "PATCH", asked.type, id_, query=query, if_match=version, change=change)
    return written(services, asked, services.intake.single(asked.actor, entry), sent=False)


def _change(services: Services, asked: Asked) -> Change:
    base = services.settings.fhir_base
    kind, _ = parse_options_header(asked.headers.get("Content-Type", ""))
    if kind.lower() == JSON_PATCH:
        return patches.of_json(lossless.loads(asked.body, services.settings.json_depth), base)
    return patches.of_parameters(resource(services, asked), base)
