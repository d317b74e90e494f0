"""A StructureDefinition's elements as a tree: a differential upon its base's, by the ids of elements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from mappers.profiles.rules import NotHonoured

Told: TypeAlias = Mapping[str, Any]
"""An ElementDefinition as JSON."""

_REFUSED = ("minValue", "maxValue")


@dataclass(slots=True)
class Branch:
    """An element with what is said of it, of its members, and of its slices."""

    name: str
    id: str
    told: Told = field(default_factory=dict)
    members: dict[str, Branch] = field(default_factory=dict)
    slices: dict[str, Branch] = field(default_factory=dict)


def merged(base: Iterable[Told], own: Iterable[Told]) -> list[Told]:
    """The base's elements with what the differential adds: properties are replaced, constraints grow."""
    found: dict[str, Told] = {one["id"]: one for one in base}
    for one in own:
        if "id" not in one:
            raise NotHonoured(f"{one.get('path', 'an element')}: has no id")
        under = found.get(one["id"], {})
        constraints = [*under.get("constraint", ()), *one.get("constraint", ())]
        found[one["id"]] = {**under, **one, **({"constraint": constraints} if constraints else {})}
    return list(found.values())


def tree(elements: Iterable[Told]) -> Branch:
    """The elements below their root; raises ``NotHonoured`` for what cannot be honoured, by its id."""
    root: Branch | None = None
    for told in elements:
        first, *rest = told["id"].split(".")
        root = root or Branch(first, first)
        branch = root
        for segment in rest:
            branch = _below(branch, segment)
        _refuse(told)
        branch.told = told
    if root is None:
        raise NotHonoured("it has no elements")
    return root


def _below(branch: Branch, segment: str) -> Branch:
    name, _, sliced = segment.partition(":")
    stem = name.removesuffix("[x]")
    found = branch.members.setdefault(stem, Branch(stem, f"{branch.id}.{name}"))
    if not sliced:
        return found
    if "/" in sliced:
        raise NotHonoured(f"{found.id}:{sliced}: slices of a slice")
    return found.slices.setdefault(sliced, Branch(stem, f"{found.id}:{sliced}"))


def _refuse(told: Told) -> None:
    for key in told:
        if key.startswith(_REFUSED):
            raise NotHonoured(f"{told['id']}: {key}")
    for one in told.get("type", ()):
        if one.get("aggregation"):
            raise NotHonoured(f"{told['id']}: aggregation of references")
    slicing = told.get("slicing", {})
    if slicing.get("ordered") or slicing.get("rules") == "openAtEnd":
        raise NotHonoured(f"{told['id']}: ordered slicing")
