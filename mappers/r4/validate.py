"""Says everything that is wrong with a resource, in one pass, without repeating what stands in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mappers.lossless import Json
from mappers.r4.faults import FRAGMENT_CLAIM, Check, Fault, Faults, fault, json_type
from mappers.r4.model import MODEL
from mappers.r4.shapes import Shapes


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a code of FHIR's issue-type, words for a person, and where (FHIRPath)."""

    code: str
    text: str
    expression: str


def problems(resource: dict[str, Json], root: str = "") -> list[Problem]:
    """Everything that is wrong with the resource; ``root`` stands before each expression."""
    return _told(_whole(resource), resource, root)


def envelope_problems(bundle: dict[str, Json]) -> list[Problem]:
    """Everything that is wrong with a Bundle but for what is wrong inside the resources of its entries."""
    return _told(_envelope(bundle), bundle, "")


def _told(faults: Faults | None, resource: Json, root: str) -> list[Problem]:
    if not faults:
        return []
    root = root or _type_of(resource) or "Resource"
    return [Problem(found.code, found.text, root + found.path) for found in faults]


def _type_of(resource: Json) -> str | None:
    """The resource's type, when it is one of R4's."""
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    return kind if isinstance(kind, str) and kind in MODEL.resources else None


# --- a resource and what it contains ---------------------------------------------------------------------


def _resource_check(within: Check | None = None) -> Check:
    """The check of any resource; ``within`` replaces it for the resources that stand inside of others."""

    def bare(value: Json) -> Faults | None:
        kind = _type_of(value)
        return shapes.of(kind)(value) if kind is not None else _no_type(value)

    def check(value: Json) -> Faults | None:
        faults = bare(value)
        if faults or "contained" in value:
            return _contents_settled(value, faults or [])
        return None

    def contained(value: Json) -> Faults | None:
        return [*(bare(value) or ()), *_contained_faults(value)]

    shapes = Shapes(within or check, contained)
    return check


def _no_type(value: Json) -> Faults:
    if not isinstance(value, dict):
        return fault("structure", f"must be a JSON object, not {json_type(value)}")
    if "resourceType" not in value:
        return fault("required", "must say what it is: resourceType is missing")
    return fault("not-supported", "its resourceType is not one of the resource types of R4")


def _contained_faults(value: Json) -> Iterator[Fault]:
    """What a contained resource must not have (dom-2, dom-4, dom-5), and the id that it must."""
    if not isinstance(value, dict):
        return
    meta = value.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    if "contained" in value:
        yield Fault(".contained", "invariant", "A contained resource shall not contain others (dom-2)")
    for name in ("versionId", "lastUpdated"):
        if name in meta:
            yield Fault(f".meta.{name}", "invariant", f"A contained resource shall not have a {name} (dom-4)")
    if "security" in meta:
        yield Fault(
            ".meta.security", "invariant", "A contained resource shall not have security labels (dom-5)"
        )
    if "id" not in value:
        yield Fault(".id", "required", "A contained resource must have an id, by which it is referred to")


def _contents_settled(value: Json, faults: Faults) -> Faults | None:
    """Settles which ``#`` point at a contained resource (ref-1), and whom nobody points at (dom-3)."""
    inside = value.get("contained") if isinstance(value, dict) else None
    contained = [one for one in inside if isinstance(one, dict)] if isinstance(inside, list) else []
    names = {name for one in contained if isinstance(name := one.get("id"), str)}
    pointed = {found.text for found in faults if found.code == FRAGMENT_CLAIM}
    settled = [
        found if found.code != FRAGMENT_CLAIM else Fault(found.path, "invariant", _NOWHERE)
        for found in faults
        if found.code != FRAGMENT_CLAIM or (found.text and found.text not in names)
    ]
    if not names <= pointed:
        settled += _unused(contained, value)
    return settled or None


_NOWHERE = "A reference that begins with # shall point at a contained resource (ref-1)"
_UNUSED = "A contained resource shall be referred to from elsewhere in the resource, or refer to it (dom-3)"


def _unused(contained: list[dict[str, Json]], value: Json) -> Iterator[Fault]:
    """Contained resources that neither a Reference nor a canonical or other URI points at."""
    used = {text[1:] for text in _fragments(value)}
    for position, one in enumerate(contained):
        if one.get("id") not in used and "#" not in _fragments(one):
            yield Fault(f".contained[{position}]", "invariant", _UNUSED)


def _fragments(value: Json) -> set[str]:
    """Every text that begins with ``#``, at any depth."""
    found, stack = set(), [value]
    while stack:
        node = stack.pop()
        if type(node) is dict:
            stack.extend(node.values())
        elif type(node) is list:
            stack.extend(node)
        elif type(node) is str and node.startswith("#"):
            found.add(node)
    return found


def _unopened(value: Json) -> Faults | None:
    """A resource that somebody else will look into: only that there is one."""
    return None if _type_of(value) else _no_type(value)


_whole = _resource_check()
_envelope = _resource_check(_unopened)
