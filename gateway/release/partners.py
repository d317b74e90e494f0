"""What a partner sees: Careloom's plans, and what they point at, of tenants that granted it; pseudonyms only.

What patients consent to is decided in ``consenting``: whatever is denied was never there. Nothing here opens
a withheld half: the identity side is used for the partner's own view of ids, and of dates where its profile
shifts them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import Connection

from gateway.custody import merges, records
from gateway.custody.audit import Event
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId, Tenant, WriteNo, parse_pseudonym, pseudonym
from gateway.custody.records import StoredVersion
from gateway.privacy.policy import Policy
from gateway.privacy.project import project
from gateway.privacy.questions import hides
from gateway.privacy.terms import Terms
from gateway.release import asking, opened
from gateway.release.consenting import Consents
from gateway.release.faces import dress, partner_view
from gateway.release.finding import Reader, Scope
from gateway.release.shifts import Shifts, told
from gateway.stored import Resource
from mappers.plan_identity import bears_plan
from mappers.r4 import references

DERIVED = "derived"
PLAN = "CarePlan"
HIDDEN = asking.HIDDEN
Ref = tuple[str, StoredId]


@dataclass(frozen=True, slots=True)
class PartnerView:
    """The store as one partner sees it: every tenant that granted it, under the profile of its grant."""

    vault: Vault
    profiles: Mapping[Tenant, Policy]
    organization: Tenant
    grants: tuple[Tenant, ...]
    as_of: date
    consents: Consents
    _plans: dict[tuple[Tenant, StoredId], set[Ref]] = field(default_factory=dict, repr=False)

    def locate(self, type_: str, id_: str, version: int | None) -> StoredVersion | None:
        stored = self._stored(type_, id_)
        if stored is None:
            return None
        for tenant in self.grants:
            with self.vault.database.glance() as at:
                row = records.load(at, tenant, type_, stored, version)
            if row is not None and self.visible(row):
                return self.timed([row])[0]
        return None

    def versions(self, type_: str, id_: str) -> list[StoredVersion]:
        stored, current = self._stored(type_, id_), self.locate(type_, id_, None)
        if stored is None or current is None:
            return []
        with self.vault.database.read() as conn:
            rows = records.history(conn, current.tenant, type_, stored)
        shown = [row for row in rows if row.clinical is not None]
        self.consents.expect(shown)
        return self.timed(
            [row for row in rows if row.deleted or (row in shown and self.consents.permits(row))]
        )

    def present(self, rows: Sequence[StoredVersion]) -> list[Resource]:
        """Clinical halves, narrowed by the release profile, in ids that are this partner's alone."""
        show = partner_view(self.vault, self.organization)
        return [dress(body, show) for body in self._projected(rows)]

    def reader(self, allows: Callable[[str, str], bool]) -> Reader:
        """Who searches here. What the profile of a grant hides can not be asked for either."""
        return Reader(tuple(self.scopes()), False, allows, self.present, self.hides)

    def timed(self, rows: Sequence[StoredVersion]) -> list[StoredVersion]:
        """The rows with the times at which each grant's profile says that they were written."""
        return [
            replace(row, written=told(row.written, self.profiles[row.tenant], terms))
            for row, terms in zip(rows, self._terms(rows), strict=True)
        ]

    def scopes(self) -> list[Scope]:
        """Each tenant that granted access, and what may be seen of it, in falling order of their numbers."""
        tenants = sorted(self.grants, reverse=True)
        return [
            Scope(tenant, self._name, self.seen, self.visible, self._expect, self._of_kind)
            for tenant in tenants
        ]

    def visible(self, row: StoredVersion) -> bool:
        """Whether this partner may see this version: it is of the kind that partners see, and permitted."""
        return self._shown(row) and self.consents.permits(row)

    def hides(self, type_: str, name: str) -> bool:
        """Whether a parameter of a type goes by what the profile of some grant hides."""
        return any(hides(one, type_, name) for one in self.profiles.values())

    def decisions(self, now: int) -> Mapping[Tenant, Sequence[Event]]:
        """What was decided since the last time, for the trail."""
        return self.consents.events(now)

    def seen(self, rows: Sequence[StoredVersion]) -> Mapping[WriteNo, Resource]:
        """What questions are decided on: no more than is shown, but in pseudonyms."""
        return {row.write_no: body for row, body in zip(rows, self._projected(rows), strict=True)}

    def _projected(self, rows: Sequence[StoredVersion]) -> list[Resource]:
        halves = zip(rows, self._halves(rows), self._terms(rows), strict=True)
        return [project(half, self.profiles[row.tenant], terms) for row, half, terms in halves]

    def _terms(self, rows: Sequence[StoredVersion]) -> list[Terms]:
        keys = {tenant: self.vault.identity.index_key(tenant) for tenant in {row.tenant for row in rows}}
        shifts = {tenant: Shifts(key, self.organization) for tenant, key in keys.items()}
        return [Terms(self.as_of, shifts[row.tenant].days(row.compartment)) for row in rows]

    def _stored(self, type_: str, id_: str) -> StoredId | None:
        return self.vault.outside(self.organization).read(type_, id_)

    def _name(self, type_: str, text: str) -> str | None:
        stored = self._stored(type_, text)
        return None if stored is None else pseudonym(stored)

    def _halves(self, rows: Sequence[StoredVersion]) -> list[Resource]:
        by_tenant: Mapping[Tenant, list[StoredVersion]] = {row.tenant: [] for row in rows}
        for row in rows:
            by_tenant[row.tenant].append(row)
        found: dict[int, Resource] = {}
        for tenant, own in by_tenant.items():
            for row, half in zip(own, opened.clinical_halves(self.vault, tenant, own), strict=True):
                found[row.write_no] = half or {"resourceType": row.type}
        return [found[row.write_no] for row in rows]

    def _shown(self, row: StoredVersion) -> bool:
        """Careloom's own work is; what an EHR sent is only where the patient's plan points at it."""
        if row.deleted or row.clinical is None:
            return False
        if row.origin == DERIVED:
            return True
        if row.type == PLAN:
            return bears_plan(self._halves([row])[0])
        return (row.type, row.id) in self._pointed_at(row)

    def _pointed_at(self, row: StoredVersion) -> set[Ref]:
        """What the plans of the row's patient point at."""
        whose = (row.tenant, row.compartment)
        if whose not in self._plans:
            self._look_at_plans({whose})
        return self._plans[whose]

    def _expect(self, rows: Sequence[StoredVersion]) -> None:
        """Load at once what ``visible`` will ask of these rows: Consents, and plans opened once a patient."""
        self.consents.expect(rows)
        self._expect_plans(rows)

    def _of_kind(self, rows: Sequence[StoredVersion]) -> list[StoredVersion]:
        self._expect_plans(rows)
        return [row for row in rows if self._shown(row)]

    def _expect_plans(self, rows: Sequence[StoredVersion]) -> None:
        sent = {(row.tenant, row.compartment) for row in rows if row.origin != DERIVED and row.type != PLAN}
        self._look_at_plans(sent - self._plans.keys())

    def _look_at_plans(self, whose: Set[tuple[Tenant, StoredId]]) -> None:
        if not whose:
            return
        with self.vault.database.read() as conn:
            plans = {one: _plans_of(conn, *one) for one in sorted(whose)}
        rows = [row for mine in plans.values() for row in mine]
        halves = dict(zip((row.write_no for row in rows), self._halves(rows), strict=True))
        for one, mine in plans.items():
            self._plans[one] = {ref for row in mine for ref in _pointed_at_by(halves[row.write_no])}


def _plans_of(conn: Connection, tenant: Tenant, patient: StoredId) -> list[StoredVersion]:
    # The plan of a record that went into another is the other's.
    survivor = merges.union(conn, tenant, patient).survivor
    return [row for one in {patient, survivor} for row in records.compartment(conn, tenant, one, PLAN)]


def _pointed_at_by(plan: Resource) -> Iterator[Ref]:
    for text in references.references(plan) if bears_plan(plan) else ():
        found = references.parse(text)
        stored = parse_pseudonym(found.id) if isinstance(found, references.Literal) else None
        if isinstance(found, references.Literal) and stored is not None:
            yield found.type, stored
