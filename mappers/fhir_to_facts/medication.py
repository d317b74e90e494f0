"""The four ways in which FHIR says that somebody has a drug, each with its own idea of active.

Request: an order that stands (``unknown`` counts as active, and is shown). Statement: being taken.
Administration: going on right now. Dispense: as long as the supply lasts, where it says how long.
A drug whose ingredients cannot be found is kept with ``ingredients=None``: it could be any.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING

from mappers import codes, drugs
from mappers.facts import Medicine
from mappers.fhir_to_facts.dates import Moment, begun, days, first_day, happened, later, over
from mappers.fhir_to_facts.displays import displays
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.opened import Opened
from mappers.lossless import Json
from mappers.units import NotConvertible, number

ORDERS = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})
LONGEST_SUPPLY = 3660


@dataclass(frozen=True, slots=True)
class Course:
    """From when to when, and whether its status says that it goes on."""

    goes_on: bool
    started: date | None
    last: date | None = None


def read_medication(opened: Opened, found: Gathered) -> None:
    """A Medication says nothing of the patient: requests and statements name it."""
    found.set_aside(opened, "describes a drug that others name")


def read(opened: Opened, found: Gathered) -> None:
    body = opened.body
    refusal = _no_evidence(opened.type, body)
    if refusal:
        found.set_aside(opened, refusal)
        return
    course = COURSES[opened.type](body)
    if found.in_future(opened, "A medicine", course.started):
        return
    if body.get("status") == "unknown":
        found.cannot_read(opened, _since("A medicine", course), "has a status that is not known")
    found.medicines.append(_medicine(opened, found, course))


def _no_evidence(kind: str, body: dict[str, Json]) -> str | None:
    status = body.get("status")
    if status == "entered-in-error":
        return "was entered in error"
    if kind == "MedicationRequest" and (status == "draft" or body.get("intent") not in ORDERS):
        return "is not an order yet"
    if body.get("doNotPerform"):
        return "is an order not to give a drug"
    if status in {"cancelled", "declined", "not-done", "preparation", "not-taken"}:
        return "was never given"
    return None


def _request(body: dict[str, Json]) -> Course:
    goes_on = body.get("status") in {"active", "unknown"}
    bounds = [_bounds(dosage) for dosage in body.get("dosageInstruction", ())]
    ends = [bound for bound in bounds if bound]
    last = max(ends) if ends and len(ends) == len(bounds) else None
    return Course(goes_on, first_day(body.get("authoredOn")), last)


def _bounds(dosage: dict[str, Json]) -> date | None:
    repeat = (dosage.get("timing") or {}).get("repeat") or {}
    found = days((repeat.get("boundsPeriod") or {}).get("end"))
    return found[1] if found else None


def _statement(body: dict[str, Json]) -> Course:
    goes_on = body.get("status") in {"active", "unknown"}
    started = begun(body, "effective") or first_day(body.get("dateAsserted"))
    last = over(body, "effective") if "effectivePeriod" in body else None
    return Course(goes_on, started, last)


def _administration(body: dict[str, Json]) -> Course:
    given: Moment | None = happened(body, "effective")
    goes_on = body.get("status") in {"in-progress", "unknown"}
    return Course(goes_on, begun(body, "effective"), None if goes_on or given is None else given.day)


def _dispense(body: dict[str, Json]) -> Course:
    handed = first_day(body.get("whenHandedOver")) or first_day(body.get("whenPrepared"))
    supply = _supply(body.get("daysSupply"))
    if handed is None or supply is None:
        # Of one that is kept back nothing is known, and so not that it is over.
        return Course(handed is None and body.get("status") == "unknown", handed)
    return Course(body.get("status") != "stopped", handed, later(handed, supply))


def _supply(quantity: Json) -> int | None:
    """How many days a supply lasts, where it is said in days."""
    if not quantity or "value" not in quantity or quantity.get("code", "d") not in {"d", "day", "days"}:
        return None
    try:
        return min(LONGEST_SUPPLY, int(number(quantity["value"]).to_integral_value(ROUND_CEILING)))
    except NotConvertible:
        return None


COURSES: Mapping[str, Callable[[dict[str, Json]], Course]] = {
    "MedicationRequest": _request,
    "MedicationStatement": _statement,
    "MedicationAdministration": _administration,
    "MedicationDispense": _dispense,
}


def _medicine(opened: Opened, found: Gathered, course: Course) -> Medicine:
    concept = _concept(opened, found)
    ingredients = drugs.resolve(tuple(codes.codes(concept)), displays(concept))
    active = course.goes_on and not found.is_over(course.last)
    if ingredients is None and active:
        found.cannot_read(opened, _since("A medicine", course), "has ingredients that are not known")
    return Medicine(
        ingredients=ingredients,
        classes=drugs.classes_of(ingredients),
        active=active,
        started=course.started,
        stopped=course.last,
        evidence=opened.evidence,
        text_only=not any(codes.codes(concept)),
    )


def _since(what: str, course: Course) -> str:
    return f"{what} of {course.started.isoformat()}" if course.started else what


def _concept(opened: Opened, found: Gathered) -> Json:
    """The code of the drug: here, in a contained Medication, or in one of the patient's other resources."""
    body = opened.body
    if "medicationCodeableConcept" in body:
        return body["medicationCodeableConcept"]
    reference = (body.get("medicationReference") or {}).get("reference", "")
    if reference.startswith("#"):
        contained = {f"#{one.get('id')}": one for one in body.get("contained", ())}
        return contained.get(reference, {}).get("code")
    named = found.opened.get(reference.partition("/_history/")[0])
    return named.body.get("code") if named and named.type == "Medication" else None
