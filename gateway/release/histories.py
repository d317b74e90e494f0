"""Use case: what changed, of a type or of everything, newest first, a page at a time.

The ceiling of each tenant is fixed with the first page. ``tenant_history`` and ``partner_history`` say what
each mark means to its reader; an entry without a body tells that the resource is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from gateway import trace
from gateway.auth.actor import Actor, Role
from gateway.custody import histories, records
from gateway.custody.errors import KeyGone
from gateway.custody.ids import Tenant, WriteNo, tenant_of
from gateway.refusal import Kind, recorded, refused
from gateway.release.bounds import SEARCH
from gateway.release.marks import BATCH, Entry, Window, merged
from gateway.release.partner_history import PartnerHistory
from gateway.release.partner_marks import ENDING, PartnerMarks
from gateway.release.partners import PartnerView
from gateway.release.service import Release, View, logs
from gateway.release.sieve import Sieve
from gateway.release.tenant_history import TenantHistory
from gateway.stored import Stored

ERASED_MEANWHILE = "Somebody was erased while the answer was made; try again."
HIDDEN = "The times of writes are hidden from this client: it cannot go by them."
Reader = TenantHistory | PartnerHistory

MOST_MARKS = 5_000
"""So many marks are looked at for one page: where few may be seen, it is short and there is a next one."""
SETTLED = 120_000_000
"""In microseconds: a write is visible so long after the time that it bears, as ``docs/audit.md`` has it."""


@dataclass(frozen=True, slots=True)
class Question:
    """``type`` is None for everything. Times in microseconds; ``current`` ends before its second number."""

    type: str | None
    since: int = 0
    current: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page starts: when the first one was asked for, its ceilings, and the place shown last."""

    begun: int
    ceilings: tuple[WriteNo, ...]
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """One page; ``following`` is None on the last. What was written before ``whole_until`` is all there."""

    entries: tuple[Stored, ...]
    whole_until: int
    following: Place | None


@dataclass(frozen=True, slots=True)
class Histories:
    """Histories of types and of everything, over the same views as reads and searches."""

    release: Release

    def page(self, actor: Actor, question: Question, place: Place | None, count: int) -> Changes:
        """One page of what changed. Raises ``Refused`` where no scope of the actor allows any of it."""
        view = self._view(actor, question)
        start = place or self._begin(actor)
        window = Window(_by_tenant(start, actor), question.since, question.current, start.after)
        types = self._types(actor, question, window)
        reader = _reader(actor, self.release.sieve(actor, view, SEARCH), view, question, window)
        try:
            found, last = _filled(reader, types, window, count)
        except KeyGone:
            deed = trace.Deed("history", question.type, status=409, outcome=trace.MINOR)
            self.release.append({log: [deed] for log in logs(actor)}, actor, view)
            raise recorded(Kind.CONFLICT, "conflict", ERASED_MEANWHILE) from None
        self._record(actor, (view, question.type), found)
        following = None if last is None else replace(start, after=last)
        return Changes(tuple(entry.stored for entry in found), start.begun - SETTLED, following)

    def _view(self, actor: Actor, question: Question) -> View:
        anything = bool(actor.scopes) if question.type is None else actor.scopes.allows(question.type, "s")
        if not anything:
            raise refused(Kind.FORBIDDEN, "forbidden", "The token's scopes do not allow this.")
        view = self.release.view(actor)
        timed = question.since or question.current is not None
        if timed and isinstance(view, PartnerView):
            types = ENDING if question.type is None else (question.type,)
            if any(view.hides(type_, "_lastUpdated") for type_ in types):
                raise refused(Kind.INVALID, "not-supported", HIDDEN)
        return view

    def _begin(self, actor: Actor) -> Place:
        now = self.release.clock()
        with self.release.vault.database.read() as conn:
            ceilings = [records.latest(conn, tenant) for tenant in _tenants(actor)]
        return Place(now, tuple(ceilings))

    def _types(self, actor: Actor, question: Question, window: Window) -> list[tuple[Tenant, str]]:
        """What is looked at: of everything, the types that the scopes allow to search."""
        if question.type is not None:
            return [(tenant, question.type) for tenant in window.ceilings]
        with self.release.vault.database.read() as conn:
            known = [(tenant, type_) for tenant in window.ceilings for type_ in histories.types(conn, tenant)]
        return [(tenant, type_) for tenant, type_ in known if actor.scopes.allows(type_, "s")]

    def _record(self, actor: Actor, what: tuple[View, str | None], found: Sequence[Entry]) -> None:
        """In every log concerned: one event for each patient whose data were in the answer, at least one."""
        view, kind = what
        deeds: dict[Tenant, list[trace.Deed]] = {log: [] for log in logs(actor)}
        for tenant, patient in sorted({(e.mark.tenant, e.patient) for e in found if e.patient is not None}):
            deeds.setdefault(tenant, []).append(trace.Deed("history", kind, patient=patient))
        nobody = [trace.Deed("history", kind)]
        self.release.append({log: told or nobody for log, told in deeds.items()}, actor, view)


def _reader(actor: Actor, sieve: Sieve, view: View, question: Question, window: Window) -> Reader:
    if not isinstance(view, PartnerView):
        return TenantHistory(view, window, sieve)
    types = ENDING if question.type is None else (question.type,)
    asked = [type_ for type_ in types if actor.scopes.allows(type_, "s")]
    marks = PartnerMarks.of(view.vault, actor.client_id, asked, window)
    return PartnerHistory(view, marks, sieve)


def _filled(
    reader: Reader, types: Sequence[tuple[Tenant, str]], window: Window, count: int
) -> tuple[list[Entry], int | None]:
    """So many entries, and the place to go on after, where there is more."""
    marks = merged(reader.sources(types), window)
    found: list[Entry] = []
    looked = 0
    while count and (batch := list(islice(marks, BATCH))):
        found += reader.told(batch)
        looked += len(batch)
        if len(found) > count:
            return found[:count], found[count - 1].mark.place
        if looked >= MOST_MARKS:
            return found, batch[-1].place
    return found, None


def _tenants(actor: Actor) -> tuple[Tenant, ...]:
    return actor.grants if actor.role is Role.PARTNER else (actor.organization,)


def _by_tenant(place: Place, actor: Actor) -> dict[Tenant, WriteNo]:
    """The ceilings that were fixed with page one, of those tenants that the actor may still read."""
    readable = set(_tenants(actor))
    return {tenant_of(n): n for n in place.ceilings if tenant_of(n) in readable}
