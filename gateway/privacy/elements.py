"""What R4 has, as policies name it: the types whose lines reach an element, and whether there is one."""

from __future__ import annotations

from collections.abc import Iterator

from mappers.r4.model import MODEL

QUANTITIES = frozenset({"Age", "Count", "Distance", "Duration"})
_ROOTS = frozenset({"Element", "BackboneElement", "Resource", "DomainResource"})


def bases(kind: str) -> tuple[str, ...]:
    """The types whose lines hold for the parts of a type, its own first."""
    if kind in MODEL.resources:
        return (kind, "DomainResource", "Resource")
    quantity = ("Quantity",) if kind in QUANTITIES else ()
    return (kind, *quantity, "BackboneElement", "Element")


def type_lines(kind: str) -> tuple[str, ...]:
    """The names by which ``[types]`` may decide an element of a type."""
    if kind in QUANTITIES:
        return (kind, "Quantity")
    return ("BackboneElement",) if "." in kind else (kind,)


def is_primitive(kind: str) -> bool:
    return MODEL.types[kind].kind == "primitive" if kind in MODEL.types else False


def exists(line: str) -> bool:
    """Whether R4 has what a line names."""
    first, *names = line.split(".")
    if not names:
        return first in MODEL.types or first in ("Resource", "BackboneElement")
    kinds = {first} if first in MODEL.types or first in _ROOTS else set()
    for name in names:
        kinds = {inner for kind in kinds for inner in _inner(kind, name)}
    return bool(kinds)


def _inner(kind: str, name: str) -> Iterator[str]:
    for base in bases(kind):
        if base not in MODEL.types:
            continue
        for element in MODEL.types[base].elements.values():
            for key, inner in element.json_names():
                if key == name or (element.choice and f"{element.name}[x]" == name):
                    yield inner
