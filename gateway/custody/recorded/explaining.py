"""What else the trail says of versions that do not match the event of their writing at first sight.

Erasure rewrites versions and leaves events with the new digest, or tombstones; retention deletes versions
and leaves an event for each resource. Anything else that is gone or differs was tampered with. Asked are only
the few that do not match, by the index of the trail that has their ids.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from gateway.custody import records
from gateway.custody.database import in_batches
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.recorded.streams import Key, Written
from gateway.custody.records import Ref
from gateway.custody.tables import audit_event
from gateway.custody.trail_tables import drawer

_c = audit_event.c
DELETED, SUPERSEDED, DROPPED = "retention:deleted", "retention:superseded", "erasure:delete"
_PATIENT = "Patient"


@dataclass(frozen=True, slots=True)
class Told:
    """One event about a resource that changes what is kept of it."""

    seq: int
    kind: str
    version: int | None
    digest: bytes | None


def told(conn: Connection, log: Tenant, refs: Collection[Ref]) -> dict[Ref, list[Told]]:
    """What the log says of these resources: digests of versions, and what went."""
    found: dict[Ref, list[Told]] = {}
    columns = select(_c.type, _c.id, _c.seq, _c.kind, _c.version, _c.digest).where(_c.log == log)
    by_drawer: dict[bytes, set[StoredId]] = {}
    for _, id_ in refs:
        by_drawer.setdefault(bytes(id_[:1]), set()).add(id_)
    for first, ids in sorted(by_drawer.items()):
        for batch in in_batches(ids):
            query = columns.where(_c.id.is_not(None), drawer(_c.id) == first, _c.id.in_(batch))
            query = query.where((_c.digest.is_not(None)) | _c.kind.in_((DELETED, SUPERSEDED, DROPPED)))
            for type_, id_, *rest in conn.execute(query.order_by(_c.seq)):
                if (type_, id_) in refs:
                    found.setdefault((type_, StoredId(id_)), []).append(Told(*rest))
    return found


def newest_digest(events: Iterable[Told], number: int) -> Told | None:
    """The last event that says what a version's digest is."""
    said = [one for one in events if one.version == number and one.digest is not None]
    return max(said, key=lambda one: one.seq, default=None)


def is_mark(events: Iterable[Told], number: int) -> bool:
    """Whether a version without content was left by retention, in the place of the one before."""
    return any(one.kind == DELETED and one.version == number - 1 for one in events)


def went(events: Iterable[Told], event: Written) -> bool:
    """Whether a version that is not there was deleted by retention or with an erased patient."""
    number = event.key[2]
    return any(
        (one.kind == DELETED and one.version is not None and one.version >= number)
        or (one.kind == SUPERSEDED and one.version is not None and one.version > number)
        or (one.kind == DROPPED and one.version in (None, number))
        for one in events
        if one.seq > event.seq
    )


def erased(conn: Connection, tenant: Tenant, events: Sequence[Written]) -> set[Key]:
    """Those of which the resource, or the patient whose it was, is erased."""
    refs: Mapping[Key, list[Ref]] = {
        event.key: [event.key[:2], *([(_PATIENT, event.patient)] if event.patient else [])]
        for event in events
    }
    gone = records.erased(conn, tenant, {ref for mine in refs.values() for ref in mine})
    return {key for key, mine in refs.items() if not gone.isdisjoint(mine)}
