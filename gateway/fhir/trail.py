"""Use case of officers: reading the trail. Each look is itself an event in it (law 4).

An officer sees the log of its own organization and the system log, and nobody can write either. Pages are
newest first under a time that is fixed at page one; the looks that are recorded meanwhile lie above it.

Clients are shown by their ids and by the names that they were registered under. A name is a label that an
administrator gave; it stands in no event, so nothing that is signed rests on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from msgspec import structs
from sqlalchemy import Connection, Row, select

from gateway import trace
from gateway.auth.actor import Actor, Role
from gateway.auth.called import Called
from gateway.auth.scopes import TRAIL
from gateway.custody import audit
from gateway.custody.errors import Tampered
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import SYSTEM, StoredId, Tenant
from gateway.custody.tables import audit_event
from gateway.fhir import audit_event as mapping
from gateway.fhir import trail_archived, trail_pages, trail_users, trail_wanted
from gateway.fhir.asked import Parameters
from gateway.fhir.trail_masked import masked
from gateway.fhir.trail_pages import Place, Ways
from gateway.fhir.trail_query import Wish, place_of, wishes
from gateway.fhir.trail_wanted import ACCURATE, NONE, Wanted
from gateway.identities import resolve
from gateway.refusal import Kind, recorded, refused
from gateway.stored import Clock, Page, Position, Stored

_c = audit_event.c
_VERSION = "1"
"""An event has one version."""
_MARK = 32
Has = Callable[[str, int | None], bool]
"""Whether the officer has a page or an event already, by its mark and the event's time."""


def _has_nothing(_mark: str, _time: int | None) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Trail:
    """The audit trail as one organization's officers see it."""

    vault: Vault
    clock: Clock
    base: str
    """The url under which FHIR is served: where the server stands in its events."""
    called: Called

    def read(self, actor: Actor, id_: str, has: Has = _has_nothing) -> Stored:
        """One event. Raises ``Refused`` when there is none such that this officer may see."""
        _officers_only(actor)
        place = place_of(id_)
        row = None
        if place is not None and place[0] in _logs(actor):
            with self.vault.database.read() as conn:
                query = select(audit_event).where(_c.log == place[0], _c.seq == place[1])
                row = _only(conn.execute(query).all())
        known = row is not None and has(_VERSION, row.time)
        self._record(actor, trace.Deed("read", TRAIL, status=304 if known else 200 if row else 404))
        if row is None:
            raise recorded(Kind.NOT_FOUND, "not-found", "There is no such event, or none that you may see.")
        return self._stored(actor, row)

    def search(
        self,
        actor: Actor,
        parameters: Parameters,
        position: Position | None,
        count: int,
        has: Has = _has_nothing,
    ) -> Page:
        """One page of events; with a count of 0 their number alone, to the last. Raises ``Refused`` for a
        parameter that cannot be honoured."""
        _officers_only(actor)
        wanted, asked = trail_wanted.take_wanted(parameters)
        if not count:
            wanted = replace(wanted, total=ACCURATE)
        ceiling = position.ceiling if position else self.clock()
        after = Place.unpack(position.after) if position else None
        resolver, logs = self._resolver(actor), _logs(actor)
        with self.vault.database.read() as conn:
            wished = wishes(trail_users.with_organizations(conn, logs, asked), resolver)
            ways = trail_pages.ways(conn, logs, wished, wanted.oldest_first)
            total = position.total if position else _total(conn, ways, ceiling, wanted)
            rows = trail_pages.page(conn, ways, ceiling, after, count + 1) if count else []
            notes = trail_archived.notes(conn, logs, asked)
        shown, more = rows[:count], len(rows) > count > 0
        following = Position(ceiling, _place(shown[-1]).pack(), total=total) if more else None
        page = Page(tuple(self._stored(actor, row) for row in shown), total, following, notes=notes)
        page = replace(page, mark=_mark(page))
        detail = trace.asked(masked(parameters, resolver, count))
        look = trace.Deed("search", TRAIL, status=304 if has(page.mark, None) else 200, detail=detail)
        self._record(actor, *(structs.replace(look, patient=one) for one in _whom(wished)))
        return page

    def _stored(self, actor: Actor, row: Row[Any]) -> Stored:
        log, seq, *rest = tuple(row)
        event = mapping.Row(Tenant(log), seq, audit.Event(*rest))
        show = self.vault.outside(actor.organization).show
        body = mapping.audit_event(event, show, self.base, self.called)
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


def _total(conn: Connection, ways: Ways, ceiling: int, wanted: Wanted) -> int | None:
    if wanted.total == NONE:
        return None
    count = trail_pages.exact_total if wanted.total == ACCURATE else trail_pages.total
    return count(conn, ways, ceiling)


def _mark(page: Page) -> str:
    """Events never change, so which they are says what is on a page."""
    told = [str(page.total), *(one.id for one in page.entries), *page.notes]
    return sha256("\n".join(told).encode()).hexdigest()[:_MARK]
