"""Use case: what is wrong with a resource that somebody holds. Nothing is stored; that it was asked is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway import trace
from gateway.auth.actor import Actor
from gateway.refusal import Issue
from gateway.release.service import Release, logs
from gateway.stored import Resource
from mappers.profiles.library import Library, Profile
from mappers.profiles.rules import INFORMATION
from mappers.r4 import validate
from mappers.r4.expressions import root_of


@dataclass(frozen=True, slots=True)
class Checking:
    """Holds resources to R4, as every write is held to it, and to profiles."""

    release: Release
    library: Library

    def faults(
        self, actor: Actor, type_: str, resource: Resource, profile: Profile | None = None
    ) -> list[Issue]:
        """Every fault of R4 and of the profile (else of those that it claims), each with its place.

        Raises ``Refused`` for who reads nothing but the trail.
        """
        view = self.release.view(actor)
        found = [Issue(p.code, p.text, p.expression) for p in validate.problems(resource)]
        if resource.get("resourceType") != type_:
            text = "The resource's type is not the one in the url."
            found.append(Issue("value", text, root_of(resource)))
        else:
            asked = [(profile.canonical, "")] if profile is not None else list(_claimed(resource))
            for canonical, where in asked:
                found += self._held(resource, canonical, where)
        deed = trace.Deed("validate", type_)
        self.release.append({log: [deed] for log in logs(actor)}, actor, view)
        return found

    def conforming(self, resource: Resource, profile: Profile | None) -> list[Profile]:
        """The known profiles that the resource was held to."""
        if profile is not None:
            return [profile]
        known = (self.library.find(canonical) for canonical, _ in _claimed(resource))
        return [one for one in known if one is not None]

    def _held(self, resource: Resource, canonical: str, where: str) -> list[Issue]:
        if self.library.find(canonical) is None:
            return [Issue("informational", _UNKNOWN, where, INFORMATION)]
        told = self.library.check(resource, canonical)
        return [Issue(one.code, one.text, one.expression, one.severity) for one in told]


_UNKNOWN = "This profile is not known here: the resource was not held to it."


def _claimed(resource: Resource) -> Iterator[tuple[str, str]]:
    """The profiles that a resource names in its meta, with their places."""
    meta = resource.get("meta")
    named = meta.get("profile") if isinstance(meta, dict) else None
    for place, canonical in enumerate(named if isinstance(named, list) else ()):
        if isinstance(canonical, str):
            yield canonical, f"{resource['resourceType']}.meta.profile[{place}]"
