"""What patients consent to, for every answer that does not go back to the source of the data.

One ``Consents`` lives as long as one request, so that a revocation counts at the next one. It is told which
rows may come (``expect``: all patients of a page in one query), says of each whether it may be seen
(``permits``), and remembers every decision for the trail (``events``). The gateway decides on the whole
Consent and the whole resource. What Careloom derived is permitted when all that it rests on is.

A row outside every patient's compartment is nobody's, and no Consent speaks of it: who may see it has to be
decided elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gateway import trace
from gateway.auth import registry
from gateway.auth.actor import Actor
from gateway.custody.audit import Event
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant
from gateway.custody.records import StoredVersion
from gateway.release import opened
from gateway.release.grounds import grounds
from gateway.release.statements import Statements, local, ref
from mappers import consent
from mappers.consent import Consent, Decision, Default, Request, Span, Subject, asking
from mappers.r4 import references


@dataclass(frozen=True, slots=True)
class Taken:
    """A decision about some rows of one patient, and what would have held without any Consent."""

    tenant: Tenant
    patient: StoredId
    decision: Decision
    default: Default


class Consents:
    """The Consents of the patients that one request of one partner comes across."""

    def __init__(self, vault: Vault, actor: Actor, now: int) -> None:
        self._vault, self._actor, self._now = vault, actor, now
        self._said: dict[tuple[Tenant, StoredId], list[Consent]] = {}
        self._subjects: dict[int, Subject] = {}
        self._grounds: dict[int, list[StoredVersion]] = {}
        self._decided: dict[int, Decision] = {}
        self._taken: Counter[Taken] = Counter()
        self._asker: tuple[frozenset[Tenant], Request] | None = None

    def expect(self, rows: Iterable[StoredVersion]) -> None:
        """Load what patients said who are met for the first time, and of rows what they look at in them."""
        by_tenant: dict[Tenant, list[StoredVersion]] = {}
        for row in rows:
            if row.compartment != TENANT_COMPARTMENT:
                by_tenant.setdefault(row.tenant, []).append(row)
        for tenant, mine in by_tenant.items():
            statements = Statements(self._vault, tenant)
            self._hear(statements, mine)
            apart = [row for row in mine if row.write_no not in self._grounds and self._apart(row)]
            found = grounds(self._vault, tenant, apart)
            self._grounds |= found
            ground = {one.write_no: one for below in found.values() for one in below}
            self._hear(statements, ground.values())
            self._look(statements, [*apart, *(one for one in ground.values() if self._apart(one))])

    def permits(self, row: StoredVersion) -> bool:
        """Whether this partner may see this version; the answer is remembered for the trail."""
        return row.compartment == TENANT_COMPARTMENT or self.decision(row).permits

    def decision(self, row: StoredVersion) -> Decision:
        """What is decided of a row of a patient, and on which Consents it rests."""
        decision = self._decided.get(row.write_no)
        if decision is None:
            self.expect([row])
            decision = self._decided[row.write_no] = self._decide(row)
            self._taken[Taken(row.tenant, row.compartment, decision, self._default(row.tenant))] += 1
        return decision

    def of_plan(self, whose: tuple[Tenant, StoredId], subject: Subject) -> Decision:
        """What would be decided of the first plan of a patient, of which nothing is kept yet."""
        tenant, patient = whose
        if whose not in self._said:
            self._said[whose] = [found for _, found in Statements(self._vault, tenant).of([patient])]
        return consent.decide(self._said[whose], self._known()[1], subject, self._default(tenant))

    def events(self, now: int) -> Mapping[Tenant, list[Event]]:
        """Every decision since the last time, for the log of the tenant that it concerns."""
        found: dict[Tenant, list[Event]] = {}
        for taken, count in self._taken.items():
            found.setdefault(taken.tenant, []).append(_event(self._actor, taken, count, now))
        self._taken.clear()
        return found

    # --- loading -----------------------------------------------------------------------------------------

    def _hear(self, statements: Statements, rows: Iterable[StoredVersion]) -> None:
        tenant = statements.tenant
        new = {row.compartment for row in rows if (tenant, row.compartment) not in self._said}
        self._said |= {(tenant, patient): [] for patient in new}
        for patient, found in statements.of(new) if new else ():
            self._said[tenant, patient].append(found)

    def _look(self, statements: Statements, rows: Sequence[StoredVersion]) -> None:
        new = list({row.write_no: row for row in rows if row.write_no not in self._subjects}.values())
        for row, body in zip(new, statements.bodies(new), strict=True):
            subject = consent.subject(body, local(row))
            if subject.span is None and row.origin != opened.EHR:
                # A conclusion that bears no date is of the time at which it was drawn.
                subject = replace(subject, span=Span(_moment(row.written), _moment(row.written)))
            self._subjects[row.write_no] = subject

    def _apart(self, row: StoredVersion) -> bool:
        """Rows are opened only for whose Consents tell one resource from another."""
        return any(one.tells_resources_apart for one in self._said_of(row))

    def _said_of(self, row: StoredVersion) -> list[Consent]:
        return self._said[row.tenant, row.compartment]

    # --- deciding ----------------------------------------------------------------------------------------

    def _decide(self, row: StoredVersion) -> Decision:
        first = self._of(row)
        if not first.permits:
            return first
        ground = self._grounds.get(row.write_no, ())
        return next((found for found in map(self._of, ground) if not found.permits), first)

    def _of(self, row: StoredVersion) -> Decision:
        subject = self._subjects.get(row.write_no) or Subject(row.type, local(row))
        return consent.decide(self._said_of(row), self._known()[1], subject, self._default(row.tenant))

    def _default(self, tenant: Tenant) -> Default:
        return Default.OPT_IN if tenant in self._known()[0] else Default.OPT_OUT

    def _known(self) -> tuple[frozenset[Tenant], Request]:
        """Where a permit is needed, and who asks: looked up once, when the first patient is met."""
        if self._asker is None:
            actor = self._actor
            with self._vault.database.read() as conn:
                opt_in = registry.opt_in(conn, actor.client_id)
                name = registry.organization_names(conn).get(actor.organization)
            request = asking.partner(actor.client_id, name, actor.purpose, _moment(self._now))
            self._asker = opt_in, request
        return self._asker


def _moment(micros: int) -> datetime:
    return datetime.fromtimestamp(micros / 1_000_000, UTC).replace(tzinfo=None)


def _event(actor: Actor, taken: Taken, count: int, now: int) -> Event:
    decision = taken.decision
    told = f"resources={count}; default={taken.default.value}; {decision.why}"
    if len(decision.rested_on) > 1:
        told += f"; so do {len(decision.rested_on) - 1} more"
    rested = references.parse(decision.rested_on[0]) if decision.rested_on else None
    version = rested.version if isinstance(rested, references.Literal) else None
    found = ref(decision.rested_on[0]) if decision.rested_on else None
    deed = trace.Deed(
        "permit" if decision.permits else "deny",
        type="Consent",
        id=found[1] if found else None,
        version=int(version) if version else None,
        patient=taken.patient,
        status=200 if decision.permits else 403,
        outcome=trace.SUCCESS if decision.permits else trace.MINOR,
        detail=told,
    )
    return trace.decided(actor, deed, now)
