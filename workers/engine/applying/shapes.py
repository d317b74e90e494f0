"""What an expression can give, told from R4's definitions before any patient is looked at.

FHIRPath answers a misspelt path with nothing, which looks like "there is none"; so every step of a path is
looked up, and sides that cannot be compared are refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mappers.r4.model import MODEL
from workers.engine.grammar import ExpressionFault

BOOLEAN = "truth value"
NUMBER = "number"
DATE = "date"
TEXT = "text"
TIME = "time"
SPAN = "span"
"""A length of calendar time, which only arithmetic with dates takes."""

URIS = ("uri", "url", "canonical", "oid", "uuid")
_KINDS = {
    BOOLEAN: ("boolean",),
    NUMBER: ("decimal", "integer", "positiveInt", "unsignedInt"),
    DATE: ("date", "dateTime", "instant"),
    TIME: ("time",),
    TEXT: ("string", "code", "id", "markdown", "xhtml", "base64Binary", *URIS),
}
KIND_OF = {type_: kind for kind, types in _KINDS.items() for type_ in types} | {SPAN: SPAN}


@dataclass(frozen=True, slots=True)
class Shape:
    """The R4 types that an expression can give, and whether it can give several values."""

    types: frozenset[str]
    many: bool = False

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of its primitive types; a complex type is a kind of its own."""
        return frozenset(KIND_OF.get(type_, type_) for type_ in self.types)

    def __str__(self) -> str:
        return " or ".join(sorted(self.kinds))


def of(*types: str, many: bool = False) -> Shape:
    """The shape of some types."""
    return Shape(frozenset(types), many)


def element(shape: Shape, name: str) -> Shape:
    """What an element gives of whatever has the shape; raises ``ExpressionFault`` where none of it has it."""
    found = [one for type_ in shape.types for one in _elements(type_, name)]
    if not found:
        raise ExpressionFault(
            f"{' or '.join(sorted(shape.types))} has no element {name}{_hint(shape.types, name)}"
        )
    return Shape(
        frozenset(t for types, _ in found for t in types), shape.many or any(many for _, many in found)
    )


def narrowed(shape: Shape, type_: str) -> Shape:
    """What is of one type only; raises ``ExpressionFault`` where it cannot be of it."""
    if type_ not in shape.types and not (type_ in MODEL.resources and "Resource" in shape.types):
        raise ExpressionFault(f"{' or '.join(sorted(shape.types))} is never {type_}")
    return Shape(frozenset({type_}), shape.many)


def _elements(type_: str, name: str) -> Iterable[tuple[tuple[str, ...], bool]]:
    found = MODEL.types[type_].elements.get(name) if type_ in MODEL.types else None
    return [] if found is None else [(found.types, found.max != 1)]


def _hint(types: frozenset[str], name: str) -> str:
    """``valueQuantity`` is JSON; FHIRPath says ``value.ofType(Quantity)``."""
    for type_ in types & MODEL.types.keys():
        found = MODEL.json_names(type_).get(name)
        if found is not None and found[0].choice:
            return f"; write {found[0].name}.ofType({found[1]})"
    return ""
