"""From what was computed back to FHIR: a derived value becomes an Observation that names what it rests on."""

from __future__ import annotations

from collections.abc import Iterable

from mappers.codes import LOINC
from mappers.facts import Evidence, Measurement
from mappers.fhir_building import built, concept, quantity, reference, references
from mappers.lossless import Json
from mappers.units import analytes

CATEGORIES = {
    "vital": ("vital-signs", "Vital Signs"),
    "lab": ("laboratory", "Laboratory"),
    "drug level": ("laboratory", "Laboratory"),
    "imaging": ("imaging", "Imaging"),
    "survey": ("survey", "Survey"),
}
CATEGORY_SYSTEM = "http://terminology.hl7.org/CodeSystem/observation-category"
DERIVED_FROM = frozenset(
    {
        "DocumentReference",
        "ImagingStudy",
        "Media",
        "MolecularSequence",
        "Observation",
        "QuestionnaireResponse",
    }
)


def observation(
    measurement: Measurement, subject: str, inputs: Iterable[Evidence], said: dict[str, Json]
) -> dict[str, Json]:
    """A value as an Observation; ``said`` adds what only its maker knows (id, method, note)."""
    analyte = analytes()[measurement.analyte]
    code = measurement.code or analyte.loinc[0]
    value = quantity(measurement.value, measurement.unit)
    if measurement.comparator:
        value["comparator"] = measurement.comparator
    kind, display = CATEGORIES.get(analyte.kind, ("exam", "Exam"))
    return built(
        {
            "resourceType": "Observation",
            "status": "final",
            "category": [concept(display, (CATEGORY_SYSTEM, kind, display))],
            "code": concept(analyte.name, (LOINC, code, analyte.name)),
            "subject": reference(subject),
            "effectiveDateTime": measurement.when.isoformat(),
            "valueQuantity": value,
            "derivedFrom": references(inputs, DERIVED_FROM),
            **said,
        }
    )
