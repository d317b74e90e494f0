"""The types of the table as closures: one per type, made when the type is first met.

A closure walks one JSON object by the names that its type knows. It is told once, at the making, everything
that the table says, so that checking looks nothing up but the names that it was given.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from mappers.lossless import Json, shown
from mappers.r4.conditions import Condition, condition
from mappers.r4.faults import NULL_CLAIM, Check, Faults, fault, json_type, under
from mappers.r4.model import MODEL, RESOURCE, Element, Invariant, Type
from mappers.r4.pointing import pointing
from mappers.r4.primitives import CHECKS
from mappers.r4.terms import bound

_Tests: TypeAlias = tuple[tuple[Condition, Faults], ...]
_FEW = 12


class Shapes:
    """The closures of all types. ``resource`` and ``contained`` check what stands where any resource may."""

    def __init__(self, resource: Check, contained: Check) -> None:
        self._resource = resource
        self._contained = contained
        self._objects: dict[str, Check] = {}
        self._making: dict[str, Check] = {}
        self._turn = threading.RLock()

    def of(self, name: str) -> Check:
        """The check of a complex type."""
        known = self._objects.get(name)
        if known is None:
            with self._turn:
                known = self._objects.get(name) or self._making.get(name) or self._made(name)
        return known

    def _made(self, name: str) -> Check:
        # Types refer to themselves: the closure must be known before its members are made, though to nobody
        # else: to another thread a type without members would know none of its elements.
        outermost = not self._making
        members: dict[str, Check] = {}
        made = self._making[name] = _object(MODEL.types[name], members)
        try:
            members.update(self._members(name))
            if outermost:
                self._objects |= self._making
        finally:
            if outermost:
                self._making = {}
        return made

    def _members(self, name: str) -> dict[str, Check]:
        members: dict[str, Check] = {}
        if MODEL.types[name].kind == RESOURCE:
            members["resourceType"] = lambda value: None
        for key, (element, kind) in MODEL.json_names(name).items():
            repeats = element.max is None or element.max > 1
            check = _with_invariants(self._value(element, kind), kind, element.invariants)
            members[key] = _array(check, element.min, element.max) if repeats else check
            if kind in CHECKS:
                beside = self.of("Element")
                members[f"_{key}"] = _array(beside, 0, None) if repeats else beside
        return members

    def _value(self, element: Element, kind: str) -> Check:
        if kind == "Resource":
            return self._contained if element.name == "contained" else self._resource
        check = CHECKS.get(kind) or self.of(kind)
        if kind == "Reference":
            return pointing(check, element.targets)
        codes = MODEL.codes.get(element.codes or "")
        return check if codes is None else bound(check, kind, codes)


# --- objects ---------------------------------------------------------------------------------------------


def _object(kind: Type, members: Mapping[str, Check]) -> Check:
    steps = {name: f".{stem}" for name, stem in _stems(kind)}
    choices = {name: stem for name, stem in _stems(kind) if kind.elements[stem].choice}
    required = _required(kind)
    tests = _tests(kind.invariants, kind.name)

    def check(value: Json) -> Faults | None:
        if type(value) is not dict:
            return fault("structure", f"must be a JSON object, not {json_type(value)}")
        found: Faults = []
        for key, item in value.items():
            member = members.get(key)
            wrong = member(item) if member is not None else _unknown(key, kind)
            if wrong:
                found += under(steps.get(key, ""), _nulls_settled(wrong, value, key))
        if choices and len(stems := [choices[key] for key in value if key in choices]) > len(set(stems)):
            found += _chosen_twice(stems, value, choices)
        for names, missing in required:
            if names.isdisjoint(value):
                found += missing
        for test, broken in tests:
            if test(value, value) is False:
                found += broken
        return found or (None if value else _EMPTY)

    return check


_EMPTY = fault("structure", "must not be empty: leave the element out instead")


def _stems(kind: Type) -> Iterable[tuple[str, str]]:
    """Every JSON name of a type's elements, ``_name`` too, with the element's own name."""
    for element in kind.elements.values():
        for key, _ in element.json_names():
            yield key, element.name
            yield f"_{key}", element.name


def _required(kind: Type) -> tuple[tuple[frozenset[str], Faults], ...]:
    """For each required element the JSON names that it can bear, and what to say when none is there."""
    return tuple(
        (frozenset(name for name, stem in _stems(kind) if stem == element.name), _missing(kind, element))
        for element in kind.elements.values()
        if element.min
    )


def _missing(kind: Type, element: Element) -> Faults:
    return fault(
        "required", f"{kind.name} must have at least {element.min} {element.name}", f".{element.name}"
    )


def _tests(invariants: Iterable[Invariant], kind: str) -> _Tests:
    return tuple(
        (condition(one.tree, kind), fault("invariant", f"{one.human} ({one.key})")) for one in invariants
    )


def _unknown(key: str, kind: Type) -> Faults:
    if not shown(key):
        return fault("structure", f"R4 has no such element in {kind.name} (its name is not repeated here)")
    path = f".{key.removeprefix('_')}"
    for element in kind.elements.values():
        if element.choice and key.removeprefix("_").startswith(element.name):
            return fault("structure", f"{element.name}[x] takes one of: {', '.join(element.types)}", path)
    return fault("structure", f"R4 has no such element in {kind.name}", path)


def _chosen_twice(stems: list[str], value: dict[str, Json], choices: Mapping[str, str]) -> Faults:
    """A choice takes one type; ``valueString`` and ``_valueString`` are the same one."""
    found: Faults = []
    for stem in dict.fromkeys(stems):
        if len({key.removeprefix("_") for key in value if choices.get(key) == stem}) > 1:
            found += fault("structure", f"only one type of {stem}[x] may be given", f".{stem}")
    return found


def _nulls_settled(faults: Faults, value: dict[str, Json], key: str) -> Faults:
    """A null in an array of primitives stands for a value whose extensions stand beside, or the other way."""
    if all(found.code != NULL_CLAIM for found in faults):
        return faults
    sibling = value.get(key[1:] if key.startswith("_") else f"_{key}")
    others = sibling if isinstance(sibling, list) else []
    settled: Faults = []
    for found in faults:
        if found.code != NULL_CLAIM:
            settled.append(found)
        elif int(found.text) >= len(others) or others[int(found.text)] is None:
            settled += fault("structure", "must not be null: it has neither value nor extensions", found.path)
    return settled


# --- arrays and conditions -------------------------------------------------------------------------------


def _array(check: Check, least: int, most: int | None) -> Check:
    def check_all(items: Json) -> Faults | None:
        if type(items) is not list:
            return fault("structure", f"must be a JSON array, not {json_type(items)}: the element repeats")
        for item in items:
            if check(item):
                return _each(items, check)
        if least <= len(items) and items and (most is None or len(items) <= most):
            return None
        return fault("structure", f"must hold {max(1, least)} to {most or 'any number of'} items")

    return check_all


def _each(items: list[Json], check: Check) -> Faults:
    found: Faults = []
    for position, item in enumerate(items):
        step = f"[{position}]"
        wrong = check(item)
        if item is None and wrong:
            found += fault(NULL_CLAIM, str(position), step)
        elif wrong:
            found += under(step, wrong)
    return found


def _with_invariants(check: Check, kind: str, invariants: tuple[Invariant, ...]) -> Check:
    """The check of a value on whose element R4 puts conditions of its own."""
    if not invariants:
        return check
    tests = _tests(invariants, kind)

    def check_both(value: Json) -> Faults | None:
        found = check(value) or []
        for test, broken in tests:
            if value is not None and test(value, value) is False:
                found = [*found, *broken]
        return found or None

    return check_both
