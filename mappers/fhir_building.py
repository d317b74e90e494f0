"""How the mappers write FHIR: plain dictionaries, checked by R4's definitions, kept as they were built.

It is the check that the gateway makes of what comes in; what it refuses is an error in these mappers and
stops the job where somebody sees it.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from mappers.codes import UCUM
from mappers.facts import Evidence
from mappers.lossless import Json
from mappers.r4.validate import problems
from mappers.units import shown


class Misbuilt(ValueError):  # noqa: N818 - it reads as what happened
    """What was built is no valid R4; the text says where, and quotes nothing."""


def built(resource: dict[str, Json]) -> dict[str, Json]:
    """The resource without its empty elements, once it was found valid; raises ``Misbuilt``."""
    whole = {name: value for name, value in resource.items() if value not in (None, [], {})}
    faults = problems(whole)
    if faults:
        raise Misbuilt("; ".join(f"{one.expression}: {one.text}" for one in faults))
    return whole


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
