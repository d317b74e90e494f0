"""FamilyMemberHistory: which problems relatives have or had, and at what age they began.

Each problem is a fact of its own, by the same keys as the patient's. One that is known only as text is
``Unreadable``: a risk that leans on the family must not read it as "none". A relation that is not listed
is kept without a degree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_FLOOR, Decimal
from functools import cache
from typing import NamedTuple

from mappers import codes, problems
from mappers.codes import Code
from mappers.context import Relative
from mappers.facts import Age
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.opened import Opened
from mappers.lossless import Json
from mappers.tables import rows
from mappers.units import NotConvertible, number

SET_ASIDE = {
    "entered-in-error": "was entered in error",
    "health-unknown": "says that nothing is known of a relative",
}
YEARS_IN: Mapping[str, Decimal] = {
    "a": Decimal(1),
    "mo": Decimal(12),
    "wk": Decimal("52.1775"),
    "d": Decimal("365.2425"),
}
"""How many of a unit of UCUM are a year (one of 365.2425 days)."""
OLDEST = 150


class Relation(NamedTuple):
    """How somebody is related, and how closely by blood."""

    name: str
    degree: int | None


NOT_LISTED = Relation("relative", None)


@cache
def relations() -> Mapping[Code, Relation]:
    """Each code of a relation."""
    return {
        Code(row["system"], row["code"]): Relation(
            row["relation"], int(row["degree"]) if row["degree"] else None
        )
        for row in rows("relations.csv")
    }


def read(opened: Opened, found: Gathered) -> None:
    body = opened.body
    if body.get("status") in SET_ASIDE:
        found.set_aside(opened, SET_ASIDE[body["status"]])
        return
    conditions = body.get("condition", ())
    if not conditions:
        found.set_aside(opened, "names no problem of a relative")
    relation = next(
        (relations()[code] for code in codes.codes(body.get("relationship")) if code in relations()),
        NOT_LISTED,
    )
    for condition in conditions:
        _read_condition(opened, found, relation, condition)


def _read_condition(opened: Opened, found: Gathered, relation: Relation, condition: dict[str, Json]) -> None:
    coded = tuple(codes.codes(condition.get("code")))
    if not coded:
        found.cannot_read(opened, "A problem of a relative", "is known only as text")
        return
    onset = _onset(condition)
    matches: tuple[problems.Match | None, ...] = problems.all_matches(coded) or (None,)
    for match in matches:
        code = match.code if match else coded[0]
        found.relatives.append(
            Relative(
                relation=relation.name,
                degree=relation.degree,
                key=match.key if match else None,
                system=code.system,
                code=code.code,
                onset=onset,
                evidence=opened.evidence,
                classes=problems.names()[match.key].classes if match else (),
            )
        )


def _onset(condition: dict[str, Json]) -> Age | None:
    """The age at onset in whole years; a bound that is missing or cannot be an age leaves it unknown."""
    if "onsetAge" in condition:
        years = _years(condition["onsetAge"])
        return Age(years, years) if years is not None and "comparator" not in condition["onsetAge"] else None
    bounds = tuple(_bounds(condition.get("onsetRange") or {}))
    return Age(*bounds) if len(bounds) == 2 and bounds[0] <= bounds[1] else None


def _bounds(range_: dict[str, Json]) -> Iterator[int]:
    for name in ("low", "high"):
        years = _years(range_.get(name) or {})
        if years is not None:
            yield years


def _years(quantity: dict[str, Json]) -> int | None:
    factor = YEARS_IN.get(quantity.get("code", ""))
    if factor is None or "value" not in quantity:
        return None
    try:
        years = int((number(quantity["value"]) / factor).to_integral_value(ROUND_FLOOR))
    except NotConvertible:
        return None
    return years if 0 <= years <= OLDEST else None
