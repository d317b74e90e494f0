"""Putting a value at a path of a resource: ``code.text``, ``dosageInstruction[0].timing``, ``occurrence``.

The path is FHIRPath without functions, as ``dynamicValue.path`` says. Choices take the JSON name that the
value's type gives them; what R4 does not have at a place is refused, and nothing is put.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

from mappers.r4.model import MODEL, Element
from workers.engine.applying.record import written

_STEP = re.compile(r"([A-Za-z][A-Za-z0-9]*)(?:\[([0-9]{1,2})\])?")
_DATES = re.compile(r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2}(?:T.+)?)?)?")


class Misplaced(ValueError):  # noqa: N818 - it reads as what is wrong
    """The path or the value does not fit; the text says why"""


def put(body: dict[str, Any], type_: str, path: str, value: Any) -> None:
    """Put a value into a body of this type; raises ``Misplaced``."""
    steps = [_step(text) for text in path.split(".")]
    for name, place in steps[:-1]:
        element = _element(type_, name)
        if len(element.types) != 1 or element.types[0] not in MODEL.types:
            raise Misplaced(f"{name} of {type_} cannot be gone into")
        body, type_ = _into(body, element, place), element.types[0]
    name, place = steps[-1]
    element = _element(type_, name)
    key, kind = _named(element, value)
    given = _given(value, kind)
    if element.max == 1:
        body[key] = given
    else:
        _set(body.setdefault(key, []), place, given)


def _step(text: str) -> tuple[str, int]:
    found = _STEP.fullmatch(text)
    if found is None:
        raise Misplaced(f"{text!r} is no step of a path")
    return found[1], int(found[2] or 0)


def _element(type_: str, name: str) -> Element:
    found = MODEL.types[type_].elements.get(name) or _choice(type_, name)
    if found is None:
        raise Misplaced(f"{type_} has no element {name}")
    return found


def _choice(type_: str, name: str) -> Element | None:
    """``occurrenceDateTime`` says ``occurrence`` and its type."""
    found = MODEL.json_names(type_).get(name)
    return None if found is None else msgspec.structs.replace(found[0], types=(found[1],))


def _into(body: dict[str, Any], element: Element, place: int) -> dict[str, Any]:
    if element.max == 1:
        inner: dict[str, Any] = body.setdefault(element.name, {})
        return inner
    items = body.setdefault(element.name, [])
    if place >= len(items):
        _set(items, place, {})
    found: dict[str, Any] = items[place]
    return found


def _set(items: list[Any], place: int, value: Any) -> None:
    if place > len(items):
        raise Misplaced(f"there is no place {place} yet")
    items[place : place + 1] = [value]


def _named(element: Element, value: Any) -> tuple[str, str]:
    """The JSON name and the type that a value means."""
    if not element.choice:
        return element.name, element.types[0]
    for kind in element.types:
        if _is(value, kind):
            return element.name + kind[0].upper() + kind[1:], kind
    raise Misplaced(f"the value is none of {', '.join(element.types)}")


def _is(value: Any, kind: str) -> bool:
    """Whether a value can be of a type, told by its form."""
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, int | Decimal):
        return kind in ("decimal", "integer", "Quantity", "positiveInt", "unsignedInt")
    if isinstance(value, str):
        dated = _DATES.fullmatch(value) is not None
        return kind in ("dateTime", "date") if dated else kind in ("string", "markdown", "code", "uri")
    elements = MODEL.types[kind].elements if kind in MODEL.types else {}
    names = {key for one in elements.values() for key, _ in one.json_names()}
    return isinstance(value, dict) and bool(elements) and value.keys() <= names


def _given(value: Any, kind: str) -> Any:
    """A value as JSON of its place: a text where a concept is asked for is its text, a number a quantity."""
    if isinstance(value, str) and kind == "CodeableConcept":
        return {"text": value}
    if isinstance(value, bool | dict | str):
        return written(value)
    if isinstance(value, int | Decimal):
        return {"value": written(value)} if kind == "Quantity" else written(value)
    raise Misplaced("the value is nothing that FHIR has")
