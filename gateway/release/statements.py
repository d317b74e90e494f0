"""Patients' Consents and the resources that they speak of, opened whole and named as everything else is.

Both sides name resources by pseudonyms when they decide, so a reference that an EHR wrote is put into them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.custody import merges
from gateway.custody.consents import standing
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId, Tenant, parse_pseudonym, pseudonym
from gateway.custody.records import StoredVersion, load_all
from gateway.identities import Identities
from gateway.release import opened
from gateway.stored import Resource
from mappers import consent
from mappers.consent import Consent, Surroundings
from mappers.r4 import references

Ref = tuple[str, StoredId]


@dataclass(frozen=True, slots=True)
class Statements:
    """What patients of one tenant said; with ``whole`` false, as far as workers can read it."""

    vault: Vault
    tenant: Tenant
    whole: bool = True

    def of(self, patients: Iterable[StoredId]) -> list[tuple[StoredId, Consent]]:
        """Every Consent that says something of these patients now, once for each of them.

        Records that are one person speak for each other: what one of them denies, all of them do.
        """
        with self.vault.database.read() as conn:
            persons = self._persons(conn, set(patients))
            rows = standing(conn, self.tenant, sorted({own for owns in persons.values() for own in owns}))
        rows = opened.readable(self.vault, self.tenant, rows)
        bodies = self.bodies(rows) if self.whole else opened.clinical_halves(self.vault, self.tenant, rows)
        around = self._surroundings([body for body in bodies if body is not None])
        read = [(row.compartment, _read(row, body, around)) for row, body in zip(rows, bodies, strict=True)]
        return [
            (patient, found)
            for patient, records in persons.items()
            for home, found in read
            if home in records and found is not None
        ]

    def _persons(self, conn: Connection, patients: set[StoredId]) -> dict[StoredId, set[StoredId]]:
        """For each patient the compartments of the person: its own, and those that it is united with."""
        links = merges.group(conn, self.tenant, patients)
        survivor = {one.patient: one.survivor for one in links if one.survivor is not None}
        records: dict[StoredId, set[StoredId]] = {}
        for one in patients | survivor.keys():
            home = survivor.get(one, one)
            records.setdefault(home, {home}).add(one)
        return {one: records[survivor.get(one, one)] for one in patients}

    def bodies(self, rows: Sequence[StoredVersion]) -> list[Resource]:
        """Each row as whole as it is: what was sent, and of what was derived the half that there is."""
        sent = [row for row in rows if row.origin == opened.EHR]
        derived = [row for row in rows if row.origin != opened.EHR]
        wholes = opened.originals(self.vault, self.tenant, sent) if sent else []
        halves = opened.clinical_halves(self.vault, self.tenant, derived) if derived else []
        renamed = self._renamed(wholes)
        found = {row.write_no: body for row, body in zip(sent, renamed, strict=True)}
        found |= {row.write_no: half or _bare(row) for row, half in zip(derived, halves, strict=True)}
        return [found[row.write_no] for row in rows]

    def _renamed(self, bodies: Sequence[Resource]) -> list[Resource]:
        identities = Identities(self.vault, self.tenant)

        def change(text: str) -> str:
            found = references.parse(text)
            if not isinstance(found, references.Literal):
                return text
            return f"{found.type}/{identities.pseudonym(found.type, found.id)}"

        return [references.rewrite(body, change) for body in bodies]

    def _surroundings(self, bodies: Sequence[Resource]) -> Surroundings:
        looked = [consent.lookups(body) for body in bodies]
        parties = self._named({text for parties, _ in looked for text in parties})
        instances = self._named({text for _, instances in looked for text in instances})
        return Surroundings(
            parties={text: consent.known_to(body) for text, body in parties.items()},
            reaches={text: consent.reached(body) for text, body in instances.items()},
        )

    def _named(self, texts: Iterable[str]) -> dict[str, Resource]:
        refs = {known for text in texts if (known := ref(text)) is not None}
        if not refs:
            return {}
        with self.vault.database.read() as conn:
            standing_now = [row for row in load_all(conn, self.tenant, refs).values() if not row.deleted]
        rows = opened.readable(self.vault, self.tenant, standing_now)
        return {local(row): body for row, body in zip(rows, self.bodies(rows), strict=True)}


def _read(row: StoredVersion, body: Resource | None, around: Surroundings) -> Consent | None:
    return consent.unread(named(row)) if body is None else consent.read(body, named(row), around)


def ref(text: str) -> Ref | None:
    """Type and stored id behind ``Type/<pseudonym>``, with or without a version."""
    found = references.parse(text)
    if not isinstance(found, references.Literal):
        return None
    stored = parse_pseudonym(found.id)
    return None if stored is None else (found.type, stored)


def local(row: StoredVersion) -> str:
    """How others refer to a resource."""
    return f"{row.type}/{pseudonym(row.id)}"


def named(row: StoredVersion) -> str:
    """How evidence names a version."""
    return f"{local(row)}/_history/{row.version}"


def _bare(row: StoredVersion) -> Resource:
    return {"resourceType": row.type, "id": pseudonym(row.id)}
