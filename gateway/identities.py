"""From ids as a tenant writes them to stored ids, and on to the pseudonyms that stand in clinical halves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId, Tenant, pseudonym
from gateway.stored import Resource
from mappers.plan_identity import PLAN_SYSTEM
from mappers.r4 import compartment
from mappers.r4.references import Literal, parse, rewrite

OUTSIDE_ID_LENGTH = 52


def resolve(vault: Vault, tenant: Tenant, type_: str, text: str) -> StoredId:
    """The stored id behind an id of this tenant: one that we made and showed it, else one of its own."""
    if len(text) == OUTSIDE_ID_LENGTH:
        shown = vault.outside(tenant).read(type_, text)
        if shown is not None:
            return shown
    return vault.stored_id(tenant, type_, text)


class Identities:
    """Stored ids and pseudonyms of one tenant, each computed once per request."""

    def __init__(self, vault: Vault, tenant: Tenant) -> None:
        self._vault, self._tenant = vault, tenant
        self._seen: dict[tuple[str, str], StoredId] = {}
        self._texts: dict[tuple[str, str], str] = {}

    def stored(self, type_: str, text: str) -> StoredId:
        """The stored id behind an id as the tenant writes it: its own, or one that we showed it."""
        key = (type_, text)
        found = self._seen.get(key)
        if found is None:
            found = self._seen[key] = resolve(self._vault, self._tenant, type_, text)
        return found

    def pseudonym(self, kind: str, text: str) -> str:
        """What stands in the clinical half for an id or an identifier."""
        key = (kind, text)
        found = self._texts.get(key)
        if found is None:
            found = self._texts[key] = pseudonym(self.stored(kind, text))
        return found

    def patients(self, resource: Resource) -> tuple[StoredId, ...]:
        """The patients that a resource is about, in a stable order."""
        found = (parse(text) for text in compartment.patients(resource))
        return tuple(sorted(self.stored("Patient", p.id) for p in found if isinstance(p, Literal)))

    def named(self, resource: Resource, references: Iterable[str]) -> tuple[StoredId, ...]:
        """The patients whom a resource names anywhere, in a stable order, by the references that it holds; a
        Bundle names those whose records it carries, too."""
        found = [parse(text) for text in references]
        ids = {p.id for p in found if isinstance(p, Literal) and p.type == "Patient"}
        ids |= set(compartment.carried(resource))
        return tuple(sorted(self.stored("Patient", id_) for id_ in ids))


@dataclass(frozen=True, slots=True)
class Names:
    """Puts a resource as it was sent into the pseudonyms by which stored resources name each other.

    So one question can be asked of what an EHR sent and of what Careloom derived, however an id is spelt.
    ``name`` gives the pseudonym of a type and an id as its sender writes it.
    """

    name: Callable[[str, str], str]

    def in_pseudonyms(self, resource: Resource) -> Resource:
        """The resource with its own id, its local references and the plan that it bears in pseudonyms."""
        kind = str(resource["resourceType"])
        changed = rewrite(resource, self.reference)
        named = {**changed, "id": self.name(kind, str(resource["id"]))}
        if kind == "CarePlan" and "identifier" in named:
            named["identifier"] = [self._plan(one) for one in named["identifier"]]
        return named

    def reference(self, text: str) -> str:
        """``Type/pseudonym`` for a reference to a resource here; any other text as it is."""
        found = parse(text)
        if not isinstance(found, Literal):
            return text
        return str(Literal(found.type, self.name(found.type, found.id), found.version))

    def _plan(self, identifier: Resource) -> Resource:
        if identifier.get("system") != PLAN_SYSTEM or "value" not in identifier:
            return identifier
        return {**identifier, "value": self.name("CarePlan", str(identifier["value"]))}
