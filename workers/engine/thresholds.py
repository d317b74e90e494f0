"""Thresholds of a rule: numbers that a hospital may set otherwise, within bounds that the rule declares.

``%threshold.NAME`` in a condition and ``{threshold.NAME}`` in a sentence are replaced by the number before
anything is read, so a rule with other numbers is linted, compiled and shared like any other. Its version says
so (``1.2.0+goal-7.5``): whoever reads a plan sees that the rule was not followed to its letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

from mappers.lossless import exact
from workers.engine.definitions import Threshold
from workers.engine.sheet import Sheet

DECLARED = "urn:careloom:rule:threshold"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def declared(sheet: Sheet) -> tuple[Threshold, ...]:
    """The thresholds of a PlanDefinition, set to what ``sheet.words`` says or else to the rule's own."""
    found = tuple(_threshold(one, sheet.words) for one in sheet.extensions(DECLARED))
    names = [one.name for one in found]
    if len(names) != len(set(names)):
        sheet.fault("two thresholds bear one name")
    _goals(sheet, {one.name: one.default for one in found})
    return found


def spelt(thresholds: Iterable[Threshold]) -> Mapping[str, str]:
    """Each threshold as an expression spells it."""
    return {one.name: f"{one.value:f}" for one in thresholds}


def versioned(version: str, thresholds: Iterable[Threshold]) -> str:
    """The version of a rule, with what a hospital set otherwise."""
    own = [f"{one.name}-{one.value:f}" for one in thresholds if one.value != one.default]
    return f"{version}+{'.'.join(own)}" if own else version


def published(version: str) -> str:
    """The version as its publisher gave it."""
    return version.partition("+")[0]


def _threshold(sheet: Sheet, words: Mapping[str, str]) -> Threshold:
    name = sheet.text("name")
    if not _NAME.fullmatch(name):
        sheet.fault(f"{name!r} is no name of a threshold: small letters, digits and _")
    low, default, high = (_number(sheet, key) for key in ("low", "value", "high"))
    value = _decimal(words[name]) if name in words else default
    if not 0 <= low <= default <= high:
        sheet.fault(f"{name}: the value must lie between low and high, and none below 0")
    elif not low <= value <= high:
        sheet.fault(f"{name} can be set from {low:f} to {high:f}")
    return Threshold(name, value, default, (low, high), sheet.text("unit"), sheet.text("description"))


def _number(sheet: Sheet, key: str) -> Decimal:
    found = sheet.node.get(key)
    if found is None:
        sheet.fault(f"{key} is missing")
        return Decimal(0)
    return exact(found)


def _decimal(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return Decimal(-1)
    return found if found.is_finite() else Decimal(-1)


def _goals(sheet: Sheet, defaults: Mapping[str, Decimal]) -> None:
    """A goal that follows a threshold states the threshold's own number."""
    for goal in sheet.children("goal"):
        for target in goal.children("target"):
            detail = target.at(target.node.get("detailQuantity"), "detailQuantity")
            for named in detail.extensions(DECLARED):
                if defaults.get(named.text("value")) != exact(detail.node.get("value", "NaN")):
                    detail.fault("its value is not that of the threshold that it names")
