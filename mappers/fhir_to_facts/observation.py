"""Observation: numbers by LOINC code, panels by their components, and answers that are words.

``preliminary`` counts (a critical potassium is known before it is signed); registered, cancelled and
entered-in-error are no evidence. A number whose unit, size or date cannot be trusted is ``Unreadable``.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mappers import codes
from mappers.codes import LOINC, deed_codes
from mappers.facts import Deed, Finding, Measurement
from mappers.fhir_to_facts import genomics, survey
from mappers.fhir_to_facts.dates import Moment, happened, moment
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.opened import Opened
from mappers.lossless import Json
from mappers.units import Analyte, NotConvertible, analytes, by_loinc, number

EVIDENCE = frozenset({"final", "amended", "corrected", "preliminary"})
ABSENT = {
    "masked": "is withheld",
    "not-performed": "was not done",
    "error": "failed",
    "unknown": "is not known",
    "asked-unknown": "was asked for and is not known",
    "temp-unknown": "is not known yet",
    "not-asked": "was not asked for",
    "asked-declined": "was declined",
    "not-applicable": "does not apply",
    "unsupported": "could not be sent",
    "not-permitted": "may not be sent",
    "as-text": "is told in words alone",
    "not-a-number": "is no number",
    "negative-infinity": "is below what can be measured",
    "positive-infinity": "is above what can be measured",
}
"""Every code of R4's data-absent-reason, in our own words."""


def read(opened: Opened, found: Gathered) -> None:
    body = opened.body
    if body.get("status") not in EVIDENCE:
        found.set_aside(opened, "has a status that makes it no evidence")
        return
    if genomics.is_result(body):
        genomics.read(opened, found)
        return
    parts = [part for part in (body, *body.get("component", ())) if _is_ours(part)]
    when = happened(body, "effective") or moment(body.get("issued"))
    if not parts:
        _read_deed(opened, found, when)
        return
    for part in parts:
        read_part(opened, found, part, when)


def _read_deed(opened: Opened, found: Gathered, when: Moment | None) -> None:
    """A result of which only matters that the test was done, and when."""
    code = next((one for one in codes.codes(opened.body.get("code")) if one in deed_codes()), None)
    if code is None:
        found.set_aside(opened, "has a code that is not used yet")
    elif not found.in_future(opened, "A test", when.day if when else None):
        day = when.day if when else None
        found.deeds.append(Deed("observation", code.system, code.code, day, opened.evidence))


def _is_ours(part: dict[str, Json]) -> bool:
    return _analyte(part) is not None or _question(part) is not None or survey.item(part) is not None


def _analyte(part: dict[str, Json]) -> tuple[Analyte, str] | None:
    for system, code in codes.codes(part.get("code")):
        analyte = by_loinc(code) if system == LOINC else None
        if analyte:
            return analyte, code
    return None


def _question(part: dict[str, Json]) -> str | None:
    asked = (codes.questions().get(code) for code in codes.plain(part.get("code"), LOINC))
    return next((question for question in asked if question), None)


def read_part(opened: Opened, found: Gathered, part: dict[str, Json], when: Moment | None) -> None:
    """One value of an Observation, or an answer of a form in the shape of one."""
    name = _name(part)
    if when is None:
        found.cannot_read(opened, name, "has no date")
        return
    what = f"{name} of {when.day.isoformat()}"
    if found.in_future(opened, what, when.day):
        return
    try:
        _read_value(opened, found, part, when)
    except NotConvertible as problem:
        found.cannot_read(opened, what, str(problem))


def _name(part: dict[str, Json]) -> str:
    measured, scored = _analyte(part), survey.item(part)
    if measured:
        return measured[0].name
    if scored:
        return f"{analytes()[scored.instrument].name}: {scored.item.replace('_', ' ')}"
    return (_question(part) or "").replace("_", " ").capitalize()


def _read_value(opened: Opened, found: Gathered, part: dict[str, Json], when: Moment) -> None:
    measured = _analyte(part)
    scored = survey.item(part) if measured is None else None
    if scored:
        found.survey_answers.append((when, survey.answer(part, scored, when, opened.evidence)))
        return
    if measured is None:
        found.findings.append((when, _finding(opened, part, when)))
        return
    analyte, code = measured
    value, comparator = _number(part, analyte)
    found.measurements.append(
        (
            when,
            Measurement(
                analyte=analyte.key,
                value=value,
                unit=analyte.unit,
                when=when.day,
                setting=found.setting(opened.body),
                evidence=opened.evidence,
                comparator=comparator,
                code=code,
            ),
        )
    )


def _number(part: dict[str, Json], analyte: Analyte) -> tuple[Decimal, str | None]:
    quantity = part.get("valueQuantity")
    if quantity is None and "valueInteger" in part:
        return analyte.convert(number(part["valueInteger"]), "1"), None
    if quantity is None or "value" not in quantity:
        raise NotConvertible(_absence(part))
    unit = next(units(quantity), None)
    if unit is None:
        raise NotConvertible("has no unit")
    return analyte.convert(number(quantity["value"]), unit), quantity.get("comparator")


def units(quantity: dict[str, Json]) -> Iterator[str]:
    """The UCUM code, or else the unit as it was printed."""
    if quantity.get("code") and codes.usual(quantity.get("system", codes.UCUM)) == codes.UCUM:
        yield quantity["code"]
    if quantity.get("unit"):
        yield quantity["unit"].strip()


def _absence(part: dict[str, Json]) -> str:
    reason = codes.status(part.get("dataAbsentReason"))
    if reason:
        return ABSENT.get(reason, "has no value")
    if "valueQuantity" not in part and any(name.startswith(("value", "_value")) for name in part):
        return "has a value that is no number with a unit"
    return "has no value"


def _finding(opened: Opened, part: dict[str, Json], when: Moment) -> Finding:
    question = _question(part) or ""
    answer = codes.answer(question, part.get("valueCodeableConcept"))
    if answer is None and question == "lactation_status" and isinstance(part.get("valueBoolean"), bool):
        return Finding(question, _lactating(part["valueBoolean"]), when.day, opened.evidence)
    if answer is None:
        raise NotConvertible("has an answer that is not known")
    return Finding(question, answer.value, when.day, opened.evidence)


def _lactating(said: bool) -> str:
    return "lactating" if said else "not_lactating"
