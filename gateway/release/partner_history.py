"""What a partner's history tells: versions that it may see now, and an end where it may see no more.

Ends are told of what was deleted, erased, forbidden by a Consent or lost with a grant, and only where the
trail shows that the partner's organization was given something of that patient before: of others it learns
nothing, not even that they were. A resource that may no longer be seen loses its older versions with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from gateway.custody import histories, records
from gateway.custody.ids import StoredId, Tenant, WriteNo
from gateway.custody.records import StoredVersion
from gateway.release import opened
from gateway.release.faces import partner_view
from gateway.release.marks import Entry, Mark, Why, rows_of
from gateway.release.partner_marks import PATIENT, PartnerMarks, plan_of
from gateway.release.partners import PLAN, PartnerView
from gateway.release.sieve import Sieve
from gateway.stored import Resource, Stored
from gateway.trace import patient_of

_NOBODY = StoredId(b"")


@dataclass(frozen=True, slots=True)
class Case:
    """A mark, the version that it stands for, and the newest version of the resource, as far as there are."""

    mark: Mark
    row: StoredVersion | None
    head: StoredVersion | None

    @property
    def patient(self) -> StoredId | None:
        row = self.row or self.head
        return self.mark.patient or (patient_of(row) if row else None)

    @property
    def id(self) -> StoredId | None:
        return _id(self.mark, self.row)


@dataclass(frozen=True, slots=True)
class PartnerHistory:
    """The history of every tenant that granted access, as one partner sees it."""

    view: PartnerView
    marks: PartnerMarks
    sieve: Sieve
    _given: dict[tuple[Tenant, StoredId], bool] = field(default_factory=dict, repr=False)

    def sources(self, types: Sequence[tuple[Tenant, str]]) -> list[Iterator[Mark]]:
        """Where the marks of these types come from."""
        return self.marks.sources(types)

    def told(self, marks: Sequence[Mark]) -> list[Entry]:
        """What these marks mean to this partner, in their order; most that it may not see mean nothing."""
        cases = self._cases(marks)
        seen = self._seen(cases)
        shown = {case.mark.place: row for case in cases if (row := self._shown(case, seen)) is not None}
        rows = self.view.timed(list(shown.values()))
        living = dict(zip(shown, zip(rows, self.view.present(rows), strict=True), strict=True))
        entries = []
        for case in cases:
            if case.mark.place in living:
                entries.append(_living(case.mark, *living[case.mark.place]))
            elif self._ended(case, seen):
                entries.append(self._gone(case))
        return entries

    def _cases(self, marks: Sequence[Mark]) -> list[Case]:
        rows = rows_of(self.view.vault.database, marks)
        pairs = [(mark, rows.get(mark.number) if mark.why is Why.VERSION else None) for mark in marks]
        refs: dict[Tenant, set[records.Ref]] = {mark.tenant: set() for mark in marks}
        for mark, row in pairs:
            id_ = _id(mark, row)
            if id_ is not None:
                refs[mark.tenant].add((mark.type, id_))
        with self.view.vault.database.read() as conn:
            heads = {tenant: records.load_all(conn, tenant, found) for tenant, found in refs.items()}
        return [Case(m, row, heads[m.tenant].get((m.type, _id(m, row) or _NOBODY))) for m, row in pairs]

    # --- what may be seen ---------------------------------------------------------------------------------

    def _seen(self, cases: Sequence[Case]) -> set[int]:
        """The numbers of those versions that this partner may see."""
        rows = {row.write_no: row for case in cases for row in (case.row, case.head) if row is not None}
        found: set[int] = set()
        for tenant in self.view.grants:
            mine = [row for row in rows.values() if row.tenant == tenant and not row.deleted]
            readable = opened.readable(self.view.vault, tenant, mine)
            self.view.consents.expect(readable)
            visible = [row for row in readable if self.view.visible(row)]
            found |= {row.write_no for row in self.sieve.passing(visible)}
        return found

    def _shown(self, case: Case, seen: set[int]) -> StoredVersion | None:
        """The version to show: that of the mark, or what a Consent brought into sight."""
        if case.head is None or case.head.write_no not in seen:
            return None
        if case.mark.why is Why.VERSION:
            return case.row if case.row is not None and case.row.write_no in seen else None
        older = case.head.written < self.marks.since(case.mark.tenant)
        return case.head if case.mark.why is Why.CONSENT and older else None

    def _ended(self, case: Case, seen: set[int]) -> bool:
        """Whether this partner held something that is over with this mark."""
        mark, head = case.mark, case.head
        if self.sieve.stands_before(mark.type) and not self._passed(case):
            return False
        if mark.why is Why.VERSION:
            over = case.row is not None and case.row.deleted and case.row == head
        elif mark.why is Why.CONSENT:
            over = head is not None and head.write_no not in seen
        else:
            over = True
        with self.view.vault.database.read() as conn:
            return over and self._was_given(conn, case) and self._was_ours(conn, case)

    def _passed(self, case: Case) -> bool:
        """Whether a filter let pass what ends here, so far as anybody can still tell."""
        row = case.row or case.head
        open_to_us = row is not None and row.tenant in self.view.profiles
        return open_to_us and row is not None and bool(self.sieve.told([row]))

    def _was_given(self, conn: Connection, case: Case) -> bool:
        patient, tenant = case.patient, case.mark.tenant
        if patient is None:
            return False
        known = self._given.get((tenant, patient))
        if known is None:
            known = histories.was_given(conn, tenant, patient, self.view.organization)
            self._given[tenant, patient] = known
        return known

    def _was_ours(self, conn: Connection, case: Case) -> bool:
        """Whether partners see it for itself: what Careloom derived, and the patient whom a plan is for."""
        mark, id_, patient = case.mark, case.id, case.patient
        if mark.why is Why.ERASED:
            return True
        if id_ is None or patient is None:
            return False
        if mark.why is Why.REVOKED and not histories.existed(conn, mark.tenant, mark.type, id_, mark.time):
            return False
        known = mark.type == PATIENT or (
            mark.type == PLAN and id_ == plan_of(self.view.vault, mark.tenant, patient)
        )
        return known or histories.was_derived(conn, mark.tenant, mark.type, id_)

    def _gone(self, case: Case) -> Entry:
        mark, id_ = case.mark, case.id
        assert id_ is not None
        shown = partner_view(self.view.vault, self.view.organization)(mark.type, id_)
        version = case.row.version if case.row is not None else 0
        return Entry(mark, Stored(mark.type, shown, version, self._when(case), None), case.patient)

    def _when(self, case: Case) -> int:
        """The time of an end, as the profile of the grant tells that patient's times."""
        mark, patient = case.mark, case.patient
        if mark.why is Why.REVOKED or patient is None:
            return mark.time
        nothing = WriteNo(0), mark.tenant, mark.type, patient, 0, patient, mark.time, "", True, b"", None
        return self.view.timed([StoredVersion(*nothing)])[0].written


def _living(mark: Mark, row: StoredVersion, body: Resource) -> Entry:
    return Entry(mark, Stored(row.type, str(body["id"]), row.version, row.written, body), patient_of(row))


def _id(mark: Mark, row: StoredVersion | None) -> StoredId | None:
    return row.id if mark.id is None and row is not None else mark.id
