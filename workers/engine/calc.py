"""Answers one question to a score, to PREVENT or about a phenotype: the form in which clinicians check us.

A question is ``{"id": "ckd_epi_2021", "input": {…}}``, with ``model`` and ``horizon`` beside it for PREVENT,
or ``{"id": "phenotype", "gene": "CYP2C19", "alleles": ["*1", "*2"]}``. An answer is ``{"id", "result",
"band", "missing", "refused"}``, and ``notes`` where there are any.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.engine.genes.phenotype import NoPhenotype, phenotype
from workers.engine.scores.score import Answer, answer
from workers.engine.scores.table import SCORES

PHENOTYPE = "phenotype"
IDS = (*SCORES, PHENOTYPE)
_BESIDE = ("model", "horizon")
_KEYS = {"id", "input", *_BESIDE}


def calculate(question: object) -> dict[str, Any]:
    """The answer to one question; whatever is wrong with it is said in ``refused``."""
    if not isinstance(question, Mapping):
        return _told(None, Answer(refused="a question is an object with an id"))
    name = question.get("id")
    if name == PHENOTYPE:
        return _told(PHENOTYPE, _phenotype(question))
    if not isinstance(name, str) or name not in SCORES:
        return _told(None, Answer(refused="there is no score of this id; careloom calc --list shows all"))
    return _told(name, _score(name, question))


def _score(name: str, question: Mapping[str, Any]) -> Answer:
    values = question.get("input", {})
    if not isinstance(values, Mapping) or question.keys() - _KEYS:
        return Answer(refused="the inputs of a score are an object named input, beside the id")
    beside = {key: question[key] for key in _BESIDE if key in question}
    return answer(SCORES[name], {**values, **beside})


def _phenotype(question: Mapping[str, Any]) -> Answer:
    asked = {**question, **_inner(question)}
    missing = tuple(key for key in ("gene", "alleles") if asked.get(key) is None)
    if missing:
        return Answer(missing=missing)
    names = asked["alleles"]
    if isinstance(names, str):
        # Some names hold a comma, none a stroke: what is written as a pair is one.
        names = names.split("/" if "/" in names else ",")
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        return Answer(refused="alleles: a list of names")
    try:
        gene = str(asked["gene"]).strip().upper()
        found = phenotype(gene, [name.strip().removeprefix(gene) for name in names])
    except NoPhenotype as none:
        return Answer(refused=str(none))
    return Answer(
        {
            "phenotype": found.phenotype,
            "activity_score": found.activity_score,
            "lookup_key": found.lookup_key,
        }
    )


def _inner(question: Mapping[str, Any]) -> Mapping[str, Any]:
    """Gene and alleles may stand in ``input`` too."""
    inner = question.get("input")
    return inner if isinstance(inner, Mapping) else {}


def _told(name: str | None, found: Answer) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": name,
        "result": dict(found.result),
        "band": found.band,
        "missing": list(found.missing),
        "refused": found.refused,
    }
    return {**told, "notes": list(found.notes)} if found.notes else told
