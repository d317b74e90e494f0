"""The items of scored questionnaires: which item a LOINC code asks, and what each coded answer is worth."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from mappers import codes
from mappers.codes import LOINC, Code
from mappers.context import SurveyAnswer
from mappers.facts import Evidence
from mappers.fhir_to_facts.dates import Moment
from mappers.lossless import Json
from mappers.tables import rows
from mappers.units import NotConvertible


class Item(NamedTuple):
    """One item of an instrument: ``sleep`` of ``phq9``."""

    instrument: str
    item: str


@cache
def items() -> Mapping[str, Item]:
    """LOINC code to the item that it asks."""
    return {row["item_loinc"]: Item(row["instrument"], row["item"]) for row in rows("survey_answers.csv")}


@cache
def _scores() -> Mapping[tuple[Item, Code], int]:
    return {
        (Item(row["instrument"], row["item"]), Code(row["system"], row["code"])): int(row["score"])
        for row in rows("survey_answers.csv")
    }


def item(part: dict[str, Json]) -> Item | None:
    """The item that a part of an Observation or questionnaire asks, if it is one."""
    known = items()
    for system, code in codes.codes(part.get("code")):
        if system == LOINC and code in known:
            return known[code]
    return None


def answer(part: dict[str, Json], asked: Item, when: Moment, evidence: Evidence) -> SurveyAnswer:
    """What a part answers; raises ``NotConvertible`` when none of its codes is an answer to that item."""
    for code in codes.codes(part.get("valueCodeableConcept")):
        score = _scores().get((asked, code))
        if score is not None:
            return SurveyAnswer(asked.instrument, asked.item, score, when.day, evidence)
    raise NotConvertible("has an answer that is not known")
