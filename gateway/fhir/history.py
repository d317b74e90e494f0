"""``GET /fhir/Type/id/_history``: every version, newest first, deletions too, in pages."""

from __future__ import annotations

from typing import Any

from gateway.fhir import bundles
from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.page_links import Place
from gateway.fhir.parameters import refuse_any, take, take_count
from gateway.instants import instant
from gateway.stored import Position, Stored, document


def history(services: Services, asked: Asked) -> Reply:
    sealed, rest = take(asked.parameters, bundles.PAGE)
    path = f"{asked.type}/{asked.id}/_history"
    place = services.pages.open(asked.actor, path, sealed) if sealed is not None else None
    count, rest = (place.count, rest) if place else take_count(rest)
    refuse_any(rest)
    versions = services.release.history(asked.actor, asked.type, asked.id)
    ceiling = place.position.ceiling if place else versions[0].version
    before = place.position.after if place else ceiling + 1
    wanted = [v for v in versions if v.version < before]
    shown = wanted[:count]
    links = [bundles.self_link(services, path, asked.parameters)]
    if shown and len(wanted) > count:
        following = Place([], Position(ceiling, shown[-1].version), count)
        links.append(bundles.next_link(services, asked.actor, path, following))
    entries = [_entry(services.settings.fhir_base, version) for version in shown]
    total = sum(1 for v in versions if v.version <= ceiling)
    return Reply(200, bundles.bundle("history", total, links, entries))


def _entry(base: str, stored: Stored) -> dict[str, Any]:
    url = f"{stored.type}/{stored.id}"
    method = "DELETE" if stored.body is None else "PUT"
    status = "204" if stored.body is None else "201" if stored.version == 1 else "200"
    entry: dict[str, Any] = {"fullUrl": f"{base}/{url}"}
    if stored.body is not None:
        entry["resource"] = document(stored)
    entry["request"] = {"method": method, "url": url}
    entry["response"] = {
        "status": status,
        "etag": f'W/"{stored.version}"',
        "lastModified": instant(stored.updated),
    }
    return entry
