"""The Charlson comorbidity index from ICD-10 codes, after Quan: with the weights of 1987 and of 2011."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from workers.engine.scores.inputs import Codes, Input, adult
from workers.engine.scores.score import Found, Given, Score
from workers.engine.scores.tables import rows


@dataclass(frozen=True, slots=True)
class _Category:
    name: str
    weight_1987: int
    weight_2011: int
    gives_way_to: str
    prefixes: tuple[str, ...]


@cache
def _categories() -> tuple[_Category, ...]:
    return tuple(
        _Category(
            row["category"],
            int(row["weight_1987"]),
            int(row["weight_2011"]),
            row["gives_way_to"],
            tuple(row["icd10_prefixes"].split()),
        )
        for row in rows("charlson/quan.csv")
    )


def categories_of(codes: Iterable[str]) -> tuple[str, ...]:
    """The categories of some ICD-10 codes, the graver of a pair alone; dots and case do not count."""
    return tuple(one.name for one in _counted([code.replace(".", "").upper() for code in codes]))


def _counted(codes: Iterable[str]) -> list[_Category]:
    told = list(codes)
    met = {one.name: one for one in _categories() if any(code.startswith(one.prefixes) for code in told)}
    return [one for one in met.values() if one.gives_way_to not in met]


def _compute(given: Given) -> Found:
    counted = _counted(given["icd10"])
    then = sum(one.weight_1987 for one in counted)
    years = min(4, max(0, int((given["age"] - 40) // 10)))
    return Found(
        {
            "weight_1987": then,
            "weight_2011": sum(one.weight_2011 for one in counted),
            "age_adjusted_1987": then + years,
            "categories": sorted(one.name for one in counted),
        }
    )


CHARLSON_QUAN = Score(
    "charlson_quan",
    "Charlson comorbidity index, ICD-10 after Quan",
    "each category once, the graver of a pair; weights of 1987 or 2011; with age: 1 for each ten years "
    "from 50 on, at most 4",
    "https://doi.org/10.1097/01.mlr.0000182534.19832.83",
    (Input("icd10", Codes("ICD-10, a list entry counts as a prefix")), adult()),
    _compute,
    (
        "weights of 1987: doi 10.1016/0021-9681(87)90171-8",
        "weights of 2011: doi 10.1093/aje/kwq433",
    ),
)
