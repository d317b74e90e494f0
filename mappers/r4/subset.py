"""Less of a resource, as ``_summary`` and ``_elements`` ask for it. What R4 requires stays; a tag is added.

What changes the meaning of the rest stays, too: modifier extensions and ``implicitRules``.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from mappers.lossless import Json
from mappers.r4.model import BACKBONE, MODEL, Element

SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
    "display": "subsetted",
}
_ALWAYS = frozenset({"resourceType", "id", "meta", "implicitRules", "modifierExtension"})
Object = dict[str, Json]


class Summary(Enum):
    """What R4's ``_summary`` may ask for, of a resource."""

    TRUE = "true"
    TEXT = "text"
    DATA = "data"


def summary(resource: Object, kind: Summary) -> Object:
    """The elements that R4 marks as summary; the narrative; or all but the narrative."""
    if kind is Summary.DATA:
        return _tagged({key: value for key, value in resource.items() if key.lstrip("_") != "text"})
    if kind is Summary.TEXT:
        return elements(resource, ("text",))
    return _tagged(_marked(resource, str(resource["resourceType"])))


def elements(resource: Object, names: Collection[str]) -> Object:
    """These elements of the resource, by their names in R4 (``value`` for ``valueQuantity``)."""
    known = MODEL.json_names(str(resource["resourceType"]))
    kept: Object = {}
    for key, value in resource.items():
        found = known.get(key.removeprefix("_"))
        if key in _ALWAYS or (found is not None and (found[0].min or found[0].name in names)):
            kept[key] = value
    return _tagged(kept)


def has_element(resource_type: str, name: str) -> bool:
    """Whether the type has an element of this name."""
    return name in MODEL.types[resource_type].elements


def _marked(node: Object, type_name: str) -> Object:
    known = MODEL.json_names(type_name)
    kept: Object = {}
    for key, value in node.items():
        found = known.get(key.removeprefix("_"))
        if key in _ALWAYS:
            kept[key] = value
        elif found is not None and (found[0].summary or found[0].min):
            kept[key] = _inside(value, found[0], found[1])
    return kept


def _inside(value: Json, element: Element, kind: str) -> Json:
    """Of a part that R4 defines within the resource, what is marked there."""
    if kind not in MODEL.types or MODEL.types[kind].kind != BACKBONE or not element.summary:
        return value
    if isinstance(value, list):
        return [_marked(item, kind) if isinstance(item, dict) else item for item in value]
    return _marked(value, kind) if isinstance(value, dict) else value


def _tagged(resource: Object) -> Object:
    meta = resource.get("meta", {})
    tags = [tag for tag in meta.get("tag", ()) if tag.get("code") != SUBSETTED["code"]]
    first: Object = {key: resource[key] for key in ("resourceType", "id") if key in resource}
    return {**first, "meta": {**meta, "tag": [*tags, SUBSETTED]}, **_without(resource, ("meta", *first))}


def _without(resource: Object, names: Collection[str]) -> Object:
    return {key: value for key, value in resource.items() if key not in names}
