"""Named facts about scores of a chart: ``%cha2ds2_va.score``, ``%prevent.total_cvd``.

A score is computed once per case, as the enricher computes it. It is missing for whoever it is not for, and
where the chart lacks an input; between two ends it is a range, like any number.
"""

from __future__ import annotations

from collections.abc import Mapping

from workers.engine.case import Case, Resolve
from workers.engine.enrichers import Enrichment
from workers.engine.enrichers.scored import SCORED, Score
from workers.engine.known import Known, Type, absent, between
from workers.engine.readings import Lens


def leaves() -> Mapping[str, tuple[Type, Resolve]]:
    """Every number of every score that is asked of charts."""
    return {
        f"{score.asked.key}.{told.key}": (Type.NUMBER, _number(score, told.name))
        for score in SCORED
        for told in score.asked.told
    }


def _number(score: Score, name: str) -> Resolve:
    def resolve(case: Case, _lens: Lens) -> Known:
        found = case.once(("score", score.asked.key), lambda: score.enrich(case))
        told = [one for scored in found.scores for one in scored.estimates if one.name == name]
        if not told:
            return absent(_gap(score, found), found.until)
        evidence = tuple(piece for scored in found.scores for piece in scored.inputs)
        return between(told[0].low, told[0].high, evidence, found.until)

    return resolve


def _gap(score: Score, found: Enrichment) -> str:
    lacking = [text for one in found.unanswered for text in one.missing]
    return "; ".join(lacking) or f"{score.rule.title}, which is not asked of this patient"
