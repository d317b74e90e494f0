"""``GET /fhir/Type/id`` and ``…/_history/n``: one resource, or 304 where the client has it already."""

from __future__ import annotations

from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.narrowing import shown
from gateway.fhir.outcome import no_operation, turned_away
from gateway.fhir.versions import holding, version_reply
from gateway.refusal import Kind


def read(services: Services, asked: Asked) -> Reply:
    if asked.id.startswith("$"):
        raise no_operation()
    show = shown(asked.type, asked.parameters)
    stored = holding(services.release, asked).read(asked.actor, asked.type, asked.id)
    return version_reply(asked, stored, show)


def vread(services: Services, asked: Asked) -> Reply:
    show = shown(asked.type, asked.parameters)
    if not (asked.version.isascii() and asked.version.isdigit() and len(asked.version) < 10):
        raise turned_away(Kind.NOT_FOUND, "not-found", "There is no such version.")
    stored = holding(services.release, asked).read(asked.actor, asked.type, asked.id, int(asked.version))
    return version_reply(asked, stored, show)
