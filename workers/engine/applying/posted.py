"""A hospital's own rule as the engine runs it: from clinical halves, which bear no words.

What a rule does not say is what concerns fewest: adults, nobody known to be pregnant, values of the last
twelve months. Its sentence is made of what it looked at. What cannot be read, because a half lacks it or
because an act is gone, makes no rule, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from mappers.facts import Evidence
from mappers.recommendations import ActKind, Rule, Source, Urgency
from workers.engine.applying.runnable import ACT, KINDS, OWN_ACT, RULE, runs
from workers.engine.applying.world import type_of
from workers.engine.calendar import Span
from workers.engine.definitions import (
    Action,
    Guideline,
    Lactation,
    Offer,
    Pregnancy,
    State,
    Strength,
)
from workers.engine.expression import Expression, compiled
from workers.engine.grammar import ExpressionFault
from workers.engine.known import Type
from workers.engine.names import catalogue
from workers.engine.readings import AMBULATORY, ANYWHERE, Lens
from workers.engine.sentences import Sentence
from workers.engine.vocabulary import analytes

PACK = "of this hospital"
ADULTS = (18, None)
FRESH = "P12M"
"""How old a value may be that a rule of a hospital reads."""
Half = Mapping[str, Any]
E = TypeVar("E", Pregnancy, Lactation)


class Unreadable(ValueError):  # noqa: N818 - it reads as what happened
    """The clinical half does not say what the rule needs"""


@dataclass(frozen=True, slots=True)
class Posted:
    """A definition's clinical half, its version, and the name that it has in rules and acts."""

    half: Half
    evidence: Evidence
    name: str

    @property
    def version(self) -> str:
        """The number of its version."""
        return self.evidence.reference.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Acts:
    """What rules may name: acts of Careloom by their urls, and a hospital's by reference, url or fragment."""

    shipped: Mapping[str, Offer]
    own: Mapping[str, Posted]
    name: Callable[[str], str]
    """The name of an act that stands inside a rule, from a text that is its own."""


def rule(found: Posted, acts: Acts) -> Guideline:
    """The rule behind an active PlanDefinition; raises ``Unreadable``."""
    half = found.half
    lens_of = AMBULATORY if _code(half, f"{RULE}setting", "any") == "ambulatory" else ANYWHERE
    flat = list(_flat(half.get("action", ()), (), ""))
    conditions = {text: _condition(text) for _, texts in flat for text in texts}
    reads = {read for one in conditions.values() for name in one.names for read in catalogue()[name].reads}
    source = Source("A rule of this hospital", "this hospital", found.version, "", "", "its own rule")
    return Guideline(
        Rule(found.name, found.version, "A rule of this hospital", source),
        PACK,
        _ages(half),
        _choice(half, f"{RULE}pregnancy", Pregnancy.NOT_WHEN_PREGNANT),
        _choice(half, f"{RULE}lactation", Lactation.ANY),
        Lens(lens_of, dict.fromkeys(sorted(reads), Span.parse(FRESH))),
        (),
        date.max,
        Strength.EXPERT,
        {},
        tuple(_action(found, one, acts, [conditions[text] for text in texts]) for one, texts in flat),
        State.SHADOW if half.get("experimental") is True else State.ON,
        stored=_stored(found, flat, acts),
    )


def offer(found: Posted) -> Offer:
    """The act behind an ActivityDefinition; raises ``Unreadable``."""
    kinds = KINDS.get(str(found.half.get("kind")), ())
    kind = _code(found.half, f"{ACT}kind", kinds[0] if kinds else "")
    codings = [
        (one["system"], one["code"], _display(one["system"], one["code"]))
        for one in found.half.get("code", {}).get("coding", ())
        if "system" in one and "code" in one
    ]
    if kind not in kinds or not codings:
        raise Unreadable
    title = f"{_VERBS[ActKind(kind)]} {codings[0][2]}"
    return Offer(found.name, ActKind(kind), title, tuple(codings), (), ())


_VERBS = {
    ActKind.MEASURE: "Order",
    ActKind.REFER: "Refer for",
    ActKind.REVIEW_MEDICINE: "Review",
    ActKind.QUESTION: "Consider",
    ActKind.INFORM: "Inform about",
}
_SYSTEMS = {
    "http://loinc.org": "LOINC",
    "http://snomed.info/sct": "SNOMED CT",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://www.ama-assn.org/go/cpt": "CPT",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD-10-CM",
    "http://hl7.org/fhir/sid/cvx": "CVX",
}


def _display(system: str, code: str) -> str:
    """Our own name of a code; the code itself where we have none: a hospital's words stay outside."""
    known = next((one.name for one in analytes().values() if code in one.loincs), None)
    return known or f"{_SYSTEMS.get(system, system)} {code}"


def _flat(
    actions: Sequence[Half], outer: tuple[str, ...], where: str
) -> Iterator[tuple[Half, tuple[str, ...]]]:
    """Every action that names an act, with the conditions of all that it stands in."""
    for place, one in enumerate(actions, 1):
        at = f"{where}{place}"
        texts = (*outer, *(_text(found) for found in one.get("condition", ())))
        if "definitionCanonical" in one:
            yield {**one, "id": at}, texts
        yield from _flat(one.get("action", ()), texts, f"{at}-")


def _text(found: Half) -> str:
    expression = found.get("expression", {})
    if found.get("kind") != "applicability" or not isinstance(expression.get("expression"), str):
        raise Unreadable
    text: str = expression["expression"]
    return text


def _condition(text: str) -> Expression:
    try:
        found = compiled(text, type_of)
    except ExpressionFault:
        raise Unreadable from None
    if found.type is not Type.BOOLEAN:
        raise Unreadable
    return found


def _action(found: Posted, one: Half, acts: Acts, conditions: list[Expression]) -> Action:
    if not conditions:
        raise Unreadable
    return Action(
        str(one["id"]),
        tuple(conditions),
        _sentence(conditions),
        ("another value of what it looks at", "another version of the hospital's rule"),
        Urgency(one.get("priority", "routine")),
        _act(found, str(one["definitionCanonical"]), acts),
        None,
        None,
        None,
    )


def _sentence(conditions: Sequence[Expression]) -> Sentence:
    """What the rule looked at, as far as it is known."""
    heads = dict.fromkeys(name.partition(".")[0] for one in conditions for name in one.names)
    known = [(head, analytes()[head]) for head in heads if head in analytes()]
    told = "".join(f"[; {one.name} {{{head}.value}} {one.unit} on {{{head}.date}}]" for head, one in known)
    return Sentence.of(f"A rule of this hospital asks for it{told}.")


def _act(found: Posted, canonical: str, acts: Acts) -> Offer:
    if canonical.startswith(OWN_ACT):
        shipped = acts.shipped.get(canonical.removeprefix(OWN_ACT))
        if shipped is None:
            raise Unreadable
        return shipped
    if canonical.startswith("#"):
        inside = [one for one in found.half.get("contained", ()) if f"#{one.get('id')}" == canonical]
        if len(inside) != 1:
            raise Unreadable
        return offer(Posted(inside[0], found.evidence, acts.name(f"{found.name}{canonical}")))
    own = acts.own.get(canonical)
    if own is None or not runs(own.half):
        raise Unreadable
    return offer(own)


def _stored(found: Posted, flat: Sequence[tuple[Half, tuple[str, ...]]], acts: Acts) -> tuple[Evidence, ...]:
    """The versions of the rule and of the acts that it names."""
    named = [acts.own.get(str(one["definitionCanonical"])) for one, _ in flat]
    return tuple(sorted({found.evidence, *(one.evidence for one in named if one is not None)}))


def _ages(half: Half) -> tuple[int, int | None]:
    said = [one for one in half.get("extension", ()) if one.get("url") == f"{RULE}ages"]
    if not said:
        return ADULTS
    parts = {one.get("url"): one.get("valueInteger") for one in said[0].get("extension", ())}
    low, high = parts.get("low"), parts.get("high")
    if len(said) > 1 or not isinstance(low, int) or not (high is None or isinstance(high, int)):
        raise Unreadable
    return low, high


def _choice(half: Half, url: str, default: E) -> E:
    return type(default)(_code(half, url, default.value))


def _code(half: Half, url: str, default: str) -> str:
    said = [one.get("valueCode") for one in half.get("extension", ()) if one.get("url") == url]
    if len(said) > 1 or None in said:
        raise Unreadable
    return str(said[0]) if said else default
