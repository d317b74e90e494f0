"""What a write of Patients means for who is one person with whom (docs/merges.md).

1. Before the transaction: what the written Patients say, the links that hang together with them, and the
   other records of that group, opened whole; the whole group is decided anew.
2. In the transaction, behind the tenant's counter: all that this was decided from is the same still, or the
   write starts again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from msgspec import structs
from sqlalchemy import Connection

from gateway import trace
from gateway.custody import merges, records
from gateway.custody.audit import Event
from gateway.custody.errors import Conflict
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.merges import UNDONE, Merge
from gateway.identities import resolve
from gateway.intake.looking import Looking
from gateway.intake.versions import Outcome
from gateway.stored import Resource
from mappers import merging
from mappers.merging import Record, State

PATIENT = "Patient"
Links = dict[tuple[StoredId, StoredId], tuple[bool, bool]]
"""Who goes into whom, and who of the two says so: the record, the one that it goes into."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a Patient says now; one without a record stands no more, and says nothing. Of one that is erased,
    the others say nothing any more, either."""

    id: StoredId
    record: Record | None = None
    into: frozenset[StoredId] = frozenset()
    replaces: frozenset[StoredId] = frozenset()
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Settlement:
    """What changes between records, and all that this was decided from."""

    seeds: frozenset[StoredId]
    seen: frozenset[Merge]
    versions: Mapping[StoredId, int]
    """The other records of the group: their newest versions, 0 for one that never was."""
    changed: Sequence[Merge] = ()
    patients: frozenset[StoredId] = frozenset()
    """Whose plan rests on other records than before."""
    turned: Sequence[Merge] = ()
    """The links that stand otherwise than before."""

    def events(self, deed: Event) -> list[Event]:
        """One for each link that stands otherwise than before, like the event of the deed that turned it."""
        return [_event(deed, merge) for merge in self.turned]


def told(vault: Vault, tenant: Tenant, outcomes: Iterable[Outcome]) -> list[Told]:
    """What the Patients among these say."""
    return [
        _said(
            vault,
            tenant,
            outcome.target.id,
            outcome.entry.resource if outcome.sealed.write.clinical else None,
        )
        for outcome in outcomes
        if outcome.sealed is not None and outcome.entry.type == PATIENT
    ]


def settle(
    vault: Vault, looking: Looking, tenant: Tenant, said: Sequence[Told], now: int
) -> Settlement | None:
    """What follows from what these Patients say; None where there are none."""
    if not said:
        return None
    seeds = frozenset(one for patient in said for one in (patient.id, *patient.into, *patient.replaces))
    with vault.database.read() as conn:
        seen = merges.group(conn, tenant, seeds)
    links = _links(seen, {patient.id: patient for patient in said})
    if not seen and not links:
        return Settlement(seeds, seen, {})
    mine = {patient.id: patient.record for patient in said}
    others = {one for link in (*links, *map(_ends, seen)) for one in link} - mine.keys()
    versions, theirs = _standing(vault, looking, tenant, others)
    known: dict[bytes, Record] = {one: record for one, record in (mine | theirs).items() if record}
    return _settlement(Settlement(seeds, seen, versions), links, known, now)


def write(conn: Connection, tenant: Tenant, settlement: Settlement) -> None:
    """Keep it. Raises ``Conflict`` when anything that it was decided from has changed since."""
    heads = records.heads(conn, tenant, [(PATIENT, one) for one in settlement.versions])
    versions = dict.fromkeys(settlement.versions, 0) | {one: h.version for (_, one), h in heads.items()}
    if versions != settlement.versions or merges.group(conn, tenant, settlement.seeds) != settlement.seen:
        raise Conflict
    merges.save(conn, tenant, settlement.changed)


# --- what was said ---------------------------------------------------------------------------------------


def _said(vault: Vault, tenant: Tenant, patient: StoredId, body: Resource | None) -> Told:
    if body is None:
        return Told(patient)
    named: dict[str, set[StoredId]] = {merging.REPLACED_BY: set(), merging.REPLACES: set()}
    for kind, other in merging.links(body):
        named[kind].add(resolve(vault, tenant, PATIENT, other))
    into, replaces = named[merging.REPLACED_BY], named[merging.REPLACES]
    return Told(patient, merging.record(body), frozenset(into), frozenset(replaces))


def _links(seen: Collection[Merge], said: Mapping[StoredId, Told]) -> Links:
    """What is told now: as before by those who say nothing here, and as they say by the others."""
    links: Links = {}
    for merge in seen:
        by_one = merge.replaced_by and merge.patient not in said
        by_other = merge.replaces and merge.successor not in said
        if by_one or by_other:
            links[_ends(merge)] = by_one, by_other
    gone = {patient.id for patient in said.values() if patient.erased}
    links = {ends: by for ends, by in links.items() if gone.isdisjoint(ends)}
    for patient in said.values():
        for other in patient.into:
            links[patient.id, other] = True, links.get((patient.id, other), (False, False))[1]
        for other in patient.replaces:
            links[other, patient.id] = links.get((other, patient.id), (False, False))[0], True
    return links


def _ends(merge: Merge) -> tuple[StoredId, StoredId]:
    return merge.patient, merge.successor


def _standing(
    vault: Vault, looking: Looking, tenant: Tenant, patients: Collection[StoredId]
) -> tuple[dict[StoredId, int], dict[StoredId, Record | None]]:
    """The versions of these records, and what those say that stand."""
    with vault.database.read() as conn:
        rows = records.load_all(conn, tenant, [(PATIENT, one) for one in patients])
    # Whose key is gone was erased, whatever else is left.
    keys = vault.identity.fetch(tenant, patients)
    living = [ref for ref, row in rows.items() if row.clinical is not None and ref[1] in keys]
    bodies = looking.originals(tenant, living) if living else {}
    versions = {one: rows[PATIENT, one].version if (PATIENT, one) in rows else 0 for one in patients}
    versions |= {one: stored.version for (_, one), stored in bodies.items()}
    return versions, {one: merging.record(stored.body or {}) for (_, one), stored in bodies.items()}


# --- what follows ----------------------------------------------------------------------------------------


def _settlement(looked: Settlement, links: Links, known: Mapping[bytes, Record], now: int) -> Settlement:
    before = {_ends(merge): merge for merge in looked.seen}
    after = {_ends(merge): merge for merge in _merges(links, known, now)}
    after |= {ends: _undone(merge, now) for ends, merge in before.items() if ends not in links}
    for ends, merge in before.items():
        if not _turned(merge, after[ends]):
            after[ends] = replace(after[ends], since=merge.since)
    changed = [merge for ends, merge in after.items() if before.get(ends) != merge]
    return Settlement(
        looked.seeds,
        looked.seen,
        looked.versions,
        changed,
        _moved(looked.seen, after.values()),
        [merge for merge in changed if _turned(before.get(_ends(merge)), merge)],
    )


def _merges(links: Links, known: Mapping[bytes, Record], now: int) -> Iterable[Merge]:
    for (one, other), decision in merging.decided(known, links).items():
        ends = StoredId(one), StoredId(other)
        survivor = None if decision.survivor is None else StoredId(decision.survivor)
        yield Merge(*ends, *links[ends], decision.state.value, decision.reason, survivor, now)


def _undone(merge: Merge, now: int) -> Merge:
    return Merge(*_ends(merge), False, False, UNDONE, None, None, now)


def _turned(before: Merge | None, after: Merge) -> bool:
    return before is None or (before.state, before.reason) != (after.state, after.reason)


def _moved(before: Iterable[Merge], after: Iterable[Merge]) -> frozenset[StoredId]:
    """Whose survivor is another than before, and both survivors."""
    was = {merge.patient: merge.survivor for merge in before if merge.survivor}
    now = {merge.patient: merge.survivor for merge in after if merge.survivor}
    moved = {one for one in was.keys() | now.keys() if was.get(one) != now.get(one)}
    ends = {end for one in moved for end in (was.get(one), now.get(one)) if end is not None}
    return frozenset(moved | ends)


def _event(deed: Event, merge: Merge) -> Event:
    blocked = merge.state == State.BLOCKED
    return structs.replace(
        deed,
        kind=f"merge:{merge.state}",
        action="U",
        outcome=trace.MINOR if blocked else trace.SUCCESS,
        status=409 if blocked else 200,
        type=PATIENT,
        id=merge.successor,
        patient=merge.patient,
        detail=merge.reason,
    )
