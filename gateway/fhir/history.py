"""``GET /fhir/Type/id/_history``: every version, newest first, deletions too, in pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gateway.fhir import bundles
from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.moments import take_times
from gateway.fhir.page_links import Place
from gateway.fhir.parameters import refuse_any, take, take_count
from gateway.instants import instant
from gateway.stored import Position, Stored, document


def history(services: Services, asked: Asked) -> Reply:
    sealed, rest = take(asked.parameters, bundles.PAGE)
    path = f"{asked.type}/{asked.id}/_history"
    place = services.pages.open(asked.actor, path, sealed) if sealed is not None else None
    count, rest = (place.count, place.parameters + rest) if place else take_count(rest)
    since, current, others = take_times(rest)
    refuse_any(others)
    versions = services.release.history(asked.actor, asked.type, asked.id)
    ceiling = place.position.ceiling if place else versions[0].version
    before = place.position.after if place else ceiling + 1
    every = [v for v in _chosen(versions, since, current) if v.version <= ceiling]
    wanted = [v for v in every if v.version < before]
    shown = wanted[:count]
    links = [bundles.self_link(services, path, asked.parameters)]
    if shown and len(wanted) > count:
        following = Place(rest, Position(ceiling, shown[-1].version), count)
        links.append(bundles.next_link(services, asked.actor, path, following))
    entries = [history_entry(services.settings.fhir_base, version) for version in shown]
    return Reply(200, bundles.bundle("history", len(every), links, entries))


def _chosen(versions: Sequence[Stored], since: int, current: tuple[int, int] | None) -> Iterator[Stored]:
    """Those written since then, and current at some moment of the stretch, where one is given."""
    replaced: int | None = None
    for version in versions:
        start, end = current or (0, version.updated + 1)
        stood = version.updated < end and (replaced is None or replaced > start)
        # Who was deleted is not current afterwards; the deletion itself is news where it happened.
        if version.updated >= since and stood and (version.body is not None or version.updated >= start):
            yield version
        replaced = version.updated


def history_entry(base: str, stored: Stored) -> dict[str, Any]:
    """One version; without a body the resource is gone, and without a version nobody knows its number."""
    url = f"{stored.type}/{stored.id}"
    method = "DELETE" if stored.body is None else "PUT"
    status = "204" if stored.body is None else "201" if stored.version == 1 else "200"
    entry: dict[str, Any] = {"fullUrl": f"{base}/{url}"}
    if stored.body is not None:
        entry["resource"] = document(stored)
    entry["request"] = {"method": method, "url": url}
    etag = {"etag": f'W/"{stored.version}"'} if stored.version else {}
    entry["response"] = {"status": status, **etag, "lastModified": instant(stored.updated)}
    return entry
