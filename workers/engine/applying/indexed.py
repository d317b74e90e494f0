"""Which resources a path can be about at all: its codes are looked up, and not asked of each resource.

``Observation.where(code.coding.exists(system = 'S' and code = 'C') and …)`` becomes ``Observation.where(…)``
over the Observations that bear the code, which is the same by the meaning of ``where``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mappers.r4.model import MODEL
from workers.engine.applying.record import Code
from workers.engine.applying.spelling import Node, call, operator, spell

_PAIR = r"(system|code) = '([^'\\]*)'"
_PAIRS = rf"{_PAIR}(?: and {_PAIR})?"
_CODED = re.compile(rf"code\.coding\.(?:exists\({_PAIRS}\)|where\({_PAIRS}\)\.exists\(\))")
_FILTERS = frozenset({"where", "exists"})


@dataclass(frozen=True, slots=True)
class Selection:
    """What is left to ask, and the codes that the resources must bear."""

    text: str
    codes: tuple[Code, ...] = ()


def selection(root: Node) -> Selection:
    """The same question with its codes taken out; the expression must start from one type, once."""
    text = spell(root)
    for node in _filters(root):
        target, member = node["children"]
        type_ = spell(target)
        if type_ not in MODEL.resources or not _has_one_code(type_):
            continue
        name, arguments = call(member)
        parts = [part for argument in arguments for part in _conjuncts(argument)]
        codes = [(part, _code(part)) for part in parts]
        rest = " and ".join(f"({spell(part)})" for part, code in codes if code is None)
        left = f"{type_}.{name}({rest})" if rest or name == "exists" else type_
        found = tuple(code for _, code in codes if code is not None)
        return Selection(text.replace(spell(node), left, 1), found) if found else Selection(text)
    return Selection(text)


def _filters(node: Node) -> Iterator[Node]:
    """Every filter in the order of the tree."""
    if node["type"] == "InvocationExpression":
        member = node["children"][1]
        if member["type"] == "FunctionInvocation" and call(member)[0] in _FILTERS:
            yield node
    for child in node.get("children", ()):
        yield from _filters(child)


def _conjuncts(node: Node) -> Iterator[Node]:
    if node["type"] == "AndExpression" and operator(node) == "and":
        for side in node["children"]:
            yield from _conjuncts(side)
    elif node["type"] == "TermExpression" and node["children"][0]["type"] == "ParenthesizedTerm":
        yield from _conjuncts(node["children"][0]["children"][0])
    else:
        yield node


def _code(node: Node) -> Code | None:
    found = _CODED.fullmatch(spell(node))
    if found is None:
        return None
    groups = [one for one in found.groups() if one is not None]
    pairs = list(zip(groups[::2], groups[1::2], strict=True))
    told = dict(pairs)
    return (told.get("system", ""), told["code"]) if "code" in told and len(told) == len(pairs) else None


def _has_one_code(type_: str) -> bool:
    found = MODEL.types[type_].elements.get("code")
    return found is not None and found.types == ("CodeableConcept",) and found.max == 1
