"""Conditions: statements of facts and statements of resources, joined as Kleene says.

A condition is compiled once. What it cannot tell is unknown, with what is missing; nothing here turns that
into a no. FHIRPath joins only within one statement; between them the joints are ours, so that a resource
that cannot be read does not decide what another fact decides already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from mappers.facts import Evidence
from workers.engine.answer import Answer, all_of, any_of, negate
from workers.engine.applying.spelling import Node, call, operator, spell, tree
from workers.engine.applying.statement import Statement, statement
from workers.engine.applying.world import World, type_of
from workers.engine.expression import Expression, answer, compiled
from workers.engine.grammar import ExpressionFault
from workers.engine.known import Type
from workers.engine.names import catalogue


@dataclass(frozen=True, slots=True)
class OfFacts:
    """A statement of named facts."""

    expression: Expression

    def ask(self, world: World) -> Answer:
        """Whether it holds."""
        return world.once(self.expression.text, lambda: answer(self.expression, world.names, world.today))

    def types(self) -> frozenset[str]:
        """The resource types that it starts from: none."""
        return frozenset()

    def reads_facts(self) -> bool:
        """Whether it names a fact."""
        return any(name != "today" for name in self.expression.names)

    def evidence(self, world: World) -> frozenset[Evidence]:
        """The versions that it stands on."""
        return frozenset(self.ask(world).evidence)


@dataclass(frozen=True, slots=True)
class OfRecord:
    """A statement of resources."""

    statement: Statement

    def ask(self, world: World) -> Answer:
        """Whether it holds."""
        return world.once(self.statement.text, lambda: self.statement.ask(world))

    def types(self) -> frozenset[str]:
        """The resource types that it starts from."""
        return self.statement.types

    def reads_facts(self) -> bool:
        """Whether it names a fact."""
        return False

    def evidence(self, world: World) -> frozenset[Evidence]:
        """The versions that it stands on."""
        return self.statement.evidence(world)


@dataclass(frozen=True, slots=True)
class Joined:
    """Two formulas and what joins them; the opposite of one has it twice."""

    joint: str
    left: OfFacts | OfRecord | Joined
    right: OfFacts | OfRecord | Joined

    def ask(self, world: World) -> Answer:
        """Whether it holds."""
        return _JOINTS[self.joint](self, world)

    def types(self) -> frozenset[str]:
        """The resource types that it starts from."""
        return self.left.types() | self.right.types()

    def reads_facts(self) -> bool:
        """Whether it names a fact."""
        return self.left.reads_facts() or self.right.reads_facts()

    def evidence(self, world: World) -> frozenset[Evidence]:
        """The versions that it stands on."""
        return self.left.evidence(world) | self.right.evidence(world)


Formula = OfFacts | OfRecord | Joined


def condition(text: str, variables: Mapping[str, str]) -> Formula:
    """The condition behind a text; raises ``ExpressionFault``."""
    return _condition(text, tuple(sorted(variables.items())))


@lru_cache(maxsize=4096)
def _condition(text: str, variables: tuple[tuple[str, str], ...]) -> Formula:
    return _read(tree(text), dict(variables))


def _read(node: Node, variables: Mapping[str, str]) -> Formula:
    named = _names_a_fact(node)
    facts, fault = _of_facts(node) if named else (None, None)
    if facts is not None:
        return facts
    if node["type"] in _LOGIC:
        left, right = (_read(side, variables) for side in node["children"])
        return Joined(operator(node), left, right)
    if (inner := _bracketed(node)) is not None:
        return _read(inner, variables)
    if (denied := _denied(node)) is not None:
        inside = _read(denied, variables)
        return Joined("not", inside, inside)
    if fault is not None:
        raise fault
    return OfRecord(statement(node, variables))


def _of_facts(node: Node) -> tuple[OfFacts | None, ExpressionFault | None]:
    try:
        found = compiled(spell(node), type_of)
    except ExpressionFault as fault:
        return None, fault
    if found.type is not Type.BOOLEAN:
        raise ExpressionFault(f"{spell(node)} is not true or false")
    return OfFacts(found), None


def _names_a_fact(node: Node) -> bool:
    spelt = spell(node)
    if spelt.startswith("%") and spelt != "%today" and spelt.partition(".")[0] in _heads():
        return True
    return any(_names_a_fact(child) for child in node.get("children", ()) if child["type"] in _SPOKEN)


@cache
def _heads() -> frozenset[str]:
    return frozenset(f"%{name.partition('.')[0]}" for name in catalogue())


def _bracketed(node: Node) -> Node | None:
    if node["type"] != "TermExpression" or node["children"][0]["type"] != "ParenthesizedTerm":
        return None
    (inner,) = node["children"][0]["children"]
    found: Node = inner
    return found


def _denied(node: Node) -> Node | None:
    """What ``.not()`` is said of, where that is several statements."""
    if node["type"] != "InvocationExpression" or node["children"][1]["type"] != "FunctionInvocation":
        return None
    target, member = node["children"]
    return _bracketed(target) if call(member) == ("not", ()) else None


def _and(one: Joined, world: World) -> Answer:
    return all_of(side.ask(world) for side in (one.left, one.right))


def _or(one: Joined, world: World) -> Answer:
    return any_of(side.ask(world) for side in (one.left, one.right))


def _implies(one: Joined, world: World) -> Answer:
    return any_of(found for found in (negate(one.left.ask(world)), one.right.ask(world)))


def _xor(one: Joined, world: World) -> Answer:
    left, right = one.left.ask(world), one.right.ask(world)
    return any_of([all_of([left, negate(right)]), all_of([negate(left), right])])


def _not(one: Joined, world: World) -> Answer:
    return negate(one.left.ask(world))


_LOGIC = frozenset({"AndExpression", "OrExpression", "ImpliesExpression"})
_SPOKEN = frozenset(
    {
        *_LOGIC,
        "AdditiveExpression",
        "EqualityExpression",
        "InequalityExpression",
        "InvocationExpression",
        "MembershipExpression",
        "MultiplicativeExpression",
        "ParenthesizedTerm",
        "TermExpression",
    }
)
_JOINTS: Mapping[str, Callable[[Joined, World], Answer]] = {
    "and": _and,
    "or": _or,
    "xor": _xor,
    "implies": _implies,
    "not": _not,
}
