"""One patient's data as one reader sees them, in an order that no write changes.

The Patient comes first, then the rest by type and id, last what is only pointed at. Whoever goes on after a
place meets each resource once, as it is then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice

from gateway.auth.scopes import TRAIL
from gateway.custody import compartments, records
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import WriteNo
from gateway.custody.records import Ref, StoredVersion
from gateway.identities import resolve
from gateway.release import opened
from gateway.release.bounds import READ
from gateway.release.care_dates import Span
from gateway.release.partners import PartnerView
from gateway.release.sieve import Sieve
from gateway.release.tenants import TenantView
from gateway.stored import Resource, Stored
from mappers.r4 import references
from mappers.r4.model import MODEL

PATIENT = "Patient"
BATCH = 100
_ID_BITS, _TYPE_BITS = 128, 16
POINTED_AT = 1 << (_ID_BITS + _TYPE_BITS)
"""Places below are of what is the patient's, from here on of what is only pointed at."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: these types (None for all), written since then, of care in these days."""

    types: frozenset[str] | None = None
    since: int = 0
    care: Span = field(default_factory=Span)


@cache
def kinds() -> tuple[str, ...]:
    """Every type in the order of the walk: the Patient first, then by name."""
    return (PATIENT, *(type_ for type_ in sorted(MODEL.resources) if type_ not in (PATIENT, TRAIL)))


@dataclass(frozen=True, slots=True)
class Walk:
    """One patient's data as one reader sees them, in the order of their places."""

    vault: Vault
    view: TenantView | PartnerView
    patient: StoredVersion
    wanted: Wanted
    ceiling: WriteNo
    sieve: Sieve

    def page(self, after: int, count: int) -> tuple[list[tuple[int, Stored]], int | None]:
        """So many resources with their places, and the last place where there are more."""
        found: list[tuple[int, Stored]] = []
        refs = iter(self._refs(after))
        while count and (batch := list(islice(refs, BATCH))):
            found += self._shown(batch)
            if len(found) > count:
                return found[:count], found[count - 1][0]
        return found, None

    def _refs(self, after: int) -> Iterator[tuple[int, Ref]]:
        own = self._own(self.wanted.since)
        yield from _placed(own, 0, self.wanted, after)
        if isinstance(self.view, TenantView):
            yield from _placed(self._pointed_at(), POINTED_AT, self.wanted, after)

    def _own(self, since: int) -> list[Ref]:
        with self.vault.database.read() as conn:
            found = compartments.of_patient(conn, self.patient.id, self.ceiling, since)
            if isinstance(self.view, TenantView):
                found += compartments.naming(conn, self.patient.id, self.ceiling, since)
        return found

    def _pointed_at(self) -> list[Ref]:
        """What the patient's resources point at, those that may be read; whichever of them are asked for."""
        refs: set[tuple[str, str]] = set()
        own = [ref for ref in self._own(0) if self.sieve.scopes.allows(ref[0], READ)]
        for first in range(0, len(own), BATCH):
            for _, body in self._bodies(own[first : first + BATCH]):
                refs |= set(_literals(body))
        tenant = self.patient.tenant
        stored = {(type_, resolve(self.vault, tenant, type_, id_)) for type_, id_ in refs}
        with self.vault.database.read() as conn:
            return compartments.of_nobody(conn, stored, tenant, self.wanted.since)

    def _shown(self, batch: Sequence[tuple[int, Ref]]) -> list[tuple[int, Stored]]:
        places = {ref: place for place, ref in batch}
        return [
            (places[row.type, row.id], Stored(row.type, str(body["id"]), row.version, row.written, body))
            for row, body in self._bodies([ref for _, ref in batch])
            if self.wanted.care.covers(body)
        ]

    def _bodies(self, refs: Sequence[Ref]) -> list[tuple[StoredVersion, Resource]]:
        """The newest versions of these resources that this reader may see, and how it sees them."""
        with self.vault.database.read() as conn:
            heads = records.load_all(conn, self.patient.tenant, refs)
        living = [heads[ref] for ref in refs if ref in heads and not heads[ref].deleted]
        rows = opened.readable(self.vault, self.patient.tenant, living)
        if isinstance(self.view, PartnerView):
            self.view.consents.expect(rows)
            rows = self.view.timed([row for row in rows if self.view.visible(row)])
        rows = self.sieve.passing(rows)
        return list(zip(rows, self.view.present(rows), strict=True))


def _placed(refs: Iterable[Ref], base: int, wanted: Wanted, after: int) -> list[tuple[int, Ref]]:
    """The references of the types that are wanted, with their places, those after a place only."""
    numbers = {type_: number for number, type_ in enumerate(kinds()) if type_ in (wanted.types or ())}
    found = [
        (base + (numbers[type_] << _ID_BITS | int.from_bytes(id_)), (type_, id_))
        for type_, id_ in refs
        if type_ in numbers
    ]
    return sorted(one for one in found if one[0] > after)


def _literals(body: Resource) -> Iterator[tuple[str, str]]:
    for text in references.pointers(body):
        found = references.parse(text)
        if isinstance(found, references.Literal):
            yield found.type, found.id
