"""Use case of officers: reading the trail. Each look is itself an event in it (law 4).

An officer sees the log of its own organization and the system log, and nobody can write either. Pages are
newest first under a time that is fixed at page one; the looks that are recorded meanwhile lie above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from gateway import trace
from gateway.auth.actor import Actor, Role
from gateway.auth.scopes import TRAIL
from gateway.custody import audit
from gateway.custody.errors import Tampered
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import SYSTEM, StoredId, Tenant
from gateway.custody.tables import audit_event
from gateway.fhir import audit_event as mapping
from gateway.fhir import trail_archived, trail_pages, trail_users
from gateway.fhir.asked import Parameters
from gateway.fhir.trail_masked import masked
from gateway.fhir.trail_pages import Place
from gateway.fhir.trail_query import Wish, wishes
from gateway.identities import resolve
from gateway.refusal import Kind, recorded, refused
from gateway.stored import Clock, Page, Position, Stored

_c = audit_event.c


@dataclass(frozen=True, slots=True)
class Trail:
    """The audit trail as one organization's officers see it."""

    vault: Vault
    clock: Clock
    base: str
    """The url under which FHIR is served: where the server stands in its events."""

    def read(self, actor: Actor, id_: str) -> Stored:
        """One event. Raises ``Refused`` when there is none such that this officer may see."""
        _officers_only(actor)
        place = _parse(id_)
        row = None
        if place is not None and place[0] in _logs(actor):
            with self.vault.database.read() as conn:
                query = select(audit_event).where(_c.log == place[0], _c.seq == place[1])
                row = _only(conn.execute(query).all())
        self._record(actor, trace.Deed("read", TRAIL, status=200 if row else 404))
        if row is None:
            raise recorded(Kind.NOT_FOUND, "not-found", "There is no such event, or none that you may see.")
        return self._stored(actor, row)

    def search(self, actor: Actor, parameters: Parameters, position: Position | None, count: int) -> Page:
        """One page of events. Raises ``Refused`` for a parameter that cannot be honoured."""
        _officers_only(actor)
        ceiling = position.ceiling if position else self.clock()
        after = Place.unpack(position.after) if position else None
        resolver = self._resolver(actor)
        with self.vault.database.read() as conn:
            wished = wishes(trail_users.with_organizations(conn, _logs(actor), parameters), resolver)
            found = trail_pages.ways(conn, _logs(actor), wished)
            total = position.total if position else trail_pages.total(conn, found, ceiling)
            rows = trail_pages.page(conn, found, ceiling, after, count + 1) if count else []
            notes = trail_archived.notes(conn, _logs(actor), parameters)
        detail = trace.asked(masked(parameters, resolver, count))
        looks = [trace.Deed("search", TRAIL, patient=one, detail=detail) for one in _whom(wished)]
        self._record(actor, *looks)
        more = len(rows) > count > 0
        shown = rows[:count]
        following = Position(ceiling, _place(shown[-1]).pack(), total=total) if more else None
        return Page(tuple(self._stored(actor, row) for row in shown), total, following, notes=notes)

    def _stored(self, actor: Actor, row: Row[Any]) -> Stored:
        log, seq, *rest = tuple(row)
        event = mapping.Row(Tenant(log), seq, audit.Event(*rest))
        body = mapping.audit_event(event, self.vault.outside(actor.organization).show, self.base)
        return Stored(TRAIL, mapping.ident(event), 1, event.event.time, body)

    def _resolver(self, actor: Actor) -> _Resolver:
        return _Resolver(self.vault, actor.organization)

    def _record(self, actor: Actor, *deeds: trace.Deed) -> None:
        now = self.clock()
        self.vault.appender.append({actor.organization: [trace.event(actor, deed, now) for deed in deeds]})


@dataclass(frozen=True, slots=True)
class _Resolver:
    vault: Vault
    organization: Tenant

    def __call__(self, type_: str, id_: str) -> StoredId | None:
        return resolve(self.vault, self.organization, type_, id_)


def _only(rows: Sequence[Row[Any]]) -> Row[Any] | None:
    if len(rows) > 1:
        raise Tampered("Two events of the trail bear one number; run `careloom audit verify`.")
    return rows[0] if rows else None


def _whom(wished: Sequence[Wish]) -> Sequence[StoredId | None]:
    """The patients whom a look was about, so that it is found by them; None where it was about nobody."""
    return [one for wish in wished if wish.name == "patient" for one in wish.keys] or [None]


def _officers_only(actor: Actor) -> None:
    if actor.role is not Role.OFFICER:
        raise refused(Kind.FORBIDDEN, "forbidden", "The audit trail is for officers.")


def _logs(actor: Actor) -> tuple[Tenant, ...]:
    return (SYSTEM, actor.organization)


def _place(row: Row[Any]) -> Place:
    return Place(row.time, row.log, row.seq)


def _parse(id_: str) -> tuple[int, int] | None:
    log, dash, seq = id_.partition("-")
    plain = dash and all(part.isascii() and part.isdigit() and len(part) < 13 for part in (log, seq))
    return (int(log), int(seq)) if plain else None
