"""A resource as it was sent, in the pseudonyms by which stored resources name each other.

So that one question can be asked of what an EHR sent and of what Careloom derived, however an id is spelt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.stored import Resource
from mappers.plan_identity import PLAN_SYSTEM
from mappers.r4 import references


@dataclass(frozen=True, slots=True)
class Names:
    """``name`` gives the pseudonym of a type and an id as its sender writes it."""

    name: Callable[[str, str], str]

    def in_pseudonyms(self, resource: Resource) -> Resource:
        """The resource with its own id, its local references and the plan that it bears in pseudonyms."""
        kind = str(resource["resourceType"])
        changed = references.rewrite(resource, self.reference)
        named = {**changed, "id": self.name(kind, str(resource["id"]))}
        if kind == "CarePlan" and "identifier" in named:
            named["identifier"] = [self._plan(one) for one in named["identifier"]]
        return named

    def reference(self, text: str) -> str:
        """``Type/pseudonym`` for a reference to a resource here; any other text as it is."""
        found = references.parse(text)
        if not isinstance(found, references.Literal):
            return text
        return str(references.Literal(found.type, self.name(found.type, found.id), found.version))

    def _plan(self, identifier: Resource) -> Resource:
        if identifier.get("system") != PLAN_SYSTEM or "value" not in identifier:
            return identifier
        return {**identifier, "value": self.name("CarePlan", str(identifier["value"]))}
