"""Reading the trail for one patient, page by page, and leaving the event that it was read.

The event is written before the first disclosure is given out (law 4). The patient is known here by the stored
id alone, which is computed from the id that was asked for: erasing a patient does not take it away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, and_, or_, select

from gateway.auth.registry import Client, clients, organization_names
from gateway.custody import audit, records
from gateway.custody.archive.taking import marks
from gateway.custody.audit import Event
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.operator import COMMAND_LINE, By
from gateway.custody.tables import audit_event
from gateway.disclosures.accounting import Disclosure, disclosures
from gateway.identities import resolve
from gateway.refusal import Kind, refused
from gateway.stored import Clock
from gateway.trace import MINOR, SUCCESS

PAGE = 1_000
_KIND, _PATIENT = "patient:disclosures", "Patient"
_c = audit_event.c


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose: ``patient`` as the tenant writes it. Times in microseconds; ``until`` is not included."""

    tenant: Tenant
    patient: str
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Accounting:
    """What was disclosed, as it is read, and the names of recipients."""

    found: Iterator[Disclosure]
    organizations: Mapping[Tenant, str]
    clients: Mapping[str, Client]
    archived: int | None = None
    """Where the period asked for begins before this moment: events from before it are in archives."""


@dataclass(frozen=True, slots=True)
class Disclosures:
    """Makes accountings; ``by`` names in the trail who asked for one."""

    vault: Vault
    clock: Clock
    by: By = COMMAND_LINE

    def account(self, asked: Asked) -> Accounting:
        """An accounting, read while it is iterated. Raises ``Refused`` for a patient nobody ever kept."""
        patient = resolve(self.vault, asked.tenant, _PATIENT, asked.patient)
        with self.vault.database.read() as conn:
            end = audit.head_of(conn, asked.tenant).size
            known = _was_kept(conn, asked.tenant, patient)
            names = organization_names(conn)
            registered = {client.client_id: client for client in clients(conn)}
            _, before = marks(conn).get(asked.tenant, (0, 0))
        self._record(asked.tenant, patient, known)
        if not known:
            raise refused(
                Kind.NOT_FOUND, "not-found", "This organization never kept anything about such a patient."
            )
        events = self._events(asked, patient, end)
        archived = before if before > asked.since else None
        return Accounting(disclosures(events, asked.tenant), names, registered, archived)

    def _events(self, asked: Asked, patient: StoredId, end: int) -> Iterator[Event]:
        """The patient's events below ``end``, oldest first, one page in memory at a time."""
        time, seq = asked.since, -1
        while True:
            mine = and_(_c.log == asked.tenant, _c.patient == patient, _c.seq < end)
            then = and_(_c.time >= time, _c.time < asked.until, or_(_c.time > time, _c.seq > seq))
            query = select(audit_event).where(mine, then).order_by(_c.time, _c.seq).limit(PAGE)
            with self.vault.database.read() as conn:
                rows = [tuple(row) for row in conn.execute(query)]
            yield from (Event(*rest) for _, _, *rest in rows)
            if len(rows) < PAGE:
                return
            _, seq, time, *_ = rows[-1]

    def _record(self, tenant: Tenant, patient: StoredId, known: bool) -> None:
        event = Event(
            time=self.clock(),
            kind=_KIND,
            action="R",
            outcome=SUCCESS if known else MINOR,
            status=200 if known else 404,
            organization=tenant,
            user=self.by.user,
            type=_PATIENT,
            id=patient,
            patient=patient,
            detail=str(self.by),
        )
        with self.vault.database.write() as conn:
            audit.append(conn, tenant, [event])


def _was_kept(conn: Connection, tenant: Tenant, patient: StoredId) -> bool:
    """Whether the patient is there, was erased, or others wrote about one whose Patient never came."""
    ref = (_PATIENT, patient)
    if records.heads(conn, tenant, [ref]) or records.erased(conn, tenant, [ref]):
        return True
    # An event that only says that somebody asked in vain is no sign of a patient.
    mine = and_(_c.log == tenant, _c.patient == patient, _c.outcome == SUCCESS)
    return conn.execute(select(_c.seq).where(mine).limit(1)).first() is not None
