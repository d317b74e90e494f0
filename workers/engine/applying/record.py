"""One patient's resources as paths see them: by type and by code, numbers as numbers.

What was entered in error is not there, nor what Careloom wrote: a conclusion is no evidence. Nothing is
turned into plain JSON before a path asks for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from mappers.fhir_to_facts import Opened
from mappers.fhir_to_facts.read import is_ours
from mappers.lossless import Json, exact
from mappers.r4.model import MODEL

ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
ERROR = "entered-in-error"
_STATUSES = ("status", "verificationStatus", "lifecycleStatus")
Code = tuple[str, str]
Plain = dict[str, Any]


class Record:
    """The resources of one patient, found by type and by the codings of their ``code``."""

    def __init__(self, resources: Iterable[Opened]) -> None:
        self._typed: dict[str, list[Opened]] = defaultdict(list)
        self._coded: dict[str, dict[str, list[Opened]]] = {}
        self._plain: dict[str, Plain] = {}
        self._absent: dict[str, frozenset[str]] = {}
        for one in resources:
            if not _in_error(one.body) and not is_ours(one):
                self._typed[one.type].append(one)

    def of(self, type_: str, codes: Sequence[Code] = ()) -> list[Opened]:
        """All of a type that bear each of these codes; a code without a system is of any system."""
        if not codes:
            return self._typed.get(type_, [])
        first, *others = codes
        found = [one for one in self._with(type_).get(first[1], ()) if _bears(one.body, first)]
        return [one for one in found if all(_bears(one.body, other) for other in others)]

    def plain(self, one: Opened) -> Plain:
        """A resource as an expression reads it."""
        if one.reference not in self._plain:
            self._plain[one.reference] = plain(one.body)
        return self._plain[one.reference]

    def absent(self, type_: str, element: str) -> bool:
        """Whether one of a type says of an element that it is there and cannot be read."""
        if type_ not in self._absent:
            bodies = (one.body for one in self._typed.get(type_, ()))
            self._absent[type_] = frozenset(name for body in bodies for name in _absent(type_, body))
        return element in self._absent[type_]

    def _with(self, type_: str) -> Mapping[str, list[Opened]]:
        if type_ not in self._coded:
            found = self._coded[type_] = defaultdict(list)
            for one in self._typed.get(type_, ()):
                for code in {code for _, code in _codings(one.body)}:
                    found[code].append(one)
        return self._coded[type_]


def plain(value: Json) -> Any:
    """JSON with numbers that can be compared in the place of their texts."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value if isinstance(value, str | bool | int) or value is None else exact(value)


def written(value: Any) -> Json:
    """The way back: what an expression gave, as JSON that bears its numbers as they are."""
    if isinstance(value, dict):
        return {key: written(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [written(inner) for inner in value]
    return msgspec.Raw(f"{value:f}".encode()) if isinstance(value, Decimal) else value


def _absent(type_: str, body: Mapping[str, Json]) -> Iterator[str]:
    """The elements of a resource that bear data-absent-reason somewhere."""
    names = MODEL.json_names(type_)
    for key, value in body.items():
        found = names.get(key.removeprefix("_"))
        if found is not None and isinstance(value, dict | list) and _says_absent(value):
            yield found[0].name


def _says_absent(value: Json) -> bool:
    if isinstance(value, dict):
        return value.get("url") == ABSENT or any(map(_says_absent, value.values()))
    return isinstance(value, list) and any(map(_says_absent, value))


def _bears(body: Mapping[str, Json], wanted: Code) -> bool:
    system, code = wanted
    return any(found[1] == code and system in ("", found[0]) for found in _codings(body))


def _codings(body: Mapping[str, Json]) -> list[Code]:
    concept = body.get("code")
    codings = concept.get("coding", ()) if isinstance(concept, dict) else ()
    return [(str(one.get("system", "")), str(one["code"])) for one in codings if "code" in one]


def _in_error(body: Mapping[str, Json]) -> bool:
    for name in _STATUSES:
        held = body.get(name)
        codings = held.get("coding", ()) if isinstance(held, dict) else ()
        if held == ERROR or any(one.get("code") == ERROR for one in codings):
            return True
    return False
