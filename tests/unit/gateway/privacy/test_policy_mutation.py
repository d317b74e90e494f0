"""The search for canaries can fail: loosen any one line of the shipped policy, and it finds one (law 2).

A line that withholds, masks, matches, generalises, refuses or makes a pseudonym is looser when it keeps. What
keeps already has nothing looser, and no verb keeps a whole object: ``parts`` asks every line inside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.privacy.elements import is_primitive
from gateway.privacy.plans import Plans
from gateway.privacy.policy import CLINICAL, Policy, Verb, load, parse
from gateway.privacy.split import split
from mappers.r4.model import MODEL
from tests.canaries import WORD, Form, sown
from tests.unit.gateway.privacy.cases import holds, pseudonym_of

TEXT = (Path(__file__).parents[4] / "gateway/privacy/policies/clinical.toml").read_text("utf-8")
SHIPPED = load(CLINICAL)
FORMS = (Form.STRANGE, Form.KNOWN)
OPEN = (Verb.KEEP, Verb.PARTS, Verb.CODED)

CLOSED_TWICE = {
    "ContactDetail": "its name is a string, and how to reach it a ContactPoint",
    "DomainResource.text": "no line keeps XHTML",
    "Composition.section.text": "no line keeps XHTML",
    "Measure.group.stratifier": "it goes whole to stay valid; each of its texts is withheld anyway",
    "StructureDefinition": "it is refused because it is no R4 without its words, which are withheld too",
    "TestScript": "it is refused because it is no R4 without its words, which are withheld too",
}
"""Lines behind which a second one closes."""

UNLISTED = {
    "Attachment.contentType",
    "Attachment.language",
    "Binary.contentType",
    "Composition.confidentiality",
    "ConceptMap.group.unmapped.code",
    "Endpoint.payloadMimeType",
    "Money.currency",
    "PlanDefinition.action.condition.expression.language",
    "Resource.language",
    "Signature.sigFormat",
    "Signature.targetFormat",
    "ValueSet.expansion.contains.code",
}
"""Codes of which R4 lists none: to keep those that its binding lists is to keep none."""


def leaks(policy: Policy, kinds: Iterator[str]) -> Iterator[str]:
    """What the search for canaries finds under a policy."""
    for kind in kinds:
        for form in FORMS:
            field = sown(kind, form)
            yield from field.leaks(split(field.body, policy, pseudonym_of).clinical)
    strict: dict[str, Any] = {"resourceType": "Account", "implicitRules": f"urn:{WORD}"}
    if holds(split(strict, policy, pseudonym_of).clinical, WORD):
        yield "Account.implicitRules"


def carriers(line: str) -> Iterator[str]:
    """Types in which a line may decide something: its own, or those that have an element of its data type."""
    first = line.partition(".")[0]
    if first in MODEL.resources:
        yield first
        return
    if first in ("Element", "Resource", "DomainResource"):
        yield "Account"
    yield from ("Observation", "Media") if first != "Contributor" else ()
    for kind in sorted(MODEL.resources, key=lambda kind: len(MODEL.types[kind].elements)):
        parts = (one for name, one in MODEL.types.items() if name == kind or name.startswith(f"{kind}."))
        if any(first in element.types for part in parts for element in part.elements.values()):
            yield kind


def loosened(line: str) -> Policy:
    looser = "keep" if _decides_primitives(line) else "parts"
    changed, count = re.subn(rf'(?m)^"?{re.escape(line)}"? = ".*"$', f'"{line}" = "{looser}"', TEXT)
    assert count == 1
    return parse(changed, "loosened")


def _decides_primitives(line: str) -> bool:
    first, *names = line.split(".")
    kind = first
    for name in names:
        owner = {"Element": "Extension", "Resource": "Account", "DomainResource": "Account"}.get(kind, kind)
        kind = MODEL.json_names(owner)[name][1]
    return is_primitive(kind)


CLOSED = sorted(
    line
    for line, action in SHIPPED.lines.items()
    if action.verb not in OPEN and (action.verb is not Verb.PSEUDONYM or line != "Identifier")
)


def test_every_line_is_tried_or_has_nothing_looser() -> None:
    others = {line: action.verb for line, action in SHIPPED.lines.items() if line not in CLOSED}
    assert set(others.values()) <= {*OPEN, Verb.PSEUDONYM}
    for line, verb in others.items():
        assert (verb is Verb.KEEP) is _decides_primitives(line), line
    assert CLOSED_TWICE.keys() | UNLISTED <= set(CLOSED)
    assert len(CLOSED) > 120


def test_law_2_no_canary_at_any_path_of_any_type() -> None:
    """Some 600,000 places: every element of every type, with its ids, extensions and unknown neighbours."""
    assert sum(len(sown(kind, form).paths) for kind in MODEL.resources for form in FORMS) > 500_000
    assert sorted(set(leaks(SHIPPED, iter(sorted(MODEL.resources))))) == []


@pytest.mark.parametrize("line", [line for line in CLOSED if line not in CLOSED_TWICE.keys() | UNLISTED])
def test_law_2_a_canary_is_out_when_one_line_is_loosened(line: str) -> None:
    assert next(leaks(loosened(line), carriers(line)), None) is not None


@pytest.mark.parametrize("line", sorted(CLOSED_TWICE.keys() | UNLISTED))
def test_law_2_behind_some_lines_a_second_one_closes(line: str) -> None:
    kinds = [kind for kind, _ in zip(carriers(line), range(3), strict=False)]
    assert kinds
    assert next(leaks(loosened(line), iter(kinds)), None) is None


def test_law_2_an_extension_with_one_more_code_lets_it_out() -> None:
    birth_sex = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex"
    resource = {"resourceType": "Patient", "extension": [{"url": birth_sex, "valueCode": WORD}]}
    assert not holds(split(resource, SHIPPED, pseudonym_of).clinical, WORD)
    wider = parse(TEXT.replace('["F", "M", "UNK"', f'["{WORD}", "F", "M", "UNK"', 1), "wider")
    assert holds(split(resource, wider, pseudonym_of).clinical, WORD)


def test_law_2_a_plan_without_its_steps_would_be_found() -> None:
    """The search itself can fail: what comes back whole is full of canaries."""
    field = sown("Patient", Form.STRANGE)
    assert len(set(field.leaks(field.body))) > 500
    assert Plans(SHIPPED).resource("Patient").steps
