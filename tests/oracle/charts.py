"""Charts of people with several illnesses at once, as plain values and as the FHIR that an EHR would hold.

Everybody is born in January and nothing is ever measured in January, so that ages are whole years; a day has
one value of a kind. What a chart says is all that there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

TODAY = date(2026, 6, 15)
ICD, LOINC, RXNORM = (
    "http://hl7.org/fhir/sid/icd-10-cm",
    "http://loinc.org",
    "http://www.nlm.nih.gov/research/umls/rxnorm",
)
UCUM, HL7 = "http://unitsofmeasure.org", "http://terminology.hl7.org/CodeSystem"
PROBLEMS = {
    "diabetes": "E11.9",
    "hypertension": "I10",
    "ckd": "N18.9",
    "ckd 3b": "N18.32",
    "infarction": "I25.2",
    "dialysis": "Z99.2",
    "transplant": "Z94.0",
    "palliative": "Z51.5",
    "angioedema": "T78.3XXA",
    "hyperkalaemia": "E87.5",
    "cirrhosis": "K74.60",
    "kidney injury": "N17.9",
    "artery stenosis": "I70.1",
    "pregnant": "Z33.1",
    "menopause": "Z78.0",
}
COMMON = {"diabetes": 0.55, "hypertension": 0.6, "ckd": 0.2, "ckd 3b": 0.12, "infarction": 0.2}
RARE = ("dialysis", "transplant", "palliative", "angioedema", "hyperkalaemia", "cirrhosis", "kidney injury")
DRUGS = {
    "metformin": ("6809", 0.4),
    "lisinopril": ("29046", 0.2),
    "losartan": ("52175", 0.1),
    "atorvastatin": ("83367", 0.2),
    "simvastatin": ("36567", 0.15),
    "clarithromycin": ("21212", 0.1),
    "amlodipine": ("17767", 0.2),
}
ANALYTES = {
    "creatinine": ("2160-0", "mg/dL"),
    "hba1c": ("4548-4", "%"),
    "acr": ("9318-7", "mg/g"),
    "systolic": ("8480-6", "mm[Hg]"),
    "diastolic": ("8462-4", "mm[Hg]"),
    "potassium": ("2823-3", "mmol/L"),
}


@dataclass(frozen=True)
class Value:
    """One number of one day; ``hospital``: taken during a stay."""

    analyte: str
    number: float
    day: date
    hospital: bool = False


@dataclass
class Chart:
    """What is known of somebody."""

    female: bool
    born: int
    problems: set[str] = field(default_factory=set)
    drugs: set[str] = field(default_factory=set)
    allergies: set[str] = field(default_factory=set)
    values: list[Value] = field(default_factory=list)

    @property
    def age(self) -> int:
        return TODAY.year - self.born


def drawn(number: int) -> Chart:
    """Somebody, by number."""
    dice = Random(f"chart {number}")
    female = dice.random() < 0.5
    chart = Chart(female, TODAY.year - dice.choice((24, 33, 39, 40, 47, 55, 58, 63, 70, 74, 75, 76, 83)))
    chart.problems = {name for name, share in COMMON.items() if dice.random() < share}
    chart.problems |= {name for name in (*RARE, "artery stenosis") if dice.random() < 0.04}
    if {"ckd", "ckd 3b"} <= chart.problems:
        chart.problems.discard("ckd")
    if female and chart.age <= 55:
        chart.problems |= {dice.choice(("pregnant", "menopause", ""))} - {""}
    chart.drugs = {name for name, (_, share) in DRUGS.items() if dice.random() < share}
    chart.allergies = {name for name in ("lisinopril", "losartan", "atorvastatin") if dice.random() < 0.07}
    chart.values = list(_values(dice))
    return chart


def _values(dice: Random) -> Iterator[Value]:
    kidney = dice.choice((0.8, 0.9, 1.1, 1.5, 1.9, 2.6, 3.4))
    albumin = dice.choice((5, 12, 29, 30, 45, 299, 300, 420))
    sugar = dice.choice((5.6, 6.4, 6.9, 7.0, 7.8, 9.9, 10.0, 10.1, 11.4))
    pressure = dice.choice(((118, 72), (129, 79), (130, 79), (128, 80), (142, 88), (180, 95), (150, 120)))
    for analyte, number, spread in (
        ("creatinine", kidney, 0.1),
        ("acr", albumin, 0),
        ("hba1c", sugar, 0),
        ("potassium", dice.choice((4.1, 4.8, 5.5, 5.6, 6.0)), 0),
    ):
        for day in _days(dice):
            moved = round(number + dice.choice((-spread, 0, spread)), 2)
            yield Value(analyte, moved, day, dice.random() < 0.12)
    for day in _days(dice):
        hospital, (high, low) = dice.random() < 0.12, pressure if dice.random() < 0.8 else (121, 74)
        yield Value("systolic", high, day, hospital)
        yield Value("diastolic", low, day, hospital)


def _days(dice: Random) -> list[date]:
    days = {TODAY - timedelta(days=dice.randint(1, 1000)) for _ in range(dice.choice((0, 1, 2, 2, 3, 4)))}
    return sorted(day for day in days if day.month != 1)


# --- as FHIR ---------------------------------------------------------------------------------------------


def resources(chart: Chart) -> Iterator[dict[str, Any]]:
    """The clinical halves of a chart."""
    gender = "female" if chart.female else "male"
    yield {"resourceType": "Patient", "id": "p", "gender": gender, "birthDate": f"{chart.born}-01"}
    for number, hospital in enumerate((False, True)):
        kind = {"system": f"{HL7}/v3-ActCode", "code": "IMP" if hospital else "AMB"}
        yield {"resourceType": "Encounter", "id": f"e{number}", "status": "finished", "class": kind, **_of()}
    for number, name in enumerate(sorted(chart.problems)):
        yield {
            "resourceType": "Condition",
            "id": f"c{number}",
            "clinicalStatus": _concept(f"{HL7}/condition-clinical", "active"),
            "code": _concept(ICD, PROBLEMS[name]),
            "recordedDate": "2026-04-01" if name == "pregnant" else "2024-03-01",
            **_of(),
        }
    for number, name in enumerate(sorted(chart.drugs)):
        yield {
            "resourceType": "MedicationRequest",
            "id": f"m{number}",
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": _concept(RXNORM, DRUGS[name][0]),
            "authoredOn": "2025-03-01",
            **_of(),
        }
    for number, name in enumerate(sorted(chart.allergies)):
        yield {
            "resourceType": "AllergyIntolerance",
            "id": f"a{number}",
            "clinicalStatus": _concept(f"{HL7}/allergyintolerance-clinical", "active"),
            "code": _concept(RXNORM, DRUGS[name][0]),
            "patient": {"reference": "Patient/p"},
        }
    yield from (_observation(number, value) for number, value in enumerate(chart.values))


def _observation(number: int, value: Value) -> dict[str, Any]:
    code, unit = ANALYTES[value.analyte]
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "code": _concept(LOINC, code),
        "effectiveDateTime": value.day.isoformat(),
        "encounter": {"reference": f"Encounter/e{int(value.hospital)}"},
        "valueQuantity": {"value": value.number, "unit": unit, "system": UCUM, "code": unit},
        **_of(),
    }


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _of() -> dict[str, Any]:
    return {"subject": {"reference": "Patient/p"}}
