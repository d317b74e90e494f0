"""ActivityDefinitions and the table of medicines: what rules may propose, and what guards it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from mappers.check_digits import well_formed
from mappers.recommendations import ActKind, Rule, Source
from workers.engine.definitions import Caution, Contraindication, MedicineClass, Offer, Strength
from workers.engine.expression import Expression
from workers.engine.known import Type
from workers.engine.sheet import Sheet
from workers.engine.vocabulary import medicines

ACTIVITY = "urn:careloom:activity:"
KIND = "urn:careloom:act:kind"
OPTION = "urn:careloom:act:option"
ALREADY = "urn:careloom:act:already"
RESOURCES = {
    ActKind.MEASURE: "ServiceRequest",
    ActKind.REFER: "ServiceRequest",
    ActKind.START_MEDICINE: "MedicationRequest",
    ActKind.REVIEW_MEDICINE: "Task",
    ActKind.QUESTION: "Task",
    ActKind.INFORM: "CommunicationRequest",
    ActKind.CHOICE: "Task",
}
UNCONFIRMED = "unverified: clinical review needed"


class Confidence(Enum):
    """Whether the statement was read at its source."""

    CONFIRMED = "confirmed"
    UNVERIFIED = "unverified"


def offer(sheet: Sheet, guarded: Mapping[str, MedicineClass]) -> Offer:
    """The act behind an ActivityDefinition."""
    kind = sheet.extension(KIND).choice("value", ActKind)
    if kind is ActKind.CHOICE:
        sheet.fault("a choice is made by reconciliation, from proposals that speak against one another")
    options = _medicines(sheet, OPTION)
    key = sheet.text("id")
    if sheet.text("url") != f"{ACTIVITY}{key}":
        sheet.fault(f"url must be {ACTIVITY}{key}")
    if sheet.text("kind") != RESOURCES[kind]:
        sheet.fault(f"an act {kind.value} is a {RESOURCES[kind]}")
    if (kind is ActKind.START_MEDICINE) is not bool(options):
        sheet.fault(f"{OPTION} names the classes of an act that starts a medicine, and of no other")
    for option in options:
        if option not in guarded:
            sheet.fault(f"{option} has no row in the table of medicines")
    title = sheet.text("title")
    if bool(options) is not ("{options}" in title):
        sheet.fault("the title of an act that starts a medicine, and of no other, holds {options}")
    return Offer(key, kind, title, _codings(sheet), options, _medicines(sheet, ALREADY))


def _medicines(sheet: Sheet, url: str) -> tuple[str, ...]:
    found = tuple(one.text("value") for one in sheet.extensions(url))
    for key in found:
        if key not in medicines():
            sheet.fault(f"{key} is no known medicine")
    return found


def _codings(sheet: Sheet) -> tuple[tuple[str, str, str], ...]:
    concept = sheet.at(sheet.node.get("code"), "code")
    concept.text("text")
    return tuple(coding(one) for one in concept.children("coding"))


def coding(sheet: Sheet) -> tuple[str, str, str]:
    """A code that can be one of its system."""
    system, code, display = sheet.text("system"), sheet.text("code"), sheet.text("display")
    if not well_formed(system, code):
        sheet.fault(f"{code!r} is no code of {system}")
    return system, code, display


def source(sheet: Sheet, strength: Sheet, confidence: Confidence) -> tuple[Source, Strength]:
    """Where a statement comes from; what nobody has read there says so wherever it is shown."""
    level = strength.choice("code", Strength)
    grade = f"{level.value} ({strength.text('grade')})"
    confirmed = confidence is Confidence.CONFIRMED
    return (
        Source(
            sheet.text("title"),
            sheet.text("publisher"),
            sheet.text("version"),
            sheet.text("date"),
            sheet.text("url"),
            grade if confirmed else f"{grade}; {UNCONFIRMED}",
            confirmed,
        ),
        level,
    )


def medicine(sheet: Sheet) -> MedicineClass:
    """One row of the table of medicines."""
    key = sheet.text("class")
    if key not in medicines():
        sheet.fault(f"{key} is no known medicine")
    confidence = sheet.choice("confidence", Confidence)
    where, _ = source(
        sheet.at(sheet.node.get("source"), "source"),
        sheet.at(sheet.node.get("strength"), "strength"),
        confidence,
    )
    lens = sheet.lens(sheet.children("inputs"), ambulatory=False)
    found = [
        Contraindication(condition, one.sentence("because", lens))
        for one in sheet.children("contraindications")
        if isinstance(condition := one.condition(one.node.get("condition"), Type.BOOLEAN, lens), Expression)
    ]
    return MedicineClass(
        key,
        sheet.text("display"),
        sheet.choice("pregnancy", Caution),
        sheet.choice("lactation", Caution),
        lens,
        tuple(found),
        Rule(f"medicine-{key}", sheet.text("version"), sheet.text("display"), where),
    )
