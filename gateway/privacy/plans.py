"""A policy laid over R4: for every type, at every place where a line says so, what each element becomes.

A plan is made when the first resource of its type comes and is used for all that follow.
"""

from __future__ import annotations

from functools import lru_cache
from threading import RLock

import msgspec

from gateway.privacy import dates, steps
from gateway.privacy.ages import AgeNode, YearsNode
from gateway.privacy.elements import QUANTITIES, is_primitive
from gateway.privacy.generalise import GENERALISERS, Generaliser, each, shift_day_of, shift_of, year_of
from gateway.privacy.lines import Lines, Spot
from gateway.privacy.nodes import ExtensionNode, IdentifierNode, ResourceNode, always, by_url, coded
from gateway.privacy.policy import Extension, Kind, Policy, Verb
from gateway.privacy.text import GRAMMARS
from gateway.privacy.walk import Mark, NoClinicalHalf, Node, Object, Step
from mappers.lossless import Json
from mappers.r4.model import MODEL, Element

_PAIRED = frozenset({"system", "code", "version", "userSelected"})
_SHUT = frozenset({Verb.WITHHOLD, Verb.MASK, Verb.REFUSE})


def _is_number(value: Json) -> bool:
    return type(value) is int or type(value) is msgspec.Raw


CHECKS: dict[str, steps.Check] = {
    "boolean": lambda value: type(value) is bool,
    "integer": lambda value: type(value) is int,
    "positiveInt": lambda value: type(value) is int,
    "unsignedInt": lambda value: type(value) is int,
    "decimal": _is_number,
    "date": dates.is_date,
    "dateTime": dates.is_date,
    "instant": dates.is_date,
    "time": dates.is_time,
}


class Plans:
    """What one policy makes of each type."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._nodes: dict[tuple[str, tuple[str, ...], str], Node] = {}
        # A node is filled after it is stored, because types contain themselves. Only whole plans are handed
        # out, and they are made one at a time: a half-made one would let through what it has no step for.
        self._whole: dict[tuple[str, str], Node] = {}
        self._making = RLock()
        self._by_url: dict[str, dict[str, Node]] = {}
        self._lines = Lines(policy)

    def resource(self, kind: str) -> Node:
        """What becomes of a resource that stands alone or as an entry."""
        self._admit(kind)
        return self._whole.get((kind, kind)) or self._make(kind, kind, ResourceNode)

    def contained(self, kind: str) -> Node:
        """What becomes of a resource inside another, which has no identity of its own."""
        self._admit(kind)
        return self._whole.get((kind, "contained")) or self._make(kind, "contained", Node)

    def _make(self, kind: str, form: str, make: type[Node]) -> Node:
        with self._making:
            node = self._whole[kind, form] = self._node(kind, (), form, make)
        return node

    def _admit(self, kind: str) -> None:
        """Types that a policy refuses whole: what they define cannot be told without its words."""
        action = self._policy.lines.get(kind)
        if action is not None and action.verb is Verb.REFUSE:
            raise NoClinicalHalf

    def _node(self, kind: str, outer: tuple[str, ...], form: str, make: type[Node]) -> Node:
        outer = tuple(path for path in outer if path != kind)
        found = self._nodes.get((kind, outer, form))
        if found is not None:
            return found
        node = self._nodes[kind, outer, form] = make()
        for spot in self._lines.spots(kind, outer):
            self._add(node, spot, form)
        if kind in MODEL.resources:
            node.steps["resourceType"] = steps.keep(lambda value: value == kind, None)
        if isinstance(node, ResourceNode) and self._policy.kind is Kind.SPLIT:
            contains = any(
                s.key == "contained" and s.action.verb is Verb.PARTS for s in self._lines.spots(kind)
            )
            node.choose = self._any_resource("contained") if contains else None
        if kind != "Element":
            node.element = self._node("Element", (), "", Node)
        return node

    def _add(self, node: Node, spot: Spot, form: str) -> None:
        mark = _skeleton(spot.element, spot.kind) if spot.speaks else None
        if mark is not None:
            node.marks[spot.key] = mark
        if is_primitive(spot.kind):
            node.steps[spot.key] = self._primitive(spot, mark, form)
            if spot.action.verb not in _SHUT:
                node.open.add(spot.key)
        elif spot.kind == "Extension" and spot.action.verb is not Verb.REFUSE:
            node.steps[spot.key] = self._extensions(spot.key)
        else:
            node.steps[spot.key] = self._complex(spot, mark)

    # --- one element --------------------------------------------------------------------------------------

    def _primitive(self, spot: Spot, mark: Mark | None, form: str) -> Step:
        match spot.action.verb:
            case Verb.REFUSE:
                return steps.refuse
            case Verb.PSEUDONYM if (spot.key, spot.kind) == ("id", "id"):
                return steps.contained_id if form == "contained" else steps.resource_id(form)
            case Verb.NAME:
                return steps.named if mark is None else steps.marked(steps.named, mark)
            case Verb.PSEUDONYM if spot.kind == "string":
                return steps.reference
            case Verb.PSEUDONYM if not spot.many:
                return steps.fragment if mark is None else steps.marked(steps.fragment, mark)
            case Verb.GENERALISE | Verb.SHIFT | Verb.SHIFT_DAY | Verb.YEAR if (
                less := _less(spot)
            ) is not None:
                return steps.change(each(less) if spot.many else less, mark)
            case Verb.MATCHING if spot.many:
                return steps.keep_some(self._check(spot), mark)
            case Verb.KEEP | Verb.MATCHING:
                check = self._check(spot)
                return steps.keep(steps.each(check) if spot.many else check, mark)
        return steps.withhold(mark)

    def _check(self, spot: Spot) -> steps.Check:
        if spot.action.verb is Verb.MATCHING:
            return GRAMMARS[spot.action.how]
        if self._policy.kind is Kind.RELEASE:
            return lambda value: True
        if spot.kind == "code":
            return _listed(spot.element.codes)
        return CHECKS.get(spot.kind, lambda value: type(value) is str)

    def _complex(self, spot: Spot, mark: Mark | None) -> Step:
        kind, outer = spot.kind, spot.outer
        into = steps.inside_each if spot.many else steps.inside
        match spot.action.verb:
            case Verb.REFUSE:
                return steps.refuse
            case Verb.GENERALISE if (measured := _MEASURED.get(spot.action.how)) is not None:
                return into(always(self._node(kind, outer, spot.action.how, measured)), mark)
            case Verb.PARTS if kind == "Resource":
                return into(self._any_resource(spot.key), mark)
            case Verb.PARTS:
                return into(always(self._node(kind, outer, "", Node)), mark)
            case Verb.CODED:
                return into(self._coded(kind, outer), mark)
            case Verb.PSEUDONYM if kind == "Identifier":
                return into(always(self._node(kind, outer, "", IdentifierNode)), mark)
        return steps.withhold(mark)

    def _any_resource(self, key: str) -> steps.Choose:
        plan = self.contained if key == "contained" else self.resource

        def choose(value: Object) -> Node | None:
            kind = value.get("resourceType")
            return plan(kind) if type(kind) is str and kind in MODEL.resources else None

        return choose

    def _coded(self, kind: str, outer: tuple[str, ...]) -> steps.Choose:
        full = self._node(kind, outer, "coded", Node)
        full.steps |= {"system": _ANYTHING, "code": _ANYTHING}
        if kind in QUANTITIES:  # an age or a duration without its unit would be no R4, and no fact
            return coded(full, None, {})
        bare = self._node(kind, outer, "bare", Node)
        bare.steps |= {key: steps.withhold(None) for key in _PAIRED & bare.steps.keys()}
        bare.open -= _PAIRED
        return coded(full, bare, self._policy.own_codes)

    # --- extensions ---------------------------------------------------------------------------------------

    def _extensions(self, key: str) -> Step:
        """Extensions are decided by url; the nodes are made once, and may hold extensions themselves."""
        if self._policy.kind is Kind.RELEASE:
            return steps.inside_each(always(self._node("Extension", (), "", Node)), None)
        known = self._policy.modifiers if key == "modifierExtension" else self._policy.extensions
        nodes = self._by_url.get(key)
        if nodes is None:
            nodes = self._by_url[key] = {}
            nodes.update({url: self._extension(f"{key} {url}", allowed) for url, allowed in known.items()})
        step = steps.inside_each(by_url(nodes), None)
        return steps.known_modifier(frozenset(known), step) if key == "modifierExtension" else step

    def _extension(self, form: str, allowed: Extension) -> Node:
        node = self._node("Extension", (), form, ExtensionNode)
        parts = {part: self._extension(f"{form} {part}", Extension(allowed.codes)) for part in allowed.parts}
        code = steps.keep(lambda value: value in allowed.codes, node.marks["valueCode"])
        node.steps |= {
            "url": _ANYTHING,
            "valueCode": code,
            "extension": steps.inside_each(by_url(parts), None),
        }
        node.open |= {"valueCode"}
        return node


_MEASURED: dict[str, type[Node]] = {"age": AgeNode, "years": YearsNode}


def _less(spot: Spot) -> Generaliser | None:
    """How less is made of one value; None for what cannot be done to a single value."""
    match spot.action.verb:
        case Verb.SHIFT:
            return shift_of(spot.kind)
        case Verb.SHIFT_DAY:
            return shift_day_of(spot.kind)
        case Verb.YEAR:
            return year_of(spot.kind)
    return GENERALISERS.get(spot.action.how)


_ANYTHING = steps.keep(lambda value: True, None)


def _skeleton(element: Element, kind: str) -> Mark:
    """How an element is masked, and with it everything that R4 requires inside it."""
    many = element.max != 1
    if is_primitive(kind):
        return Mark(primitive=True, many=many)
    required: dict[str, Mark] = {}
    for inner in MODEL.types[kind].elements.values() if kind in MODEL.types else ():
        if inner.min > 0:
            key, of = next(inner.json_names())
            required[key] = _skeleton(inner, of)
    return Mark(primitive=False, many=many, required=required)


def _listed(value_set: str | None) -> steps.Check:
    """Codes of a required binding; where R4 lists none, none is known."""
    systems = MODEL.codes.get(value_set, {}) if value_set else {}
    known = frozenset(code for codes in systems.values() for code in codes)
    return lambda value: type(value) is str and value in known


@lru_cache(maxsize=32)
def plans(policy: Policy) -> Plans:
    """The plans of a policy, made once."""
    return Plans(policy)
