"""The published point tables once more, as what one input adds at each end of each step.

Written from the papers' tables and not from the code: answers that give no points, but for what a score gives
to everybody, and what one other answer adds.
"""

from __future__ import annotations

from typing import Any

Steps = dict[str, list[tuple[Any, int]]]

_WELL = {
    "respiratory_rate": 15,
    "spo2": 97,
    "spo2_scale": "1",
    "on_oxygen": False,
    "systolic_bp": 120,
    "pulse": 70,
    "consciousness": "alert",
    "temperature": 37.0,
}
_HEART = {
    "age": 50,
    "congestive_heart_failure": False,
    "hypertension": False,
    "diabetes": False,
    "stroke_tia_thromboembolism": False,
    "vascular_disease": False,
}
_HEART_STEPS: Steps = {
    "age": [(64, 0), (65, 1), (74, 1), (75, 2)],
    "congestive_heart_failure": [(True, 1)],
    "hypertension": [(True, 1)],
    "diabetes": [(True, 1)],
    "stroke_tia_thromboembolism": [(True, 2)],
    "vascular_disease": [(True, 1)],
}
_BLEEDING = (
    "hypertension_uncontrolled",
    "abnormal_renal_function",
    "abnormal_liver_function",
    "stroke",
    "bleeding_history",
    "labile_inr",
    "elderly_over_65",
    "drugs_antiplatelet_nsaid",
    "alcohol_excess",
)

_BY_SCORE: dict[str, tuple[str, dict[str, Any], int, Steps]] = {
    "news2": (
        "total",
        _WELL,
        0,
        {
            "respiratory_rate": [(8, 3), (9, 1), (11, 1), (12, 0), (20, 0), (21, 2), (24, 2), (25, 3)],
            "spo2": [(91, 3), (92, 2), (93, 2), (94, 1), (95, 1), (96, 0)],
            "on_oxygen": [(True, 2)],
            "systolic_bp": [(90, 3), (91, 2), (100, 2), (101, 1), (110, 1), (111, 0), (219, 0), (220, 3)],
            "pulse": [
                (40, 3),
                (41, 1),
                (50, 1),
                (51, 0),
                (90, 0),
                (91, 1),
                (110, 1),
                (111, 2),
                (130, 2),
                (131, 3),
            ],
            "consciousness": [("confusion-or-vpu", 3)],
            "temperature": [
                (35.0, 3),
                (35.1, 1),
                (36.0, 1),
                (36.1, 0),
                (38.0, 0),
                (38.1, 1),
                (39.0, 1),
                (39.1, 2),
            ],
        },
    ),
    "cha2ds2_va": ("score", _HEART, 0, _HEART_STEPS),
    "cha2ds2_vasc": ("score", {**_HEART, "sex": "male"}, 0, {**_HEART_STEPS, "sex": [("female", 1)]}),
    "has_bled": ("score", dict.fromkeys(_BLEEDING, False), 0, {name: [(True, 1)] for name in _BLEEDING}),
    "qsofa": (
        "score",
        {"respiratory_rate": 16, "systolic_bp": 120, "altered_mentation": False},
        0,
        {
            "respiratory_rate": [(21, 0), (22, 1)],
            "systolic_bp": [(101, 0), (100, 1)],
            "altered_mentation": [(True, 1)],
        },
    ),
    "curb_65": (
        "score",
        {
            "confusion": False,
            "urea_mmol_l": 5,
            "respiratory_rate": 16,
            "systolic_bp": 120,
            "diastolic_bp": 80,
            "age": 40,
        },
        0,
        {
            "confusion": [(True, 1)],
            "urea_mmol_l": [(7, 0), (7.1, 1)],
            "respiratory_rate": [(29, 0), (30, 1)],
            "systolic_bp": [(90, 0), (89, 1)],
            "diastolic_bp": [(61, 0), (60, 1)],
            "age": [(64, 0), (65, 1)],
        },
    ),
    "findrisc": (
        "score",
        {
            "age": 30,
            "bmi": 22,
            "waist_cm": 70,
            "sex": "male",
            "physically_active": True,
            "daily_vegetables_fruit": True,
            "antihypertensive_medication": False,
            "high_blood_glucose_history": False,
            "family_history": "none",
        },
        0,
        {
            "age": [(44, 0), (45, 2), (54, 2), (55, 3), (64, 3), (65, 4)],
            "bmi": [(24.9, 0), (25, 1), (30, 1), (30.1, 3)],
            "waist_cm": [(93, 0), (94, 3), (102, 3), (103, 4)],
            "physically_active": [(False, 2)],
            "daily_vegetables_fruit": [(False, 1)],
            "antihypertensive_medication": [(True, 2)],
            "high_blood_glucose_history": [(True, 5)],
            "family_history": [("second_degree", 3), ("first_degree", 5)],
        },
    ),
    "child_pugh": (
        "score",
        {"bilirubin": 1.0, "albumin": 4.0, "inr": 1.0, "ascites": "none", "encephalopathy": "none"},
        5,
        {
            "bilirubin": [(1.9, 0), (2.0, 1), (3.0, 1), (3.1, 2)],
            "albumin": [(3.501, 0), (3.5, 1), (2.8, 1), (2.799, 2)],
            "inr": [(1.699, 0), (1.7, 1), (2.3, 1), (2.301, 2)],
            "ascites": [("mild", 1), ("moderate-severe", 2)],
            "encephalopathy": [("grade1-2", 1), ("grade3-4", 2)],
        },
    ),
    "lace": (
        "score",
        {"length_of_stay_days": 0, "acute_admission": False, "charlson_lace": 0, "ed_visits_6_months": 0},
        0,
        {
            "length_of_stay_days": [(1, 1), (2, 2), (3, 3), (4, 4), (6, 4), (7, 5), (13, 5), (14, 7)],
            "acute_admission": [(True, 3)],
            "charlson_lace": [(1, 1), (2, 2), (3, 3), (4, 5), (9, 5)],
            "ed_visits_6_months": [(1, 1), (4, 4), (5, 4)],
        },
    ),
    "hospital": (
        "score",
        {
            "hemoglobin_g_dl": 14,
            "oncology_discharge": False,
            "sodium_mmol_l": 140,
            "procedure": False,
            "urgent_admission": False,
            "admissions_previous_year": 0,
            "length_of_stay_days": 1,
        },
        0,
        {
            "hemoglobin_g_dl": [(12, 0), (11.9, 1)],
            "oncology_discharge": [(True, 2)],
            "sodium_mmol_l": [(135, 0), (134, 1)],
            "procedure": [(True, 1)],
            "urgent_admission": [(True, 1)],
            "admissions_previous_year": [(1, 0), (2, 2), (5, 2), (6, 5)],
            "length_of_stay_days": [(4, 0), (5, 2)],
        },
    ),
}

_SCALE_2 = {**_WELL, "spo2_scale": "2"}
_BELOW_TARGET = [(83, 3), (84, 2), (85, 2), (86, 1), (87, 1), (88, 0), (92, 0)]

TABLES = [
    *((score, *table) for score, table in _BY_SCORE.items()),
    ("news2", "total", _SCALE_2, 0, {"spo2": [*_BELOW_TARGET, (93, 0), (100, 0)]}),
    (
        "news2",
        "total",
        {**_SCALE_2, "spo2": 90, "on_oxygen": True},
        2,
        {"spo2": [*_BELOW_TARGET, (93, 1), (94, 1), (95, 2), (96, 2), (97, 3)]},
    ),
    (
        "findrisc",
        "score",
        {**_BY_SCORE["findrisc"][1], "sex": "female"},
        0,
        {"waist_cm": [(79, 0), (80, 3), (88, 3), (89, 4)]},
    ),
]
"""Score, name of the result, answers without points, what these give, and what one other answer adds."""


def summing(total: int, most: int, count: int) -> list[int]:
    """Answers to a questionnaire that add up to a total."""
    return [min(most, max(0, total - most * place)) for place in range(count)]


_QUESTIONS = {"phq_9": (9, 3), "gad_7": (7, 3)}


def asked(score: str, total: int) -> dict[str, Any]:
    """Inputs of a questionnaire with this total."""
    count, most = _QUESTIONS[score]
    return {"responses": summing(total, most, count)}


_BANDS_OF_TOTALS = {
    "phq_9": [
        (4, "minimal"),
        (5, "mild"),
        (9, "mild"),
        (10, "moderate"),
        (14, "moderate"),
        (15, "moderately_severe"),
        (19, "moderately_severe"),
        (20, "severe"),
    ],
    "gad_7": [(4, "minimal"), (5, "mild"), (9, "mild"), (10, "moderate"), (14, "moderate"), (15, "severe")],
}

_FIB = {"age": 40, "alt": 100.0, "platelets": 100.0}
_OLD_FIB = {**_FIB, "age": 65}
_HD = _BY_SCORE["hospital"][1]
_LC = _BY_SCORE["lace"][1]
_FR = _BY_SCORE["findrisc"][1]
_CP = _BY_SCORE["child_pugh"][1]
_CB = _BY_SCORE["curb_65"][1]
_PDC = {"period_start": 0, "period_days": 1000}
_POOLED = {
    "sex": "male",
    "race": "white",
    "hdl_c": 50,
    "sbp": 130,
    "bp_treated": False,
    "smoker": False,
    "diabetes": False,
}

BANDS: list[tuple[str, dict[str, Any], str | None]] = [
    *((score, asked(score, total), band) for score, rows in _BANDS_OF_TOTALS.items() for total, band in rows),
    ("news2", {**_WELL, "pulse": 111, "on_oxygen": True}, "low"),
    ("news2", {**_WELL, "pulse": 131}, "low_medium"),
    ("news2", {**_WELL, "pulse": 131, "on_oxygen": True}, "medium"),
    ("news2", {**_WELL, "pulse": 131, "temperature": 38.5, "on_oxygen": True}, "medium"),
    ("news2", {**_WELL, "pulse": 131, "temperature": 39.5, "on_oxygen": True}, "high"),
    ("qsofa", {"respiratory_rate": 22, "systolic_bp": 120, "altered_mentation": False}, None),
    ("qsofa", {"respiratory_rate": 22, "systolic_bp": 100, "altered_mentation": False}, "positive"),
    ("qsofa", {"respiratory_rate": 22, "systolic_bp": 100, "altered_mentation": True}, "positive"),
    ("curb_65", {**_CB, "age": 65}, "low"),
    ("curb_65", {**_CB, "age": 65, "confusion": True}, "intermediate"),
    ("curb_65", {**_CB, "age": 65, "confusion": True, "urea_mmol_l": 8}, "high"),
    ("curb_65", {**_CB, "systolic_bp": 89, "diastolic_bp": 60}, "low"),
    ("has_bled", {**dict.fromkeys(_BLEEDING, False), **dict.fromkeys(_BLEEDING[:2], True)}, None),
    ("has_bled", {**dict.fromkeys(_BLEEDING, False), **dict.fromkeys(_BLEEDING[:3], True)}, "high"),
    ("findrisc", {**_FR, "high_blood_glucose_history": True, "daily_vegetables_fruit": False}, "low"),
    (
        "findrisc",
        {**_FR, "high_blood_glucose_history": True, "physically_active": False},
        "slightly_elevated",
    ),
    (
        "findrisc",
        {
            **_FR,
            "high_blood_glucose_history": True,
            "family_history": "first_degree",
            "daily_vegetables_fruit": False,
        },
        "slightly_elevated",
    ),
    (
        "findrisc",
        {
            **_FR,
            "high_blood_glucose_history": True,
            "family_history": "first_degree",
            "physically_active": False,
        },
        "moderate",
    ),
    (
        "findrisc",
        {
            **_FR,
            "high_blood_glucose_history": True,
            "family_history": "first_degree",
            "physically_active": False,
            "age": 45,
        },
        "moderate",
    ),
    (
        "findrisc",
        {
            **_FR,
            "high_blood_glucose_history": True,
            "family_history": "first_degree",
            "physically_active": False,
            "age": 55,
        },
        "high",
    ),
    (
        "findrisc",
        {
            **_FR,
            "high_blood_glucose_history": True,
            "family_history": "first_degree",
            "physically_active": False,
            "age": 65,
            "waist_cm": 110,
        },
        "high",
    ),
    (
        "findrisc",
        {
            **_FR,
            "high_blood_glucose_history": True,
            "family_history": "first_degree",
            "physically_active": False,
            "age": 65,
            "waist_cm": 110,
            "bmi": 26,
        },
        "very_high",
    ),
    ("child_pugh", {**_CP, "bilirubin": 2.5}, "A"),
    ("child_pugh", {**_CP, "bilirubin": 3.5}, "B"),
    ("child_pugh", {**_CP, "bilirubin": 3.5, "inr": 3}, "B"),
    ("child_pugh", {**_CP, "bilirubin": 3.5, "inr": 3, "ascites": "mild"}, "C"),
    ("lace", {**_LC, "length_of_stay_days": 4}, "low"),
    ("lace", {**_LC, "length_of_stay_days": 7}, "moderate"),
    ("lace", {**_LC, "length_of_stay_days": 4, "charlson_lace": 4}, "moderate"),
    ("lace", {**_LC, "length_of_stay_days": 7, "charlson_lace": 4}, "high"),
    ("hospital", {**_HD, "oncology_discharge": True, "admissions_previous_year": 3}, "low"),
    ("hospital", {**_HD, "admissions_previous_year": 6}, "intermediate"),
    ("hospital", {**_HD, "admissions_previous_year": 6, "procedure": True}, "intermediate"),
    ("hospital", {**_HD, "admissions_previous_year": 6, "oncology_discharge": True}, "high"),
    ("fib_4", {**_FIB, "ast": 32.49}, "low"),
    ("fib_4", {**_FIB, "ast": 32.5}, "indeterminate"),
    ("fib_4", {**_FIB, "ast": 66.75}, "indeterminate"),
    ("fib_4", {**_FIB, "ast": 66.76}, "high"),
    ("fib_4", {**_OLD_FIB, "ast": 30.76}, "low"),
    ("fib_4", {**_OLD_FIB, "ast": 30.77}, "indeterminate"),
    ("fib_4", {**_OLD_FIB, "age": 64, "ast": 30.76}, "indeterminate"),
    *(
        ("bmi", {"weight_kg": index * 4, "height_cm": 200}, band)
        for index, band in [
            (18.49, "underweight"),
            (18.5, "normal"),
            (24.99, "normal"),
            (25, "overweight"),
            (29.99, "overweight"),
            (30, "obesity_1"),
            (34.99, "obesity_1"),
            (35, "obesity_2"),
            (39.99, "obesity_2"),
            (40, "obesity_3"),
        ]
    ),
    ("pce_2013", {**_POOLED, "age": 52, "total_c": 223.43}, "low"),
    ("pce_2013", {**_POOLED, "age": 52, "total_c": 223.53}, "borderline"),
    ("pce_2013", {**_POOLED, "age": 52, "total_c": 306.34}, "borderline"),
    ("pce_2013", {**_POOLED, "age": 52, "total_c": 306.44}, "intermediate"),
    ("pce_2013", {**_POOLED, "age": 68, "total_c": 294.06}, "intermediate"),
    ("pce_2013", {**_POOLED, "age": 68, "total_c": 294.16}, "high"),
    ("pdc", {**_PDC, "fills": [[0, 799]]}, None),
    ("pdc", {**_PDC, "fills": [[0, 800]]}, "adherent"),
    ("pdc", {**_PDC, "fills": [[-10, 810]]}, "adherent"),
    ("pdc", {**_PDC, "fills": [[-11, 810]]}, None),
    ("audit_c", {"responses": [3, 0, 0], "sex": "male"}, None),
    ("audit_c", {"responses": [4, 0, 0], "sex": "male"}, "positive"),
    ("audit_c", {"responses": [2, 0, 0], "sex": "female"}, None),
    ("audit_c", {"responses": [3, 0, 0], "sex": "female"}, "positive"),
    ("kdigo_ckd_risk", {"egfr": 60, "acr": 2.99}, "low"),
    ("kdigo_ckd_risk", {"egfr": 60, "acr": 3}, "moderate"),
    ("kdigo_ckd_risk", {"egfr": 60, "acr": 30}, "moderate"),
    ("kdigo_ckd_risk", {"egfr": 60, "acr": 30.1}, "high"),
    ("kdigo_ckd_risk", {"egfr": 59.9, "acr": 1}, "moderate"),
    ("kdigo_ckd_risk", {"egfr": 44.9, "acr": 1}, "high"),
    ("kdigo_ckd_risk", {"egfr": 29.9, "acr": 1}, "very_high"),
]
"""By score: inputs just at and just beside each band's ends, and the band."""
