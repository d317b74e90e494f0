"""A resource without somebody who was erased: pure, driven by what R4 says of each element.

- An item of a list that refers to what is gone goes whole, with whatever was said of it there: a member, an
  entry, a participant, an extension, a note that they wrote.
- A single reference becomes one that bears data-absent-reason ``masked``: that there was somebody stays true.
- A resource *about* them (``subject``, ``patient`` …), or one of which a required list would be left empty,
  goes whole; so does a document that begins with theirs, and what would not be valid any more.
- In what belongs to no single patient, narratives go, and so does every text that says a word of theirs (a
  name, a number, an address), for nobody can tell who else is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.erasure.words import Words
from mappers.lossless import Json
from mappers.r4 import compartment, validate
from mappers.r4.model import MODEL, RESOURCE, Element
from mappers.r4.references import Fragment, Literal, parse

ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
MASKED: dict[str, Json] = {"extension": [{"url": ABSENT, "valueCode": "masked"}]}
ABOUT = ("subject", "patient", "beneficiary", "for", "individual", "securityContext")
"""Elements that say whose a resource is, where they stand at its top and alone."""
_TEXTS = frozenset({"string", "markdown", "xhtml"})
_URIS = frozenset({"uri", "url", "canonical"})

Resource = dict[str, Any]


class _Gone(Exception):  # noqa: N818 - it reads as what happened
    """Nothing that may stay is left of it."""


@dataclass(frozen=True, slots=True)
class Mask:
    """Who is gone: ``gone`` says it of a literal reference; ``words`` are their own, looked for in texts of
    resources that belong to no single patient (None: of one who is somebody else's)."""

    gone: Callable[[str], bool]
    words: Words | None = None

    def without(self, resource: Resource) -> Resource | None:
        """The resource without them, itself where it does not name them; None where it has to go whole."""
        if any(self._refers(resource.get(name)) for name in ABOUT):
            return None
        inner = _Inside(self, self._contained(resource))
        try:
            made = inner.object(resource, str(resource.get("resourceType")))
        except _Gone:
            return None
        if made == resource:
            return resource
        if _headless(resource, made):
            return None
        sound = not validate.problems(made) or bool(validate.problems(resource))
        return made if sound else None

    def _contained(self, resource: Resource) -> frozenset[str]:
        """The contained resources that are theirs, by the ids that they have in there."""
        inner = [one for one in resource.get("contained", ()) if self._theirs(one) or self._told(one)]
        return frozenset(str(one.get("id")) for one in inner)

    def _told(self, value: Json) -> bool:
        return self.words is not None and self.words.anywhere(value)

    def _theirs(self, resource: Mapping[str, Json]) -> bool:
        """Whether a resource inside another one is theirs alone."""
        patients = compartment.patients(dict(resource))
        return bool(patients) and all(self.gone(text) for text in patients)

    def _refers(self, value: Json) -> bool:
        text = value.get("reference") if isinstance(value, dict) else None
        return isinstance(text, str) and isinstance(parse(text), Literal) and self.gone(text)


@dataclass(frozen=True, slots=True)
class _Inside:
    """One resource while it is gone through; ``dropped`` are ids of what it contains no longer."""

    mask: Mask
    dropped: frozenset[str]

    def object(self, value: Resource, kind: str) -> Resource:
        """The same object without them. Raises ``_Gone``."""
        names = MODEL.json_names(kind) if kind in MODEL.types else {}
        made: Resource = {}
        for key, item in value.items():
            if key not in names:
                # What JSON writes beside a primitive; it holds no more than extensions.
                made.setdefault(key, self._beside(item) if key.startswith("_") else item)
                continue
            element, inner = names[key]
            kept = self._element(item, element, inner)
            if kept is not None:
                made[key] = kept
            elif inner in _TEXTS | _URIS and not isinstance(item, list):
                made[f"_{key}"] = MASKED
        return made

    def _element(self, item: Json, element: Element, kind: str) -> Json:
        if kind == "Narrative" and self.mask.words is not None:
            return None
        if isinstance(item, list):
            kept = [made for part in item if (made := self._item(part, kind)) is not None]
            if not kept and item and element.min:
                raise _Gone
            return kept or None
        if isinstance(item, dict):
            return MASKED if self._refers(item, kind) else self.object(item, _type(item, kind))
        return None if self._says(item, kind) else item

    def _item(self, part: Json, kind: str) -> Json:
        if not isinstance(part, dict):
            return None if self._says(part, kind) else part
        if self._refers(part, kind) or self._carries(part, kind):
            return None
        made = self.object(part, _type(part, kind))
        return made or None

    def _carries(self, part: Resource, kind: str) -> bool:
        """Whether an item of a list is about them: by a reference, or by the resource that it holds."""
        if (kind in MODEL.types and MODEL.types[kind].kind == RESOURCE) or kind == "Resource":
            return str(part.get("id")) in self.dropped or self.mask._theirs(part)
        return any(
            self._refers(value, inner) or (inner == "Resource" and self.mask._theirs(value))
            for key, (_, inner) in MODEL.json_names(kind).items()
            if isinstance(value := part.get(key), dict)
        )

    def _refers(self, value: Json, kind: str) -> bool:
        if kind != "Reference" or not isinstance(value, dict):
            return False
        text = value.get("reference")
        within = parse(text) if isinstance(text, str) else None
        if isinstance(within, Fragment) and within.id in self.dropped:
            return True
        logical = value.get("identifier")
        return self.mask._refers(value) or (
            isinstance(logical, dict) and self.mask._told(logical.get("value"))
        )

    def _says(self, value: Json, kind: str) -> bool:
        if kind in _URIS:
            # A bundle's `urn:` may have become a reference wherever a uri stands.
            return self.mask._refers({"reference": value})
        return kind in _TEXTS and self.mask._told(value)

    def _beside(self, item: Json) -> Json:
        if isinstance(item, list):
            return [self._beside(one) for one in item]
        return self.object(item, "Element") if isinstance(item, dict) else item


def _headless(before: Resource, after: Resource) -> bool:
    """Whether a Bundle lost all that it held, or a document or message what it begins with."""
    if before["resourceType"] != "Bundle" or "entry" not in before:
        return False
    first = after.get("entry", [None])[0]
    whole = before.get("type") in ("document", "message")
    return first is None or (whole and _name(first) != _name(before["entry"][0]))


def _name(entry: Resource) -> tuple[Json, Json]:
    inner = entry.get("resource", {})
    return inner.get("resourceType"), inner.get("id")


def _type(value: Resource, kind: str) -> str:
    """The type of an object, which a contained resource says itself."""
    return str(value.get("resourceType")) if kind == "Resource" else kind
