"""Reads the trail for the pages, by the same ways as ``/fhir/AuditEvent``. That it was read the site tells.

People see the log of their own organization and that of the system, as officers' clients do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from gateway.auth.registry import organization_names
from gateway.console.asked import Desk
from gateway.console.words import Names
from gateway.custody import audit
from gateway.custody.errors import Tampered
from gateway.custody.ids import SYSTEM, StoredId, Tenant
from gateway.custody.tables import audit_event
from gateway.fhir import trail_archived, trail_pages, trail_users
from gateway.fhir.asked import Parameters
from gateway.fhir.audit_event import Row
from gateway.fhir.trail_masked import masked
from gateway.fhir.trail_pages import Place
from gateway.fhir.trail_query import wishes
from gateway.identities import resolve
from gateway.trace import asked

_c = audit_event.c
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Found:
    """One page of events. ``total`` is None where there are more than are counted; ``more``: where the next
    page begins; ``patients``: whom it was about; ``detail``: what was asked, as the trail keeps it."""

    rows: tuple[Row, ...]
    total: int | None
    more: Place | None
    notes: tuple[str, ...]
    patients: tuple[StoredId, ...]
    detail: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for: FHIR's parameters of a search of the trail, up to a time, behind a place."""

    parameters: Parameters
    ceiling: int
    after: Place | None = None
    count: int = 50


@dataclass(frozen=True, slots=True)
class Reading:
    """The trail as people of one organization see it."""

    desk: Desk
    organization: Tenant

    @property
    def logs(self) -> tuple[Tenant, ...]:
        return (SYSTEM, self.organization)

    def search(self, wanted: Wanted) -> Found:
        """A page of events, newest first. Raises ``Refused`` for a parameter that cannot be honoured."""
        with self.desk.vault.database.read() as conn:
            return self._search(conn, wanted)

    def _search(self, conn: Connection, wanted: Wanted) -> Found:
        meant = trail_users.with_organizations(conn, self.logs, wanted.parameters)
        wished = wishes(meant, self.resolve)
        ways = trail_pages.ways(conn, self.logs, wished)
        total = None if wanted.after else trail_pages.total(conn, ways, wanted.ceiling)
        rows = trail_pages.page(conn, ways, wanted.ceiling, wanted.after, wanted.count + 1)
        shown = rows[: wanted.count]
        last = shown[-1] if len(rows) > wanted.count else None
        return Found(
            rows=tuple(row_of(one) for one in shown),
            total=total,
            more=None if last is None else Place(last.time, last.log, last.seq),
            notes=trail_archived.notes(conn, self.logs, wanted.parameters),
            patients=tuple(key for wish in wished if wish.name == "patient" for key in wish.keys),
            detail=asked(masked(wanted.parameters, self.resolve, wanted.count)),
        )

    def every(self, wanted: Wanted, most: int) -> Iterator[Row]:
        """What a search finds, page after page, but no more than so many events."""
        after, left = wanted.after, most
        while left > 0:
            count = min(_BATCH, left)
            found = self.search(Wanted(wanted.parameters, wanted.ceiling, after, count))
            yield from found.rows
            left -= len(found.rows)
            if found.more is None:
                return
            after = found.more

    def one(self, log: Tenant, seq: int) -> Row | None:
        """One event; None where there is none that these people may see."""
        if log not in self.logs:
            return None
        query = select(audit_event).where(_c.log == log, _c.seq == seq)
        with self.desk.vault.database.read() as conn:
            rows = conn.execute(query).all()
        if len(rows) > 1:
            raise Tampered("Two events of the trail bear one number; have the trail verified.")
        return row_of(rows[0]) if rows else None

    def names(self) -> Names:
        """What things are called for these people."""
        with self.desk.vault.database.read() as conn:
            organizations = organization_names(conn)
        return Names(self.desk.called, organizations, self.show)

    def show(self, type_: str, id_: StoredId) -> str:
        """An id as these people see it."""
        return self.desk.vault.outside(self.organization).show(type_, id_)

    def resolve(self, type_: str, id_: str) -> StoredId:
        """The stored id behind one that the hospital wrote, or that these people see."""
        return resolve(self.desk.vault, self.organization, type_, id_)

    def patient(self, shown: str) -> StoredId | None:
        """The patient behind an id that these people were shown, and behind no other."""
        return self.desk.vault.outside(self.organization).read("Patient", shown)


def row_of(row: Any) -> Row:
    """An event as its row in the trail tells it."""
    log, seq, *rest = tuple(row)
    return Row(Tenant(log), seq, audit.Event(*rest))


def patients_of(rows: Sequence[Row]) -> tuple[StoredId, ...]:
    """The patients whom events are about, each once."""
    return tuple(dict.fromkeys(row.event.patient for row in rows if row.event.patient is not None))
