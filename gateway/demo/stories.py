"""The stories: each a patient of whom one thing is to be seen, with values that fit together.

A story is a function that writes into a chart. What the engine makes of them is the engine's business;
nothing here says what should come out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gateway.demo.chart import Analyte, Chart, Drug, Problem

HBA1C = Analyte("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%")
CREATININE = Analyte("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL")
ALBUMIN_CREATININE = Analyte("9318-7", "Albumin/Creatinine [Mass Ratio] in Urine", "mg/g")
CHOLESTEROL = Analyte("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", "mg/dL")
HDL = Analyte("2085-9", "Cholesterol in HDL [Mass/volume] in Serum or Plasma", "mg/dL")
LDL = Analyte("2089-1", "Cholesterol in LDL [Mass/volume] in Serum or Plasma", "mg/dL")
POTASSIUM = Analyte("2823-3", "Potassium [Moles/volume] in Serum or Plasma", "mmol/L")
HEIGHT = Analyte("8302-2", "Body height", "cm", vital=True)
WEIGHT = Analyte("29463-7", "Body weight", "kg", vital=True)

DIABETES = Problem("E11.9", "44054006", "Type 2 diabetes mellitus")
HYPERTENSION = Problem("I10", "38341003", "Hypertension")
KIDNEY_3B = Problem("N18.32", "700379002", "Chronic kidney disease stage 3B")
KIDNEY_4 = Problem("N18.4", "431857002", "Chronic kidney disease stage 4")
ASTHMA = Problem("J45.909", "195967001", "Asthma")
HEART_DISEASE = Problem("I25.10", "53741008", "Coronary arteriosclerosis")

METFORMIN = Drug("6809", "metformin", "Metformin hydrochloride 500 MG Oral Tablet")
LISINOPRIL = Drug("29046", "lisinopril", "Lisinopril 10 MG Oral Tablet")
AMLODIPINE = Drug("17767", "amlodipine", "Amlodipine 5 MG Oral Tablet")
ATORVASTATIN = Drug("83367", "atorvastatin", "Atorvastatin 40 MG Oral Tablet")
ALBUTEROL = Drug("435", "albuterol", "Albuterol 0.09 MG/ACTUAT Metered Dose Inhaler")
LABETALOL = Drug("6185", "labetalol", "Labetalol 100 MG Oral Tablet")

PREGNANCY_STATUS = ("82810-3", "Pregnancy status")
PREGNANT = ("77386006", "Pregnancy")


class Story(NamedTuple):
    """Who it happens to, and what happens."""

    title: str
    gender: str
    ages: tuple[int, int]
    tell: Callable[[Chart], None]


def _body(chart: Chart, visit: str, ago: int, mass_index: float) -> None:
    height = chart.draw.randrange(158, 186)
    chart.measure(HEIGHT, height, ago, visit)
    chart.measure(WEIGHT, round(mass_index * (height / 100) ** 2, 1), ago, visit)


def _kidney(chart: Chart, visit: str, ago: int, egfr: int) -> None:
    """The creatinine that CKD-EPI 2021 turns into this eGFR (below about 90, where one branch holds)."""
    female = chart.person.gender == "female"
    low, factor = (0.7, 1.012) if female else (0.9, 1.0)
    age = chart.person.age - ago // 365
    ratio = (142 * 0.9938**age * factor / egfr) ** (1 / 1.2)
    chart.measure(CREATININE, round(low * ratio, 2), ago, visit)


def _lipids(chart: Chart, visit: str, ago: int, ldl: int) -> None:
    hdl = chart.draw.randrange(42, 60)
    chart.measure(LDL, ldl, ago, visit)
    chart.measure(HDL, hdl, ago, visit)
    chart.measure(CHOLESTEROL, ldl + hdl + 28, ago, visit)


def _diabetes_overdue(chart: Chart) -> None:
    chart.problem(DIABETES, 2200)
    chart.prescribe(METFORMIN, 2100)
    visit = chart.visit(430)
    chart.measure(HBA1C, 6.8, 430, visit)
    chart.pressure(126, 78, 430, visit)
    _kidney(chart, visit, 430, 84)
    _body(chart, visit, 430, 29.5)
    chart.note("Missed the last two appointments; reminder letter sent.", 60)


def _diabetes_above_goal(chart: Chart) -> None:
    chart.problem(DIABETES, 3000)
    chart.prescribe(METFORMIN, 2900)
    for ago, value in ((220, 8.4), (32, 9.1)):
        visit = chart.visit(ago)
        chart.measure(HBA1C, value, ago, visit)
        _kidney(chart, visit, ago, 80)
        chart.pressure(128, 80, ago, visit)
    chart.measure(ALBUMIN_CREATININE, 12, 32, visit)
    _lipids(chart, visit, 32, 118)
    _body(chart, visit, 32, 31.2)


def _kidney_3b(chart: Chart) -> None:
    chart.problem(KIDNEY_3B, 900)
    chart.problem(DIABETES, 4000)
    chart.prescribe(METFORMIN, 3800)
    for ago, egfr in ((330, 41), (150, 39), (25, 38)):
        visit = chart.visit(ago)
        _kidney(chart, visit, ago, egfr)
        chart.measure(ALBUMIN_CREATININE, 340 + ago // 10, ago, visit)
        chart.measure(POTASSIUM, 4.6, ago, visit)
    chart.measure(HBA1C, 7.0, 25, visit)
    chart.pressure(134, 82, 25, visit)


def _pressure_above_goal(chart: Chart) -> None:
    chart.problem(HYPERTENSION, 1500)
    chart.prescribe(AMLODIPINE, 1400)
    for ago, systolic, diastolic in ((70, 152, 94), (14, 149, 92)):
        visit = chart.visit(ago)
        chart.pressure(systolic, diastolic, ago, visit)
    _kidney(chart, visit, 14, 78)
    _body(chart, visit, 14, 27.1)


def _healthy(chart: Chart) -> None:
    visit = chart.visit(90)
    chart.pressure(116, 72, 90, visit)
    _body(chart, visit, 90, 22.4)
    chart.vaccinate("140", "Influenza, seasonal, injectable, preservative free", 90, visit)


def _child(chart: Chart) -> None:
    chart.problem(ASTHMA, 700)
    chart.prescribe(ALBUTEROL, 650)
    visit = chart.visit(45)
    chart.measure(HEIGHT, 118 + chart.draw.randrange(12), 45, visit)
    chart.measure(WEIGHT, 24 + chart.draw.randrange(8), 45, visit)
    chart.pressure(141, 91, 45, visit)


def _pregnancy_possible(chart: Chart) -> None:
    chart.problem(DIABETES, 1400)
    chart.problem(HYPERTENSION, 700)
    chart.prescribe(METFORMIN, 1300)
    for ago, systolic in ((120, 146), (20, 148)):
        visit = chart.visit(ago)
        chart.pressure(systolic, 93, ago, visit)
        chart.measure(ALBUMIN_CREATININE, 95 + ago // 10, ago, visit)
        _kidney(chart, visit, ago, 86)
    chart.measure(HBA1C, 7.4, 20, visit)
    _lipids(chart, visit, 20, 131)


def _deceased(chart: Chart) -> None:
    chart.problem(HEART_DISEASE, 2600)
    chart.prescribe(ATORVASTATIN, 2500)
    chart.pressure(150, 90, 400, chart.visit(400))
    chart.visit(210, "IMP")
    chart.entries[0]["resource"]["deceasedDateTime"] = f"{chart.day(207)}T04:15:00Z"


def _unreadable_allergy(chart: Chart) -> None:
    chart.problem(DIABETES, 2000)
    chart.problem(HYPERTENSION, 1900)
    chart.allergy(f"Swollen lips after a pressure pill, says {chart.person.name}'s wife", 800)
    for ago in (110, 18):
        visit = chart.visit(ago)
        chart.pressure(147, 90, ago, visit)
        chart.measure(ALBUMIN_CREATININE, 120, ago, visit)
        _kidney(chart, visit, ago, 74)
    chart.measure(HBA1C, 6.9, 18, visit)


def _metformin_unsafe(chart: Chart) -> None:
    chart.problem(KIDNEY_4, 500)
    chart.problem(DIABETES, 5000)
    chart.prescribe(METFORMIN, 4800)
    chart.prescribe(LISINOPRIL, 3000)
    for ago, egfr in ((260, 31), (140, 29), (12, 28)):
        visit = chart.visit(ago)
        _kidney(chart, visit, ago, egfr)
        chart.measure(ALBUMIN_CREATININE, 420, ago, visit)
    chart.measure(HBA1C, 7.2, 12, visit)
    chart.measure(POTASSIUM, 4.9, 12, visit)


def _inpatient_only(chart: Chart) -> None:
    stay = chart.visit(40, "IMP")
    for ago, systolic in ((40, 178), (39, 169), (38, 163)):
        chart.pressure(systolic, 98, ago, stay)
    emergency = chart.visit(300, "EMER")
    chart.pressure(171, 97, 300, emergency)
    _kidney(chart, stay, 39, 48)
    chart.note("Admitted with pneumonia; pressures high while febrile.", 38)


def _heart_without_statin(chart: Chart) -> None:
    chart.problem(HEART_DISEASE, 1100)
    visit = chart.visit(50)
    _lipids(chart, visit, 50, 164)
    chart.pressure(128, 76, 50, visit)
    _kidney(chart, visit, 50, 82)
    chart.note("Stopped his tablets last year when he moved house.", 50)


def _all_done(chart: Chart) -> None:
    chart.problem(DIABETES, 2500)
    chart.problem(HYPERTENSION, 2400)
    for drug in (METFORMIN, LISINOPRIL, ATORVASTATIN):
        chart.prescribe(drug, 2000)
    for ago in (200, 60):
        visit = chart.visit(ago)
        chart.measure(HBA1C, 6.6, ago, visit)
        chart.pressure(124, 76, ago, visit)
        _kidney(chart, visit, ago, 85)
        chart.measure(ALBUMIN_CREATININE, 8, ago, visit)
    _lipids(chart, visit, 60, 66)


def _pregnant(chart: Chart) -> None:
    chart.problem(HYPERTENSION, 800)
    chart.prescribe(LABETALOL, 100)
    for ago, systolic in ((35, 144), (7, 146)):
        visit = chart.visit(ago)
        chart.pressure(systolic, 92, ago, visit)
    chart.answer(PREGNANCY_STATUS, PREGNANT, 7, visit)


STORIES = (
    Story("Diabetes, HbA1c overdue", "male", (48, 66), _diabetes_overdue),
    Story("Diabetes above its goal", "female", (58, 72), _diabetes_above_goal),
    Story("Kidney disease 3b with much albumin, on metformin", "male", (60, 74), _kidney_3b),
    Story("Pressure above its goal on two readings", "female", (56, 73), _pressure_above_goal),
    Story("Healthy young adult", "male", (20, 29), _healthy),
    Story("Child with asthma and one high pressure", "female", (6, 10), _child),
    Story("Diabetes and albumin, pregnancy possible and unknown", "female", (26, 38), _pregnancy_possible),
    Story("Has died", "male", (74, 86), _deceased),
    Story("Allergy that only a person can read", "male", (50, 68), _unreadable_allergy),
    Story("eGFR 28 on metformin", "female", (64, 78), _metformin_unsafe),
    Story("High readings in hospital only", "male", (45, 64), _inpatient_only),
    Story("Heart disease without a statin", "male", (55, 72), _heart_without_statin),
    Story("Diabetes with everything done", "female", (52, 68), _all_done),
    Story("Pregnant with chronic hypertension", "female", (28, 38), _pregnant),
)
