"""The commonest statements without FHIRPath's engine: how many resources meet a plain criterion.

``Type.where(C).exists()``, ``.empty()``, ``.count() > n`` and ``Type.exists(C)``, where C compares elements
that stand once with what is the same for all resources. Each such element is one look into a dict, some
hundred times faster. What this cannot decide of a resource (a time near the limit) FHIRPath is asked.
"""

from __future__ import annotations

import operator as operators
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from mappers.lossless import Json, exact
from mappers.r4.model import MODEL
from workers.engine.applying.spelling import Node, call, operator, spell
from workers.engine.grammar import ExpressionFault

Constants = Mapping[str, Any]
Ask = Callable[[Mapping[str, Json], Constants], bool | None]
"""Whether one resource meets a criterion; None: FHIRPath's "nothing". Raises ``Undecided``."""
_ORDER = {
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
    "=": operators.eq,
    "!=": operators.ne,
}
_DAY = timedelta(days=1)
_FULL = len("2026-01-01")


class Undecided(Exception):  # noqa: N818 - it is no error
    """Only FHIRPath itself can tell"""


@dataclass(frozen=True, slots=True)
class Counting:
    """A criterion, the parts of it that are the same for all resources, and what the count decides."""

    criterion: str
    constants: tuple[str, ...]
    ask: Ask
    decide: Callable[[int], bool]
    enough: int | None
    """With so many it is decided."""


def counting(root: Node, type_: str) -> Counting | None:
    """The plain form of a statement about one type; None where it has another form."""
    try:
        found, decide, enough = _form(root, type_)
        constants: list[str] = []
        ask = _anyone if found is None else _criterion(found, type_, constants)
    except (Undecided, ExpressionFault):
        return None
    return Counting("" if found is None else spell(found), tuple(constants), ask, decide, enough)


def _form(root: Node, type_: str) -> tuple[Node | None, Callable[[int], bool], int | None]:
    """The criterion, and what is asked of the count."""
    if root["type"] == "InequalityExpression":
        left, right = root["children"]
        compare, limit = _ORDER[operator(root)], spell(right)
        filtered, name, arguments = _called(left)
        if name != "count" or arguments or not limit.isdigit():
            raise Undecided
        return _where(filtered, type_), lambda count: bool(compare(count, int(limit))), None
    filtered, name, arguments = _called(root)
    if name == "exists" and len(arguments) == 1 and spell(filtered) == type_:
        return arguments[0], lambda count: count > 0, 1
    if arguments or name not in ("exists", "empty"):
        raise Undecided
    return _where(filtered, type_), lambda count: (count > 0) is (name == "exists"), 1


def _called(node: Node) -> tuple[Node, str, tuple[Node, ...]]:
    if node["type"] != "InvocationExpression" or node["children"][1]["type"] != "FunctionInvocation":
        raise Undecided
    return (node["children"][0], *call(node["children"][1]))


def _where(node: Node, type_: str) -> Node | None:
    if spell(node) == type_:
        return None
    filtered, name, arguments = _called(node)
    if name != "where" or len(arguments) != 1 or spell(filtered) != type_:
        raise Undecided
    return arguments[0]


def _anyone(_body: Mapping[str, Json], _told: Constants) -> bool:
    return True


def _criterion(node: Node, type_: str, constants: list[str]) -> Ask:
    if node["type"] == "TermExpression" and node["children"][0]["type"] == "ParenthesizedTerm":
        return _criterion(node["children"][0]["children"][0], type_, constants)
    if node["type"] in ("AndExpression", "OrExpression") and operator(node) in ("and", "or"):
        left, right = (_criterion(side, type_, constants) for side in node["children"])
        return _both(left, right, settles=operator(node) == "or")
    if node["type"] not in ("EqualityExpression", "InequalityExpression") or operator(node) not in _ORDER:
        raise Undecided
    left_side, right_side = node["children"]
    keys = _keys(left_side, type_)
    text = spell(right_side)
    if not _is_constant(right_side):
        raise Undecided
    constants.append(text)
    return _compared(keys, _ORDER[operator(node)], text)


def _both(left: Ask, right: Ask, settles: bool) -> Ask:
    """Kleene's ``or`` where true settles it, ``and`` where false does."""

    def ask(body: Mapping[str, Json], told: Constants) -> bool | None:
        first = left(body, told)
        if first is settles:
            return settles
        second = right(body, told)
        if second is settles:
            return settles
        return None if first is None or second is None else not settles

    return ask


def _compared(keys: tuple[str, ...], compare: Callable[[Any, Any], bool], text: str) -> Ask:
    def ask(body: Mapping[str, Json], told: Constants) -> bool | None:
        found: Any = body
        for key in keys:
            found = found.get(key)
            if found is None:
                return None
        limit = told[text]
        if isinstance(limit, Decimal):
            return bool(compare(exact(found), limit))
        if isinstance(limit, date):
            return bool(compare(_decided(found, limit), limit.isoformat()))
        return bool(compare(found, limit))

    return ask


def _decided(found: str, limit: date) -> str:
    """The day of a time, where no zone could make it another side of the limit."""
    day = found[:_FULL]
    if len(found) == _FULL:
        return day
    if len(found) < _FULL or (limit - _DAY).isoformat() <= day <= (limit + _DAY).isoformat():
        raise Undecided
    return day


def _keys(node: Node, type_: str) -> tuple[str, ...]:
    """The keys that lead to an element that stands once, with the type named where it has a choice."""
    spelt = spell(node)
    keys: list[str] = []
    kind, steps = type_, spelt.split(".")
    while steps:
        name = steps.pop(0)
        element = MODEL.types[kind].elements.get(name) if kind in MODEL.types else None
        if element is None or element.max != 1:
            raise Undecided
        if element.choice:
            wanted = steps.pop(0).removeprefix("ofType(").removesuffix(")") if steps else ""
            if wanted not in element.types:
                raise Undecided
            name, kind = name + wanted[0].upper() + wanted[1:], wanted
        else:
            kind = element.types[0]
        keys.append(name)
    return tuple(keys)


def _is_constant(node: Node) -> bool:
    """Whether a side is the same for all resources: literals, ``%today``, and sums of them."""
    if node["type"] == "AdditiveExpression":
        return all(_is_constant(child) for child in node["children"])
    if node["type"] != "TermExpression":
        return False
    inner = node["children"][0]["type"]
    return inner == "LiteralTerm" or (inner == "ExternalConstantTerm" and spell(node) == "%today")


def limits(texts: Iterable[str], run: Callable[[str], list[Any]]) -> Constants | None:
    """The values of the constants; None where one is nothing that is compared here."""
    told: dict[str, Any] = {}
    for text in texts:
        value = text[1:] if text.startswith("@") else (run(text) or [None])[0]
        if text.startswith("'") and isinstance(value, str):
            told[text] = value
        elif isinstance(value, int | Decimal) and not isinstance(value, bool):
            told[text] = Decimal(value)
        elif isinstance(value, float):
            told[text] = Decimal(str(value))
        elif isinstance(value, str) and len(value) == _FULL:
            told[text] = date.fromisoformat(value)
        else:
            return None
    return told
