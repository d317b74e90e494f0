"""When each client was last seen in a log, and last refused: kept by whoever watches the trail, so that no
page has to search a million events for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from gateway.custody.audit import Event
from gateway.custody.ids import Tenant
from gateway.custody.prepared import insert_into
from gateway.custody.watch_tables import client_seen

DONE = "0"
_s = client_seen.c


@dataclass(frozen=True, slots=True)
class Seen:
    """Times in microseconds; ``status`` and ``kind`` are of the last refusal or failure."""

    last: int
    refused: int | None = None
    status: int | None = None
    kind: str | None = None


def note(conn: Connection, log: Tenant, events: Iterable[Event]) -> None:
    """Keep what these events, in their order, say of their clients."""
    found: dict[str, Seen] = {}
    for event in events:
        if event.client_id is None:
            continue
        was = found.get(event.client_id)
        if event.outcome == DONE:
            found[event.client_id] = Seen(event.time, *((was.refused, was.status, was.kind) if was else ()))
        else:
            found[event.client_id] = Seen(event.time, event.time, event.status, event.kind)
    for client_id in sorted(found):
        _keep(conn, log, client_id, found[client_id])


def of(conn: Connection, log: Tenant) -> dict[str, Seen]:
    """Every client that was ever seen in a log."""
    rows = conn.execute(select(client_seen).where(_s.log == log))
    return {row.client_id: Seen(row.last, row.refused, row.status, row.kind) for row in rows}


def _keep(conn: Connection, log: Tenant, client_id: str, seen: Seen) -> None:
    made = insert_into(conn.dialect, client_seen).values(
        log=log,
        client_id=client_id,
        last=seen.last,
        refused=seen.refused,
        status=seen.status,
        kind=seen.kind,
    )
    new = made.excluded
    values = {
        "last": new.last,
        "refused": func.coalesce(new.refused, _s.refused),
        "status": func.coalesce(new.status, _s.status),
        "kind": func.coalesce(new.kind, _s.kind),
    }
    conn.execute(made.on_conflict_do_update(index_elements=["log", "client_id"], set_=values))
