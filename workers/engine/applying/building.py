"""What grows while a definition is applied: contained resources with their ids, and what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workers.engine.applying.formula import Formula
from workers.engine.applying.launch import Definition, Launch
from workers.engine.applying.messages import Messages
from workers.engine.applying.record import plain
from workers.engine.applying.world import VARIABLES, Variable, World

DEEPEST = 12
"""How deep definitions may stand in one another."""
FHIRPATH = "text/fhirpath"


Define = Callable[["Building", str, str], dict[str, Any] | str | None]


@dataclass(slots=True)
class Building:
    """One application. Nested definitions share all of it but the world, which knows their context."""

    launch: Launch
    world: World
    define: Define
    """What the definition of an action becomes; plans stand in plans, so it is handed in."""
    definition: Definition = field(default_factory=dict)
    """The one that is being applied, as it was written."""
    messages: Messages = field(default_factory=Messages)
    contained: list[dict[str, Any]] = field(default_factory=list)
    within: tuple[str, ...] = ()
    """The definitions that are being applied, outermost first."""
    reasons: list[Formula] = field(default_factory=list)
    """The conditions that held."""
    goals: list[str] = field(default_factory=list)
    """Where the goals stand, of nested plans too."""
    counts: Counter[str] = field(default_factory=Counter)

    def inside(self, definition: Definition, name: str) -> Building:
        """The same for a definition within this one."""
        told = {**self.world.variables, "context": Variable(plain_definition(definition))}
        world = replace(self.world, variables=told)
        return replace(self, world=world, definition=definition, within=(*self.within, name))

    def contained_definition(self, name: str) -> Definition | None:
        """What stands inside the definition that is being applied, by ``#id``."""
        inside = self.definition.get("contained", ())
        return next((one for one in inside if name == f"#{one.get('id')}"), None)

    def contain(self, resource: Mapping[str, Any]) -> str:
        """Put a resource beside the others; answers how it is referred to."""
        kind = str(resource["resourceType"])
        self.counts[kind] += 1
        name = f"{kind.lower()}-{self.counts[kind]}"
        body = {key: value for key, value in resource.items() if key not in ("resourceType", "id")}
        self.contained.append({"resourceType": kind, "id": name, **body})
        return f"#{name}"


def plain_definition(definition: Definition) -> Any:
    """A definition as ``%context``."""
    return plain(dict(definition))


def variables_of(definition: Definition) -> dict[str, str]:
    """What the expressions of a definition may name."""
    return {**VARIABLES, "context": str(definition["resourceType"])}


def unread(expression: object) -> tuple[str, str] | None:
    """Why an Expression cannot be asked, as an issue's code and text; None where it can."""
    found = expression if isinstance(expression, Mapping) else {}
    if found.get("language") != FHIRPATH:
        return "not-supported", f"The language of an expression must be {FHIRPATH}."
    if not isinstance(found.get("expression"), str):
        return "required", "The expression is missing; a reference to one is not followed."
    return None
