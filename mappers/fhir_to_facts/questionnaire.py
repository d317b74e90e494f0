"""QuestionnaireResponse: its coded answers, read as the components of an Observation would be.

A question is known by the LOINC code at the end of its ``linkId``, where the policy lets it through. Scored
items, totals of surveys and questions that are answered with a word are read; whatever else a form asks
(a weight that somebody remembers) is no measurement.
"""

from __future__ import annotations

from collections.abc import Iterator

from mappers import codes
from mappers.codes import LOINC
from mappers.fhir_to_facts import observation, survey
from mappers.fhir_to_facts.dates import moment
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.opened import Opened
from mappers.lossless import Json
from mappers.units import by_loinc

ANSWERED = frozenset({"completed", "amended"})
TOTAL = {"unit": "{score}"}


def read(opened: Opened, found: Gathered) -> None:
    body = opened.body
    if body.get("status") not in ANSWERED:
        found.set_aside(opened, "has a status that makes it no evidence")
        return
    parts = tuple(_parts(body))
    if not parts:
        found.set_aside(opened, "asks no question that is used yet")
    when = moment(body.get("authored"))
    for part in parts:
        observation.read_part(opened, found, part, when)


def _parts(group: dict[str, Json]) -> Iterator[dict[str, Json]]:
    """Each answer to a question of ours, in the shape of a component; one without an answer says nothing."""
    for item in group.get("item", ()):
        asked = _asked(item)
        answers = item.get("answer", ())
        for answer in answers:
            if asked:
                yield {"code": {"coding": [{"system": LOINC, "code": asked}]}, **_value(answer)}
            yield from _parts(answer)
        yield from _parts(item)


def _asked(item: dict[str, Json]) -> str | None:
    link = str(item.get("linkId", "")).rpartition("/")[2]
    analyte = by_loinc(link)
    total = analyte is not None and analyte.kind == "survey"
    return link if total or link in codes.questions() or link in survey.items() else None


def _value(answer: dict[str, Json]) -> dict[str, Json]:
    if "valueCoding" in answer:
        return {"valueCodeableConcept": {"coding": [answer["valueCoding"]]}}
    for name in ("valueInteger", "valueDecimal"):
        if name in answer:
            return {"valueQuantity": TOTAL | {"value": answer[name]}}
    return {name: value for name, value in answer.items() if name.lstrip("_").startswith("value")}
