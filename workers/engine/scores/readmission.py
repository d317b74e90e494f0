"""LACE and HOSPITAL: who may come back within thirty days."""

from __future__ import annotations

from workers.engine.scores.bands import below, up_to
from workers.engine.scores.inputs import Input, Number, truths
from workers.engine.scores.score import Found, Given, Score

_STAY = ((1, 0), (2, 1), (3, 2), (4, 3), (7, 4), (14, 5))
_DAYS = Input("length_of_stay_days", Number("d", 0, 3650))


def _lace(given: Given) -> Found:
    points = (
        below(given["length_of_stay_days"], _STAY, 7)
        + 3 * given["acute_admission"]
        + below(given["charlson_lace"], ((1, 0), (2, 1), (3, 2), (4, 3)), 5)
        + min(4, int(given["ed_visits_6_months"]))
    )
    return Found({"score": points}, up_to(points, ((4, "low"), (9, "moderate")), "high"))


def _hospital(given: Given) -> Found:
    points = (
        (given["hemoglobin_g_dl"] < 12)
        + 2 * given["oncology_discharge"]
        + (given["sodium_mmol_l"] < 135)
        + given["procedure"]
        + given["urgent_admission"]
        + below(given["admissions_previous_year"], ((2, 0), (6, 2)), 5)
        + 2 * (given["length_of_stay_days"] >= 5)
    )
    return Found({"score": int(points)}, up_to(points, ((4, "low"), (6, "intermediate")), "high"))


LACE = Score(
    "lace",
    "LACE index",
    "length of stay 0 to 7, acute admission 3, comorbidity 0 to 3 and 5 from 4 on, emergency visits to 4; "
    "low to 4, moderate to 9, high from 10 on",
    "https://doi.org/10.1503/cmaj.091117",
    (
        _DAYS,
        *truths("acute_admission"),
        Input("charlson_lace", Number("", 0, 50, "the sum of LACE's own comorbidity points")),
        Input("ed_visits_6_months", Number("", 0, 1000, "before this admission, which is not counted")),
    ),
    _lace,
    unverified="the comorbidity points that are added up before",
)
HOSPITAL = Score(
    "hospital",
    "HOSPITAL score",
    "haemoglobin under 12 g/dL 1, discharge from oncology 2, sodium under 135 mmol/L 1, procedure 1, "
    "urgent admission 1, admissions in the "
    "year before 0 (to 1), 2 (to 5), 5, stay from 5 days on 2; low to 4, intermediate to 6, high from 7 on",
    "https://doi.org/10.1001/jamainternmed.2015.8462",
    (
        Input("hemoglobin_g_dl", Number("g/dL", 1, 30, "the last before discharge")),
        *truths("oncology_discharge"),
        Input("sodium_mmol_l", Number("mmol/L", 90, 200, "the last before discharge")),
        *truths("urgent_admission", procedure="any coded procedure in the stay"),
        Input("admissions_previous_year", Number("", 0, 366)),
        _DAYS,
    ),
    _hospital,
    ("the bands of admissions are those of the validation of 2016, not of the derivation of 2013",),
    unverified="which variant of the bands a hospital wants",
)
