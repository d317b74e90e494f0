"""Which line of a policy decides an element: the most exact one that names it.

A path from a resource goes before a path from a data type, and that before a data type. For what
no line names the kind of policy decides: a split withholds it, a release lets it stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from gateway.privacy.elements import QUANTITIES, bases, is_primitive, type_lines
from gateway.privacy.policy import Action, Kind, Policy, Verb
from mappers.r4.model import MODEL, Element

_SPEAKING = QUANTITIES | {"CodeableConcept", "Identifier", "Quantity", "Reference"}
"""Types of which an empty one would be read as "none": withheld, they leave a mark."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One element at one place, and what the policy says of it."""

    key: str
    element: Element
    kind: str
    """The type that the key means: ``Quantity`` for ``valueQuantity``."""
    line: str
    """The line that decides; empty when none does."""
    action: Action
    outer: tuple[str, ...]
    """Paths by which lines reach into it from further out than its own type."""

    @property
    def many(self) -> bool:
        return self.element.max != 1

    @property
    def speaks(self) -> bool:
        """Whether its absence would be read as an answer."""
        return (
            self.element.min > 0
            or self.element.choice
            or self.kind in _SPEAKING
            or ("." in self.kind and self.action.verb is Verb.PARTS)  # a backbone of which nothing is left
            or self.action.verb is Verb.MASK
            # R4 wants an Expression to have its text (exp-1), also where a grammar lets only some texts stay.
            or (self.action.verb is Verb.MATCHING and self.action.how == "rule")
            # A coding that a line names by its place limits something there, as in a Consent's provision.
            or (self.action.verb is Verb.CODED and "." in self.line)
        )


class Lines:
    """A policy, asked about places in R4."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._prefixes = {
            path
            for line in policy.lines
            for path in accumulate(line.split("."), "{}.{}".format)
            if path != line
        }

    def spots(self, kind: str, outer: tuple[str, ...] = ()) -> Iterator[Spot]:
        """Every element of a type with the line that decides it."""
        roots = outer + bases(kind)
        for element in MODEL.types[kind].elements.values():
            for key, inner in element.json_names():
                line, action = self._decide(key, element, inner, roots)
                yield Spot(key, element, inner, line, action, self._outer(key, element, roots))

    def _candidates(self, key: str, element: Element, kind: str, roots: tuple[str, ...]) -> Iterator[str]:
        for root in roots:
            yield f"{root}.{key}"
            if element.choice:
                yield f"{root}.{element.name}[x]"
        yield from type_lines(kind)

    def _decide(self, key: str, element: Element, kind: str, roots: tuple[str, ...]) -> tuple[str, Action]:
        for line in self._candidates(key, element, kind, roots):
            action = self._policy.lines.get(line)
            if action is not None:
                return line, action
        if self._policy.kind is Kind.RELEASE:
            return "", Action(Verb.KEEP if is_primitive(kind) else Verb.PARTS)
        return "", Action(Verb.REFUSE if element.modifier else Verb.WITHHOLD)

    def _outer(self, key: str, element: Element, roots: tuple[str, ...]) -> tuple[str, ...]:
        names = (key, f"{element.name}[x]") if element.choice else (key,)
        paths = (f"{root}.{name}" for root in roots for name in names)
        return tuple(path for path in paths if path in self._prefixes)
