"""A chart that is being written: each method adds one resource, as an EHR would send it.

Values of a chart agree with one another (creatinine follows from the eGFR that a story wants), and its free
text holds what free text holds: names and phone numbers, so that the demo shows them gone.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Any, NamedTuple

from gateway.demo.people import Person

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
CVX = "http://hl7.org/fhir/sid/cvx"
HL7 = "http://terminology.hl7.org/CodeSystem"

Resource = dict[str, Any]
CLASSES = {"AMB": "ambulatory", "IMP": "inpatient encounter", "EMER": "emergency"}


class Analyte(NamedTuple):
    """What is measured: its code, name and unit."""

    code: str
    name: str
    unit: str
    vital: bool = False


class Problem(NamedTuple):
    """A diagnosis in the two code systems that an EHR sends."""

    icd: str
    snomed: str
    name: str


class Drug(NamedTuple):
    """A medicine by its RxNorm ingredient, with the product as it is displayed."""

    code: str
    ingredient: str
    product: str


class Chart:
    """The transaction of one patient."""

    def __init__(self, draw: Random, person: Person, today: date) -> None:
        self.draw = draw
        self.person = person
        self.today = today
        self.subject = ""
        self.entries: list[Resource] = []

    def add(self, resource: Resource) -> str:
        """One more entry; the answer is the reference by which others in the bundle know it."""
        url = f"urn:uuid:{uuid.UUID(int=self.draw.getrandbits(128), version=4)}"
        kind = resource["resourceType"]
        named = "id" in resource
        method, path = ("PUT", f"{kind}/{resource['id']}") if named else ("POST", kind)
        self.entries.append(
            {"fullUrl": url, "resource": resource, "request": {"method": method, "url": path}}
        )
        return url

    def day(self, ago: int) -> date:
        """So many days before today, never before birth."""
        return max(self.today - timedelta(days=ago), self.person.born)

    def visit(self, ago: int, kind: str = "AMB") -> str:
        """An encounter of a class of v3-ActCode; a stay in hospital takes three days."""
        until = self.day(ago) if kind != "IMP" else self.day(max(0, ago - 3))
        return self.add(
            {
                "resourceType": "Encounter",
                "status": "finished",
                "class": {"system": f"{HL7}/v3-ActCode", "code": kind, "display": CLASSES[kind]},
                "subject": self._who(),
                "period": {"start": self._moment(ago, 9), "end": f"{until}T17:00:00Z"},
            }
        )

    def measure(self, what: Analyte, value: float, ago: int, visit: str) -> str:
        """One value of one analyte."""
        return self.add(self._observed(what, ago, visit) | {"valueQuantity": _quantity(value, what.unit)})

    def pressure(self, systolic: int, diastolic: int, ago: int, visit: str) -> str:
        """A blood pressure, which is one observation with two components."""
        panel = Analyte("85354-9", "Blood pressure panel", "", vital=True)
        parts = (
            ("8480-6", "Systolic blood pressure", systolic),
            ("8462-4", "Diastolic blood pressure", diastolic),
        )
        return self.add(
            self._observed(panel, ago, visit)
            | {
                "component": [
                    {"code": _concept(LOINC, code, name), "valueQuantity": _quantity(value, "mm[Hg]")}
                    for code, name, value in parts
                ]
            }
        )

    def answer(self, question: tuple[str, str], value: tuple[str, str], ago: int, visit: str) -> str:
        """An observation whose value is a SNOMED CT concept."""
        what = Analyte(*question, "")
        return self.add(self._observed(what, ago, visit) | {"valueCodeableConcept": _concept(SNOMED, *value)})

    def problem(self, problem: Problem, ago: int) -> str:
        """A diagnosis on the problem list, still active."""
        codings = [
            {"system": ICD_10_CM, "code": problem.icd, "display": problem.name},
            {"system": SNOMED, "code": problem.snomed, "display": problem.name},
        ]
        return self.add(
            {
                "resourceType": "Condition",
                "clinicalStatus": _concept(f"{HL7}/condition-clinical", "active", "Active"),
                "verificationStatus": _concept(f"{HL7}/condition-ver-status", "confirmed", "Confirmed"),
                "category": [_concept(f"{HL7}/condition-category", "problem-list-item", "Problem List Item")],
                "code": {"coding": codings, "text": problem.name},
                "subject": self._who(),
                "onsetDateTime": str(self.day(ago)),
                "recordedDate": str(self.day(ago)),
                "note": [{"text": f"Discussed with {self.person.name} by phone, {self.person.phone}."}],
            }
        )

    def prescribe(self, drug: Drug, ago: int) -> str:
        """A medicine that is being taken."""
        return self.add(
            {
                "resourceType": "MedicationRequest",
                "status": "active",
                "intent": "order",
                "medicationCodeableConcept": {
                    "coding": [{"system": RXNORM, "code": drug.code, "display": drug.ingredient}],
                    "text": drug.product,
                },
                "subject": self._who(),
                "authoredOn": self._moment(ago, 11),
                "dosageInstruction": [{"text": f"{self.person.given} takes one tablet in the morning"}],
            }
        )

    def allergy(self, text: str, ago: int) -> str:
        """An allergy that was written down in words only."""
        return self.add(
            {
                "resourceType": "AllergyIntolerance",
                "clinicalStatus": _concept(f"{HL7}/allergyintolerance-clinical", "active", "Active"),
                "verificationStatus": _concept(
                    f"{HL7}/allergyintolerance-verification", "confirmed", "Confirmed"
                ),
                "code": {"text": text},
                "patient": self._who(),
                "recordedDate": str(self.day(ago)),
            }
        )

    def note(self, words: str, ago: int) -> str:
        """A progress note: free text with the patient's name in it."""
        text = f"{self.person.name}, born {self.person.born}, {self.person.phone}. {words}"
        data = base64.b64encode(text.encode()).decode()
        return self.add(
            {
                "resourceType": "DocumentReference",
                "status": "current",
                "type": _concept(LOINC, "11506-3", "Progress note"),
                "subject": self._who(),
                "date": self._moment(ago, 12),
                "description": f"Progress note of {self.person.name}",
                "content": [
                    {"attachment": {"contentType": "text/plain", "data": data, "title": self.person.name}}
                ],
            }
        )

    def report(self, results: Sequence[str], ago: int, visit: str) -> str:
        """A laboratory report that holds results of this bundle."""
        return self.add(
            {
                "resourceType": "DiagnosticReport",
                "status": "final",
                "category": [_concept(f"{HL7}/v2-0074", "LAB", "Laboratory")],
                "code": _concept(LOINC, "51990-0", "Basic metabolic panel"),
                "subject": self._who(),
                "encounter": {"reference": visit},
                "effectiveDateTime": self._moment(ago, 10),
                "issued": self._moment(ago, 15),
                "result": [{"reference": reference} for reference in results],
            }
        )

    def vaccinate(self, code: str, name: str, ago: int, visit: str) -> str:
        """A vaccine that was given."""
        return self.add(
            {
                "resourceType": "Immunization",
                "status": "completed",
                "vaccineCode": _concept(CVX, code, name),
                "patient": self._who(),
                "encounter": {"reference": visit},
                "occurrenceDateTime": self._moment(ago, 10),
                "primarySource": True,
            }
        )

    def perform(self, code: str, name: str, ago: int, visit: str) -> str:
        """A procedure that was done."""
        return self.add(
            {
                "resourceType": "Procedure",
                "status": "completed",
                "code": _concept(SNOMED, code, name),
                "subject": self._who(),
                "encounter": {"reference": visit},
                "performedPeriod": {"start": self._moment(ago, 10), "end": self._moment(ago, 11)},
            }
        )

    def _who(self) -> Resource:
        return {"reference": self.subject}

    def _moment(self, ago: int, hour: int) -> str:
        return f"{self.day(ago)}T{hour:02}:30:00Z"

    def _observed(self, what: Analyte, ago: int, visit: str) -> Resource:
        category = ("vital-signs", "Vital Signs") if what.vital else ("laboratory", "Laboratory")
        return {
            "resourceType": "Observation",
            "status": "final",
            "category": [_concept(f"{HL7}/observation-category", *category)],
            "code": _concept(LOINC, what.code, what.name),
            "subject": self._who(),
            "encounter": {"reference": visit},
            "effectiveDateTime": self._moment(ago, 10),
            "issued": self._moment(ago, 13),
        }


def _concept(system: str, code: str, name: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": name}], "text": name}


def _quantity(value: float, unit: str) -> Resource:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}
