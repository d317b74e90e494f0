"""Goal: what others want reached, by analyte and bounds where its target is a number.

Active: accepted or active, and its due day says nothing of that. What is only proposed, planned, rejected or
cancelled is no goal that stands. A goal in words alone is set aside: its words are withheld.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from mappers import codes
from mappers.codes import LOINC
from mappers.context import Aim
from mappers.fhir_to_facts.dates import days, first_day
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.observation import units
from mappers.fhir_to_facts.opened import Opened
from mappers.lossless import Json
from mappers.units import Analyte, NotConvertible, by_loinc, number

ACTIVE = frozenset({"accepted", "active"})
STANDS = ACTIVE | {"on-hold", "completed"}
NOT_ABOVE, NOT_BELOW = frozenset({"<", "<="}), frozenset({">", ">="})

Bounds = tuple[Decimal | None, Decimal | None]


def read(opened: Opened, found: Gathered) -> None:
    body = opened.body
    if body.get("lifecycleStatus") not in STANDS:
        found.set_aside(opened, "is not a goal that stands")
        return
    started = first_day(body.get("startDate"))
    if found.in_future(opened, "A goal", started):
        return
    measured = [(target, analyte) for target in body.get("target", ()) if (analyte := _analyte(target))]
    coded = next(codes.codes(body.get("description")), None)
    if not measured and coded is None:
        found.set_aside(opened, "is told in words alone")
    elif not measured:
        due = next((day for target in body.get("target", ()) if (day := _due(target))), None)
        found.aims.append(_aim(opened, None, (None, None), due))
    for target, analyte in measured:
        try:
            found.aims.append(_aim(opened, analyte, _bounds(target, analyte), _due(target)))
        except NotConvertible as problem:
            found.cannot_read(opened, f"A goal for {analyte.name}", str(problem))


def _aim(opened: Opened, analyte: Analyte | None, bounds: Bounds, due: date | None) -> Aim:
    body = opened.body
    coded = next(codes.codes(body.get("description")), codes.Code("", ""))
    return Aim(
        analyte=analyte.key if analyte else None,
        low=bounds[0],
        high=bounds[1],
        system=coded.system,
        code=coded.code,
        active=body.get("lifecycleStatus") in ACTIVE,
        started=first_day(body.get("startDate")),
        due=due,
        evidence=opened.evidence,
    )


def _analyte(target: dict[str, Json]) -> Analyte | None:
    named = (by_loinc(code) for code in codes.plain(target.get("measure"), LOINC))
    return next((analyte for analyte in named if analyte), None)


def _due(target: dict[str, Json]) -> date | None:
    """The last day that a due date can mean; one that is said as a duration is not reckoned."""
    found = days(target.get("dueDate"))
    return found[1] if found else None


def _bounds(target: dict[str, Json], analyte: Analyte) -> Bounds:
    if "detailRange" in target:
        low, high = (target["detailRange"].get(name) for name in ("low", "high"))
        bounds = (_converted(low, analyte) if low else None, _converted(high, analyte) if high else None)
        if None not in bounds or any(bounds):
            return bounds
        raise NotConvertible("has no bound")
    quantity = target.get("detailQuantity")
    if quantity is None:
        raise NotConvertible("has no bound")
    value, comparator = _converted(quantity, analyte), quantity.get("comparator")
    return (None if comparator in NOT_ABOVE else value, None if comparator in NOT_BELOW else value)


def _converted(quantity: dict[str, Json], analyte: Analyte) -> Decimal:
    unit = next(units(quantity), None)
    if unit is None or "value" not in quantity:
        raise NotConvertible("has no unit" if unit is None else "has no value")
    return analyte.convert(number(quantity["value"]), unit)
