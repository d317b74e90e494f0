"""The canary tests can fail: loosen any one line of the shipped policy, and a canary is out (law 2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.privacy.lines import is_primitive
from gateway.privacy.plans import CHECKS
from gateway.privacy.policy import CLINICAL, Policy, Verb, load, parse
from gateway.privacy.split import split
from mappers.r4.model import MODEL
from tests.unit.gateway.privacy.cases import CANARY, holds, pseudonym_of

TEXT = (Path(__file__).parents[4] / "gateway/privacy/policies/clinical.toml").read_text("utf-8")
CLOSED = (Verb.WITHHOLD, Verb.MASK, Verb.MATCHING)
LOINC = {"system": "http://loinc.org", "code": "4548-4"}
ACCOUNT: dict[str, Any] = {"resourceType": "Account", "status": "active"}

BY_TYPE: dict[str, dict[str, Any]] = {
    "string": ACCOUNT | {"name": CANARY},
    "markdown": {"resourceType": "Observation", "note": [{"text": CANARY}]},
    "url": {"resourceType": "Endpoint", "address": CANARY},
    "uri": {"resourceType": "CarePlan", "instantiatesUri": [CANARY]},
    "id": {"resourceType": "ImplementationGuide", "packageId": CANARY},
    "Coding.display": ACCOUNT | {"type": {"coding": [LOINC | {"display": CANARY}]}},
    "Coding.version": ACCOUNT | {"type": {"coding": [LOINC | {"version": CANARY}]}},
    "CodeableConcept.text": ACCOUNT | {"type": {"text": CANARY}},
    "Quantity.unit": {"resourceType": "Observation", "valueQuantity": {"value": 1, "unit": CANARY}},
    "Money.currency": {"resourceType": "Invoice", "totalNet": {"value": 1, "currency": CANARY}},
    "Reference.display": ACCOUNT | {"owner": {"display": CANARY}},
    "Reference.type": ACCOUNT | {"owner": {"type": CANARY}},
    "Element.id": ACCOUNT | {"owner": {"id": CANARY, "reference": "Organization/1"}},
    "Resource.language": ACCOUNT | {"language": CANARY},
    "Meta.source": ACCOUNT | {"meta": {"source": CANARY}},
    "Meta.versionId": ACCOUNT | {"meta": {"versionId": CANARY}},
    "Meta.profile": ACCOUNT | {"meta": {"profile": [CANARY]}},
    "Dosage.text": {"resourceType": "MedicationRequest", "dosageInstruction": [{"text": CANARY}]},
    "Dosage.patientInstruction": {
        "resourceType": "MedicationRequest",
        "dosageInstruction": [{"patientInstruction": CANARY}],
    },
    "Attachment.title": {"resourceType": "Media", "content": {"title": CANARY}},
    "Attachment.url": {"resourceType": "Media", "content": {"url": CANARY}},
    "Attachment.data": {"resourceType": "Media", "content": {"data": CANARY}},
    "Attachment.contentType": {"resourceType": "Media", "content": {"contentType": CANARY}},
}

CODES = frozenset({"Attachment.contentType", "Money.currency", "Resource.language"})
"""Lines of types (not of resources) that decide a code."""


def _resource(path: str) -> dict[str, Any] | None:
    """The smallest resource that has a canary at a path, when the path leads from a resource to a text."""
    kind, *names = path.split(".")
    if kind not in MODEL.resources:
        return None
    built = _built(kind, names)
    return None if built is None else {"resourceType": kind, **built}


def _built(kind: str, names: list[str]) -> dict[str, Any] | None:
    element, inner = MODEL.json_names(kind)[names[0]]
    if len(names) == 1:
        listed = inner in CHECKS or element.codes in MODEL.codes
        value: Any = CANARY if is_primitive(inner) and not listed else None
    else:
        value = _built(inner, names[1:])
    if value is None:
        return None
    return {names[0]: value if element.max == 1 else [value]}


def _loosened(line: str) -> Policy:
    old = next(one for one in TEXT.splitlines() if one.split(" = ")[0].strip('"') == line and " = " in one)
    return parse(TEXT.replace(f"\n{old}\n", f'\n"{line}" = "keep"\n', 1), "loosened")


def _cases() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for line, action in load(CLINICAL).lines.items():
        resource = BY_TYPE.get(line) or (_resource(line) if action.verb in CLOSED else None)
        if resource is not None:
            found.append((line, resource))
    return found


CASES = _cases()


def test_enough_lines_are_tried() -> None:
    assert len(CASES) > 50
    assert BY_TYPE.keys() <= {line for line, _ in CASES}


@pytest.mark.parametrize(("line", "resource"), CASES, ids=[line for line, _ in CASES])
def test_law_2_loosening_one_line_lets_the_canary_out(
    clinical: Policy, line: str, resource: dict[str, Any]
) -> None:
    assert not holds(split(resource, clinical, pseudonym_of).clinical, CANARY)
    # `keep` on a code means "of its required binding"; where R4 lists no codes, still nothing leaves.
    element = MODEL.element(line) if line.split(".")[0] in MODEL.resources else None
    is_code = line in CODES or (element is not None and element.types == ("code",))
    assert holds(split(resource, _loosened(line), pseudonym_of).clinical, CANARY) is not is_code
