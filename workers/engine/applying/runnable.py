"""What a definition must be to run with every plan: what it may say is listed, and anything else is refused.

Asked at the door of the definition as it was sent, so that each fault has its place. A rule that runs in part
would look like a rule that runs; so what is not known here is a fault, and words are the only thing that
may stand beside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workers.engine.applying.building import FHIRPATH
from workers.engine.applying.world import type_of
from workers.engine.expression import compiled
from workers.engine.grammar import ExpressionFault
from workers.engine.known import Type

Definition = Mapping[str, Any]
Find = Callable[[str], Definition | None]
OWN_ACT = "urn:careloom:activity:"
RULE, ACT = "urn:careloom:rule:", "urn:careloom:act:"
STATUSES = {"draft": False, "active": True, "retired": False, "unknown": False}
"""Whether a definition of this status runs."""
KINDS = {
    "ServiceRequest": ("measure", "refer"),
    "Task": ("question", "review-medicine"),
    "CommunicationRequest": ("inform",),
}
"""The kinds of requests that a plan proposes, with what each can be; where none is said, the first."""

_WORDS = frozenset(
    {
        *("resourceType", "id", "meta", "implicitRules", "language", "text", "identifier", "url", "version"),
        *("name", "title", "subtitle", "status", "experimental", "date", "publisher", "contact"),
        *("description", "purpose", "usage", "copyright", "approvalDate", "lastReviewDate", "topic"),
        *("author", "editor", "reviewer", "endorser", "relatedArtifact", "type", "jurisdiction"),
    }
)
_OF_PLAN = _WORDS | {"extension", "contained", "action"}
_OF_ACT = _WORDS | {"extension", "kind", "code", "intent", "priority"}
_OF_ACTION = frozenset(
    {
        *("id", "extension", "prefix", "title", "description", "textEquivalent", "code", "reason"),
        *("documentation", "priority", "condition", "definitionCanonical", "action"),
    }
)
_RULE_SAYS = frozenset(f"{RULE}{name}" for name in ("ages", "pregnancy", "lactation", "setting"))


@dataclass(frozen=True, slots=True)
class Fault:
    """What keeps a definition from running, and where it stands."""

    text: str
    where: str


def runs(definition: Definition) -> bool:
    """Whether a definition is to run at all."""
    return STATUSES.get(str(definition.get("status")), False)


def faults(definition: Definition, find: Find) -> tuple[Fault, ...]:
    """What is wrong with an active definition; ``find`` gives what it names."""
    if definition.get("resourceType") == "PlanDefinition":
        return tuple(_of_plan(definition, find))
    return tuple(_of_act(definition, "ActivityDefinition"))


def _of_plan(definition: Definition, find: Find) -> Iterator[Fault]:
    yield from _unlisted(definition, _OF_PLAN, "PlanDefinition")
    yield from _said(definition, _RULE_SAYS, "PlanDefinition")
    contained = {f"#{one.get('id')}": one for one in definition.get("contained", ())}

    def near(name: str) -> Definition | None:
        return contained.get(name) or find(name)

    for place, one in enumerate(definition.get("action", ())):
        yield from _of_action(one, f"PlanDefinition.action[{place}]", near)


def _of_action(one: Definition, where: str, find: Find, conditional: bool = False) -> Iterator[Fault]:
    yield from _unlisted(one, _OF_ACTION, where)
    yield from _said(one, frozenset(), where)
    conditional = conditional or bool(one.get("condition"))
    for place, found in enumerate(one.get("condition", ())):
        yield from _of_condition(found, f"{where}.condition[{place}]")
    if "definitionCanonical" in one:
        if not conditional:
            yield Fault("An act without a condition would concern everybody; say when it applies.", where)
        yield from _of_definition(str(one["definitionCanonical"]), f"{where}.definitionCanonical", find)
    elif not one.get("action"):
        text = "An action names what to do: #contained, ActivityDefinition/ID, a url, or an act of Careloom."
        yield Fault(text, where)
    for place, inner in enumerate(one.get("action", ())):
        yield from _of_action(inner, f"{where}.action[{place}]", find, conditional)


def _of_condition(found: Definition, where: str) -> Iterator[Fault]:
    expression = found.get("expression", {})
    if found.get("kind") != "applicability":
        yield Fault("A rule that runs has applicability conditions only.", f"{where}.kind")
    if expression.get("language") != FHIRPATH:
        yield Fault(f"The language must be {FHIRPATH}.", f"{where}.expression.language")
    if "reference" in expression:
        yield Fault("The expression stands here; a reference to one is not followed.", f"{where}.expression")
    text = expression.get("expression")
    if not isinstance(text, str):
        yield Fault("The expression is missing.", f"{where}.expression")
        return
    try:
        if compiled(text, type_of).type is not Type.BOOLEAN:
            yield Fault("The expression is not true or false.", f"{where}.expression.expression")
    except ExpressionFault as fault:
        told = f"A rule that runs asks named facts: {fault}."
        yield Fault(told, f"{where}.expression.expression")


def _of_definition(canonical: str, where: str, find: Find) -> Iterator[Fault]:
    if canonical.startswith(OWN_ACT):
        return
    found = find(canonical)
    if found is None:
        yield Fault("There is no such ActivityDefinition in this tenant, nor in what came with it.", where)
    elif found.get("resourceType") != "ActivityDefinition":
        yield Fault("A rule that runs names ActivityDefinitions; plans within plans are not run.", where)
    elif not canonical.startswith("#") and not runs(found):
        yield Fault("The ActivityDefinition that this names is not active.", where)
    else:
        yield from _of_act(found, f"{where}.resolve()")


def _of_act(definition: Definition, where: str) -> Iterator[Fault]:
    yield from _unlisted(definition, _OF_ACT, where)
    yield from _said(definition, frozenset({f"{ACT}kind"}), where)
    kind = str(definition.get("kind"))
    if kind == "MedicationRequest":
        text = "What starts a medicine must be guarded: name an act of Careloom, such as"
        yield Fault(f"{text} {OWN_ACT}start-statin-moderate.", f"{where}.kind")
    elif kind not in KINDS:
        yield Fault(f"The kind of an act that runs is one of {', '.join(KINDS)}.", f"{where}.kind")
    codes = [one for one in definition.get("code", {}).get("coding", ()) if "system" in one and "code" in one]
    if not codes:
        yield Fault("An act that runs has a code of a published system.", f"{where}.code")


def _unlisted(node: Definition, known: frozenset[str], where: str) -> Iterator[Fault]:
    for name in node:
        if name.removeprefix("_") not in known:
            yield Fault(
                "Careloom does not run this; a rule that is run in part is refused.", f"{where}.{name}"
            )


def _said(node: Definition, known: frozenset[str], where: str) -> Iterator[Fault]:
    """Our own extensions change what a rule means: each is known, or refused. Others are words."""
    for place, one in enumerate(node.get("extension", ())):
        url = str(one.get("url"))
        if url.startswith("urn:careloom:") and url not in known:
            yield Fault("This extension is not one of a hospital's rule.", f"{where}.extension[{place}]")
