"""The definitions of one tenant as whoever applies one may see them: by id, by reference, by url."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.auth.actor import Actor
from gateway.custody.records import StoredVersion
from gateway.identities import resolve
from gateway.release.bounds import READ
from gateway.release.service import Release
from gateway.release.tenants import TenantView
from gateway.stored import Resource
from mappers.r4 import references

TYPES = ("PlanDefinition", "ActivityDefinition", "Questionnaire")


@dataclass(slots=True)
class Shelf:
    """Finds definitions; each is opened once for one application."""

    release: Release
    actor: Actor
    _found: dict[str, Resource | None] = field(default_factory=dict)

    @property
    def view(self) -> TenantView:
        """The store as the tenant sees it."""
        return TenantView(self.release.vault, self.actor.organization)

    def row(self, type_: str, id_: str, canonical: str | None) -> StoredVersion | None:
        """The head of a definition, by its id or its url; a deleted one is found by its id."""
        if not self._whole(type_):
            return None
        if canonical is None:
            return self.view.locate(type_, id_, None)
        ids = self._by_url(type_, canonical)
        return self.view.locate(type_, ids[0], None) if ids else None

    def body(self, row: StoredVersion) -> Resource:
        """A definition as it was sent."""
        (found,) = self.view.present([row])
        return found

    def find(self, canonical: str) -> Resource | None:
        """The definition behind a canonical: ``Type/id`` of ours, or a url with or without a version."""
        if canonical not in self._found:
            self._found[canonical] = self._find(canonical)
        return self._found[canonical]

    def _find(self, canonical: str) -> Resource | None:
        literal = references.parse(canonical.partition("|")[0])
        for type_ in TYPES:
            if isinstance(literal, references.Literal):
                row = self.row(type_, literal.id, None) if literal.type == type_ else None
            else:
                row = self.row(type_, "", canonical)
            if row is not None and not row.deleted:
                return self.body(row)
        return None

    def _by_url(self, type_: str, canonical: str) -> list[str]:
        """The ids of a definition by its url; where several bear it, of the one that is active."""
        url, _, version = canonical.partition("|")
        wanted = [("url", url), *([("version", version)] if version else [])]
        found = self.release.find(self.actor, type_, wanted)
        return (
            self.release.find(self.actor, type_, [*wanted, ("status", "active")]) if len(found) > 1 else found
        )

    def _whole(self, type_: str) -> bool:
        scopes = self.actor.scopes
        return scopes.allows(type_, READ) and not scopes.filters(type_, READ)


def resource_of(view: TenantView, reference: str) -> tuple[StoredVersion, Resource] | None:
    """What a reference to a resource of this tenant leads to."""
    found = references.parse(reference)
    if not isinstance(found, references.Literal):
        return None
    rows = view.current([(found.type, resolve(view.vault, view.tenant, found.type, found.id))])
    return (rows[0], view.present(rows)[0]) if rows else None
