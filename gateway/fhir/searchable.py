"""What the capability statement says of searches: parameters and inclusions, as the tables answer them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from gateway.release.asking import limited_targets
from gateway.release.wanted import leads
from mappers.r4 import search
from mappers.r4.model import MODEL, Composite

ANY = "*"


def searchable(type_: str) -> dict[str, Any]:
    """The parameters of a type, what its hits can bring along, and what can come along that points at it."""
    known = search.known(type_)
    return {
        "searchInclude": [ANY, f"{type_}:{ANY}", *sorted(_includes(type_))],
        "searchRevInclude": sorted(_pointing().get(type_, ())),
        "searchParam": [_parameter(name, known[name]) for name in sorted(known)],
    }


def _parameter(name: str, one: Any) -> dict[str, str]:
    kind = "composite" if isinstance(one, Composite) else str(one.type)
    return {"name": name, "definition": str(one.url), "type": kind}


def _includes(type_: str) -> Iterator[str]:
    return (f"{type_}:{name}" for name in search.parameters(type_) if leads(type_, name))


@cache
def _pointing() -> Mapping[str, list[str]]:
    """For each type the parameters that point at it, but for those that may point at anything."""
    found: dict[str, list[str]] = {}
    for source in MODEL.resources:
        for name in search.parameters(source):
            for target in limited_targets(source, name) if leads(source, name) else ():
                found.setdefault(target, []).append(f"{source}:{name}")
    return found
