"""Use case: what is wrong with a resource that somebody holds. Nothing is stored; that it was asked is."""

from __future__ import annotations

from dataclasses import dataclass

from gateway import trace
from gateway.auth.actor import Actor
from gateway.refusal import Issue
from gateway.release.service import Release, logs
from gateway.stored import Resource
from mappers.r4 import validate


@dataclass(frozen=True, slots=True)
class Checking:
    """Holds resources to R4, as every write is held to it."""

    release: Release

    def faults(self, actor: Actor, type_: str, resource: Resource) -> list[Issue]:
        """Every fault, each with its place. Raises ``Refused`` for who reads nothing but the trail."""
        view = self.release.view(actor)
        found = [Issue(p.code, p.text, p.expression) for p in validate.problems(resource)]
        if resource.get("resourceType") != type_:
            found.append(Issue("value", "The resource's type is not the one in the url.", "resourceType"))
        deed = trace.Deed("validate", type_)
        self.release.append({log: [deed] for log in logs(actor)}, actor, view)
        return found
