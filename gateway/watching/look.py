"""One look at what is new in each log: events are counted and cases opened in the transaction that moves on.

Whoever is killed has counted nothing, and the next look begins where the last one ended. Two that look at the
same time take turns at the log's cursor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy import Connection, func, or_, select

from gateway.auth import registry
from gateway.custody import audit, client_seen, watch_cases
from gateway.custody.audit import Event
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import SYSTEM, StoredId, Tenant
from gateway.custody.tables import audit_event, audit_head
from gateway.custody.watch_cases import ID_BYTES, Met
from gateway.custody.watch_tables import watch_cursor
from gateway.stored import Clock, Entropy
from gateway.watching.rules import DAY, RULES, SECOND, Scene, is_case

BATCH = 500
"""Events of one transaction."""
BEGINS = DAY
"""How far back the first look goes."""
REMEMBERED = 60 * DAY
_c = audit_event.c
_SEEN = watch_cursor.c.seq
_BEHIND = (
    select(audit_head.c.log)
    .outerjoin(watch_cursor, watch_cursor.c.log == audit_head.c.log)
    .where(or_(_SEEN.is_(None), audit_head.c.size - 1 > _SEEN))
)
"""The logs in which something is new."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """Looks at the trail."""

    vault: Vault
    clock: Clock
    entropy: Entropy
    zone: tzinfo

    def look(self) -> int:
        """Look at everything that is new; how many events that was."""
        with self.vault.database.read() as conn:
            logs = [Tenant(log) for log in conn.scalars(_BEHIND) if log != SYSTEM]
        return sum(self._log(log) for log in logs)

    def _log(self, log: Tenant) -> int:
        seen = 0
        while count := self._batch(log):
            seen += count
        return seen

    def _batch(self, log: Tenant) -> int:
        with self.vault.database.write() as conn:
            at = watch_cases.cursor(conn, log)
            if at is None:
                watch_cases.begin(conn, log, self._first(conn, log))
                at = watch_cases.cursor(conn, log) or 0
            rows = conn.execute(
                select(audit_event).where(_c.log == log, _c.seq > at).order_by(_c.seq).limit(BATCH)
            ).all()
            if rows:
                events = [audit.Event(*tuple(row)[2:]) for row in rows]
                self._count(conn, log, events)
                client_seen.note(conn, log, events)
                watch_cases.move(conn, log, rows[-1].seq)
        return len(rows)

    def _first(self, conn: Connection, log: Tenant) -> int:
        """Behind which event the first look begins."""
        older = select(func.max(_c.seq)).where(_c.log == log, _c.time < self.clock() - BEGINS)
        return int(conn.scalar(older) or -1)

    def _count(self, conn: Connection, log: Tenant, events: Sequence[Event]) -> None:
        scene = self._scene(conn, log)
        met: Counter[Met] = Counter()
        for event in events:
            for rule in RULES.values():
                subject = rule.subject(event, scene)
                if subject is not None:
                    met[Met(log, rule.key, subject, self._begun(event.time, rule.period))] += 1
        # In one order, so that two that write never wait for each other.
        for one in sorted(met, key=lambda m: (m.rule, m.subject, m.period)):
            self._judge(conn, one, met[one])

    def _judge(self, conn: Connection, met: Met, times: int) -> None:
        rule = RULES[met.rule]
        count = watch_cases.add(conn, met, times)
        periods, usual = watch_cases.usual(conn, met) if rule.unusual else (0, 0)
        if is_case(rule, count, periods, usual):
            drawn = (self.entropy(ID_BYTES), self.clock())
            watch_cases.open_case(conn, met, count, usual if periods else None, drawn)

    def _scene(self, conn: Connection, log: Tenant) -> Scene:
        revoked = {one.client_id for one in registry.clients(conn) if one.revoked is not None}
        marked = {patient for patient, _, _ in watch_cases.marks(conn, log)}

        def first(client_id: str, patient: StoredId) -> bool:
            return watch_cases.first_contact(conn, log, client_id, patient)

        return Scene(self.zone, revoked.__contains__, marked.__contains__, first)

    def _begun(self, time: int, period: int) -> int:
        """When the period began in which a time lies, as people here count days."""
        local = datetime.fromtimestamp(time // SECOND, self.zone)
        start = local.replace(minute=0, second=0, microsecond=0)
        if period >= DAY:
            start = start.replace(hour=0)
        return int(start.timestamp()) * SECOND
