"""PlanDefinitions as rules: what each must declare, read and linted.

The extensions are listed in ``docs/engine.md``. A rule that leaves one out is refused: a missing age range is
not "all ages", and a missing exclusion is not "nobody".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from enum import Enum

from mappers.lossless import exact
from mappers.recommendations import ActKind, Rule, Target, Urgency
from workers.engine.acts import ACTIVITY, Confidence, coding, source
from workers.engine.definitions import (
    Action,
    Caution,
    Danger,
    Exclusion,
    Guideline,
    Lactation,
    MedicineClass,
    Offer,
    Pregnancy,
    State,
)
from workers.engine.expression import Expression
from workers.engine.known import Type
from workers.engine.names import catalogue
from workers.engine.populations import limits, population
from workers.engine.readings import Lens
from workers.engine.sheet import SHOWN, Sheet
from workers.engine.thresholds import DECLARED, declared, spelt, versioned
from workers.engine.vocabulary import analytes

RULE = "urn:careloom:rule:"
PLAN = "urn:careloom:plan-definition:"
ADULT = 18
SEVERITIES = ("high", "moderate", "low")
STATES = {"active": State.ON, "draft": State.OFF, "retired": State.OFF}
COMPARATORS = ("<", "<=", ">", ">=")


class Place(Enum):
    """Which values a rule reads. ``ambulatory``: none from a hospital stay or an emergency."""

    ANY = "any"
    AMBULATORY = "ambulatory"


def guideline(
    sheet: Sheet, pack: str, offers: Mapping[str, Offer], table: Mapping[str, MedicineClass]
) -> Guideline:
    """The rule behind a PlanDefinition."""
    key = sheet.text("id")
    if sheet.text("url") != f"{PLAN}{key}":
        sheet.fault(f"url must be {PLAN}{key}")
    thresholds = declared(sheet)
    sheet = replace(sheet, words=spelt(thresholds))
    place = sheet.extension(f"{RULE}setting").choice("value", Place)
    lens = sheet.lens(sheet.extensions(f"{RULE}input"), ambulatory=place is Place.AMBULATORY)
    confidence = sheet.extension(f"{RULE}confidence").choice("value", Confidence)
    where, strength = source(sheet.extension(f"{RULE}source"), sheet.extension(f"{RULE}strength"), confidence)
    targets = {target.key: target for target in map(_target, sheet.children("goal"))}
    found = Guideline(
        Rule(key, versioned(sheet.text("version"), thresholds), sheet.text("title"), where),
        pack,
        _ages(sheet.extension(f"{RULE}ages")),
        sheet.extension(f"{RULE}pregnancy").choice("value", Pregnancy),
        sheet.extension(f"{RULE}lactation").choice("value", Lactation),
        lens,
        _exclusions(sheet, lens),
        sheet.extension(f"{RULE}review").day("value"),
        strength,
        targets,
        tuple(_action(one, lens, offers, targets) for one in sheet.children("action")),
        _state(sheet),
        thresholds,
        sheet.node,
    )
    _check(sheet, found, place, table)
    return replace(found, rule=replace(found.rule, population=population(found), limits=limits(found)))


def _state(sheet: Sheet) -> State:
    """A rule whose status is ``draft`` waits for a clinician's review; a retired one is over."""
    status = sheet.text("status")
    if status not in STATES:
        sheet.fault(f"status is not one of {', '.join(STATES)}")
    return STATES.get(status, State.OFF)


def _ages(sheet: Sheet) -> tuple[int, int | None]:
    low, high = sheet.node.get("low"), sheet.node.get("high")
    if not isinstance(low, int) or not (isinstance(high, int) or high == "unlimited"):
        sheet.fault("low is a number of years, high one or 'unlimited'")
        return ADULT, None
    return low, high if isinstance(high, int) else None


def _exclusions(sheet: Sheet, lens: Lens) -> tuple[Exclusion, ...]:
    declared = sheet.extensions(f"{RULE}exclusion")
    none = sheet.extensions(f"{RULE}no-exclusions")
    if bool(declared) is bool(none):
        sheet.fault("exclusions must be declared, or that there are none")
    found = [
        (one.text("description"), one.condition(one.node.get("condition"), Type.BOOLEAN, lens))
        for one in declared
    ]
    return tuple(Exclusion(text, condition) for text, condition in found if condition is not None)


def _target(sheet: Sheet) -> Target:
    (goal,) = sheet.children("target") or (sheet.at({}, "target"),)
    detail = goal.at(goal.node.get("detailQuantity"), "detailQuantity")
    key = sheet.text("id")
    measure = goal.at(goal.node.get("measure"), "measure").children("coding")
    unit, comparator = detail.text("code"), detail.text("comparator")
    if comparator not in COMPARATORS:
        detail.fault(f"comparator is not one of {', '.join(COMPARATORS)}")
    found = coding(measure[0]) if measure else ("", "", "")
    known = [one for one in analytes().values() if found[1] in one.loincs]
    if not known or known[0].unit != unit:
        detail.fault(f"{unit!r} is not the unit in which {found[1]!r} is known")
    title = sheet.worded(sheet.at(sheet.node.get("description"), "description").text("text"), SHOWN)
    return Target(key, title, found, comparator, _number(detail), unit, None, within=_within(goal))


def _within(sheet: Sheet) -> tuple[int, int] | None:
    """In which time a goal is to be reached (``target.due``), as months and days."""
    if "due" not in sheet.node:
        return None
    due = sheet.at(sheet.node["due"], "due")
    count, unit = due.node.get("value"), due.node.get("code")
    spans = {"d": (0, 1), "wk": (0, 7), "mo": (1, 0), "a": (12, 0)}
    if not isinstance(count, int) or count < 1 or unit not in spans:
        due.fault("is a whole number of d, wk, mo or a")
        return None
    months, days = spans[str(unit)]
    return count * months, count * days


def _number(sheet: Sheet) -> Decimal:
    found = sheet.node.get("value")
    for named in sheet.extensions(DECLARED):
        return Decimal(sheet.words.get(named.text("value"), "NaN"))
    if found is None:
        sheet.fault("value is missing")
    return Decimal("NaN") if found is None else exact(found)


def _action(sheet: Sheet, lens: Lens, offers: Mapping[str, Offer], targets: Mapping[str, Target]) -> Action:
    conditions = [
        sheet.condition(one.node.get("expression"), Type.BOOLEAN, lens) for one in sheet.children("condition")
    ]
    if not conditions:
        sheet.fault("an action without a condition would concern everybody")
    changes = tuple(one.worded(one.text("value"), SHOWN) for one in sheet.extensions(f"{RULE}would-change"))
    if not changes:
        sheet.fault(f"{RULE}would-change must say what would change the answer")
    found = Action(
        sheet.text("id"),
        tuple(one for one in conditions if one is not None),
        sheet.sentence("textEquivalent", lens),
        changes,
        sheet.choice("priority", Urgency),
        _definition(sheet, offers),
        _danger(sheet),
        _goal(sheet, targets),
        _due(sheet, lens),
    )
    if found.offer is None and found.danger is None and found.goal is None:
        sheet.fault("an action proposes an act, raises an issue or sets a goal")
    return found


def _definition(sheet: Sheet, offers: Mapping[str, Offer]) -> Offer | None:
    if "definitionCanonical" not in sheet.node:
        return None
    found = offers.get(sheet.text("definitionCanonical").removeprefix(ACTIVITY))
    if found is None:
        sheet.fault("definitionCanonical names no ActivityDefinition of this knowledge")
    return found


def _danger(sheet: Sheet) -> Danger | None:
    declared = sheet.extensions(f"{RULE}issue")
    if not declared:
        return None
    (one,) = declared[:1]
    severity, implicates = one.text("severity"), one.text("implicates")
    if severity not in SEVERITIES:
        one.fault(f"severity is not one of {', '.join(SEVERITIES)}")
    if implicates not in catalogue():
        one.fault(f"{implicates} is no known fact")
    return Danger(one.text("key"), one.text("title"), severity, implicates)


def _goal(sheet: Sheet, targets: Mapping[str, Target]) -> str | None:
    found = sheet.node.get("goalId")
    if not found:
        return None
    key = str(found[0])
    if key not in targets:
        sheet.fault(f"goalId {key!r} is no goal of this rule")
        return None
    return key


def _due(sheet: Sheet, lens: Lens) -> Expression | None:
    found = [one for one in sheet.children("dynamicValue") if one.text("path") == "timing"]
    return sheet.condition(found[0].node.get("expression"), Type.DATE, lens) if found else None


def _check(sheet: Sheet, found: Guideline, place: Place, table: Mapping[str, MedicineClass]) -> None:
    if not found.actions:
        sheet.fault("a rule without an action says nothing")
    unused = set(found.lens.ages) - {analyte for name in _names(found) for analyte in catalogue()[name].reads}
    if unused:
        sheet.fault(f"declares inputs that it never reads: {', '.join(sorted(unused))}")
    options = [
        table[key]
        for action in found.actions
        if action.offer is not None and action.offer.kind is ActKind.START_MEDICINE
        for key in action.offer.options
        if key in table
    ]
    if options and place is not Place.AMBULATORY:
        sheet.fault("a rule that starts a medicine reads ambulatory values only")
    if found.pregnancy is Pregnancy.ANY and any(one.pregnancy is not Caution.NONE for one in options):
        sheet.fault("starts a medicine that pregnancy forbids; declare guarded or not-when-pregnant")
    if found.lactation is Lactation.ANY and any(one.lactation is not Caution.NONE for one in options):
        sheet.fault("starts a medicine that breastfeeding forbids; declare guarded or not-when-lactating")


def _names(found: Guideline) -> set[str]:
    expressions = [one.condition for one in found.exclusions]
    for action in found.actions:
        expressions += [*action.conditions, *([action.due] if action.due else [])]
    shown = {name for action in found.actions for name in action.sentence.names if name in catalogue()}
    return shown | {name for one in expressions for name in one.names}
