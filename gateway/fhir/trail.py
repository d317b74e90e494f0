"""Use case of officers: reading the trail. Each look is itself an event in it (law 4).

An officer sees the log of its own organization and the system log, and nobody can write either. Pages are
newest first under a time that is fixed at page one; the looks that are recorded meanwhile lie above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select

from gateway import trace
from gateway.auth.actor import Actor, Role
from gateway.auth.scopes import TRAIL
from gateway.custody import audit
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import SYSTEM, StoredId, Tenant
from gateway.custody.tables import audit_event
from gateway.fhir import audit_event as mapping
from gateway.fhir.asked import Parameters
from gateway.fhir.trail_masked import masked
from gateway.fhir.trail_query import Clause, clauses
from gateway.identities import resolve
from gateway.refusal import Kind, refused
from gateway.stored import Clock, Page, Position, Stored

_c = audit_event.c
_BITS = 40


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
                row = conn.execute(query).one_or_none()
        self._record(actor, trace.Deed("read", TRAIL, status=200 if row else 404))
        if row is None:
            raise refused(Kind.NOT_FOUND, "not-found", "There is no such event, or none that you may see.")
        return self._stored(actor, row)

    def search(self, actor: Actor, parameters: Parameters, position: Position | None, count: int) -> Page:
        """One page of events. Raises ``Refused`` for a parameter that cannot be honoured."""
        _officers_only(actor)
        ceiling = position.ceiling if position else self.clock()
        wanted = and_(
            _c.log.in_(_logs(actor)), _c.time <= ceiling, *clauses(parameters, self._resolver(actor))
        )
        with self.vault.database.read() as conn:
            total = conn.execute(select(func.count()).select_from(audit_event).where(wanted)).scalar_one()
            rows = _page(conn, wanted, position, count + 1)
        asked = masked(parameters, self._resolver(actor), count)
        self._record(actor, trace.Deed("search", TRAIL, detail=trace.asked(asked)))
        more = len(rows) > count > 0
        shown = rows[:count]
        following = Position(ceiling, _pack(shown[-1])) if more else None
        return Page(tuple(self._stored(actor, row) for row in shown), total, following)

    def _stored(self, actor: Actor, row: Row[Any]) -> Stored:
        log, seq, *rest = tuple(row)
        event = mapping.Row(Tenant(log), seq, audit.Event(*rest))
        body = mapping.audit_event(event, self.vault.outside(actor.organization).show, self.base)
        return Stored(TRAIL, mapping.ident(event), 1, event.event.time, body)

    def _resolver(self, actor: Actor) -> _Resolver:
        return _Resolver(self.vault, actor.organization)

    def _record(self, actor: Actor, deed: trace.Deed) -> None:
        with self.vault.database.write() as conn:
            audit.append(conn, actor.organization, [trace.event(actor, deed, self.clock())])


@dataclass(frozen=True, slots=True)
class _Resolver:
    vault: Vault
    organization: Tenant

    def __call__(self, type_: str, id_: str) -> StoredId | None:
        return resolve(self.vault, self.organization, type_, id_)


def _officers_only(actor: Actor) -> None:
    if actor.role is not Role.OFFICER:
        raise refused(Kind.FORBIDDEN, "forbidden", "The audit trail is for officers.")


def _logs(actor: Actor) -> tuple[Tenant, ...]:
    return (SYSTEM, actor.organization)


def _page(conn: Connection, wanted: Clause, after: Position | None, limit: int) -> Sequence[Row[Any]]:
    query = select(audit_event).where(wanted)
    if after is not None:
        query = query.where(_older(*_unpack(after.after)))
    return conn.execute(query.order_by(_c.time.desc(), _c.log, _c.seq.desc()).limit(limit)).all()


def _older(time: int, log: int, seq: int) -> Clause:
    same_time = and_(_c.time == time, or_(_c.log > log, and_(_c.log == log, _c.seq < seq)))
    return or_(_c.time < time, same_time)


def _pack(row: Row[Any]) -> int:
    time, log, seq = int(row.time), int(row.log), int(row.seq)
    return ((time << _BITS) | log) << _BITS | seq


def _unpack(place: int) -> tuple[int, int, int]:
    mask = (1 << _BITS) - 1
    return place >> 2 * _BITS, place >> _BITS & mask, place & mask


def _parse(id_: str) -> tuple[int, int] | None:
    log, dash, seq = id_.partition("-")
    plain = dash and all(part.isascii() and part.isdigit() and len(part) < 13 for part in (log, seq))
    return (int(log), int(seq)) if plain else None
