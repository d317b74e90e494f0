"""The generalisations that a policy may name: each answers with less than it was given, or None for nothing.

``as_of`` is the day of a release; a split has none, and needs none. Ages over 89 become 90, and a year of
birth that would tell such an age becomes the latest year that tells no more than "90 or older".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import msgspec

from gateway.privacy import dates, places
from mappers.lossless import Json, number_text

OLDEST = 89
_IN_YEARS = {"a": Decimal(1), "mo": Decimal(12), "wk": Decimal("52.18"), "d": Decimal("365.25")}

Generaliser = Callable[[Json, date | None], Json | None]


def _month(value: Json, as_of: date | None) -> str | None:
    return dates.month(value)


def _year(value: Json, as_of: date | None) -> str | None:
    return dates.year(value)


def _birth_year(value: Json, as_of: date | None) -> str | None:
    """The year of birth; without a day of release nobody can tell who is over 89, so nothing is shown."""
    born = dates.year(value)
    if born is None or as_of is None:
        return None
    return f"{max(int(born), as_of.year - OLDEST - 1):04}"


def _zip3(value: Json, as_of: date | None) -> str | None:
    return places.zip3(value)


def _age(value: Json, as_of: date | None) -> Json | None:
    """An age as a Quantity, 90 years when it is more than 89; one in no unit of time is not shown."""
    if type(value) is not dict or "value" not in value:
        return None
    number, per_year = value["value"], _IN_YEARS.get(value.get("code", "a"))
    if type(number) not in (int, msgspec.Raw) or per_year is None:
        return None
    if Decimal(number_text(number)) / per_year <= OLDEST:
        return value
    return {"value": OLDEST + 1, "unit": "a", "system": "http://unitsofmeasure.org", "code": "a"}


GENERALISERS: dict[str, Generaliser] = {
    "month": _month,
    "year": _year,
    "birth-year": _birth_year,
    "zip3": _zip3,
    "age": _age,
}
