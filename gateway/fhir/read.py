"""``GET /fhir/Type/id`` and ``…/_history/n``: one resource, or 304 where the client has it already."""

from __future__ import annotations

from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.outcome import turned_away
from gateway.fhir.parameters import refuse_any
from gateway.fhir.versions import version_reply
from gateway.refusal import Kind


def read(services: Services, asked: Asked) -> Reply:
    if asked.id.startswith("$"):
        raise turned_away(
            Kind.NOT_FOUND,
            "not-supported",
            "This operation is not served here; /metadata lists those that are.",
        )
    refuse_any(asked.parameters)
    return version_reply(asked, services.release.read(asked.actor, asked.type, asked.id))


def vread(services: Services, asked: Asked) -> Reply:
    refuse_any(asked.parameters)
    if not (asked.version.isascii() and asked.version.isdigit() and len(asked.version) < 10):
        raise turned_away(Kind.NOT_FOUND, "not-found", "There is no such version.")
    return version_reply(asked, services.release.read(asked.actor, asked.type, asked.id, int(asked.version)))
