"""How the mappers write FHIR: plain dictionaries, checked through the R4B models, kept as they were built.

The models change numbers and instants when they dump, so their dump is never used; what they refuse is an
error in these mappers and stops the job where somebody sees it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec
from fhir.resources.R4B import get_fhir_model_class

from mappers.codes import UCUM
from mappers.facts import Evidence
from mappers.lossless import Json, number_text
from mappers.units import shown


def built(resource: dict[str, Json]) -> dict[str, Json]:
    """The resource without its empty elements, once the model of its type has accepted it."""
    whole = {name: value for name, value in resource.items() if value not in (None, [], {})}
    get_fhir_model_class(whole["resourceType"]).model_validate(_plain(whole))
    return whole


def _plain(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return Decimal(number_text(value)) if isinstance(value, msgspec.Raw) else value


def decimal(value: Decimal) -> Json:
    """A number as JSON keeps it: an int, or a Raw with its own text."""
    text = f"{value:f}"
    return msgspec.Raw(text.encode()) if "." in text else int(text)


def quantity(value: Decimal, unit: str) -> dict[str, Json]:
    """A number with its UCUM unit."""
    return {"value": decimal(value), "unit": shown(unit) or unit, "system": UCUM, "code": unit}


def reference(target: str) -> dict[str, Json]:
    """A Reference."""
    return {"reference": target}


def references(evidence: Iterable[Evidence], types: frozenset[str] | None = None) -> list[Json]:
    """References to the versions that are evidence, of those types that the element may point at."""
    wanted = {one.reference: one for one in evidence if one.reference}
    kept = (wanted[text] for text in sorted(wanted) if types is None or text.partition("/")[0] in types)
    return [_evidence(one) for one in kept]


def _evidence(one: Evidence) -> dict[str, Json]:
    """A version, and the hospital's own maps by which its codes were read."""
    found = reference(one.reference)
    return {**found, "display": f"Read by {', '.join(one.maps)}"} if one.maps else found


def concept(text: str, *codings: tuple[str, str, str]) -> dict[str, Json]:
    """A CodeableConcept in our own words: (system, code, display) each."""
    coded = [{"system": system, "code": code, "display": display} for system, code, display in codings]
    return {"coding": coded, "text": text} if coded else {"text": text}
