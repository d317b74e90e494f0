"""Nodes of the types whose parts cannot be decided one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.privacy.codes import codes_of
from gateway.privacy.steps import Choose, inside_each, sift
from gateway.privacy.walk import ADDED, Node, Object, Walk
from mappers import parties
from mappers.codes import usual
from mappers.lossless import Json
from mappers.plan_identity import PLAN_SYSTEM

OWN_SYSTEM = "urn:careloom:pseudonym"
"""The system of every pseudonymous identifier, so that none can be mistaken for a real one."""

_NOTHING_CONTAINED: Mapping[str, str] = {}


class ResourceNode(Node):
    """A resource has a scope of its own: ``#fragments`` mean what this one contains."""

    __slots__ = ("choose",)

    def __init__(self) -> None:
        super().__init__()
        self.choose: Choose | None = None
        """Which node a contained resource is split by, where those that nobody refers to must go."""

    def split(self, value: Object, walk: Walk) -> tuple[Object, Object]:
        inner = Walk(walk.pseudonym_of, _fragments(value), walk.terms)
        if self.choose is None or "contained" not in value:
            return super().split(value, inner)
        kept, gone = super().split({key: item for key, item in value.items() if key != "contained"}, inner)
        inside_each(self._linked(value["contained"], self.choose, inner), None)(
            "contained", value["contained"], kept, gone, inner
        )
        return kept, gone

    def _linked(self, contained: Json, choose: Choose, walk: Walk) -> Choose:
        """Contained resources come last: one that nothing kept refers to any more is withheld (dom-3)."""
        for item in contained if type(contained) is list else ():
            walk.inside = walk.fragments.get(str(item.get("id")), "?") if type(item) is dict else "?"
            sift([item], choose, None, walk)
        linked = _reached(walk.uses)
        ids = {ident for ident, name in walk.fragments.items() if name in linked}
        return lambda item: choose(item) if item.get("id") in ids else None


def _reached(uses: Sequence[tuple[str, str]]) -> set[str]:
    """The contained resources that the container reaches, or that refer to it."""
    found = {user for user, used in uses if user and not used}
    more = {used for user, used in uses if used and not user}
    while more:
        found |= more
        more = {used for user, used in uses if user in found} - found - {""}
    return found


def _fragments(resource: Object) -> Mapping[str, str]:
    contained = resource.get("contained")
    if type(contained) is not list:
        return _NOTHING_CONTAINED
    ids = (item.get("id") if type(item) is dict else None for item in contained)
    return {ident: f"c{number}" for number, ident in enumerate(ids, 1) if type(ident) is str}


class IdentifierNode(Node):
    """System and value together become one pseudonym under Careloom's own system.

    The identifier of Careloom's plan keeps its system: a plan that a clinician changed is still the plan. So
    do those by which a Consent names who reads from Careloom, and Careloom's own engine is named as it is.
    """

    __slots__ = ()

    def split(self, value: Object, walk: Walk) -> tuple[Object, Object]:
        kept, gone = super().split(value, walk)
        text = value.get("value")
        if type(text) is str:
            kept["system"], kept["value"] = _named(value.get("system", ""), text, walk)
            if "system" not in value:
                gone.setdefault(ADDED, []).append("system")
        return kept, gone


def _named(system: Json, text: str, walk: Walk) -> tuple[str, str]:
    if system == PLAN_SYSTEM:
        return PLAN_SYSTEM, walk.pseudonym_of("CarePlan", text)
    if (system, text) == parties.ENGINE:
        return parties.ENGINE
    if system in parties.SYSTEMS:
        return str(system), walk.pseudonym_of("Identifier", f"{system}|{text}")
    return OWN_SYSTEM, walk.pseudonym_of("Identifier", f"{system}|{text}")


class ExtensionNode(Node):
    """An extension of which only the url would stay is withheld whole: R4 wants a value or parts."""

    __slots__ = ()

    def split(self, value: Object, walk: Walk) -> tuple[Object, Object]:
        kept, gone = super().split(value, walk)
        return (kept, gone) if len(kept) > 1 else ({}, gone)


def coded(full: Node, bare: Node | None, own: Mapping[str, frozenset[str]]) -> Choose:
    """System and code stay together when both are known; otherwise neither does."""

    def choose(value: Object) -> Node | None:
        grammar = codes_of(value.get("system"))
        if grammar is not None and grammar(value.get("code")):
            return full
        return full if own and _is_own(own, value) else bare

    return choose


def _is_own(own: Mapping[str, frozenset[str]], value: Object) -> bool:
    """Whether a code is one of those that the hospital listed code by code."""
    system, code = value.get("system"), value.get("code")
    return type(system) is str and type(code) is str and code in own.get(usual(system), ())


def by_url(nodes: Mapping[str, Node]) -> Choose:
    """Extensions are allowed by url."""

    def choose(value: Object) -> Node | None:
        url = value.get("url")
        return nodes.get(url) if type(url) is str else None

    return choose


def always(node: Node) -> Choose:
    """Objects of one shape."""
    return lambda value: node
