"""Whose a resource is: the patients that R4's patient compartment puts it with."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from mappers.lossless import Json
from mappers.r4.model import MODEL, Path
from mappers.r4.references import Literal, parse
from mappers.r4.search_terms import found

_PATIENT = "Patient"


def patients(resource: dict[str, Json]) -> frozenset[str]:
    """References (``Patient/…``) to every patient of the resource; a Patient is its own, by its id."""
    kind = resource.get("resourceType")
    if kind == _PATIENT:
        own = {f"{_PATIENT}/{resource['id']}"} if "id" in resource else set()
        return frozenset(own)
    if not isinstance(kind, str) or kind not in MODEL.compartment:
        return frozenset()
    return frozenset(_pointed_at(resource, kind))


def carried(resource: dict[str, Json]) -> Iterator[str]:
    """The ids of the Patients that a Bundle holds in its entries."""
    if resource.get("resourceType") != "Bundle":
        return
    for entry in resource.get("entry", ()):
        inner = entry.get("resource", {})
        if inner.get("resourceType") == _PATIENT and "id" in inner:
            yield inner["id"]
        yield from carried(inner)


def _pointed_at(resource: dict[str, Json], kind: str) -> Iterator[str]:
    for path in _places(kind):
        for value in found(resource, path):
            target = parse(value["reference"]) if "reference" in value else None
            if isinstance(target, Literal) and target.type == _PATIENT:
                yield f"{_PATIENT}/{target.id}"


@cache
def _places(kind: str) -> tuple[Path, ...]:
    """Where the compartment's parameters look for references, each place once."""
    names = MODEL.compartment[kind]
    paths = [path for name in names for path in MODEL.search[kind][name].paths if path.leaf == "Reference"]
    return tuple({path.steps: path for path in paths}.values())
