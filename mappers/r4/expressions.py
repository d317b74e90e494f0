"""Where something stands in a resource, as the FHIRPath that an OperationOutcome's ``expression`` may hold.

One way of writing it everywhere (docs/fhir.md): from the resource's type down, for a bundle from ``Bundle``;
names of elements, so that a choice is its stem (``Observation.value``, not ``valueQuantity``) and the sibling
of a primitive is the primitive itself; a position after each element that repeats. What has no known type is
``Resource``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from mappers.lossless import Json
from mappers.r4.model import MODEL

RESOURCE = "Resource"
_STEP = re.compile(r"([^.\[\]]+)?((?:\[\d+\])*)")


def root_of(resource: Json) -> str:
    """What an expression within this resource begins with."""
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    return root(kind if isinstance(kind, str) else "")


def root(kind: str) -> str:
    """The same for a type by its name."""
    return kind if kind in MODEL.resources else RESOURCE


def step(kind: str, key: str) -> tuple[str, str]:
    """The element that a JSON name of a type stands for, and its type; an empty one where it is not known."""
    plain = key.removeprefix("_")
    known = MODEL.json_names(kind).get(plain) if kind in MODEL.types else None
    if known is not None:
        element, type_ = known
        return element.name, type_
    return _stems().get(plain, plain), ""


def of_json(kind: str, path: str) -> str:
    """The expression of a path of JSON names (``name[0].family``) in a resource of a type; in an array, such
    as a JSON Patch, from ``$this``."""
    if path.startswith("["):
        return f"$this{path}"
    at, told = kind, [root(kind)]
    for part in path.split(".") if path else ():
        found = _STEP.fullmatch(part)
        name, positions = (found[1] or "", found[2]) if found else (part, "")
        named, at = step(at, name)
        told.append(named + positions)
    return ".".join(told)


def references(resource: dict[str, Json], at: str) -> Iterator[tuple[str, str]]:
    """Every ``Reference.reference`` with its expression, in the order of the resource; ``at`` is the
    resource's own."""
    return _references(resource, at, "")


def _references(node: dict[str, Json], at: str, kind: str) -> Iterator[tuple[str, str]]:
    kind = str(node.get("resourceType", kind))
    for key, value in node.items():
        name, inner = step(kind, key)
        items = list(enumerate(value)) if type(value) is list else [(None, value)]
        for number, item in items:
            place = f"{at}.{name}" if number is None else f"{at}.{name}[{number}]"
            if type(item) is dict:
                yield from _references(item, place, inner)
            elif key == "reference" and type(item) is str:
                yield place, item


@cache
def _stems() -> dict[str, str]:
    """The choices behind JSON names, for where the type is not known: a dozen are elements elsewhere."""
    every = ((key, one) for kind in MODEL.types for key, (one, _) in MODEL.json_names(kind).items())
    return {key: one.name for key, one in every if one.choice}
