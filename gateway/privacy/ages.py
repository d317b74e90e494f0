"""Ages over 89 become 90, however they are told: as FHIR's Age, as any quantity of years, or by a code.

An age that is told by a number alone (``valueInteger``) is known by the code beside it: a policy lists such
codes in ``[ages]``. What is told there in a way that cannot be read is withheld.
"""

from __future__ import annotations

from collections.abc import Set
from decimal import Decimal

import msgspec

from gateway.privacy.terms import OLDEST
from gateway.privacy.walk import Node, Object, Walk, masked
from mappers.lossless import Json, exact
from mappers.r4.numbers import near

_UCUM = "http://unitsofmeasure.org"
_IN_YEARS = {
    "a": Decimal(1),
    "mo": Decimal(12),
    "wk": Decimal("52.18"),
    "d": Decimal("365.25"),
    "h": Decimal(8766),
    "min": Decimal(525960),
    "s": Decimal(31557600),
}
_SPELT = {
    "y": "a",
    "yr": "a",
    "yrs": "a",
    "year": "a",
    "years": "a",
    "yo": "a",
    "a_j": "a",
    "a_g": "a",
    "a_t": "a",
    "month": "mo",
    "months": "mo",
    "mo_j": "mo",
    "mo_g": "mo",
    "week": "wk",
    "weeks": "wk",
    "day": "d",
    "days": "d",
    "hour": "h",
    "hours": "h",
    "minute": "min",
    "minutes": "min",
    "second": "s",
    "seconds": "s",
}
NINETY: Object = {"value": OLDEST + 1, "unit": "a", "system": _UCUM, "code": "a"}
Codes = Set[tuple[str, str]]


class AgeNode(Node):
    """A quantity that is an age: in no unit it is one of years, and in one of no time it is not shown."""

    __slots__ = ()

    def split(self, value: Object, walk: Walk) -> tuple[Object, Object]:
        kept, gone = super().split(value, walk)
        return _age(kept) or {}, gone


class YearsNode(Node):
    """A quantity that may be anything: one of more than 89 years is an age."""

    __slots__ = ()

    def split(self, value: Object, walk: Walk) -> tuple[Object, Object]:
        kept, gone = super().split(value, walk)
        years = _years(kept) if "code" in kept or "unit" in kept else None
        return (kept if years is None or years <= OLDEST else dict(NINETY)), gone


def _age(quantity: Object) -> Object | None:
    years = _years(quantity)
    if years is None:
        return None
    return quantity if years <= OLDEST else dict(NINETY)


def _years(quantity: Object) -> Decimal | None:
    number: Json = quantity.get("value")
    unit = quantity.get("code", quantity.get("unit", "a"))
    per_year = _IN_YEARS.get(_SPELT.get(str(unit).lower(), str(unit)))
    if per_year is None or type(number) not in (int, msgspec.Raw):
        return None
    return near(exact(number)) / per_year


def capped(value: Json, codes: Codes) -> Json:
    """A released resource in which no number beside one of these codes tells an age over 89."""
    if type(value) is list:
        return [capped(item, codes) for item in value]
    if type(value) is not dict:
        return value
    inner = {key: capped(item, codes) for key, item in value.items()}
    return _told(inner) if any(_is_age(item, codes) for item in inner.values()) else inner


def _is_age(concept: Json, codes: Codes) -> bool:
    codings = concept.get("coding") if type(concept) is dict else None
    return any((one.get("system"), one.get("code")) in codes for one in codings or () if type(one) is dict)


def _told(measured: Object) -> Object:
    """The values of what is measured, each as an age."""
    found: Object = {}
    for key, value in measured.items():
        if not key.startswith(("value", "detail")):
            found[key] = value
        elif (told := _value(key, value)) is not None:
            found[key] = told
        elif type(value) is dict:
            found[key] = masked()
        else:
            found["_" + key] = masked()
    return found


def _value(key: str, value: Json) -> Json | None:
    if key.endswith("Quantity"):
        return value if "value" not in value else _age(value)
    if key.endswith("Range"):
        ends = {end: _age(value[end]) for end in ("low", "high") if end in value}
        return {**value, **ends} if None not in ends.values() else None
    if key.endswith("Integer"):
        return min(value, OLDEST + 1)
    return value if key.endswith(("CodeableConcept", "Boolean", "DateTime")) else None
