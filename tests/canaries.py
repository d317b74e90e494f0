"""Resources of every type with a canary at every place that can hold a text, each with a number of its own.

``sown`` is for the split alone: it fills every element of a type at once, also those that exclude each other,
because the split asks no invariant. Days, numbers and codes cannot be told apart by what they say, so of them
it is listed where none may be. This list is the tests' own and knows no policy. ``valid`` is for the whole
installation, which asks for what R4 asks.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any

from mappers.lossless import dumps
from mappers.r4.model import MODEL, Element
from mappers.r4.validate import problems
from tests.unit.mappers.r4 import generated

WORD = "CANARY"
BIRTHDAY = "1911-07-23"
"""The day that stands wherever no day may stay, whatever may of its month."""
SENTENCE = "It was 26 on 2026-04-20, at 94 years."
_DAY = "2012-05-01"
_FOUND = re.compile(rb"CANARY-([0-9]{6})|(?:CANARY|Q0FOQVJZ)")

LOINC = {"system": "http://loinc.org", "code": "4548-4"}
RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"

NOBODY = frozenset({"HumanName", "Address", "ContactPoint", "ContactDetail"})
"""Types of which nothing at all may stay, but for what is listed in ``MAY``."""
NOTHING = (
    "Attachment.size",
    "Device.distinctIdentifier",
    "Device.manufactureDate",
    "Device.udiCarrier",
    "FamilyMemberHistory.bornPeriod",
    "Location.position",
    "Patient.contact",
    "Patient.multipleBirthInteger",
    "Patient.photo",
    "Person.photo",
    "Practitioner.birthDate",
    "Practitioner.photo",
    "RelatedPerson.photo",
)
"""Elements of which nothing at all may stay."""
MAY = ("Patient.address.postalCode", "Patient.address.use")
BORN = (
    "FamilyMemberHistory.bornDate",
    "FamilyMemberHistory.deceasedDate",
    "Patient.birthDate",
    "Person.birthDate",
    "RelatedPerson.birthDate",
)
"""Elements of which the day may not stay."""

_UNSOWN = frozenset({"implicitRules", "modifierExtension"})
"""With these there is no clinical half at all; each is sown alone."""
_PLAIN = {"boolean": True, "integer": 1, "positiveInt": 1, "unsignedInt": 1, "decimal": 1, "time": "10:00:00"}
_WORDLESS = frozenset({"unit", "value", "version"})
"""Strings in which no sentence stands, for they come from closed lists or are pseudonyms."""
_SHAPES = {
    "uri": "urn:{}",
    "url": "data:text/plain,{}",
    "oid": "urn:oid:{}",
    "uuid": "urn:uuid:{}",
    "canonical": "http://x.example/{}|1",
}


class Form(Enum):
    """What stands around the canaries: nothing that can be read, or values of the right form."""

    STRANGE = "strange"
    KNOWN = "known"
    AGED = "aged"
    """As known, but with sentences that tell days and ages, and quantities of 95 years."""


@dataclass
class Field:
    """A resource, what stands at each canary's number, and where nothing may stay."""

    form: Form
    paths: list[str] = field(default_factory=list)
    empty: set[str] = field(default_factory=set)
    body: dict[str, Any] = field(default_factory=dict)

    def canary(self, path: str) -> str:
        self.paths.append(path)
        return f"{WORD}-{len(self.paths) - 1:06}"

    def leaks(self, half: Any) -> Iterator[str]:
        """The paths of what was sown and is in a half although it may not be."""
        if half is None:
            return
        text = dumps(half)
        for found in _FOUND.finditer(text):
            yield self.paths[int(found[1])] if found[1] else "somewhere"
        if BIRTHDAY.encode() in text:
            yield "a day of birth"
        yield from (path for path in _leaves(half, half["resourceType"]) if self._is_empty(path))

    def _is_empty(self, path: str) -> bool:
        names = path.split(".")
        above = {".".join(names[:depth]) for depth in range(1, len(names) + 1)}
        return bool(above & self.empty) and not above & set(MAY)


def _leaves(value: Any, path: str) -> Iterator[str]:
    """Every place where something stands; marks of absence are extensions, and nothing."""
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item, path)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key != "extension" and key[0] != "_" and key != "contained":
                yield from _leaves(item, f"{path}.{key}")
    else:
        yield path


@cache
def sown(kind: str, form: Form) -> Field:
    """One resource of a type with a canary at every path; types inside themselves are sown once."""
    made = Field(form)
    made.body = {"resourceType": kind, **_object(made, kind, kind, frozenset({kind}))}
    if "contained" in MODEL.types[kind].elements:
        made.body["contained"] = [_person(made, f"{kind}.contained")]
    return made


def _object(made: Field, kind: str, path: str, above: frozenset[str]) -> dict[str, Any]:
    body: dict[str, Any] = {made.canary(f"{path}.?"): made.canary(f"{path}.?")}
    for element in MODEL.types[kind].elements.values():
        if element.name in _UNSOWN or element.name == "contained":
            continue
        for key, of in element.json_names():
            inner = f"{path}.{key}"
            if of in NOBODY or f"{kind}.{key}" in NOTHING:
                made.empty.add(inner)
            value = _value(made, element, (of, inner, above))
            if value is not None:
                body[key] = value if element.max == 1 else [value]
                body |= _beside(made, element, (key, of, inner))
    return body | (
        {key: item for key, item in _KNOWN.get(kind, {}).items() if made.form is not Form.STRANGE}
        | _aged(made, kind)
    )


def _aged(made: Field, kind: str) -> dict[str, Any]:
    years = {"value": 95, "unit": "a", "system": _UCUM, "code": "a"}
    return years if made.form is Form.AGED and kind in ("Quantity", "Age") else {}


def _beside(made: Field, element: Element, place: tuple[str, str, str]) -> dict[str, Any]:
    """What may stand beside a primitive."""
    key, of, path = place
    if of not in MODEL.types or MODEL.types[of].kind != "primitive":
        return {}
    beside = {"id": made.canary(f"{path}.id"), "extension": [_extension(made, path)]}
    return {f"_{key}": beside if element.max == 1 else [beside]}


def _value(made: Field, element: Element, place: tuple[str, str, frozenset[str]]) -> Any:
    of, path, above = place
    if of == "Extension":
        return _extension(made, path)
    if of == "Resource":
        return _person(made, path)
    if of not in MODEL.types or of in above:
        return None
    if MODEL.types[of].kind == "primitive":
        return _PLAIN[of] if of in _PLAIN else _text(made, element, of, path)
    return _object(made, of, path, above | {of})


def _text(made: Field, element: Element, of: str, path: str) -> Any:
    if made.form is not Form.STRANGE:
        if of in ("date", "dateTime", "instant"):
            day = BIRTHDAY if path in BORN else _DAY
            return f"{day}T10:00:00Z" if of == "instant" else day
        listed = MODEL.codes.get(element.codes or "", {}) if of == "code" else {}
        if listed:
            return next(code for codes in listed.values() for code in codes)
        if path.endswith(".reference") and of == "string":
            return f"Patient/{made.canary(path)}"
    if made.form is Form.AGED and of in ("string", "markdown", "xhtml"):
        return SENTENCE if path.rpartition(".")[2] not in _WORDLESS else "2019-04"
    canary = made.canary(path)
    if of == "base64Binary":
        return base64.b64encode(canary.encode()).decode()
    return _SHAPES.get(of, "{}").format(canary)


def _extension(made: Field, path: str) -> dict[str, Any]:
    """An unknown one; or one that may stay, with what must not stay inside it."""
    if made.form is Form.STRANGE:
        return {"url": f"urn:{made.canary(path)}", "valueString": made.canary(path)}
    parts = ("text", "ombCategory", made.canary(path))
    return {"url": RACE, "extension": [{"url": part, "valueString": made.canary(path)} for part in parts]}


def _person(made: Field, path: str) -> dict[str, Any]:
    """Somebody inside another resource, who is linked so that nobody leaves them out."""
    return {
        "resourceType": "Patient",
        "id": made.canary(f"{path}.id"),
        "name": [{"family": made.canary(f"{path}.name.family")}],
        "birthDate": BIRTHDAY,
        "managingOrganization": {"reference": "#", "display": made.canary(f"{path}.display")},
    }


_UCUM = "http://unitsofmeasure.org"
_KNOWN: dict[str, dict[str, Any]] = {
    "Coding": LOINC,
    "Quantity": {"system": _UCUM, "code": "mg"},
    "Age": {"system": _UCUM, "code": "a"},
    "Duration": {"system": _UCUM, "code": "d"},
    "Distance": {"system": _UCUM, "code": "m"},
    "Count": {"system": _UCUM, "code": "1"},
}
"""What makes a value readable, so that what stands beside it could be kept with it."""


@cache
def valid(kind: str) -> dict[str, Any]:
    """A valid resource of a type, with as many elements as its invariants let stand together."""
    body = {"resourceType": kind, "id": WORD, **generated.smallest(kind)}
    for name in generated.optional(kind):
        grown = body | generated.member(kind, name)
        body = grown if generated.holds(kind, grown) else body
    assert not problems(body), kind
    return body
