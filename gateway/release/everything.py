"""Use case: everything of one patient that its reader may see, a page at a time.

For the source of the data: all that lies in the patient's compartment or names the patient among others,
derived data too, whole, and what these point at and is nobody's (a Practitioner, a Medication). For a
partner: what it may read of the patient one by one, that is plans and what they point at. Each type needs the
scope to read it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway import trace
from gateway.auth.actor import Actor
from gateway.custody import records
from gateway.custody.errors import KeyGone
from gateway.custody.ids import Tenant, WriteNo
from gateway.custody.records import StoredVersion
from gateway.refusal import Kind, Refused, recorded, refused
from gateway.release import erased, opened
from gateway.release.bounds import READ
from gateway.release.histories import HIDDEN
from gateway.release.partners import PartnerView
from gateway.release.patient_walk import PATIENT, POINTED_AT, Walk, Wanted, kinds
from gateway.release.service import DELETED, ERASED, UNKNOWN, Release, View, logs
from gateway.stored import Position, Stored


@dataclass(frozen=True, slots=True)
class Answer:
    """One page: what is the patient's, what is only pointed at, and whether scopes left types out."""

    own: tuple[Stored, ...]
    pointed_at: tuple[Stored, ...]
    narrowed: bool
    following: Position | None


@dataclass(frozen=True, slots=True)
class Everything:
    """Answers ``$everything`` over the same views as reads and searches."""

    release: Release

    def page(self, actor: Actor, id_: str, wanted: Wanted, position: Position | None, count: int) -> Answer:
        """One page. Raises ``Refused`` for a patient who is not there or not to be seen."""
        allowed = _allowed(actor, wanted)
        view = self.release.view(actor)
        _check_hidden(view, wanted)
        patient = self._patient(actor, view, id_)
        ceiling = WriteNo(position.ceiling) if position else self._newest(patient.tenant)
        sieve = self.release.sieve(actor, view, READ)
        walk = Walk(self.release.vault, view, patient, replace(wanted, types=allowed), ceiling, sieve)
        try:
            found, last = walk.page(position.after if position else -1, count)
        except KeyGone:
            raise self._gone(actor, view, patient, ERASED) from None
        self._record(actor, view, patient.tenant, trace.of_row("everything", patient, 200))
        own = tuple(stored for place, stored in found if place < POINTED_AT)
        others = tuple(stored for place, stored in found if place >= POINTED_AT)
        following = None if last is None else Position(ceiling, last)
        narrowed = len(allowed) < len(_askable(wanted)) or any(map(sieve.stands_before, allowed))
        return Answer(own, others, narrowed, following)

    def _patient(self, actor: Actor, view: View, id_: str) -> StoredVersion:
        sieve = self.release.sieve(actor, view, READ)
        # Of who was erased nobody can tell any more whether a filter let them pass.
        told = not sieve.stands_before(PATIENT)
        tombstone = erased.found(self.release.vault, actor, PATIENT, id_) if told else None
        if tombstone is not None:
            tenant, stored = tombstone
            deed = trace.Deed("everything", PATIENT, stored, patient=stored, status=410, outcome=trace.MINOR)
            self._record(actor, view, tenant, deed)
            raise recorded(Kind.GONE, "deleted", ERASED)
        row = view.locate(PATIENT, id_, None)
        if row is None or not sieve.passing([row]):
            deed = trace.Deed("everything", PATIENT, status=404, outcome=trace.MINOR)
            self._record(actor, view, None, deed)
            raise recorded(Kind.NOT_FOUND, "not-found", UNKNOWN)
        if row.deleted:
            raise self._gone(actor, view, row, DELETED)
        if not opened.readable(self.release.vault, row.tenant, [row]):
            raise self._gone(actor, view, row, ERASED)
        return row

    def _gone(self, actor: Actor, view: View, row: StoredVersion, text: str) -> Refused:
        self._record(actor, view, row.tenant, trace.of_row("everything", row, 410, trace.MINOR))
        return recorded(Kind.GONE, "deleted", text)

    def _newest(self, tenant: Tenant) -> WriteNo:
        with self.release.vault.database.read() as conn:
            return records.latest(conn, tenant)

    def _record(self, actor: Actor, view: View, tenant: Tenant | None, deed: trace.Deed) -> None:
        """One event for the answer; in every log of the actor where nobody was found."""
        where = logs(actor) if tenant is None else (tenant,)
        self.release.append({log: [deed] for log in where}, actor, view)


def _askable(wanted: Wanted) -> frozenset[str]:
    return frozenset(kinds()) if wanted.types is None else wanted.types


def _allowed(actor: Actor, wanted: Wanted) -> frozenset[str]:
    """The types that are asked for and that the scopes allow to read; raises ``Refused`` for none."""
    found = frozenset(type_ for type_ in _askable(wanted) if actor.scopes.allows(type_, "r"))
    if not found:
        raise refused(Kind.FORBIDDEN, "forbidden", "The token's scopes do not allow this.")
    return found


def _check_hidden(view: View, wanted: Wanted) -> None:
    """Refuse to go by times that a profile hides from this reader."""
    if not wanted.since or not isinstance(view, PartnerView):
        return
    if view.hides(PATIENT, "_lastUpdated"):
        raise refused(Kind.INVALID, "not-supported", HIDDEN)
