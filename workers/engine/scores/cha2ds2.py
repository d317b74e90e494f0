"""The two stroke scores of atrial fibrillation: CHA2DS2-VASc, and CHA2DS2-VA, which leaves sex out."""

from __future__ import annotations

from workers.engine.scores.bands import below
from workers.engine.scores.inputs import FEMALE, adult, sex, truths
from workers.engine.scores.score import Found, Given, Score

_POINTS = {
    "congestive_heart_failure": 1,
    "hypertension": 1,
    "diabetes": 1,
    "stroke_tia_thromboembolism": 2,
    "vascular_disease": 1,
}
_INPUTS = truths(
    "congestive_heart_failure",
    "hypertension",
    "diabetes",
    stroke_tia_thromboembolism="arterial; not venous thrombosis",
    vascular_disease="myocardial infarction, peripheral artery disease or aortic plaque",
)
_FORMULA = "1 each, stroke, TIA or thromboembolism 2; age 65 to 74 1, from 75 on 2"


def _points(given: Given) -> int:
    age = below(given["age"], ((65, 0), (75, 1)), 2)
    return age + sum(points for name, points in _POINTS.items() if given[name])


def _without_sex(given: Given) -> Found:
    return Found({"score": _points(given)})


def _with_sex(given: Given) -> Found:
    return Found({"score": _points(given) + (given["sex"] == FEMALE)})


CHA2DS2_VASC = Score(
    "cha2ds2_vasc",
    "CHA2DS2-VASc",
    f"{_FORMULA}; female 1; 0 to 9",
    "https://doi.org/10.1378/chest.09-1584",
    (adult(), *_INPUTS, sex()),
    _with_sex,
    (
        "only in atrial fibrillation",
        "2023 ACC/AHA/ACCP/HRS: anticoagulation is recommended from 2 (men) or 3 (women)",
        "and reasonable one point below that",
    ),
)
CHA2DS2_VA = Score(
    "cha2ds2_va",
    "CHA2DS2-VA (ESC 2024)",
    f"{_FORMULA}; 0 to 8",
    "https://doi.org/10.1093/eurheartj/ehae176",
    (adult(), *_INPUTS),
    _without_sex,
    (
        "only in atrial fibrillation",
        "ESC 2024: anticoagulation is recommended from 2, to be considered at 1",
    ),
)
